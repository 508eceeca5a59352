"""The signing key of a deployed stack gives way to another, and nothing that was signed before is doubted."""

from __future__ import annotations

import datetime
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local import deploy

from .command import public_pem, sluice, verifier_key
from .conftest import POLICY, Stack
from .statements import Statement, statement
from .tables import PEOPLE, to_csv

KEYS = ["--key", "first.pem", "--log-key", "log.vkey"]


def published(stack: Any, eventually: Any, key: str) -> Statement:
    """Uploads a table, waits until it is published, returns its seal."""
    version = stack.upload(key, to_csv(PEOPLE))
    outcome = statement(stack, eventually, "pseudonymize", key, version)
    assert outcome.predicate["outcome"] == {"status": "published"}
    return statement(stack, eventually, "seal", key, version)


def exported(stack: Any, eventually: Any, folder: Path) -> None:
    """Exports a bundle, judged by the first key, once every statement is in the log."""

    def whole() -> bool:
        shutil.rmtree(folder / "bundle", ignore_errors=True)
        bucket = f"s3://{stack.bucket('evidence')}"
        counts = json.loads(sluice(stack, folder, "evidence", "export", bucket, "-o", "bundle", *KEYS, "--json"))
        return counts["proofs"] == counts["statements"] > 0

    eventually(whole, "every statement in the log")


def next_key(stack: Any) -> str:
    """A key like the stack's own, with its policy, as infra/README.md says to make one."""
    kms = stack.root("kms")
    policy = kms.get_key_policy(KeyId=stack.outputs["SigningKeyArn"], PolicyName="default")["Policy"]
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=policy)
    return made["KeyMetadata"]["Arn"]


def test_a_rotation_leaves_one_history_that_the_first_key_opens(account, eventually, tmp_path):
    stack = Stack(account, deploy.to_emulator(account, policy=POLICY))
    (tmp_path / "first.pem").write_text(public_pem(stack, stack.outputs["SigningKeyArn"]))
    (tmp_path / "log.vkey").write_text(verifier_key(stack) + "\n")
    before = published(stack, eventually, "e2e/rotation/people/before.csv")

    # The present key names the next one, by the one role that may.
    old, new = stack.outputs["SigningKeyArn"], next_key(stack)
    until = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    rotate = ["keys", "rotate-signing", "--from", old, "--until", until]
    rotate += ["--evidence", f"s3://{stack.bucket('evidence')}"]
    sluice(stack, tmp_path, *rotate, "--to", new, role="PolicyEditor", code=3)
    said = sluice(stack, tmp_path, *rotate, "--to", new, role="KeyCustodian")
    retired = said.splitlines()[-1]
    assert retired.startswith(f"{old}=")
    assert retired.endswith(f"@{until}")
    # Written once: there is no second successor.
    sluice(stack, tmp_path, *rotate, "--to", next_key(stack), role="KeyCustodian", code=3)

    # Deployed without the retired key, nothing of before is believed; with it, everything is.
    moved = {"SigningKeyArn": new}
    stack = Stack(account, deploy.to_emulator(account, policy=POLICY, parameters=moved))
    assert stack.outputs["SigningKeyArn"] == new
    doubted = stack.invoke("Sweep", {"mode": "fast"})
    assert doubted["findings"] > 0
    moved["RetiredSigningKeys"] = retired
    stack = Stack(account, deploy.to_emulator(account, policy=POLICY, parameters=moved))
    after = published(stack, eventually, "e2e/rotation/people/after.csv")
    assert key_ids(before).isdisjoint(key_ids(after))
    swept = stack.invoke("Sweep", {"mode": "deep"})
    assert (swept["findings"], swept["complete"], swept["versionsSeen"]) == (0, True, 2)

    # Who has the first key needs nothing else.
    exported(stack, eventually, tmp_path)
    sluice(stack, tmp_path, "verify", "all", "bundle", *KEYS)

    with pytest.raises(ClientError, match="AccessDenied"):
        stack.as_role("Seal", "s3").put_object(
            Bucket=stack.bucket("evidence"), Key="att/keyrotation/00/x.json", Body=b"", IfNoneMatch="*"
        )


def key_ids(of: Statement) -> set[str]:
    """By which keys an envelope says it was signed."""
    return {item["keyid"] for item in json.loads(of.stored)["signatures"]}
