"""The log: every statement is a leaf under a signed checkpoint, whatever dies on the way.

What is checked here is checked with the standard library and openssl: RFC 6962 hashes, tlog-tiles, a signed note.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from . import process
from .conftest import Stack
from .statements import opened, openssl_accepts

PEOPLE = b"id,name,email\n1,Ada Bauer,ada@example.org\n2,Ben Moor,ben@example.org\n"


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def root_of(hashes: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as it is written there."""
    if len(hashes) <= 1:
        return hashes[0] if hashes else hashlib.sha256(b"").digest()
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + root_of(hashes[:split]) + root_of(hashes[split:])).digest()


def versions(stack: Stack, prefix: str) -> list[dict[str, Any]]:
    """Every version below a prefix of the evidence bucket, as the auditor sees them."""
    found: list[dict[str, Any]] = []
    pages = stack.as_role("Auditor", "s3").get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=stack.bucket("evidence"), Prefix=prefix):
        assert not page.get("DeleteMarkers"), f"a delete marker below {prefix}"
        found += page.get("Versions", [])
    return found


def read(stack: Stack, key: str) -> bytes:
    return stack.as_role("Auditor", "s3").get_object(Bucket=stack.bucket("evidence"), Key=key)["Body"].read()


def checkpoint(stack: Stack) -> tuple[str, int, bytes] | None:
    """The head: its note, size and root."""
    keys = sorted(item["Key"] for item in versions(stack, "log/checkpoints/"))
    if not keys:
        return None
    note = read(stack, keys[-1]).decode()
    _, size, root = note.split("\n")[:3]
    assert keys[-1] == f"log/checkpoints/{int(size):020}"
    return note, int(size), base64.b64decode(root)


def tile_path(index: int) -> str:
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)


