"""Someone with more rights than any role here meddles: it is refused, said and counted, and nothing is published."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from . import process
from .statements import PAYLOAD_TYPE, curated_versions, statement, stored, subject_id
from .tables import PEOPLE, to_csv


@pytest.fixture
def alarmed(stack, eventually):
    """A check at the end of a test: the alarm's metric grew."""
    before = stack.counted("Alarms")
    yield
    eventually(lambda: stack.counted("Alarms") > before, "the metric Alarms to grow")


def finding(stack, eventually, key, version, zone="raw"):
    found = statement(stack, eventually, "finding", key, version, zone)
    assert found.predicate["severity"] == "critical"
    return found.predicate["rule"]


def put_evidence(stack, key, body):
    """As the account's root, whom no bucket policy binds on the emulator. Returns the version."""
    return stack.root("s3").put_object(Bucket=stack.bucket("evidence"), Key=key, Body=body)["VersionId"]


def tell(stack, stage, key, version):
    """The event as AWS shapes it. The emulator's own event lacks the version's id and is given back."""
    stack.send(stage, {"bucket": stack.bucket("evidence"), "key": key, "versionId": version})


def key_of(stack, stage, raw_key, version, like):
    """Where a statement about a version would be kept, made under the same policy as `like`."""
    subject = subject_id(stack.bucket("raw"), raw_key, version)
    return f"att/{stage}/{subject[:2]}/{subject}/{like.key.rsplit('/', 1)[1]}"


def uploaded(stack, eventually, prefix, name="x", rows=PEOPLE, until="seal"):
    key = f"{prefix}/people/{name}.csv"
    version = stack.upload(key, to_csv(rows))
    return key, version, statement(stack, eventually, until, key, version)


@pytest.mark.parametrize(("stage", "until"), [("Quality", "seal"), ("Pseudonymize", "quality")])
def test_a_byte_changed_after_the_seal_is_found(stack, prefix, eventually, alarmed, stage, until):
    marker = prefix.encode()
    changed = marker[:-1] + (b"0" if marker[-1:] != b"0" else b"1")
    key = f"{prefix}/people/x.csv"
    # The marker is in the file in capitals, so that only the file's bytes are changed and not its key.
    rows = [{"id": "1", "name": marker.decode().upper(), "email": "a@example.org"}]
    with stack.paused(stage):
        version = stack.upload(key, to_csv(rows))
        statement(stack, eventually, until, key, version)
        assert process.overwrite(stack.running, marker.upper(), changed.upper()) > 0
    assert finding(stack, eventually, key, version) == "digest_changed"
    assert curated_versions(stack, key, version) == []
    assert stored(stack, "pseudonymize", key, version) == []
    assert stored(stack, "quarantine", key, version) == []


def test_a_verdict_signed_by_another_key_is_refused(stack, prefix, eventually, alarmed):
    _, _, genuine = uploaded(stack, eventually, prefix, "genuine", until="quality")
    with stack.paused("Quality"):
        key, version, seal = uploaded(stack, eventually, prefix)
        forged = json.loads(genuine.payload)
        uri, digest = json.loads(seal.payload)["subject"][0]["name"], seal.digests[0]
        forged["subject"] = [{"name": uri, "digest": {"sha256": digest}}]
        evidence = stack.event(seal.key)
        forged["predicate"]["predecessor"] = genuine.predicate["predecessor"] | {
            "uri": f"s3://{evidence['bucket']}/{evidence['key']}?versionId={evidence['versionId']}",
            "paeSha256": hashlib.sha256(seal.signed_bytes).hexdigest(),
        }
        payload = json.dumps(forged, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        signed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE, len(payload), payload)
        signature = ec.generate_private_key(ec.SECP256R1()).sign(signed, ec.ECDSA(hashes.SHA256()))
        envelope = {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE.decode(),
            "signatures": [{"keyid": "forged", "sig": base64.b64encode(signature).decode()}],
        }
        at = key_of(stack, "quality", key, version, genuine)
        forgery = put_evidence(stack, at, json.dumps(envelope))
        tell(stack, "Pseudonymize", at, forgery)
        assert finding(stack, eventually, at, forgery, "evidence") == "statement_not_trusted"
        assert curated_versions(stack, key, version) == []


def test_a_verdict_of_another_object_is_refused(stack, prefix, eventually, alarmed):
    _, _, passing = uploaded(stack, eventually, prefix, "passing", until="quality")
    with stack.paused("Quality"):
        key, version, _ = uploaded(stack, eventually, prefix, rows=[PEOPLE[0], PEOPLE[0]])
        at = key_of(stack, "quality", key, version, passing)
        copied = put_evidence(stack, at, passing.stored)
        tell(stack, "Pseudonymize", at, copied)
        assert finding(stack, eventually, at, copied, "evidence") == "statement_stored_elsewhere"
        assert curated_versions(stack, key, version) == []


def test_a_seal_where_a_verdict_belongs_is_refused(stack, prefix, eventually, alarmed):
    _, _, genuine = uploaded(stack, eventually, prefix, "genuine", until="quality")
    with stack.paused("Quality"):
        key, version, seal = uploaded(stack, eventually, prefix)
        at = key_of(stack, "quality", key, version, genuine)
        moved = put_evidence(stack, at, seal.stored)
        tell(stack, "Pseudonymize", at, moved)
        assert finding(stack, eventually, at, moved, "evidence") == "statement_wrong_predicate"
        assert curated_versions(stack, key, version) == []


def test_an_old_verdict_put_again_is_refused(stack, prefix, eventually, alarmed):
    key, version, _ = uploaded(stack, eventually, prefix, until="pseudonymize")
    verdict = statement(stack, eventually, "quality", key, version)
    replayed = put_evidence(stack, verdict.key, verdict.stored)
    tell(stack, "Pseudonymize", verdict.key, replayed)
    assert finding(stack, eventually, verdict.key, replayed, "evidence") == "evidence_rewritten"
    assert len(curated_versions(stack, key, version)) == 1


def test_a_seal_hidden_behind_another_version_is_refused(stack, prefix, eventually, alarmed):
    with stack.paused("Quality"):
        key, version, seal = uploaded(stack, eventually, prefix)
        hidden = put_evidence(stack, seal.key, b"{}")
        tell(stack, "Quality", seal.key, hidden)
    assert finding(stack, eventually, seal.key, hidden, "evidence")
    assert curated_versions(stack, key, version) == []


@pytest.fixture(scope="module", autouse=True)
def _given_back(stack):
    """The emulator's own events of rewritten keys name no version and are given back, for the sweep to find; they are taken
    out here so that later tests see empty queues."""
    yield
    stack.purge()
