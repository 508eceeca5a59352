"""Reads statements back and checks them with nothing of the code that made them: DSSE and ECDSA by the book."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

STAGES = ("seal", "quality", "pseudonymize", "quarantine")


@dataclass(frozen=True)
class Statement:
    """One stored envelope, opened."""

    stage: str
    key: str
    written: datetime
    payload: bytes
    signatures: list[bytes]
    stored: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The in-toto statement."""
        return json.loads(self.payload)

    @property
    def predicate(self) -> dict[str, Any]:
        """What the stage states."""
        return self.body["predicate"]

    @property
    def pre_authentication_encoding(self) -> bytes:
        """The bytes that are signed: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md."""
        kind = b"application/vnd.in-toto+json"
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)

    def subjects(self) -> list[tuple[str, str, str, str]]:
        """Bucket, key, version and SHA-256 of each object the statement is about."""
        return [(*parse_uri(item["name"]), item["digest"]["sha256"]) for item in self.body["subject"]]

    def is_signed_by(self, public_key: bytes) -> bool:
        """Whether a signature holds under this key (DER, SubjectPublicKeyInfo)."""
        key = serialization.load_der_public_key(public_key)
        assert isinstance(key, ec.EllipticCurvePublicKey)
        return any(_holds(key, signature, self.pre_authentication_encoding) for signature in self.signatures)

    def follows(self, before: Statement) -> bool:
        """Whether this statement names `before` as its predecessor, by digest."""
        named = self.predicate.get("predecessor", {}).get("paeSha256")
        return named == hashlib.sha256(before.pre_authentication_encoding).hexdigest()


def subject_id(bucket: str, key: str, version: str) -> str:
    """What names an object version in evidence keys."""
    return hashlib.sha256(f"{bucket}\0{key}\0{version}".encode()).hexdigest()


def parse_uri(uri: str) -> tuple[str, str, str]:
    """Bucket, key and version of `s3://bucket/key?versionId=…`."""
    bucket, _, rest = uri.removeprefix("s3://").partition("/")
    key, _, version = rest.partition("?versionId=")
    return bucket, unquote(key), unquote(version)


def statements(s3: Any, bucket: str, subject: str) -> dict[str, Statement]:
    """The statements about one object version so far, by stage."""
    found = {}
    for stage in STAGES:
        prefix = f"att/{stage}/{subject[:2]}/{subject}/"
        for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            found[stage] = read(s3, bucket, item["Key"])
    return found


def read(s3: Any, bucket: str, key: str) -> Statement:
    """Fetches and opens one envelope."""
    stored = s3.get_object(Bucket=bucket, Key=key)
    body = stored["Body"].read()
    envelope = json.loads(body)
    return Statement(
        stage=key.split("/")[1],
        key=key,
        written=stored["LastModified"],
        payload=base64.b64decode(envelope["payload"], validate=True),
        signatures=[base64.b64decode(item["sig"], validate=True) for item in envelope["signatures"]],
        stored=body,
    )


def _holds(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
