"""Uploads that mean harm: each costs itself only, and a signed statement says why it went no further."""

from __future__ import annotations

import concurrent.futures
import gzip
import io
import struct
import zlib

import pyarrow
import pyarrow.parquet
import pytest

from .statements import curated_versions, openssl_accepts, statement, stored
from .tables import PEOPLE, to_csv, to_parquet

MIB = 1 << 20
GIB = 1 << 30
PATIENT_SECONDS = 120
HEADER = b"id,name,email\n"


def packed(head: bytes, unit: bytes, size: int) -> bytes:
    """One gzip member of `head` and then `unit` again and again, `size` bytes in all, made in little time and memory: a
    fully flushed deflate block may be repeated. The checksum at its end is wrong, so nobody may get there."""
    block = unit * (16 * MIB // len(unit))
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = deflate.compress(head) + deflate.flush(zlib.Z_FULL_FLUSH)
    again = deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH)
    end = deflate.flush() + struct.pack("<II", 0, size & 0xFFFF_FFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + start + again * (size // len(block)) + end


def wide(columns: int) -> bytes:
    """A table of that many columns and one row."""
    names = ["id", "email", *(f"c{number}" for number in range(columns - 2))]
    return (",".join(names) + "\n" + ",".join("1" for _ in names) + "\n").encode()


def wide_parquet(columns: int) -> bytes:
    """The same as Parquet, whose footer names every column."""
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({f"c{number}": [1] for number in range(columns)}), sink)
    return sink.getvalue()


POISON = {
    "broken gzip": ("csv.gz", lambda: gzip.compress(to_csv(PEOPLE))[:-12], "gzip"),
    "gzip that is none": ("csv.gz", lambda: to_csv(PEOPLE), "gzip"),
    "garbage after gzip": ("csv.gz", lambda: gzip.compress(to_csv(PEOPLE)) + b"garbage", "gzip"),
    "truncated parquet": ("parquet", lambda: to_parquet(PEOPLE)[:-20], "parquet"),
    "parquet with a lying footer": ("parquet", lambda: to_parquet(PEOPLE)[:-8] + b"\xff\xff\xff\x7fPAR1", "parquet"),
    "zstd that is none": ("jsonl.zst", lambda: b"{}\n", "zstd"),
    "invalid UTF-8": ("csv", lambda: HEADER + b"1,\xff\xfe,a@example.org\n", "UTF-8"),
    "ragged rows": ("csv", lambda: HEADER + b"1,a\n2,b,c@example.org,d\n", "cells"),
    "NUL bytes": ("csv", lambda: HEADER + b"1,a\0b,c@example.org\n", "NUL"),
    "ten gigabytes of zeros": ("csv.gz", lambda: packed(b"", b"\0", 10 * GIB), "NUL"),
    "one line of a gigabyte": ("csv.gz", lambda: packed(HEADER + b"1,", b"a", GIB), "bytes in a row"),
    "a hundred thousand columns": ("csv", lambda: wide(100_000), "columns"),
    "twenty thousand columns of parquet": ("parquet", lambda: wide_parquet(20_000), "columns"),
}


@pytest.fixture(scope="module")
def poisoned(stack):
    """Every poison on its way at once, a harmless table beside each: (bad key, version), (good key, version)."""

    def upload(name):
        extension, make, _ = POISON[name]
        prefix = f"e2e/poison-{name.replace(' ', '-')}/people"
        bad, good = f"{prefix}/bad.{extension}", f"{prefix}/good.csv"
        return name, ((bad, stack.upload(bad, make())), (good, stack.upload(good, to_csv(PEOPLE))))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(pool.map(upload, POISON))


@pytest.mark.parametrize("name", POISON)
def test_poison_costs_itself_only(stack, poisoned, eventually, name, tmp_path):
    bad, good = poisoned[name]
    eventually(lambda: stored(stack, "quarantine", *bad), f"a quarantine of {name}", PATIENT_SECONDS)
    (refusal,) = stored(stack, "quarantine", *bad)
    assert refusal.predicate["stage"] == "quality"
    assert refusal.predicate["reason"].startswith("table_")
    assert POISON[name][2] in refusal.predicate["detail"]
    assert openssl_accepts(stack, refusal, tmp_path)
    assert curated_versions(stack, *bad) == []
    assert statement(stack, eventually, "pseudonymize", *good).predicate["outcome"]["status"] == "published"


def test_poison_stays_in_no_queue(stack, poisoned, eventually):
    eventually(lambda: stack.pending() == 0, "empty queues", PATIENT_SECONDS)
    assert [stack.waiting(stage)[1] for stage in ("Seal", "Quality", "Pseudonymize")] == [0, 0, 0]


def test_no_function_panicked(stack, poisoned):
    assert stack.counted("Panics") == 0
    assert b"panicked at" not in stack.running.log.read_bytes()
