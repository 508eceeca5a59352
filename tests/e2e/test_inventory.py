"""An inventory of the raw bucket, laid down as S3 does, wakes a sweep that walks over it in place of a listing."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import time
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from .statements import opened, statement
from .tables import PEOPLE, to_csv

COLUMNS = ["Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", "Size", "LastModifiedDate", "ETag"]


def listed(stack: Any) -> bytes:
    """The data file: every version of the raw bucket, as "Amazon S3 Inventory" of the S3 User Guide writes it."""
    bucket, text = stack.bucket("raw"), io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_ALL)
    listing = stack.root("s3").list_object_versions(Bucket=bucket)
    assert not listing["IsTruncated"]
    assert not listing.get("DeleteMarkers")
    for item in listing["Versions"]:
        written = item["LastModified"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
        latest = "true" if item["IsLatest"] else "false"
        row = [bucket, quote(item["Key"]), item["VersionId"], latest, "false", item["Size"], written, item["ETag"].strip('"')]
        rows.writerow(row)
    return gzip.compress(text.getvalue().encode())


def deliver(stack: Any) -> str:
    """Lays an inventory down; its manifest's URI without the version."""
    bucket = stack.bucket("inventory")
    data, folder = listed(stack), f"raw/{stack.bucket('raw')}/sweep/{time.strftime('%Y-%m-%dT%H-00Z', time.gmtime())}"
    manifest = json.dumps(
        {
            "sourceBucket": stack.bucket("raw"),
            "destinationBucket": f"arn:aws:s3:::{bucket}",
            "version": "2016-11-30",
            "creationTimestamp": str(int(time.time() * 1000)),
            "fileFormat": "CSV",
            "fileSchema": ", ".join(COLUMNS),
            "files": [{"key": "raw/data/one.csv.gz", "size": len(data), "MD5checksum": hashlib.md5(data).hexdigest()}],  # noqa: S324
        }
    ).encode()
    checksum = hashlib.md5(manifest).hexdigest().encode()  # noqa: S324 - what S3 writes
    # The checksum first: S3 writes it last, and then the function's second attempt finds it, a minute later.
    files = {"raw/data/one.csv.gz": data, f"{folder}/manifest.checksum": checksum, f"{folder}/manifest.json": manifest}
    for key, body in files.items():
        stack.root("s3").put_object(Bucket=bucket, Key=key, Body=body)
    return f"s3://{bucket}/{folder}/manifest.json"


def accounts(stack: Any, manifest: str) -> list[dict[str, Any]]:
    """What sweeps by that inventory signed."""
    s3, bucket = stack.as_role("Auditor", "s3"), stack.bucket("evidence")
    found = []
    for item in s3.list_objects_v2(Bucket=bucket, Prefix="att/sweep/").get("Contents", []):
        said = opened(item["Key"], s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()).predicate
        if (said.get("inventory") or {}).get("manifest", "").startswith(manifest):
            found.append(said)
    return found


def test_an_inventory_that_arrives_is_swept(stack, eventually):
    key = "e2e/inventory/people/x.csv"
    statement(stack, eventually, "pseudonymize", key, stack.upload(key, to_csv(PEOPLE)))
    manifest = deliver(stack)
    (said,) = eventually(lambda: accounts(stack, manifest), "the account of a sweep")
    assert said["findings"] == 0
    assert said["coverage"]["versionsSeen"] > 0


def test_nobody_but_the_sweep_reads_inventories(stack):
    bucket = stack.bucket("inventory")
    for role in ("Auditor", "DataScientist", "Quality", "Uploader"):
        with pytest.raises(ClientError, match="AccessDenied"):
            stack.as_role(role, "s3").get_object(Bucket=bucket, Key="raw/data/one.csv.gz")