def entries(stack: Stack, size: int) -> list[bytes]:
    """The log's entries, from its bundles."""
    found = []
    for index in range((size + 255) // 256):
        partial = "" if index < size // 256 else f".p/{size % 256}"
        bundle = read(stack, f"log/tile/entries/{tile_path(index)}{partial}")
        while bundle:
            length = int.from_bytes(bundle[:2], "big")
            found.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
    return found


def statements(stack: Stack) -> list[str]:
    return [item["Key"] for item in versions(stack, "att/")]


def leaf_key(entry: bytes) -> str:
    leaf = json.loads(entry)
    return f"att/{leaf['type']}/{leaf['sid'][:2]}/{leaf['sid']}/{leaf['run']}.dsse.json"


def everything_is_logged(stack: Stack, but: set[str]) -> list[bytes] | None:
    """The log's entries, once every statement is among them but those that other tests forged before."""
    before = set(statements(stack)) - but
    head = checkpoint(stack)
    if head is None:
        return None
    logged = entries(stack, head[1])
    return logged if before <= {leaf_key(entry) for entry in logged} else None


def is_sound(stack: Stack, directory: Path) -> None:
    """One history: every write-once key has one version, each checkpoint ever signed is a beginning of the log."""
    listed = versions(stack, "log/")
    assert len({item["Key"] for item in listed}) == len(listed), "a key below log/ was written twice"
    head = checkpoint(stack)
    assert head is not None
    logged = entries(stack, head[1])
    hashes = [leaf_hash(entry) for entry in logged]
    assert len(hashes) == head[1]
    assert len(set(hashes)) == len(hashes), "a statement was logged twice"
    der = stack.root("kms").get_public_key(KeyId=stack.outputs["CheckpointKeyArn"])["PublicKey"]
    (directory / "key.der").write_bytes(der)
    for key in sorted(item["Key"] for item in versions(stack, "log/checkpoints/")):
        text, _, signatures = read(stack, key).decode().partition("\n\n")
        origin, size, root = text.split("\n")
        if int(size) > len(hashes):  # signed after the head was read
            continue
        assert origin == stack.outputs["LogOrigin"]
        assert base64.b64decode(root) == root_of(hashes[: int(size)]), f"{key} is not a beginning of the log"
        (directory / "text").write_bytes(f"{text}\n".encode())
        (directory / "signature").write_bytes(base64.b64decode(signatures.split()[2])[4:])
        verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER", "-rawin"]
        checked = subprocess.run(
            [*verify, "-in", "text", "-sigfile", "signature"], cwd=directory, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_statement_becomes_a_leaf(stack, prefix, eventually, tmp_path):
    before = set(statements(stack))
    for number in range(3):
        stack.upload(f"{prefix}/people/{number}.csv", PEOPLE)
    eventually(lambda: len(set(statements(stack)) - before) >= 3, "three statements")
    logged = eventually(lambda: everything_is_logged(stack, before), "every statement in the log")
    assert len(logged) >= 3
    # A leaf is the digest and the signature of its statement, and nothing in clear.
    bucket = stack.bucket("raw").encode()
    for entry in logged:
        leaf = json.loads(entry)
        envelope = json.loads(read(stack, leaf_key(entry)))
        payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
        signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
        assert leaf["pae"] == hashlib.sha256(signed).hexdigest()
        assert leaf["sig"] == envelope["signatures"][0]["sig"]
        assert bucket not in entry
        assert b"customers" not in entry
    is_sound(stack, tmp_path)


def test_nobody_else_writes_the_log(stack):
    for role in ("Seal", "Quality", "Pseudonymize", "Sweep", "PolicyEditor", "Auditor"):
        with contextlib.suppress(ClientError):
            stack.as_role(role, "s3").put_object(
                Bucket=stack.bucket("evidence"), Key="log/commit/99999999999999999999", Body=b"{}", IfNoneMatch="*"
            )
            pytest.fail(f"{role} wrote into the log")
    for role in ("Seal", "Sweep", "Auditor"):
        with contextlib.suppress(ClientError):
            stack.as_role(role, "kms").sign(
                KeyId=stack.outputs["CheckpointKeyArn"],
                Message=b"x",
                MessageType="RAW",
                SigningAlgorithm="ED25519_SHA_512",
            )
            pytest.fail(f"{role} signed a checkpoint")


def test_an_intruder_s_intent_is_a_signed_finding_and_the_log_goes_on(stack, prefix, eventually, tmp_path):
    """As the account's root, whom no bucket policy binds on the emulator. Nothing of ours writes what decides nothing."""
    before = set(statements(stack))

    def planted() -> str | None:
        """Where the next intent belongs; somebody may be faster."""
        _, size, _ = checkpoint(stack)
        key = f"log/commit/{size:020}"
        with contextlib.suppress(ClientError):
            stack.root("s3").put_object(Bucket=stack.bucket("evidence"), Key=key, Body=b"{}", IfNoneMatch="*")
            return key
        return None

    stack.upload(f"{prefix}/people/0.csv", PEOPLE)
    eventually(lambda: everything_is_logged(stack, before), "a log with a head")
    key = eventually(planted, "a place for the intent")
    uri = f"s3://{stack.bucket('evidence')}/{key}"
    subject = hashlib.sha256(uri.encode()).hexdigest()
    counted = stack.counted("Findings", Rule="log_intent_void")
    stack.upload(f"{prefix}/people/1.csv", PEOPLE)
    (found,) = eventually(lambda: versions(stack, f"att/finding/{subject[:2]}/{subject}/"), "the finding")
    account = opened(found["Key"], read(stack, found["Key"]))
    assert openssl_accepts(stack, account, tmp_path)
    assert (account.predicate["rule"], account.predicate["severity"]) == ("log_intent_void", "high")
    assert account.predicate["evidence"] == [{"uri": uri}]
    eventually(lambda: stack.counted("Findings", Rule="log_intent_void") > counted, "the finding's metric")
    logged = eventually(lambda: everything_is_logged(stack, before), "every statement in the log, the finding among them")
    assert found["Key"] in {leaf_key(entry) for entry in logged}
    is_sound(stack, tmp_path)


def test_killed_again_and_again_it_stays_one_history(stack, prefix, eventually, tmp_path):
    """SIGKILL at moments that walk through the append, while statements keep coming."""
    stop, killed = threading.Event(), []
    before = set(statements(stack))

    def kill() -> None:
        pause = 0.01
        while not stop.wait(pause):
            for pid in process.bootstraps(stack.running, stack.outputs["LogFunctionName"]):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
            pause = pause * 1.7 if pause < 0.5 else 0.013

    with stack.redelivering_after(6, "Log"):
        killer = threading.Thread(target=kill)
        killer.start()
        try:
            for number in range(8):
                stack.upload(f"{prefix}/people/{number}.csv", PEOPLE)
                time.sleep(0.4)
        finally:
            stop.set()
            killer.join()
        assert killed
        # What was given back too often lies in the dead-letter queue: a person sends it again.
        for item in versions(stack, "att/"):
            if item["Key"] in before:
                continue
            body = json.dumps({"bucket": stack.bucket("evidence"), "key": item["Key"], "versionId": item["VersionId"]})
            stack.root("sqs").send_message(QueueUrl=stack.outputs["LogQueueUrl"], MessageBody=body)
        assert eventually(lambda: everything_is_logged(stack, before), "every statement in the log")
    is_sound(stack, tmp_path)
