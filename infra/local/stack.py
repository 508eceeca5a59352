"""What a deployed stack says of itself, and what of its buckets the emulator leaves out.

MiniStack's CloudFormation makes buckets but ignores their `ObjectLockConfiguration`, `BucketEncryption`,
`OwnershipControls` and `LifecycleConfiguration`. `settle_buckets` puts them by API, read from the same template, so
that there is still one place that says what a bucket is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import boto3


def outputs(session: boto3.Session, stack: str) -> dict[str, str]:
    """The stack's outputs by name."""
    found = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}


def made(session: boto3.Session, stack: str) -> set[str]:
    """The logical ids of the stack's resources: those of the template but for what a condition leaves out."""
    pages = session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    return {resource["LogicalResourceId"] for page in pages for resource in page["StackResourceSummaries"]}


def settle_buckets(session: boto3.Session, stack: str, template: dict[str, Any]) -> None:
    """Applies to each bucket the properties that the emulator's CloudFormation skipped."""
    resolve = _resolver(session, stack, template)
    s3 = session.client("s3")
    resources = made(session, stack)
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::S3::Bucket" or name not in resources:
            continue  # another kind, or left out by a condition
        properties = resolve(resource["Properties"])
        bucket = properties["BucketName"]
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=_encryption(properties))
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=properties["OwnershipControls"])
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=_lifecycle(properties))
        if "ObjectLockConfiguration" in properties:
            lock = properties["ObjectLockConfiguration"]
            lock["Rule"]["DefaultRetention"]["Days"] = int(lock["Rule"]["DefaultRetention"]["Days"])
            s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=lock)


def settle_trail(session: boto3.Session, name: str, outputs: dict[str, str]) -> None:
    """Makes the trail that a deployment is told of, recording what the template's own would record."""
    trails, bucket = session.client("cloudtrail"), outputs["TrailBucketName"]
    if name in {trail["Name"] for trail in trails.describe_trails()["trailList"]}:
        return
    settings = {"IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": True, "EnableLogFileValidation": True}
    trails.create_trail(Name=name, S3BucketName=bucket, **settings)
    recorded = [f"arn:aws:s3:::{outputs[f'{zone}BucketName']}/" for zone in ("Raw", "Vault", "Evidence")]
    selectors = {
        "Settings, roles, keys": [{"Field": "eventCategory", "Equals": ["Management"]}],
        "Objects of raw, vault and evidence": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            {"Field": "resources.ARN", "StartsWith": recorded},
        ],
    }
    advanced = [{"Name": title, "FieldSelectors": fields} for title, fields in selectors.items()]
    trails.put_event_selectors(TrailName=name, AdvancedEventSelectors=advanced)
    trails.start_logging(Name=name)


def _encryption(properties: dict[str, Any]) -> dict[str, Any]:
    rules = []
    for rule in properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]:
        renamed = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
        rules.append({renamed.get(name, name): value for name, value in rule.items()})
    return {"Rules": rules}


def _lifecycle(properties: dict[str, Any]) -> dict[str, Any]:
    """Rules as S3's API has them, which CloudFormation names otherwise."""

    def rule(written: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in written.items() if name not in ("Id", "ExpirationInDays")}
        expiry = {"Expiration": {"Days": written["ExpirationInDays"]}} if "ExpirationInDays" in written else {}
        return kept | expiry | {"ID": written["Id"], "Filter": {}}

    return {"Rules": [rule(one) for one in properties["LifecycleConfiguration"]["Rules"]]}


def _resolver(session: boto3.Session, stack: str, template: dict[str, Any]) -> Callable[[Any], Any]:
    """Resolves the intrinsic functions that bucket properties use; anything else is an error, not a guess."""
    cloudformation = session.client("cloudformation")
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    values = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}
    values |= {item["ParameterKey"]: item["ParameterValue"] for item in described.get("Parameters", [])}
    values["AWS::AccountId"] = session.client("sts").get_caller_identity()["Account"]
    values["AWS::Region"] = session.region_name
    values["AWS::Partition"] = "aws"
    kms = session.client("kms")

    def physical(logical: str) -> str:
        detail = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=logical)
        return detail["StackResourceDetail"]["PhysicalResourceId"]

    def resolve(node: Any) -> Any:
        if isinstance(node, list):
            return [resolve(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "Ref" in node:
            return values[node["Ref"]]
        if "Fn::Sub" in node:
            return re.sub(r"\$\{([^}]+)}", lambda name: str(values[name[1]]), node["Fn::Sub"])
        if "Fn::GetAtt" in node:
            logical, attribute = node["Fn::GetAtt"]
            if template["Resources"][logical]["Type"] != "AWS::KMS::Key" or attribute != "Arn":
                return None  # wiring, which CloudFormation itself applied
            return kms.describe_key(KeyId=physical(logical))["KeyMetadata"]["Arn"]
        if "Fn::If" in node:
            return None
        return {name: resolve(value) for name, value in node.items()}

    return resolve
