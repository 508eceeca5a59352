"""The reidentify function, on a pseudonym that the pseudonymize function made. One request, one answer: there are no batches."""

from __future__ import annotations

import csv
import json
import uuid

import pytest

SECRET = "reidentify-invoke@example.org"


@pytest.fixture(scope="module")
def kept() -> dict[str, str]:
    return {}


@pytest.fixture
def request_for(functions, account, documented, went_through, kept):
    """`request_for(field=value, …)`: the request of events/ for a pseudonym of ours, with fields changed."""
    if not kept:
        key = f"e2e/{uuid.uuid4().hex}/cases/x.csv"
        _, outcome = went_through(["seal", "quality", "pseudonymize"], key, f"id,name,email\n1,Ann,{SECRET}\n".encode())
        (subject,) = outcome.payload["subject"]
        (row,) = csv.DictReader(account.at_uri(subject["name"])[1].decode().splitlines())
        kept["pseudonym"] = row["email"]
    told = documented("reidentify/request.json") | {"domain": "cases", "tokens": [kept["pseudonym"]]}
    return lambda **changed: told | changed


def test_an_approved_request_is_answered_in_the_vault_only(functions, account, request_for):
    answer = functions.invoke("reidentify", request_for())
    assert (answer["decision"], answer["opened"], answer["refused"]) == ("granted", 1, 0)
    assert SECRET not in json.dumps(answer)
    bucket, values = account.at_uri(answer["result"])
    assert bucket == account.buckets["vault"]
    assert SECRET.encode() in values
    bucket, envelope = account.at_uri(answer["statement"])
    assert bucket == account.buckets["evidence"]
    assert account.holds(envelope)
    assert SECRET.encode() not in envelope


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"approver": "alice@example.org"}, "same_person"),
        ({"reason": ""}, "no_reason"),
        ({"tokens": []}, "tokens_unfit"),
        ({"more": True}, "not_a_request"),
    ],
)
def test_a_request_out_of_order_is_denied_in_a_statement(functions, account, request_for, changed, reason):
    answer = functions.invoke("reidentify", request_for(**changed))
    assert (answer["decision"], answer["reason"]) == ("denied", reason)
    assert account.holds(account.at_uri(answer["statement"])[1])


def test_what_the_event_of_the_documentation_names_opens_nothing(functions, documented):
    told = documented("reidentify/request.json") | {"domain": "cases"}
    answer = functions.invoke("reidentify", told)
    assert (answer["decision"], answer["opened"], answer["refused"]) == ("granted", 0, 1)
