"""What the buckets are, read back from the deployed stack."""

from __future__ import annotations

import datetime

import pytest
from botocore.exceptions import ClientError

ZONES = ["raw", "curated", "evidence", "vault"]


@pytest.mark.parametrize("zone", ZONES)
def test_versioned_private_and_encrypted_with_its_own_key(stack, zone):
    s3, bucket = stack.root("s3"), stack.bucket(zone)
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": stack.outputs[f"{zone.capitalize()}DataKeyArn"],
    }
    assert rule["BucketKeyEnabled"] is True


@pytest.mark.parametrize("zone", ["raw", "evidence"])
def test_locked_by_default(stack, zone):
    lock = stack.root("s3").get_object_lock_configuration(Bucket=stack.bucket(zone))["ObjectLockConfiguration"]
    assert lock["ObjectLockEnabled"] == "Enabled"
    assert lock["Rule"]["DefaultRetention"]["Mode"] == "GOVERNANCE"


def test_an_upload_is_locked_from_its_first_moment(stack, prefix):
    key = f"{prefix}/x.csv"
    version = stack.upload(key, b"id\n1\n")
    retention = stack.root("s3").get_object_retention(Bucket=stack.bucket("raw"), Key=key, VersionId=version)["Retention"]
    assert retention["Mode"] == "GOVERNANCE"
    assert retention["RetainUntilDate"] > datetime.datetime.now(datetime.UTC)
    with pytest.raises(ClientError, match="AccessDenied"):
        stack.root("s3").delete_object(Bucket=stack.bucket("raw"), Key=key, VersionId=version)


def test_a_locked_statement_survives_even_root(stack, prefix):
    put = stack.root("s3").put_object(Bucket=stack.bucket("evidence"), Key=f"att/finding/{prefix}", Body=b"x", IfNoneMatch="*")
    with pytest.raises(ClientError, match="AccessDenied"):
        stack.root("s3").delete_object(Bucket=stack.bucket("evidence"), Key=f"att/finding/{prefix}", VersionId=put["VersionId"])


def test_a_statement_key_is_written_once(stack, prefix):
    put = {"Bucket": stack.bucket("evidence"), "Key": f"att/finding/{prefix}", "Body": b"x", "IfNoneMatch": "*"}
    stack.as_role("Seal", "s3").put_object(**put)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        stack.as_role("Seal", "s3").put_object(**put)


def test_raw_notifies_the_seal_queue_and_evidence_the_event_bus(stack):
    raw = stack.root("s3").get_bucket_notification_configuration(Bucket=stack.bucket("raw"))
    assert [item["QueueArn"] for item in raw["QueueConfigurations"]] == [stack.outputs["SealQueueArn"]]
    evidence = stack.root("s3").get_bucket_notification_configuration(Bucket=stack.bucket("evidence"))
    assert "EventBridgeConfiguration" in evidence


def test_the_policy_is_where_functions_read_it(stack):
    stored = stack.as_role("Seal", "s3").get_object(Bucket=stack.bucket("evidence"), Key=stack.outputs["PolicyKey"])
    assert stored["Body"].read().startswith(b"# The policy that the end-to-end tests deploy")
