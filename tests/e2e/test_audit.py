"""CloudTrail's files, delivered by hand because the emulator delivers none: each is audited, and whatever is wrong with them or
with what they record becomes a signed finding.

The trail is signed with an RSA key of this test's; its public key lies where the deployment was told to look for it.
"""

from __future__ import annotations

import base64
import datetime
import gzip
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .statements import Statement, at_uri, opened, stored
from .test_log import checkpoint, entries, leaf_key

ACCOUNT = "000000000000"
REGION = "eu-central-1"
HOUR = datetime.timedelta(hours=1)


@dataclass
class Trail:
    """A CloudTrail of our own."""

    stack: Any
    key: rsa.RSAPrivateKey
    previous: tuple[str, str, str] | None = None
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)

    def put(self, key: str, content: str, **metadata: str) -> str:
        """Delivers a file and returns its version."""
        put = self.stack.root("s3").put_object(
            Bucket=self.stack.bucket("trail"), Key=key, Body=gzip.compress(content.encode()), Metadata=metadata
        )
        self.versions[key] = put["VersionId"]
        return put["VersionId"]

    def log(self, made: datetime.datetime, records: list[dict[str, Any]]) -> tuple[str, str]:
        """Delivers a log file and returns its key and the hash that a digest lists."""
        content = json.dumps({"Records": records})
        digest = hashlib.sha256(content.encode()).hexdigest()
        name = f"{ACCOUNT}_CloudTrail_{REGION}_{made:%Y%m%dT%H%MZ}_{digest[:16]}.json.gz"
        key = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{made:%Y/%m/%d}/{name}"
        self.put(key, content)
        return key, digest

    def digest(self, end: datetime.datetime, logs: list[tuple[str, str]]) -> str:
        """Delivers the digest of an hour and returns its key."""
        bucket = self.stack.bucket("trail")
        name = f"{ACCOUNT}_CloudTrail-Digest_{REGION}_existing_{REGION}_{end:%Y%m%dT%H%M%SZ}.json.gz"
        key = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/{end:%Y/%m/%d}/{name}"
        at, sha256, signature = self.previous or (None, None, None)
        written = f"{end:%Y-%m-%dT%H:%M:%SZ}"
        content = json.dumps(
            {
                "awsAccountId": ACCOUNT,
                "digestStartTime": f"{end - HOUR:%Y-%m-%dT%H:%M:%SZ}",
                "digestEndTime": written,
                "digestS3Bucket": bucket,
                "digestS3Object": key,
                "digestPublicKeyFingerprint": hashlib.md5(self.public).hexdigest(),  # noqa: S324 - AWS's choice
                "digestSignatureAlgorithm": "SHA256withRSA",
                "previousDigestS3Bucket": at and bucket,
                "previousDigestS3Object": at,
                "previousDigestHashValue": sha256,
                "previousDigestHashAlgorithm": at and "SHA-256",
                "previousDigestSignature": signature,
                "logFiles": [
                    {"s3Bucket": bucket, "s3Object": log, "hashValue": value, "hashAlgorithm": "SHA-256"} for log, value in logs
                ],
            }
        )
        own = hashlib.sha256(content.encode()).hexdigest()
        signed = f"{written}\n{bucket}/{key}\n{own}\n{signature or 'null'}"
        raw = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()
        self.previous = (key, own, raw)
        self.put(key, content, signature=raw, **{"signature-algorithm": "SHA256withRSA"})
        return key


@pytest.fixture(scope="module")
def trail(stack) -> Trail:
    made = Trail(stack, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    listed = {
        "PublicKeyList": [
            {
                "Value": base64.b64encode(made.public).decode(),
                "ValidityStartTime": "2026-01-01T00:00:00Z",
                "ValidityEndTime": "2100-01-01T00:00:00Z",
            }
        ]
    }
    stack.as_role("PolicyEditor", "s3").put_object(
        Bucket=stack.bucket("evidence"), Key="policy/cloudtrail-keys.json", Body=json.dumps(listed).encode()
    )
    return made


def account(stack, eventually, trail: Trail, key: str) -> Statement:
    """The audit's account of a delivered file, awaited."""
    (found,) = eventually(lambda: stored(stack, "audit", key, trail.versions[key], "trail"), f"the audit of {key}")
    return found


def findings(stack) -> list[Statement]:
    """Every finding, as the auditor reads it."""
    s3, bucket = stack.as_role("Auditor", "s3"), stack.bucket("evidence")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="att/finding/")
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    bodies = [(key, s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]
    return [opened(key, body) for key, body in bodies if body.startswith(b"{")]  # other tests forge some that are not JSON


def rules(stack, about: str) -> set[str]:
    """The rules that findings about a thing say are broken."""
    found = [json.loads(one.payload) for one in findings(stack)]
    return {one["predicate"]["rule"] for one in found if about in json.dumps(one["subject"] + one["predicate"]["evidence"])}


def read_by(name: str, event: str, stack: Any) -> dict[str, Any]:
    """A record of a read of the raw bucket."""
    return {
        "eventVersion": "1.11",
        "eventID": event,
        "eventTime": "2026-05-10T00:04:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "recipientAccountId": ACCOUNT,
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}", "accountId": ACCOUNT},
        "requestParameters": {"bucketName": stack.bucket("raw"), "key": "people.csv"},
        "additionalEventData": {"CipherSuite": "TLS_AES_128_GCM_SHA256", "AuthenticationMethod": "AuthHeader"},
    }


@pytest.fixture(scope="module")
def base() -> datetime.datetime:
    """The beginning of the first hour: some hours ago, on a day of its own."""
    return datetime.datetime.now(datetime.UTC).replace(minute=0, second=0, microsecond=0) - 6 * HOUR


