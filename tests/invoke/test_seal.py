"""The seal function, by every trigger that can reach it."""

from __future__ import annotations

import hashlib
import uuid

import pytest

TRIGGERS = ["sqs-put", "sqs-manual", "s3-put", "eventbridge-object-created", "s3-batch-operations-1.0", "s3-batch-operations-2.0"]
BODY = b"id,email\n1,a@example.org\n"


@pytest.mark.parametrize("trigger", [*TRIGGERS, "manual"])
def test_every_trigger_seals(functions, account, event, trigger):
    key = f"e2e/{uuid.uuid4().hex}/x.csv"
    version = account.upload(key, BODY)
    functions.invoke("seal", event(f"seal/{trigger}.json", key, version))
    (seal,) = account.statements("seal", key, version)
    assert account.holds(seal.envelope)
    assert seal.payload["subject"][0]["digest"]["sha256"] == hashlib.sha256(BODY).hexdigest()


def test_the_same_event_again_changes_nothing(functions, account, event):
    key = f"e2e/{uuid.uuid4().hex}/x.csv"
    version = account.upload(key, BODY)
    told = event("seal/sqs-put.json", key, version)
    answers = [functions.invoke("seal", told) for _ in range(5)]
    assert answers == [{"batchItemFailures": []}] * 5
    assert len(account.statements("seal", key, version)) == 1


@pytest.mark.parametrize(
    ("file", "expected"),
    [("sqs-test-event", {"batchItemFailures": []}), ("s3-test-event", {"outcomes": ["acknowledged"]})],
)
def test_a_test_event_is_acknowledged(functions, documented, file, expected):
    assert functions.invoke("seal", documented(f"seal/{file}.json")) == expected


def test_of_a_batch_only_the_messages_that_failed_come_back(functions, account, event, batch):
    key = f"e2e/{uuid.uuid4().hex}/x.csv"
    version = account.upload(key, BODY)
    (good,) = event("seal/sqs-put.json", key, version)["Records"]
    told = batch(good, {**good, "messageId": "not-json", "body": "{"}, {**good, "messageId": "again"})
    assert functions.invoke("seal", told) == {"batchItemFailures": [{"itemIdentifier": "not-json"}]}
    assert len(account.statements("seal", key, version)) == 1


def test_a_version_that_is_not_there_is_a_signed_finding(functions, account, event):
    key = f"e2e/{uuid.uuid4().hex}/x.csv"
    account.upload(key, BODY)
    gone = account.upload(key, BODY)
    account.s3.delete_object(Bucket=account.buckets["raw"], Key=key, VersionId=gone, BypassGovernanceRetention=True)
    assert functions.invoke("seal", event("seal/sqs-put.json", key, gone)) == {"batchItemFailures": []}
    assert ("object_not_found", gone) in [(found.predicate["rule"], found.version_of_subject) for found in account.findings()]


@pytest.mark.parametrize("payload", [{}, {"bucket": "b"}, [1], "text"])
def test_what_is_no_event_fails_the_invocation(functions, payload):
    assert "payload_not_understood" in functions.refuses("seal", payload)


def test_batch_operations_are_answered_by_task(functions, account, event):
    key = f"e2e/{uuid.uuid4().hex}/x.csv"
    told = event("seal/s3-batch-operations-2.0.json", key, account.upload(key, BODY))
    answer = functions.invoke("seal", told)
    assert answer["invocationId"] == told["invocationId"]
    assert [(item["taskId"], item["resultCode"]) for item in answer["results"]] == [(told["tasks"][0]["taskId"], "Succeeded")]
