"""What people wrote into their files is in no log and in no statement. Runs last, over everything the other tests did."""

from __future__ import annotations

import base64
import json

import pytest

from .statements import statement
from .tables import PEOPLE, to_csv
from .test_reidentify import SECRET

CANARY = "canary-4f1d-cell"
FUNCTIONS = ("Seal", "Quality", "Pseudonymize", "Sweep", "Reidentify")


@pytest.fixture(scope="module")
def canaries(stack, eventually):
    """Values that were in files and files' names: of a published, a withheld and a quarantined upload."""
    name = "canary-4f1d-key"
    uploads = {
        "published": to_csv([PEOPLE[0] | {"name": CANARY}]),
        "withheld": to_csv([PEOPLE[0] | {"name": CANARY, "email": CANARY}]),
        "quarantined": b"id,name,email\n1," + CANARY.encode() + b"\n",
    }
    for outcome, body in uploads.items():
        key = f"e2e/secrets/people/{name}-{outcome}.csv"
        version = stack.upload(key, body)
        statement(stack, eventually, "quarantine" if outcome == "quarantined" else "pseudonymize", key, version)
    eventually(lambda: stack.pending() == 0, "empty queues")
    people = [person[column] for person in PEOPLE for column in ("name", "email")]
    return {"cell": [CANARY, SECRET, *people], "key": [name]}


def events(stack, function):
    """Every line that a function logged."""
    logs, group = stack.root("logs"), f"/aws/lambda/{stack.outputs[f'{function}FunctionName']}"
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"] for page in pages for event in page["events"]]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_log_holds_a_cell_or_a_key(stack, canaries, function):
    lines = events(stack, function)
    assert lines, "a log without lines proves nothing"
    told = [secret for secret in canaries["cell"] + canaries["key"] if any(secret in line for line in lines)]
    assert told == []


def test_no_statement_holds_a_cell(stack, canaries):
    s3, bucket = stack.as_role("Auditor", "s3"), stack.bucket("evidence")
    seen = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="att/"):
        for item in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            try:
                payload = base64.b64decode(json.loads(body)["payload"]).decode()
            except (ValueError, KeyError, TypeError):
                continue  # put there by a test to be refused
            seen += 1
            assert [secret for secret in canaries["cell"] if secret in payload] == [], item["Key"]
    assert seen > 0


def test_the_curated_bucket_holds_no_name(stack, canaries):
    s3, bucket = stack.root("s3"), stack.bucket("curated")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            assert canaries["key"][0] not in item["Key"]
            if item["Size"] < 100_000 and item["Key"].endswith(".csv"):
                body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode()
                assert [secret for secret in canaries["cell"] if secret in body] == [], item["Key"]
