"""The release function, on a table that the pseudonymize function published. One request, one answer: there are no batches."""

from __future__ import annotations

import uuid
from urllib.parse import quote

import pytest


@pytest.fixture(scope="module")
def kept() -> dict[str, str]:
    return {}


@pytest.fixture
def request_for(account, documented, went_through, kept):
    """`request_for(field=value, …)`: the request of events/ about a table of ours, with fields changed."""
    if not kept:
        key = f"e2e/{uuid.uuid4().hex}/survey/x.csv"
        _, outcome = went_through(["seal", "quality", "pseudonymize"], key, b"age,sex\n" + b"40,f\n50,m\n" * 500)
        kept["statement"] = f"s3://{account.buckets['evidence']}/{outcome.key}?versionId={quote(outcome.version)}"
    told = documented("release/request.json") | {"dataset": "e2e-survey", "statements": [kept["statement"]]}
    return lambda **changed: told | changed


def test_questions_are_answered_once_and_booked(functions, account, request_for):
    answer = functions.invoke("release", request_for())
    assert (answer["decision"], answer["left"]["epsilon"]) == ("released", "0.6")
    people, age, _ = answer["answer"]["released"]
    assert abs(people["result"]["number"]["estimate"] - 1_000) < 400
    assert abs(age["result"]["number"]["estimate"] - 45) < 20
    bucket, envelope = account.at_uri(answer["statement"])
    assert bucket == account.buckets["evidence"]
    assert account.holds(envelope)
    again = functions.invoke("release", request_for())
    assert (again["again"], again["answer"], again["left"]) == (True, answer["answer"], answer["left"])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"id": "too-much", "queries": [{"name": "n", "ask": "count", "epsilon": "0.9"}]}, "budget_exhausted"),
        ({"statements": []}, "statements_unfit"),
        ({"more": True}, "request_unreadable"),
    ],
)
def test_what_is_not_in_order_is_refused_in_a_statement(functions, account, request_for, changed, reason):
    answer = functions.invoke("release", request_for(**changed))
    assert (answer["decision"], answer["reason"]) == ("refused", reason)
    assert account.holds(account.at_uri(answer["statement"])[1])
