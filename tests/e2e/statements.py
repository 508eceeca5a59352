"""Statements as an auditor meets them: fetched, opened and verified with the standard library and openssl alone."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

PAYLOAD_TYPE = b"application/vnd.in-toto+json"


@dataclass(frozen=True)
class Statement:
    """A stored envelope: where it is, what it says, how it is signed."""

    key: str
    payload: bytes
    signatures: list[bytes]
    stored: bytes

    @property
    def predicate(self) -> dict[str, Any]:
        """What the stage states."""
        return json.loads(self.payload)["predicate"]

    @property
    def digests(self) -> list[str]:
        """SHA-256 of each subject."""
        return [item["digest"]["sha256"] for item in json.loads(self.payload)["subject"]]

    @property
    def signed_bytes(self) -> bytes:
        """DSSE's pre-authentication encoding."""
        return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE, len(self.payload), self.payload)

    def names_as_predecessor(self, before: Statement) -> bool:
        """Whether it follows exactly that statement."""
        return self.predicate["predecessor"]["paeSha256"] == hashlib.sha256(before.signed_bytes).hexdigest()


def subject_id(bucket: str, key: str, version: str) -> str:
    """What an object version is called in evidence keys."""
    return hashlib.sha256(f"{bucket}\0{key}\0{version}".encode()).hexdigest()


def stored(stack: Any, stage: str, key: str, version: str, zone: str = "raw") -> list[Statement]:
    """Every version of every statement of a stage about an object version, as the auditor reads them."""
    s3, bucket = stack.as_role("Auditor", "s3"), stack.bucket("evidence")
    subject = subject_id(stack.bucket(zone), key, version)
    listed = s3.list_object_versions(Bucket=bucket, Prefix=f"att/{stage}/{subject[:2]}/{subject}/")
    assert not listed.get("DeleteMarkers"), "a delete marker lies over evidence"
    found = []
    for item in listed.get("Versions", []):
        body = s3.get_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])["Body"].read()
        found.append(opened(item["Key"], body))
    return found


def opened(key: str, body: bytes) -> Statement:
    """An envelope's content."""
    envelope = json.loads(body)
    signatures = [base64.b64decode(one["sig"], validate=True) for one in envelope["signatures"]]
    assert envelope["payloadType"].encode() == PAYLOAD_TYPE
    return Statement(key, base64.b64decode(envelope["payload"], validate=True), signatures, body)


def at_uri(stack: Any, uri: str) -> Statement:
    """The statement at an address that a function answered."""
    bucket, key, version = locate(uri)
    assert bucket == stack.bucket("evidence")
    return opened(key, stack.as_role("Auditor", "s3").get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read())


def statement(stack: Any, eventually: Any, stage: str, key: str, version: str, zone: str = "raw") -> Statement:
    """The one statement of a stage about an object version, awaited."""
    (found,) = eventually(lambda: stored(stack, stage, key, version, zone), f"a {stage} statement about {key}")
    return found


def locate(uri: str) -> tuple[str, str, str]:
    """Bucket, key and version of `s3://bucket/key?versionId=version`, whose parts are percent-encoded."""
    bucket, _, rest = uri.removeprefix("s3://").partition("/")
    key, _, version = rest.partition("?versionId=")
    return bucket, unquote(key), unquote(version)


def published(stack: Any, outcome: Statement) -> tuple[str, bytes]:
    """Key and bytes of a published upload, as the data scientist reads it."""
    (subject,) = json.loads(outcome.payload)["subject"]
    bucket, key, version = locate(subject["name"])
    body = stack.as_role("DataScientist", "s3").get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
    assert bucket == stack.bucket("curated")
    assert hashlib.sha256(body).hexdigest() == subject["digest"]["sha256"]
    return key, body


def curated_versions(stack: Any, key: str, version: str) -> list[str]:
    """Keys of every curated version that was made of an upload: its id stands in them."""
    subject = subject_id(stack.bucket("raw"), key, version)[:32]
    pages = stack.root("s3").get_paginator("list_object_versions").paginate(Bucket=stack.bucket("curated"))
    return [item["Key"] for page in pages for item in page.get("Versions", []) if f"/{subject}-" in item["Key"]]


def findings(stack: Any) -> dict[str, set[str]]:
    """What was found so far: names of subjects by rule."""
    s3, bucket = stack.as_role("Auditor", "s3"), stack.bucket("evidence")
    found: dict[str, set[str]] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="att/finding/"):
        for item in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            try:
                stated = json.loads(base64.b64decode(json.loads(body)["payload"]))
            except ValueError:
                continue  # another test's, which shows who may write here
            found.setdefault(stated["predicate"]["rule"], set()).update(one["name"] for one in stated["subject"])
    return found


def openssl_accepts(stack: Any, statement: Statement, directory: Path, signed: bytes | None = None) -> bool:
    """Whether openssl verifies the signature over the statement, or over other bytes."""
    public = stack.as_role("Auditor", "kms").get_public_key(KeyId=stack.outputs["SigningKeyArn"])["PublicKey"]
    (directory / "key.der").write_bytes(public)
    (directory / "signature.der").write_bytes(statement.signatures[0])
    (directory / "signed").write_bytes(statement.signed_bytes if signed is None else signed)
    command = ["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", "key.der", "-signature", "signature.der", "signed"]
    done = subprocess.run(command, cwd=directory, capture_output=True, check=False)
    return done.returncode == 0 and b"Verified OK" in done.stdout