def test_a_whole_hour_is_accounted_for(stack, eventually, trail, base):
    log = trail.log(base + HOUR / 3, [])
    key = trail.digest(base + HOUR, [log])
    said = account(stack, eventually, trail, key).predicate
    assert (said["kind"], said["digests"], said["logs"]) == ("digest", {"valid": 1, "invalid": 0}, {"valid": 1, "invalid": 0})
    assert said["findings"] == 0
    judged = account(stack, eventually, trail, log[0]).predicate
    assert (judged["kind"], judged["events"], judged["findings"]) == ("log", 0, 0)


def test_who_may_not_read_raw_is_found(stack, eventually, trail, base):
    event = "11111111-2222-4333-8444-555555555555"
    key, _ = log = trail.log(base + HOUR + HOUR / 2, [read_by("analyst", event, stack)])
    said = account(stack, eventually, trail, key).predicate
    assert said["findingsByRule"] == {"RAW_READ_UNAUTHORISED": 1}
    (found,) = [one for one in findings(stack) if event in one.predicate["detail"]]
    assert found.predicate["severity"] == "high"
    assert "analyst" not in found.payload.decode(), "a person's name stays in the trail"
    trail.digest(base + 2 * HOUR, [log])


def test_an_altered_log_and_a_forged_one_are_found(stack, eventually, trail, base):
    honest = trail.log(base + 2 * HOUR + HOUR / 3, [{"eventID": "x"}])
    trail.put(honest[0], json.dumps({"Records": []}))
    forged, _ = trail.log(base + 2 * HOUR + HOUR / 2, [{"eventID": "forged"}])
    key = trail.digest(base + 3 * HOUR, [honest])
    said = account(stack, eventually, trail, key).predicate
    assert said["logs"]["invalid"] == 1
    assert "LOG_HASH_MISMATCH" in rules(stack, honest[0])
    assert {"LOG_NOT_IN_ANY_DIGEST", "LOG_UNCOVERED"} & rules(stack, forged)


def test_a_missing_tail_is_found_on_schedule(stack, trail, base):
    asked = {"mode": "tail", "asOf": f"{base + 6 * HOUR:%Y-%m-%dT%H:%M:%SZ}"}
    answer = stack.invoke("Audit", asked)
    (uri,) = answer["statements"]
    said = at_uri(stack, uri).predicate
    assert said["kind"] == "tail"
    assert said["findingsByRule"]["DIGEST_TAIL_MISSING"] == 1


def signed_by(request: str, stack: Any, when: datetime.datetime) -> dict[str, Any]:
    """A record of a use of the statement key by the seal function."""
    role = f"{stack.outputs['SealFunctionName']}"
    return {
        "eventVersion": "1.11",
        "eventID": f"event-{request}",
        "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "kms.amazonaws.com",
        "eventName": "Sign",
        "requestID": request,
        "recipientAccountId": ACCOUNT,
        "resources": [{"ARN": stack.outputs["SigningKeyArn"]}],
        "userIdentity": {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{role}",
            "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": {"arn": f"arn:aws:iam::{ACCOUNT}:role/{role}"}},
        },
    }


def logged(stack, key):
    """Whether a statement is in the log. What other tests forged waits for its redrive in the log's queue."""
    head = checkpoint(stack)
    return head is not None and key in map(leaf_key, entries(stack, head[1]))


def test_uses_of_the_statement_key_are_put_beside_the_log(stack, eventually, trail):
    """The emulator records no `kms:Sign`, so the records are written here, from what stands beside the statements."""
    key = "e2e/signed/people/x.csv"
    version = stack.upload(key, b"id,name,email\n1,Ada Bauer,ada@example.org\n")
    (seal,) = eventually(lambda: stored(stack, "seal", key, version), "the seal")
    now = datetime.datetime.now(datetime.UTC)
    kept = stack.root("s3").head_object(Bucket=stack.bucket("evidence"), Key=seal.key)
    request = kept["Metadata"]["sluice-sign-request"]
    eventually(lambda: logged(stack, seal.key), "the seal's leaf")
    hour = now.replace(minute=0, second=0, microsecond=0)
    recorder = Trail(stack, trail.key)
    log = recorder.log(hour + HOUR / 2, [signed_by(request, stack, now), signed_by("stolen", stack, now - 3 * HOUR)])
    stolen = recorder.log(
        hour + HOUR / 3, [signed_by("a-theft", stack, now) | {"userIdentity": read_by("thief", "x", stack)["userIdentity"]}]
    )
    recorder.digest(hour, [])
    recorder.digest(hour + HOUR, [log, stolen])
    last = recorder.digest(hour + 2 * HOUR, [])
    said = account(stack, eventually, recorder, last).predicate
    assert said["signing"]["matched"] == 1
    assert said["signing"]["withoutStatement"] == 1
    assert said["signing"]["isRecorded"] is True
    assert said["findingsByRule"]["SIGN_WITHOUT_STATEMENT"] == 1
    # Every other statement of this hour was signed by a use that nobody recorded here.
    assert said["signing"]["withoutUse"] == said["findingsByRule"].get("STATEMENT_WITHOUT_SIGN", 0)


def test_a_file_of_another_kind_is_left_alone(stack, eventually, trail):
    trail.put(f"AWSLogs/{ACCOUNT}/CloudTrail-Insight/{REGION}/2026/05/10/note.json.gz", "{}")
    eventually(lambda: stack.waiting("Audit")[0] == 0, "the audit's queue to be empty")
    assert stack.waiting("Audit")[1] == 0
