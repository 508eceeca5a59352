"""Keys of pseudonyms on the deployed stack: what joins and what does not, new epochs, keys that are destroyed, bits that flip."""

from __future__ import annotations

import hashlib
import json
import re
import time

import pytest

from . import command
from .conftest import POLICY
from .statements import locate, opened, openssl_accepts, published, statement
from .tables import from_csv

PEOPLE = ["ada@example.org", "farid@example.org", "noor@example.org"]
CASE = "noor@example.org"


def table(people):
    return b"id,email,card\n" + b"".join(f"{number},{email},{email}\n".encode() for number, email in enumerate(people))


@pytest.fixture(scope="module")
def publish(stack, eventually):
    """`publish(dataset, name)`: the rows of a published upload, and its bytes."""

    def of(dataset, name):
        key = f"e2e/keys/{dataset}/{name}.csv"
        outcome = statement(stack, eventually, "pseudonymize", key, stack.upload(key, table(PEOPLE)))
        _, body = published(stack, outcome)
        return from_csv(body), body

    return of


@pytest.fixture(scope="module")
def sluice(stack, tmp_path_factory):
    """`sluice(argument, …)`: the command, as the administrator of the account."""
    folder = tmp_path_factory.mktemp("keys")

    def said(*arguments, code=0):
        done = command.run(stack, folder, *arguments, code=code, role=None)
        return done.stdout + done.stderr

    said.folder = folder
    return said


@pytest.fixture(scope="module")
def vault(stack):
    return ["--vault", f"s3://{stack.bucket('vault')}", "--kms-key", stack.outputs["PseudonymKeyArn"]]


def reidentify(stack, tokens, **changed):
    asked = {
        "domain": "e2e-keys",
        "tokens": tokens,
        "requester": "investigator@example.org",
        "approver": "officer@example.org",
        "caseId": "CASE-2026-0002",
        "reason": "a person asked what is kept of them",
    }
    asked = {name: value for name, value in (asked | changed).items() if value is not None}
    return stack.invoke("Reidentify", asked, role="Investigator")


def results(stack, answer):
    bucket, key, version = locate(answer["result"])
    body = stack.as_role("Investigator", "s3").get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
    return json.loads(body)["results"]


def column(rows, name):
    return [row[name] for row in rows]


def test_tokens_join_within_a_domain_and_not_across(publish):
    (ours, _), (same, _), (other, _) = publish("keys-a", "join"), publish("keys-b", "join"), publish("keys-c", "join")
    assert column(ours, "email") == column(same, "email"), "two datasets of one domain"
    assert len(set(column(ours, "email"))) == len(PEOPLE)
    assert not set(column(ours, "email")) & set(column(other, "email")), "another domain"
    assert not set(column(ours, "card")) & set(column(other, "card"))


def test_a_flipped_bit_of_a_pseudonym_is_told_and_opens_nothing(stack, publish):
    rows, _ = publish("keys-a", "flip")
    sound = rows[2]["card"]
    changed = sound[:-6] + ("a" if sound[-6] != "a" else "b") + sound[-5:]
    answer = reidentify(stack, [sound, changed, rows[2]["email"]])
    assert (answer["decision"], answer["opened"], answer["refused"]) == ("granted", 1, 2)
    assert results(stack, answer) == [{"value": CASE}, {"error": "not_authentic"}, {"error": "not_reversible"}]


@pytest.mark.parametrize("approver", [None, "", "Investigator@example.org"])
def test_without_another_approver_nothing_is_opened(stack, publish, approver):
    rows, _ = publish("keys-a", "approver")
    answer = reidentify(stack, [rows[0]["card"]], approver=approver)
    assert answer["decision"] == "denied"
    assert "result" not in answer


def test_epochs_rotate_retokenise_and_shred(stack, publish, sluice, vault, tmp_path):
    """In this order: each step needs the one before."""
    before, body = publish("keys-a", "before")
    said = sluice("keys", "rotate", "e2e-keys", *vault)
    assert "epoch 2" in said
    listed = json.loads(sluice("keys", "list", "e2e-keys", "--json", *vault))
    assert [(one["epoch"], one["is_current"]) for one in listed] == [(1, False), (2, True)]

    after, new_body = publish("keys-a", "after")
    assert all(re.match(r"tk1_\d+_", token) for token in column(before, "email"))
    assert not set(column(before, "email")) & set(column(after, "email")), "tokens of two epochs do not join"
    (sluice.folder / "before.csv").write_bytes(body)
    (sluice.folder / "after.csv").write_bytes(new_body)
    # Joining them is refused, not silently empty.
    sluice("keys", "joinable", "before.csv:email", "after.csv:email", code=1)
    sluice("keys", "joinable", "after.csv:email", "after.csv:email")

    arguments = ["--policy", str(POLICY), "--dataset", "e2e-keys-a", "--from", "1", "--leave-tokens"]
    sluice("keys", "retokenise", "before.csv", *arguments, "-o", "brought.csv", *vault)
    brought = from_csv((sluice.folder / "brought.csv").read_bytes())
    assert column(brought, "card") == column(after, "card"), "what can be turned back is as if it were made today"

    old, new = before[2]["card"], after[2]["card"]
    assert results(stack, reidentify(stack, [old, new])) == [{"value": CASE}, {"value": CASE}]

    people = ["--requester", "a@example.org", "--approver", "b@example.org", "--reason", "the people asked to be forgotten"]
    signed = ["--signing-key", stack.outputs["SigningKeyArn"], "--statement", "shred.dsse.json"]
    sluice("keys", "shred", "e2e-keys", "--epoch", "1", *people, "--confirm", "e2e-keys", *signed, *vault)
    account = opened("shred.dsse.json", (sluice.folder / "shred.dsse.json").read_bytes())
    assert openssl_accepts(stack, account, tmp_path)
    assert (account.predicate["domain"], account.predicate["epoch"]) == ("e2e-keys", 1)
    statuses = json.loads(sluice("keys", "list", "e2e-keys", "--json", *vault))
    assert [one["status"] for one in statuses] == ["shredded", "kept"]
    found = results(stack, reidentify(stack, [old, new], caseId="CASE-2026-0003"))
    assert found[1] == {"value": CASE}, "the destroyed epoch says so, the other still opens"
    assert found[0].pop("on").startswith(time.strftime("%Y-", time.gmtime()))
    assert found[0] == {"error": "shredded", "statement": hashlib.sha256(account.payload).hexdigest()}


