"""Rows that fail are set aside, encrypted, and the others published; a verdict may rest on the verdicts before it."""

from __future__ import annotations

import datetime
import hashlib
import json

import pytest
from botocore.exceptions import ClientError

from .statements import curated_versions, locate, published, statement, stored
from .tables import PEOPLE, from_csv, to_csv

FAILING = [PEOPLE[0] | {"id": ""}, PEOPLE[1] | {"id": "7"}, PEOPLE[1] | {"id": "7"}]


def test_failing_rows_are_dropped_and_kept_where_nobody_reads(stack, prefix, eventually):
    key = f"{prefix}/dropped/x.csv"
    version = stack.upload(key, to_csv([*PEOPLE, *FAILING]))
    outcome = statement(stack, eventually, "pseudonymize", key, version)
    verdict = statement(stack, eventually, "quality", key, version)
    assert (verdict.predicate["result"], outcome.predicate["outcome"]) == ("FAILED", {"status": "published"})
    rows = from_csv(published(stack, outcome)[1])
    assert [row["id"] for row in rows] == ["1", "2", "3"]

    failing = verdict.predicate["failingRows"]
    assert (failing["rows"], failing["explainResult"]) == (3, True)
    stats = outcome.predicate["stats"]
    assert (stats["rowsRead"], stats["rowsWritten"]) == (6, 3)
    assert outcome.predicate["dropped"]["rows"] == 3

    bucket, kept_key, kept_version = locate(failing["kept"]["uri"])
    assert bucket == stack.bucket("raw")
    assert kept_key.startswith("quarantine/e2e-dropped/dt=")
    at = {"Bucket": bucket, "Key": kept_key, "VersionId": kept_version}
    head = stack.root("s3").head_object(**at)
    assert head["ServerSideEncryption"] == "aws:kms"
    body = stack.root("s3").get_object(**at)["Body"].read()
    digest = hashlib.sha256(body).hexdigest()
    assert digest == failing["kept"]["sha256"] == outcome.predicate["dropped"]["quarantinedSha256"]
    kept = from_csv(body)
    assert [row["DataQualityRowNumber"] for row in kept] == ["3", "4", "5"]
    assert "IsComplete" in kept[0]["DataQualityRulesFail"]
    assert "IsUnique" in kept[2]["DataQualityRulesFail"]
    for role in ("Uploader", "DataScientist", "Auditor", "Pseudonymize"):
        with pytest.raises(ClientError, match="AccessDenied"):
            stack.as_role(role, "s3").get_object(**at)

    # Its own event woke nobody.
    eventually(lambda: stack.pending() == 0, "the event of the rows to be done with")
    assert not stored(stack, "seal", kept_key, kept_version)


def test_nobody_else_lays_rows_into_the_quarantine(stack):
    for role in ("Uploader", "Pseudonymize", "Seal"):
        with pytest.raises(ClientError, match="AccessDenied"):
            stack.as_role(role, "s3").put_object(Bucket=stack.bucket("raw"), Key="quarantine/e2e-dropped/x.csv", Body=b"x")


def test_a_rule_on_the_whole_table_withholds_all_of_it(stack, prefix, eventually):
    key = f"{prefix}/dropped/x.csv"
    version = stack.upload(key, to_csv([PEOPLE[0]]))
    outcome = statement(stack, eventually, "pseudonymize", key, version)
    assert outcome.predicate["outcome"] == {"status": "withheld", "reason": "quality_failed"}
    assert curated_versions(stack, key, version) == []


def upload_in_a_new_second(stack, eventually, key, body, last):
    """S3 tells when an object came in whole seconds: what shares one has no order that anybody could see."""
    eventually(lambda: datetime.datetime.now(datetime.UTC) >= last + datetime.timedelta(seconds=1), "the next second")
    version = stack.upload(key, body)
    came = stack.root("s3").head_object(Bucket=stack.bucket("raw"), Key=key, VersionId=version)["LastModified"]
    return version, came


def test_an_upload_unlike_the_five_before_it_is_an_anomaly(stack, prefix, eventually):
    last = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=2)
    results = []
    for number, rows in enumerate([20, 22, 21, 22, 21, 400]):
        key = f"{prefix}/daily/{number}.csv"
        body = to_csv([PEOPLE[0] | {"id": str(row)} for row in range(rows)])
        version, last = upload_in_a_new_second(stack, eventually, key, body, last)
        verdict = statement(stack, eventually, "quality", key, version)
        results.append(verdict.predicate["result"])
        chosen = read_inputs(stack, verdict, key, version)
        assert len(chosen["history"]) >= number, chosen
    assert results == ["PASSED"] * 5 + ["FAILED"]
    outcome = statement(stack, eventually, "pseudonymize", key, version)
    assert outcome.predicate["outcome"] == {"status": "withheld", "reason": "quality_failed"}

    # The same question again, when more is known, gets the same answer.
    (seal,) = stored(stack, "seal", key, version)
    stack.send("Quality", stack.event(seal.key))
    eventually(lambda: stack.pending() == 0, "the repeated event to be done")
    assert [one.payload for one in stored(stack, "quality", key, version)] == [verdict.payload]


def read_inputs(stack, verdict, key, version):
    """The list of what a verdict rests on, as the auditor reads it."""
    run = verdict.key.rsplit("/", 1)[1].removesuffix(".dsse.json")
    subject = verdict.key.split("/")[3]
    listed = f"report/inputs/{subject[:2]}/{subject}/{run}.json"
    body = stack.as_role("Auditor", "s3").get_object(Bucket=stack.bucket("evidence"), Key=listed)["Body"].read()
    assert hashlib.sha256(body).hexdigest() == verdict.predicate["inputsSha256"]
    return json.loads(body)


def test_states_are_kept_for_the_quality_function_alone(stack, prefix, eventually):
    key = f"{prefix}/daily/state.csv"
    version = stack.upload(key, to_csv(PEOPLE))
    verdict = statement(stack, eventually, "quality", key, version)
    listed = stack.as_role("Auditor", "s3").list_objects_v2(Bucket=stack.bucket("evidence"), Prefix="state/e2e-daily/")
    subject = verdict.key.split("/")[3]
    (state,) = [item["Key"] for item in listed["Contents"] if subject in item["Key"]]
    body = stack.root("s3").get_object(Bucket=stack.bucket("evidence"), Key=state)["Body"].read()
    assert body.startswith(b"SLQS")
    assert hashlib.sha256(body).hexdigest() == verdict.predicate["stateSha256"]
    with pytest.raises(ClientError, match="AccessDenied"):
        stack.as_role("Auditor", "s3").get_object(Bucket=stack.bucket("evidence"), Key=state)
