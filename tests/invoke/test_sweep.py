"""The sweep function, on what the other functions left. Its events are no batch: a run that cannot be accounted for fails."""

from __future__ import annotations

import uuid

import pytest

GOOD = b"id,name,email\n1,Ann,a@example.org\n"


@pytest.mark.parametrize("schedule", ["schedule-fast", "schedule-deep"])
def test_a_schedule_gives_a_signed_account(functions, account, documented, went_through, schedule):
    went_through(["seal", "quality", "pseudonymize"], f"e2e/{uuid.uuid4().hex}/cases/x.csv", GOOD)
    told = documented(f"sweep/{schedule}.json")
    answer = functions.invoke("sweep", told)
    assert answer["complete"]
    assert answer["versionsSeen"] >= 1
    bucket, envelope = account.at_uri(answer["statement"])
    assert bucket == account.buckets["evidence"]
    assert account.holds(envelope)


def test_what_hides_a_sealed_version_is_found(functions, account, documented, went_through):
    key = f"e2e/{uuid.uuid4().hex}/cases/x.csv"
    version, _ = went_through(["seal"], key, GOOD)
    account.s3.delete_object(Bucket=account.buckets["raw"], Key=key)
    answer = functions.invoke("sweep", documented("sweep/schedule-fast.json"))
    assert answer["findingsByRule"]["delete_marker_over_sealed"] >= 1
    found = [one for one in account.findings() if one.predicate["rule"] == "delete_marker_over_sealed"]
    assert version in [one.version_of_subject for one in found]
    assert all(account.holds(one.envelope) for one in found)


@pytest.mark.parametrize("payload", [{}, {"mode": "slow"}, {"mode": "fast", "asOf": "2999-01-01T00:00:00Z"}, [], "fast"])
def test_what_cannot_be_done_fails_the_invocation(functions, payload):
    assert "payload_not_understood" in functions.refuses("sweep", payload)
