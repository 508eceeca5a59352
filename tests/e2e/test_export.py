"""What an auditor takes home from an untouched lake, judged on a laptop by `sluice` and by `sha256sum`. Runs early, as
`test_sweep_clean`: later tests forge statements, and a bundle would rightly say so."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest

from infra.local import paths

from .statements import statement
from .tables import PEOPLE, to_csv

KEY = "e2e/exported/people/x.csv"


@pytest.fixture(scope="module")
def desk(stack: Any, eventually: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the public keys, an upload and its bundle."""
    folder = tmp_path_factory.mktemp("auditor")
    body = to_csv(PEOPLE)
    (folder / "x.csv").write_bytes(body)
    version = stack.upload(KEY, body)
    statement(stack, eventually, "pseudonymize", KEY, version)
    der = stack.root("kms").get_public_key(KeyId=stack.outputs["SigningKeyArn"])["PublicKey"]
    pem = textwrap.fill(base64.b64encode(der).decode(), 64)
    (folder / "signing.pem").write_text(f"-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n")
    (folder / "log.vkey").write_text(verifier_key(stack) + "\n")

    def exported() -> bool:
        """Once every statement is in the log: it is a step behind."""
        subprocess.run(["rm", "-rf", str(folder / "bundle")], check=True)
        bucket = f"s3://{stack.bucket('evidence')}"
        keys = ["--key", "signing.pem", "--log-key", "log.vkey"]
        said = sluice(stack, folder, "evidence", "export", bucket, "-o", "bundle", *keys, "--json")
        counts = json.loads(said)
        return counts["proofs"] == counts["statements"] > 0

    eventually(exported, "every statement in the log")
    return folder


def verifier_key(stack: Any) -> str:
    """The log's key as C2SP's signed-note says: name, four bytes of a hash, algorithm 1 and the key."""
    name = stack.outputs["LogOrigin"]
    key = b"\x01" + stack.root("kms").get_public_key(KeyId=stack.outputs["CheckpointKeyArn"])["PublicKey"][-32:]
    hashed = hashlib.sha256(f"{name}\n".encode() + key).hexdigest()[:8]
    return f"{name}+{hashed}+{base64.b64encode(key).decode()}"


def sluice(stack: Any, folder: Path, *arguments: str, code: int = 0) -> str:
    """Runs the command as the auditor; without AWS once the bundle is there."""
    credentials = stack.as_role("Auditor", "s3")._request_signer._credentials.get_frozen_credentials()
    done = subprocess.run(
        [str(paths.target_directory() / "debug" / "sluice"), *arguments],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            **stack.running.environment(),
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_SESSION_TOKEN": credentials.token,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def payload(envelope: Path) -> str:
    """What a statement says."""
    return base64.b64decode(json.loads(envelope.read_text())["payload"]).decode()


OWN_KEYS = ["--key", "signing.pem", "--log-key", "log.vkey"]


def test_the_bundle_holds(stack, desk):
    said = sluice(stack, desk, "verify", "all", "bundle", *OWN_KEYS)
    for question in ("INTEGRITY", "COMPLETENESS", "AUTHENTICITY", "LOCK"):
        assert question in said
    sluice(stack, desk, "verify", "log", "bundle", "--log-key", "log.vkey", "--anchor", "bundle/log/checkpoint")
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=desk / "bundle", check=True)


def test_the_file_holds_by_its_seal_and_proof(stack, desk):
    digest = hashlib.sha256((desk / "x.csv").read_bytes()).hexdigest()
    seals = (desk / "bundle" / "att" / "seal").rglob("*.json")
    (seal,) = [at for at in seals if KEY in payload(at) and digest in payload(at)]
    proof = desk / "bundle" / "proofs" / f"{seal.relative_to(desk / 'bundle')}.tlog-proof"
    arguments = ["--statement", str(seal), "--proof", str(proof), *OWN_KEYS]
    sluice(stack, desk, "verify", "object", "x.csv", *arguments)
    (desk / "other.csv").write_bytes((desk / "x.csv").read_bytes()[:-1])
    sluice(stack, desk, "verify", "object", "other.csv", *arguments, code=1)


@pytest.mark.parametrize("kind", ["att/seal", "log/tile/entries", "log/checkpoints", "proofs"])
def test_a_flipped_byte_is_found(stack, desk, kind):
    victim = next(at for at in sorted((desk / "bundle" / kind).rglob("*")) if at.is_file())
    whole = victim.read_bytes()
    victim.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    try:
        sluice(stack, desk, "verify", "all", "bundle", *OWN_KEYS, code=1)
    finally:
        victim.write_bytes(whole)
