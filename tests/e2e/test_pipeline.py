"""From an upload to the curated bucket, in every format, and what happens when it must not get there."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json

import pyarrow
import pyarrow.parquet
import pytest
import zstandard

from .statements import openssl_accepts, stored

PEOPLE = [
    {"id": "1", "name": "Ada Bauer", "email": "ada@example.org"},
    {"id": "2", "name": "Farid Ito", "email": "farid@example.org"},
    {"id": "3", "name": "Ada Costa", "email": "ada@example.org"},
]


def to_csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(PEOPLE[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def to_jsonl(rows):
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def to_parquet(rows):
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    return sink.getvalue()


def from_csv(body):
    return list(csv.DictReader(io.StringIO(body.decode())))


def from_jsonl(body):
    return [json.loads(line) for line in body.splitlines()]


def from_parquet(body):
    return pyarrow.parquet.read_table(io.BytesIO(body)).to_pylist()


def unzstd(body):
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body)).read()


FORMATS = {
    "csv": (to_csv, from_csv),
    "csv.gz": (lambda rows: gzip.compress(to_csv(rows)), lambda body: from_csv(gzip.decompress(body))),
    "jsonl.zst": (lambda rows: zstandard.compress(to_jsonl(rows)), lambda body: from_jsonl(unzstd(body))),
    "parquet": (to_parquet, from_parquet),
}


def statement(stack, eventually, stage, key, version):
    eventually(lambda: stored(stack, stage, key, version), f"a {stage} statement about {key}")
    (found,) = stored(stack, stage, key, version)
    return found


def published(stack, outcome):
    """What the data scientist reads of a published upload."""
    (subject,) = json.loads(outcome.payload)["subject"]
    bucket, _, rest = subject["name"].removeprefix("s3://").partition("/")
    key, _, version = rest.partition("?versionId=")
    body = stack.as_role("DataScientist", "s3").get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
    assert bucket == stack.bucket("curated")
    assert hashlib.sha256(body).hexdigest() == subject["digest"]["sha256"]
    return key, body


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
    before = stack.root("s3").list_objects_v2(Bucket=stack.bucket("curated"), Prefix="people-csv/").get("KeyCount", 0)
    key = f"{prefix}/people/x.csv"
    version = stack.upload(key, to_csv([*PEOPLE, PEOPLE[0]]))
    outcome = statement(stack, eventually, "pseudonymize", key, version)
    assert statement(stack, eventually, "quality", key, version).predicate["result"] == "FAILED"
    assert outcome.predicate["outcome"]["status"] == "withheld"
    after = stack.root("s3").list_objects_v2(Bucket=stack.bucket("curated"), Prefix="people-csv/").get("KeyCount", 0)
    assert after == before


def zeros(size):
    """A gzip of that many zeros, made in little memory."""
    sink = io.BytesIO()
    with gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=1) as packed:
        for _ in range(size >> 20):
            packed.write(bytes(1 << 20))
    return sink.getvalue()


POISON = {
    "broken gzip": ("csv.gz", lambda: gzip.compress(to_csv(PEOPLE))[:-12]),
    "gzip that is none": ("csv.gz", lambda: to_csv(PEOPLE)),
    "truncated parquet": ("parquet", lambda: to_parquet(PEOPLE)[:-20]),
    "invalid UTF-8": ("csv", lambda: b"id,name,email\n1,\xff\xfe,a@example.org\n"),
    "ragged rows": ("csv", lambda: b"id,name,email\n1,a\n2,b,c@example.org,d\n"),
    "a gigabyte of zeros": ("csv.gz", lambda: zeros(1 << 30)),
}


@pytest.mark.parametrize("name", POISON)
def test_poison_costs_itself_only(stack, prefix, eventually, name):
    extension, make = POISON[name]
    bad, good = f"{prefix}/people/bad.{extension}", f"{prefix}/people/good.csv"
    versions = {bad: stack.upload(bad, make()), good: stack.upload(good, to_csv(PEOPLE))}
    refusal = statement(stack, eventually, "quarantine", bad, versions[bad])
    assert refusal.predicate["reason"]
    assert statement(stack, eventually, "pseudonymize", good, versions[good]).predicate["outcome"]["status"] == "published"
    eventually(lambda: [stack.waiting(stage) for stage in ("Seal", "Quality", "Pseudonymize")] == [(0, 0)] * 3, "empty queues")


def test_what_no_dataset_matches_is_sealed_and_goes_no_further(stack, prefix, eventually):
    key = f"{prefix}/unknown.bin"
    version = stack.upload(key, b"\x00\x01")
    statement(stack, eventually, "seal", key, version)
    eventually(lambda: stack.waiting("Quality") == (0, 0), "an empty quality queue")
    assert stored(stack, "pseudonymize", key, version) == []
