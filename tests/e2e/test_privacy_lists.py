"""Lists inside JSON Lines, and format-preserving encryption turned back by the mark of its object, on the deployed stack."""

from __future__ import annotations

import json

import pytest

from .statements import at_uri, locate, openssl_accepts, published, statement
from .tables import PEOPLE, to_csv

CARD = "4111-1111-1111-1111"
ORDER = {
    "id": "1",
    "items": [
        {"sku": "a", "email": "ada@example.org", "note": "canary-of-lists"},
        {"sku": "b", "email": None},
        {"email": "ada@example.org"},
        "canary-of-lists",
    ],
    "phones": [["+49 30 1857850"], []],
    "canary-of-lists": 1,
}


def lines(*rows):
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_each_element_of_a_list_is_transformed_and_nothing_else_is_published(stack, eventually, prefix):
    flat, nested = f"{prefix}/people/flat.csv", f"{prefix}/lists/orders.jsonl"
    versions = stack.upload(flat, to_csv(PEOPLE)), stack.upload(nested, lines(ORDER, {"id": "2", "items": []}, {"id": "3"}))
    _, body = published(stack, statement(stack, eventually, "pseudonymize", nested, versions[1]))
    first, second, third = map(json.loads, body.splitlines())
    token = first["items"][0]["email"]
    assert first["items"] == [{"sku": "a", "email": token}, {"sku": "b", "email": None}, {"email": token}, None]
    assert first["phones"] == [["************50"], []]
    assert (second, third) == ({"id": "2", "items": []}, {"id": "3"})
    assert b"canary-of-lists" not in body
    assert b"ada@" not in body
    _, table = published(stack, statement(stack, eventually, "pseudonymize", flat, versions[0]))
    assert token.encode() in table, "a token inside a list joins with those of a column of its domain"


def test_personal_data_that_nobody_declared_inside_a_list_is_refused(stack, eventually, prefix):
    key = f"{prefix}/lists-watched/notes.jsonl"
    version = stack.upload(key, lines({"items": [{"email": "ada@example.org", "note": "write to farid@example.org"}]}))
    refused = statement(stack, eventually, "quarantine", key, version)
    assert refused.predicate["reason"] == "undeclared_personal_data"
    assert b"farid@" not in refused.payload


@pytest.fixture(scope="module")
def card(stack, eventually):
    """A published card, and what its object says of it."""
    key = "e2e/fpe/cards/x.csv"
    outcome = statement(stack, eventually, "pseudonymize", key, stack.upload(key, f"id,card\n1,{CARD}\n".encode()))
    _, body = published(stack, outcome)
    (subject,) = json.loads(outcome.payload)["subject"]
    bucket, at, version = locate(subject["name"])
    told = stack.as_role("DataScientist", "s3").head_object(Bucket=bucket, Key=at, VersionId=version)["Metadata"]
    return body.decode().splitlines()[1].split(",")[1], told["sluice-fpe"], outcome


def request(card, **changed):
    sealed, told, _ = card
    domain, mark, column = told.split("/")
    fpe = {"mark": mark, "keepLast": 4, "check": "luhn"} | changed
    return {
        "domain": domain,
        "column": column,
        "tokens": [sealed],
        "fpe": fpe,
        "requester": "investigator@example.org",
        "approver": "officer@example.org",
        "caseId": "CASE-2026-0004",
        "reason": "the bank asked which card it was",
    }


def test_the_object_and_its_statement_tell_the_key(card):
    sealed, told, outcome = card
    (column,) = outcome.predicate["formatPreserving"]
    assert told == f"e2e-cards/{column['mark']}/card"
    assert (column["column"], column["domain"], column["epoch"]) == ("card", "e2e-cards", 1)
    assert column["mark"].startswith(f"fpe1_{column['keyId']}_")
    assert sealed != CARD
    assert (len(sealed), sealed[-4:]) == (len(CARD), CARD[-4:])


def test_a_value_is_turned_back_with_the_mark_of_its_object(stack, card, tmp_path):
    answer = stack.invoke("Reidentify", request(card), role="Investigator")
    assert (answer["decision"], answer["opened"]) == ("granted", 1), answer
    bucket, key, version = locate(answer["result"])
    assert bucket == stack.bucket("vault")
    kept = stack.as_role("Investigator", "s3").get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
    assert json.loads(kept)["results"] == [{"value": CARD}]
    account = at_uri(stack, answer["statement"])
    assert openssl_accepts(stack, account, tmp_path)
    assert account.predicate["formatPreserving"]["column"] == "card"
    assert CARD.encode() not in account.payload


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"mark": "fpe1_1-aaaaaaaa_aaaaaaaa"}, "fpe_other_key"),
        ({"mark": "fpe1_9-aaaaaaaa_aaaaaaaa"}, "fpe_unknown_epoch"),
        ({"keepLast": 3}, "fpe_other_parameters"),
        ({"check": "none", "alphabet": "abc"}, "fpe_other_parameters"),
        ({"mark": "card"}, "fpe_unfit"),
    ],
)
def test_another_key_or_other_parameters_are_denied_in_a_statement(stack, card, tmp_path, changed, reason):
    answer = stack.invoke("Reidentify", request(card, **changed), role="Investigator")
    assert (answer["decision"], answer["reason"]) == ("denied", reason)
    assert "result" not in answer
    account = at_uri(stack, answer["statement"])
    assert openssl_accepts(stack, account, tmp_path)
    assert account.predicate["decision"] == {"status": "denied", "reason": reason}
