"""The seal function, by every trigger that can reach it."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from pathlib import Path

import pytest

EVENTS = Path(__file__).resolve().parents[2] / "events"
TRIGGERS = ["sqs-put", "sqs-manual", "s3-put", "eventbridge-object-created", "s3-batch-operations-1.0", "s3-batch-operations-2.0"]
BODY = b"id,email\n1,a@example.org\n"


def seals(account, key, version):
    subject = hashlib.sha256(f"{account.buckets['raw']}\0{key}\0{version}".encode()).hexdigest()
    prefix = f"att/seal/{subject[:2]}/{subject}/"
    versions = account.s3.list_object_versions(Bucket=account.buckets["evidence"], Prefix=prefix).get("Versions", [])
    return [account.s3.get_object(Bucket=account.buckets["evidence"], Key=item["Key"])["Body"].read() for item in versions]


@pytest.mark.parametrize("trigger", [*TRIGGERS, "manual"])
def test_every_trigger_seals(functions, account, event, trigger):
    key = f"e2e/{uuid.uuid4().hex}/x.csv"
    version = account.upload(key, BODY)
    functions.invoke("seal", event(f"seal/{trigger}.json", key, version))
    (envelope,) = seals(account, key, version)
    statement = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    assert statement["subject"][0]["digest"]["sha256"] == hashlib.sha256(BODY).hexdigest()


def test_the_same_event_again_changes_nothing(functions, account, event):
    key = f"e2e/{uuid.uuid4().hex}/x.csv"
    version = account.upload(key, BODY)
    told = event("seal/sqs-put.json", key, version)
    answers = [functions.invoke("seal", told) for _ in range(5)]
    assert answers == [{"batchItemFailures": []}] * 5
    assert len(seals(account, key, version)) == 1


@pytest.mark.parametrize(
    ("file", "expected"),
    [("sqs-test-event", {"batchItemFailures": []}), ("s3-test-event", {"outcomes": ["acknowledged"]})],
)
def test_a_test_event_is_acknowledged(functions, file, expected):
    answer = functions.invoke("seal", json.loads((EVENTS / "seal" / f"{file}.json").read_text(encoding="utf-8")))
    assert answer == expected


def test_batch_operations_are_answered_by_task(functions, account, event):
    key = f"e2e/{uuid.uuid4().hex}/x.csv"
    told = event("seal/s3-batch-operations-2.0.json", key, account.upload(key, BODY))
    answer = functions.invoke("seal", told)
    assert answer["invocationId"] == told["invocationId"]
    assert [(item["taskId"], item["resultCode"]) for item in answer["results"]] == [(told["tasks"][0]["taskId"], "Succeeded")]