def test_one_subject_is_forgotten_and_the_others_stay(stack, eventually, publish, sluice, vault, tmp_path):
    """The key of one person's cohort is destroyed: their values say by which statement, another person's open."""
    before, _ = publish("subjects", "before")
    gone, kept = before[0]["card"], before[1]["card"]
    assert len({row["card"].split("_")[1] for row in before}) == len(PEOPLE), "each has a key of their own"
    found = results(stack, reidentify(stack, [gone, kept], domain="e2e-subjects"))
    assert found == [{"value": PEOPLE[0]}, {"value": PEOPLE[1]}]

    people = ["--requester", "a@example.org", "--approver", "b@example.org", "--reason", "the person asked to be forgotten"]
    signed = ["--signing-key", stack.outputs["SigningKeyArn"], "--statement", "forgotten.dsse.json"]
    sluice("keys", "shred", "e2e-subjects", "--subject", "0", *people, "--confirm", "e2e-subjects", *signed, *vault)
    account = opened("forgotten.dsse.json", (sluice.folder / "forgotten.dsse.json").read_bytes())
    assert openssl_accepts(stack, account, tmp_path)
    assert account.predicate["cohort"]["number"] == int(gone.split("_")[1].split(".")[1])
    assert "epoch" not in account.predicate
    assert account.predicate["cohort"]["keys"][0]["epoch"] == 1

    asked = {"domain": "e2e-subjects", "caseId": "CASE-2026-0004"}
    refused, other = results(stack, reidentify(stack, [gone, kept], **asked))
    assert other == {"value": PEOPLE[1]}
    assert refused["error"] == "shredded"
    assert refused["statement"] == hashlib.sha256(account.payload).hexdigest()
    assert refused["on"].startswith(time.strftime("%Y-", time.gmtime()))
    prefix = f"cohorts/e2e-subjects/keys/{account.predicate['cohort']['number']}/"
    left = stack.root("s3").list_object_versions(Bucket=stack.bucket("vault"), Prefix=prefix)
    assert [name for name in ("Versions", "DeleteMarkers") if left.get(name)] == [], "no version of the wrapped key is left"

    # What comes of them later is published without; everybody's tokens still join.
    key = "e2e/keys/subjects/after.csv"
    outcome = statement(stack, eventually, "pseudonymize", key, stack.upload(key, table(PEOPLE)))
    after = from_csv(published(stack, outcome)[1])
    assert column(after, "email") == column(before, "email")
    assert [row["card"] for row in after] == ["", *column(before, "card")[1:]]
    assert outcome.predicate["stats"]["valuesDestroyed"] == 1
    assert {"keyId": "e2e-subjects", "version": 1, "purpose": "cohorts"} in outcome.predicate["keys"]


def test_a_personal_column_that_nobody_declared_is_refused(stack, eventually, prefix):
    key = f"{prefix}/undeclared/people.csv"
    version = stack.upload(key, table(PEOPLE * 20))
    refused = statement(stack, eventually, "quarantine", key, version)
    assert refused.predicate["reason"] == "undeclared_personal_data"
    assert all(person.encode() not in refused.payload for person in PEOPLE)


def test_a_flipped_bit_of_a_wrapped_key_is_a_finding_and_not_other_tokens(stack, eventually, publish):
    """The vault's key of a domain is replaced by root, whom nothing binds here, with one bit of the ciphertext changed."""
    publish("keys-d", "sound")
    s3, at = stack.root("s3"), {"Bucket": stack.bucket("vault"), "Key": "domains/e2e-flipped/1.json"}
    record = bytearray(s3.get_object(**at)["Body"].read())
    place = len(record) // 2
    record[place] = record[place] ^ 1
    s3.put_object(**at, Body=bytes(record))
    key = "e2e/keys/keys-d/flipped.csv"
    version = stack.upload(key, table(PEOPLE))
    found = statement(stack, eventually, "finding", key, version)
    assert "key" in found.predicate["rule"]
    assert "e2e-flipped" in found.predicate["detail"]
