"""One small table in every format: written as an uploader writes it, read as a data scientist reads it."""

from __future__ import annotations

import csv
import gzip
import io
import json

import pyarrow
import pyarrow.parquet
import zstandard

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
