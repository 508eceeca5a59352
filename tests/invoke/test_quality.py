"""The quality function, by every trigger that can reach it, on seals that the seal function made."""

from __future__ import annotations

import hashlib
import json
import uuid

import pytest

TRIGGERS = ["manual", "eventbridge-seal-statement", "sqs-eventbridge-seal-statement", "sqs-eventbridge-without-version"]
GOOD = b"id,name,email\n1,Ann,a@example.org\n2,Bob,b@example.org\n"
INCOMPLETE = b"id,name,email\n1,Ann,a@example.org\n,Bob,b@example.org\n"
MALFORMED = b"id,name,email\n1,Ann\n"


def named() -> str:
    return f"e2e/{uuid.uuid4().hex}/cases/x.csv"


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_every_trigger_gives_a_verdict(functions, account, event, went_through, trigger):
    key = named()
    version, seal = went_through(["seal"], key, GOOD)
    functions.invoke("quality", event(f"quality/{trigger}.json", seal.key, seal.version))
    (verdict,) = account.statements("quality", key, version)
    assert account.holds(verdict.envelope)
    assert verdict.predicate["result"] == "PASSED"
    assert verdict.predicate["rows"] == 2
    assert verdict.payload["subject"][0]["digest"]["sha256"] == hashlib.sha256(GOOD).hexdigest()
    report = account.s3.list_objects_v2(Bucket=account.buckets["evidence"], Prefix="report/quality/")["Contents"]
    assert any(verdict.predicate["reportSha256"] in item["Key"] for item in report)


def test_a_broken_rule_is_a_failing_verdict(functions, account, event, went_through):
    key = named()
    version, seal = went_through(["seal"], key, INCOMPLETE)
    told = event("quality/sqs-eventbridge-seal-statement.json", seal.key, seal.version)
    assert functions.invoke("quality", told) == {"batchItemFailures": []}
    (verdict,) = account.statements("quality", key, version)
    assert (verdict.predicate["result"], verdict.predicate["counts"]["failed"]) == ("FAILED", 1)


def test_a_malformed_table_is_quarantined_and_its_message_done(functions, account, event, went_through):
    key = named()
    version, seal = went_through(["seal"], key, MALFORMED)
    told = event("quality/sqs-eventbridge-seal-statement.json", seal.key, seal.version)
    assert functions.invoke("quality", told) == {"batchItemFailures": []}
    assert account.statements("quality", key, version) == []
    (quarantine,) = account.statements("quarantine", key, version)
    assert account.holds(quarantine.envelope)
    assert (quarantine.predicate["stage"], quarantine.predicate["reason"]) == ("quality", "table_malformed")


def test_a_seal_that_is_not_there_is_a_signed_finding(functions, account, documented):
    before = len(account.findings())
    assert functions.invoke("quality", documented("quality/sqs-eventbridge-seal-statement.json")) == {"batchItemFailures": []}
    rules = [found.predicate["rule"] for found in account.findings()]
    assert len(rules) == before + 1
    assert "object_not_found" in rules


@pytest.mark.parametrize("again", [b"another", None])
def test_evidence_written_twice_is_a_signed_finding_even_without_a_version(functions, account, event, went_through, again):
    _, seal = went_through(["seal"], named(), GOOD)
    evidence = account.buckets["evidence"]
    account.s3.put_object(Bucket=evidence, Key=seal.key, Body=again or seal.envelope)
    told = event("quality/sqs-eventbridge-without-version.json", seal.key, "")
    assert functions.invoke("quality", told) == {"batchItemFailures": []}
    found = [one for one in account.findings() if one.predicate["rule"] == "evidence_rewritten"]
    assert any(seal.key in json.dumps(one.predicate["evidence"]) for one in found)
    assert all(account.holds(one.envelope) for one in found)


def test_of_a_batch_only_the_messages_that_failed_come_back(functions, account, event, went_through, batch):
    key = named()
    version, seal = went_through(["seal"], key, GOOD)
    (good,) = event("quality/sqs-eventbridge-seal-statement.json", seal.key, seal.version)["Records"]
    told = batch({**good, "messageId": "first", "body": "not JSON"}, good, {**good, "messageId": "last", "body": "{}"})
    assert functions.invoke("quality", told) == {"batchItemFailures": [{"itemIdentifier": "first"}, {"itemIdentifier": "last"}]}
    assert len(account.statements("quality", key, version)) == 1


def test_what_is_no_event_fails_the_invocation(functions):
    assert "payload_not_understood" in functions.refuses("quality", {"statement": "seal"})
