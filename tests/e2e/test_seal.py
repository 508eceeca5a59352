"""From an upload to a seal: whatever the key, however often the event, one statement that holds."""

from __future__ import annotations

import concurrent.futures
import datetime
import hashlib
import json

import pytest

from .statements import openssl_accepts, stored

LONGEST = 1024
KEYS = {
    "space": "a b.csv",
    "plus": "a+b.csv",
    "percent": "100%.csv",
    "encoded plus": "a%2Bb.csv",
    "equals and colon": "day=2026-11-21/t=10:15:00.csv",
    "unicode": "Größe/données/データ.csv",
    "emoji": "😀.csv",
    "quotes": 'it\'s "quoted".csv',
    "ampersand": "a&b?versionId=x.csv",
    "backslash": "a\\b.csv",
    "dots": "../../etc/passwd",
    "double slash": "a//b.csv",
}


def sealed(stack, eventually, key, version):
    eventually(lambda: stored(stack, "seal", key, version), f"a seal of {key}")
    (statement,) = stored(stack, "seal", key, version)
    return statement


@pytest.mark.parametrize("name", KEYS)
def test_any_key_is_sealed_under_its_own_name(stack, prefix, eventually, name):
    key, body = f"{prefix}/{KEYS[name]}", name.encode()
    version = stack.upload(key, body)
    assert sealed(stack, eventually, key, version).digests == [hashlib.sha256(body).hexdigest()]


def test_the_longest_key_is_sealed(stack, prefix, eventually):
    key = f"{prefix}/{'k' * LONGEST}"[:LONGEST]
    version = stack.upload(key, b"x")
    sealed(stack, eventually, key, version)


def test_nothing_is_sealed_too(stack, prefix, eventually):
    key = f"{prefix}/empty.csv"
    version = stack.upload(key, b"")
    assert sealed(stack, eventually, key, version).digests == [hashlib.sha256(b"").hexdigest()]


def test_a_seal_is_verified_by_openssl_alone(stack, prefix, eventually, tmp_path):
    key = f"{prefix}/x.csv"
    statement = sealed(stack, eventually, key, stack.upload(key, b"id\n1\n"))
    assert openssl_accepts(stack, statement, tmp_path)
    assert not openssl_accepts(stack, statement, tmp_path, statement.signed_bytes.replace(b"sha256", b"sha257"))


def test_versions_of_a_key_are_sealed_one_by_one(stack, prefix, eventually):
    key = f"{prefix}/x.csv"
    versions = {stack.upload(key, body): body for body in (b"one", b"two", b"three")}
    for version, body in versions.items():
        assert sealed(stack, eventually, key, version).digests == [hashlib.sha256(body).hexdigest()]


def test_an_event_again_and_again_leaves_one_statement(stack, prefix, eventually):
    key = f"{prefix}/x.csv"
    version = stack.upload(key, b"x")
    before = sealed(stack, eventually, key, version)
    again = json.dumps({"bucket": stack.bucket("raw"), "key": key, "versionId": version})
    sweep = stack.as_role("Sweep", "sqs")
    for _ in range(5):
        sweep.send_message(QueueUrl=stack.outputs["SealQueueUrl"], MessageBody=again)
    eventually(lambda: stack.waiting("Seal") == (0, 0), "an empty queue")
    assert stored(stack, "seal", key, version) == [before]


def test_a_sealed_version_is_locked(stack, prefix, eventually):
    key = f"{prefix}/x.csv"
    version = stack.upload(key, b"x")
    sealed(stack, eventually, key, version)
    at = {"Bucket": stack.bucket("raw"), "Key": key, "VersionId": version}
    retention = stack.root("s3").get_object_retention(**at)["Retention"]
    assert retention["RetainUntilDate"] > datetime.datetime.now(datetime.UTC)


def test_many_at_once_are_all_sealed(stack, prefix, eventually):
    keys = [f"{prefix}/{number}.csv" for number in range(40)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        versions = dict(zip(keys, pool.map(lambda key: stack.upload(key, key.encode()), keys), strict=True))
    for key, version in versions.items():
        assert sealed(stack, eventually, key, version).digests == [hashlib.sha256(key.encode()).hexdigest()]
