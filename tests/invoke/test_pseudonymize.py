"""The pseudonymize function, by every trigger that can reach it, on verdicts that the quality function made.

LocalStack has no Glue, so a dataset with a catalog entry shows what happens when a service is out of reach.
"""

from __future__ import annotations

import csv
import hashlib
import uuid

import pytest

TRIGGERS = ["manual", "eventbridge-quality-statement", "sqs-eventbridge-quality-statement"]
GOOD = b"id,name,email\n1,Ann,a@example.org\n2,Bob,b@example.org\n"
INCOMPLETE = b"id,name,email\n1,Ann,a@example.org\n,Bob,b@example.org\n"


def named(dataset: str = "cases") -> str:
    return f"e2e/{uuid.uuid4().hex}/{dataset}/x.csv"


def published(account, outcome):
    """The rows of the object that a statement names, whose digest holds."""
    (subject,) = outcome.payload["subject"]
    bucket, body = account.at_uri(subject["name"])
    assert bucket == account.buckets["curated"]
    assert hashlib.sha256(body).hexdigest() == subject["digest"]["sha256"]
    return list(csv.DictReader(body.decode().splitlines()))


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_every_trigger_publishes(functions, account, event, went_through, trigger):
    key = named()
    version, verdict = went_through(["seal", "quality"], key, GOOD)
    functions.invoke("pseudonymize", event(f"pseudonymize/{trigger}.json", verdict.key, verdict.version))
    (outcome,) = account.statements("pseudonymize", key, version)
    assert account.holds(outcome.envelope)
    assert outcome.predicate["outcome"] == {"status": "published"}
    rows = published(account, outcome)
    assert [row["id"] for row in rows] == ["1", "2"]
    assert all("name" not in row and "example" not in row["email"] for row in rows)


def test_the_same_event_again_changes_nothing(functions, account, event, went_through):
    key = named()
    version, verdict = went_through(["seal", "quality"], key, GOOD)
    told = event("pseudonymize/sqs-eventbridge-quality-statement.json", verdict.key, verdict.version)
    assert [functions.invoke("pseudonymize", told) for _ in range(3)] == [{"batchItemFailures": []}] * 3
    assert len(account.statements("pseudonymize", key, version)) == 1


def test_a_failing_verdict_is_withheld(functions, account, event, went_through):
    key = named()
    version, verdict = went_through(["seal", "quality"], key, INCOMPLETE)
    told = event("pseudonymize/sqs-eventbridge-quality-statement.json", verdict.key, verdict.version)
    assert functions.invoke("pseudonymize", told) == {"batchItemFailures": []}
    (outcome,) = account.statements("pseudonymize", key, version)
    assert outcome.predicate["outcome"] == {"status": "withheld", "reason": "quality_failed"}


def test_a_verdict_that_is_not_there_is_a_signed_finding(functions, account, documented):
    before = len(account.findings())
    told = documented("pseudonymize/sqs-eventbridge-quality-statement.json")
    assert functions.invoke("pseudonymize", told) == {"batchItemFailures": []}
    assert len(account.findings()) == before + 1


def test_of_a_batch_the_message_that_must_wait_comes_back(functions, account, event, went_through, batch):
    waits, done = named("people"), named()
    file = "pseudonymize/sqs-eventbridge-quality-statement.json"
    records = []
    for key in (waits, done):
        version, verdict = went_through(["seal", "quality"], key, GOOD)
        (record,) = event(file, verdict.key, verdict.version)["Records"]
        records.append({**record, "messageId": key})
    answer = functions.invoke("pseudonymize", batch(*records))
    assert answer == {"batchItemFailures": [{"itemIdentifier": waits}]}
    assert len(account.statements("pseudonymize", done, version)) == 1


def test_what_is_no_event_fails_the_invocation(functions):
    assert "payload_not_understood" in functions.refuses("pseudonymize", {"statement": "quality"})
