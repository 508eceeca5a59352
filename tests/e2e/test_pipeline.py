"""From an upload to the curated bucket, in every format, and what happens when it must not get there."""

from __future__ import annotations

import concurrent.futures
import json

import pytest

from .statements import curated_versions, openssl_accepts, published, statement, stored
from .tables import FORMATS, PEOPLE, to_csv

STAGES = ("seal", "quality", "pseudonymize")


@pytest.mark.parametrize("extension", FORMATS)
def test_every_format_reaches_curated_without_its_secrets(stack, prefix, eventually, extension):
    write, read = FORMATS[extension]
    key = f"{prefix}/people/secret name.{extension}"
    version = stack.upload(key, write(PEOPLE))
    outcome = statement(stack, eventually, "pseudonymize", key, version)
    assert outcome.predicate["outcome"] == {"status": "published"}
    curated_key, body = published(stack, outcome)
    assert "secret" not in curated_key
    rows = read(body)
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    tokens = [row["email"] for row in rows]
    assert tokens[0] == tokens[2] != tokens[1]
    shown = json.dumps(rows)
    assert not any(person["email"] in shown or person["name"] in shown for person in PEOPLE)


def test_tokens_of_a_domain_join_across_objects_and_formats(stack, prefix, eventually):
    tokens = set()
    for extension in ("csv", "parquet"):
        write, read = FORMATS[extension]
        key = f"{prefix}/people/x.{extension}"
        outcome = statement(stack, eventually, "pseudonymize", key, stack.upload(key, write(PEOPLE)))
        tokens.add(read(published(stack, outcome)[1])[0]["email"])
    assert len(tokens) == 1


def test_each_statement_names_the_one_before_and_openssl_agrees(stack, prefix, eventually, tmp_path):
    key = f"{prefix}/people/x.csv"
    version = stack.upload(key, to_csv(PEOPLE))
    outcome = statement(stack, eventually, "pseudonymize", key, version)
    verdict = statement(stack, eventually, "quality", key, version)
    seal = statement(stack, eventually, "seal", key, version)
    assert verdict.names_as_predecessor(seal)
    assert outcome.names_as_predecessor(verdict)
    assert all(openssl_accepts(stack, one, tmp_path) for one in (seal, verdict, outcome))


def test_a_failing_verdict_publishes_nothing(stack, prefix, eventually):
    key = f"{prefix}/people/x.csv"
    version = stack.upload(key, to_csv([*PEOPLE, PEOPLE[0]]))
    outcome = statement(stack, eventually, "pseudonymize", key, version)
    assert statement(stack, eventually, "quality", key, version).predicate["result"] == "FAILED"
    assert outcome.predicate["outcome"] == {"status": "withheld", "reason": "quality_failed"}
    assert curated_versions(stack, key, version) == []


def test_what_no_dataset_matches_is_sealed_and_goes_no_further(stack, prefix, eventually):
    key = f"{prefix}/unknown.bin"
    version = stack.upload(key, b"\x00\x01")
    statement(stack, eventually, "seal", key, version)
    outcome = statement(stack, eventually, "pseudonymize", key, version)
    assert statement(stack, eventually, "quality", key, version).predicate["result"] == "STOPPED"
    assert outcome.predicate["outcome"] == {"status": "withheld", "reason": "no_dataset"}


HOSTILE = {
    "space": "a b.csv",
    "plus": "a+b.csv",
    "percent": "100%.csv",
    "encoded plus": "a%2Bb.csv",
    "encoded slash": "a%2Fb.csv",
    "equals and colon": "day=2026-11-21 10:15:00.csv",
    "unicode": "Größe データ.csv",
    "decomposed": "u\u0308ber.csv",
    "right to left": "\u202evsc.csv",
    "emoji": "😀.csv",
    "quotes": 'it\'s "quoted" `so`.csv',
    "query": "a&b?versionId=x#y.csv",
    "backslash": "a\\b.csv",
    "formula": "=cmd|' calc'!A0.csv",
    "markup": "<script>&amp;.csv",
}
LONGEST = 1024


@pytest.fixture(scope="module")
def hostile(stack):
    """An upload under each hostile key, all of them on their way at once: key, version."""
    keys = {name: f"e2e/hostile/people/{key}" for name, key in HOSTILE.items()}
    keys["longest"] = "e2e/hostile/people/" + "k" * (LONGEST - len("e2e/hostile/people/.csv")) + ".csv"
    assert len(keys["longest"].encode()) == LONGEST
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        versions = pool.map(lambda key: stack.upload(key, to_csv(PEOPLE)), keys.values())
        return {name: (key, version) for (name, key), version in zip(keys.items(), versions, strict=True)}


@pytest.mark.parametrize("name", [*HOSTILE, "longest"])
def test_any_key_goes_the_whole_way(stack, eventually, hostile, name):
    key, version = hostile[name]
    outcome = statement(stack, eventually, "pseudonymize", key, version)
    assert outcome.predicate["outcome"] == {"status": "published"}
    curated_key, _ = published(stack, outcome)
    assert curated_key.isascii()
    assert key.rsplit("/", 1)[1].removesuffix(".csv") not in curated_key
    assert [len(stored(stack, stage, key, version)) for stage in STAGES] == [1, 1, 1]


def test_nothing_is_not_published(stack, prefix, eventually):
    key = f"{prefix}/people/empty.csv"
    version = stack.upload(key, b"")
    eventually(
        lambda: stored(stack, "quarantine", key, version) or stored(stack, "pseudonymize", key, version), "an end for nothing"
    )
    assert curated_versions(stack, key, version) == []


def test_events_again_and_in_reverse_order_change_nothing(stack, prefix, eventually):
    key = f"{prefix}/people/x.csv"
    bodies = [to_csv(PEOPLE[:count]) for count in (1, 2, 3)]
    versions = [stack.upload(key, body) for body in bodies]
    before = {}
    for version in versions:
        statement(stack, eventually, "pseudonymize", key, version)
        before[version] = [stored(stack, stage, key, version) for stage in STAGES]
    for version in reversed(versions):
        seal, verdict, _ = before[version]
        for _ in range(5):
            stack.send("Pseudonymize", stack.event(verdict[0].key))
            stack.send("Quality", stack.event(seal[0].key))
            stack.send("Seal", {"bucket": stack.bucket("raw"), "key": key, "versionId": version})
    eventually(lambda: stack.pending() == 0, "every repeated event to be done")
    for version in versions:
        after = [stored(stack, stage, key, version) for stage in STAGES]
        assert after == before[version]
        assert [len(found) for found in after] == [1, 1, 1]
        assert len(curated_versions(stack, key, version)) == 1
