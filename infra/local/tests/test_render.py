"""Rendering takes away what the emulator cannot evaluate, and nothing else."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from infra.local import paths
from infra.local.render import EVALUATED_KEYS, NO_VALUE, UNEVALUATED_KEYS, RenderError, condition_keys, load, render

BINARIES = Path("/somewhere/lambda")


@pytest.fixture(scope="module")
def template() -> dict:
    return load(paths.TEMPLATE)


def rendered_statement(statement: dict) -> list:
    template = {"Parameters": {}, "Resources": {"P": {"Type": "AWS::IAM::Policy", "Statement": [statement]}}}
    return render(template, BINARIES, {})[0]["Resources"]["P"]["Statement"]


def allow(condition: dict) -> dict:
    return {"Effect": "Allow", "Action": "kms:Sign", "Resource": "*", "Condition": condition}


def test_an_allow_loses_the_unevaluated_condition_and_keeps_the_rest():
    statement = allow(
        {"StringEquals": {"kms:MessageType": "DIGEST", "aws:PrincipalAccount": "1"}, "Null": {"kms:ViaService": "true"}}
    )
    assert rendered_statement(statement) == [allow({"StringEquals": {"aws:PrincipalAccount": "1"}})]


def test_an_allow_without_conditions_left_has_no_condition():
    assert "Condition" not in rendered_statement(allow({"StringEquals": {"kms:MessageType": "DIGEST"}}))[0]


def test_a_denial_on_an_unevaluated_key_goes_whole():
    denial = {**allow({"Null": {"s3:if-none-match": "true"}, "Bool": {"aws:SecureTransport": "true"}}), "Effect": "Deny"}
    assert rendered_statement(denial) == []


def test_a_denial_on_evaluated_keys_stays():
    denial = {**allow({"Bool": {"aws:SecureTransport": "false"}}), "Effect": "Deny"}
    assert rendered_statement(denial) == [denial]


def test_a_denial_inside_an_if_becomes_no_value():
    denial = {**allow({"StringNotEquals": {"aws:SourceVpce": "x"}}), "Effect": "Deny"}
    assert rendered_statement({"Fn::If": ["UseVpc", denial, NO_VALUE]}) == [{"Fn::If": ["UseVpc", NO_VALUE, NO_VALUE]}]


def test_an_unknown_condition_key_is_refused():
    with pytest.raises(RenderError, match="s3:Unheard is on neither list"):
        rendered_statement(allow({"StringEquals": {"s3:Unheard": "x"}}))


def test_a_role_is_also_known_by_its_sessions():
    role = {"Fn::GetAtt": ["SealRole", "Arn"]}
    session = {"Fn::Sub": "arn:${AWS::Partition}:sts::${AWS::AccountId}:assumed-role/${SealRole}/*"}
    after = rendered_statement(allow({"ArnEquals": {"aws:PrincipalArn": role}}))
    assert after == [allow({"ArnEquals": {"aws:PrincipalArn": [role, session]}})]


def test_a_role_that_cannot_be_followed_is_refused():
    with pytest.raises(RenderError, match="refer to the role by Fn::GetAtt"):
        rendered_statement(allow({"ArnEquals": {"aws:PrincipalArn": {"Ref": "SomeArn"}}}))


def test_numbers_are_numbers_outside_an_environment():
    template = {
        "Parameters": {"N": {"Type": "Number", "Default": 3}},
        "Resources": {"F": {"Type": "T", "Size": {"Ref": "N"}, "Environment": {"Size": {"Ref": "N"}}}},
    }
    after = render(template, BINARIES, {"N": "7"})[0]["Resources"]["F"]
    assert (after["Size"], after["Environment"]) == (7, {"Size": {"Ref": "N"}})


def test_the_source_is_left_alone(template):
    before = copy.deepcopy(template)
    render(template, BINARIES, {})
    assert template == before


def test_functions_get_their_binaries(template):
    after, _ = render(template, BINARIES, {})
    functions = [item for item in after["Resources"].values() if item["Type"] == "AWS::Serverless::Function"]
    stand_ins = paths.OPTIONAL_FUNCTIONS.values()
    expected = sorted(str(BINARIES / name) for name in [*paths.FUNCTIONS, *stand_ins])
    assert sorted(item["Properties"]["CodeUri"] for item in functions) == expected


def test_both_lists_say_what_the_template_uses(template):
    """A condition that left the template leaves the lists, so that no removal is ever silent."""
    assert condition_keys(template) == UNEVALUATED_KEYS | EVALUATED_KEYS


def test_what_is_removed_exists_in_the_source_and_is_counted(template):
    after, report = render(template, BINARIES, {})
    assert condition_keys(after) == EVALUATED_KEYS
    assert {key for _, key in report.removed_conditions} | {
        key for _, keys in report.removed_denials for key in keys.split(", ")
    } == UNEVALUATED_KEYS
    denied = sorted(path.rsplit("#", 1)[1] for path, _ in report.removed_denials)
    per_bucket = ["DenyOldTls", "DenyOtherKmsKey", "DenyUnnamedKmsKey"]
    assert denied == sorted(
        per_bucket * 4
        + ["DenyOldTls", "DenyWritingByPrincipals"]  # the trail bucket, which CloudTrail writes as it encrypts
        + ["DenyWritingByPrincipals"]  # the inventories' bucket, likewise
        + ["DenyOverwritingStatements", "DenyReadsFromOtherNetworks", "DenyToCode"]
    )


def test_resources_other_than_policies_are_deployed_as_written(template):
    after, _ = render(template, BINARIES, {})
    assert after["Outputs"] == template["Outputs"]
    assert after["Resources"].keys() == template["Resources"].keys()
    for name, resource in template["Resources"].items():
        if resource["Type"] in ("AWS::Events::Rule", "AWS::S3::Bucket", "AWS::SNS::Topic") and "Retention" not in str(resource):
            assert after["Resources"][name] == resource
