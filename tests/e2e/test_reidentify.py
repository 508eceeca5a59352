"""A pseudonym is turned back for a case that somebody else approved; the value goes to the vault and nowhere else."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from .statements import at_uri, locate, openssl_accepts, published, statement
from .tables import PEOPLE, from_csv, to_csv

SECRET = "reidentify-canary@example.org"


@pytest.fixture(scope="module")
def pseudonym(stack, eventually):
    """What the data scientist knows of the secret."""
    key = "e2e/reidentify/cases/x.csv"
    version = stack.upload(key, to_csv([PEOPLE[0] | {"email": SECRET}]))
    _, body = published(stack, statement(stack, eventually, "pseudonymize", key, version))
    (row,) = from_csv(body)
    assert SECRET.encode() not in body
    assert "name" not in row
    return row["email"]


def request(pseudonym, **changed):
    asked = {
        "domain": "cases",
        "tokens": [pseudonym],
        "requester": "investigator@example.org",
        "approver": "officer@example.org",
        "caseId": "CASE-2026-0001",
        "reason": "a person asked what is kept of them",
    }
    return {name: value for name, value in (asked | changed).items() if value is not None}


def test_an_approved_request_is_answered_in_the_vault_only(stack, pseudonym, tmp_path):
    answer = stack.invoke("Reidentify", request(pseudonym), role="Investigator")
    assert (answer["decision"], answer["opened"], answer["refused"]) == ("granted", 1, 0)
    assert SECRET not in json.dumps(answer)
    bucket, key, version = locate(answer["result"])
    assert bucket == stack.bucket("vault")
    kept = stack.as_role("Investigator", "s3").get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
    assert SECRET.encode() in kept
    account = at_uri(stack, answer["statement"])
    assert openssl_accepts(stack, account, tmp_path)
    assert account.predicate["approver"] == "officer@example.org"
    assert SECRET.encode() not in account.payload
    assert pseudonym.encode() not in account.payload


def test_the_same_request_again_is_the_same_answer(stack, pseudonym):
    first, again = (stack.invoke("Reidentify", request(pseudonym), role="Investigator") for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"approver": None}, "not_a_request"),
        ({"approver": ""}, "nobody_named"),
        ({"approver": "INVESTIGATOR@example.org"}, "same_person"),
        ({"reason": "because"}, "no_reason"),
        ({"caseId": ""}, "no_case"),
        ({"tokens": []}, "tokens_unfit"),
    ],
)
def test_a_request_out_of_order_is_denied_in_a_statement(stack, pseudonym, tmp_path, changed, reason):
    answer = stack.invoke("Reidentify", request(pseudonym, **changed), role="Investigator")
    assert (answer["decision"], answer["reason"]) == ("denied", reason)
    assert "result" not in answer
    account = at_uri(stack, answer["statement"])
    assert openssl_accepts(stack, account, tmp_path)
    assert account.predicate["decision"]["denied" if "denied" in account.predicate["decision"] else "reason"]


def test_a_pseudonym_of_another_domain_is_not_opened(stack, pseudonym):
    answer = stack.invoke("Reidentify", request("not-a-pseudonym"), role="Investigator")
    assert (answer["decision"], answer["opened"], answer["refused"]) == ("granted", 0, 1)


@pytest.mark.parametrize("role", ["DataScientist", "Uploader", "Auditor", "PolicyEditor", "Pseudonymize", "Sweep"])
def test_nobody_else_asks(stack, pseudonym, role):
    with pytest.raises(ClientError, match="AccessDenied"):
        stack.invoke("Reidentify", request(pseudonym), role=role)
