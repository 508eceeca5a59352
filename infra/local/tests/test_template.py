"""What the template promises, read from the template itself. Permissions are also tried, in tests/e2e."""

from __future__ import annotations

import json
import re

import pytest

from infra.local import paths
from infra.local.render import NO_VALUE, load

TEMPLATE = load(paths.TEMPLATE)
RESOURCES = TEMPLATE["Resources"]
ZONES = ("Raw", "Curated", "Evidence", "Vault")
STAGES = ("Seal", "Quality", "Pseudonymize")
FUNCTIONS = ("Seal", "Quality", "QualitySql", "Pseudonymize", "Sweep", "Reidentify", "Release", "Audit")

# AWS knows no resource for these actions.
WITHOUT_RESOURCE = {
    "comprehend:DetectPiiEntities",
    "cloudtrail:ListPublicKeys",
    "cloudwatch:PutMetricData",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}


def of_type(kind: str) -> dict:
    return {name: item["Properties"] for name, item in RESOURCES.items() if item["Type"] == kind}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def statements(document: dict) -> list[dict]:
    found = []
    for item in document["Statement"]:
        found += [branch for branch in item["Fn::If"][1:] if branch != NO_VALUE] if "Fn::If" in item else [item]
    return found


def identity_statements() -> list[tuple[str, dict]]:
    found = []
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for name, properties in of_type(kind).items():
            found += [(name, statement) for statement in statements(properties["PolicyDocument"])]
    for name, properties in of_type("AWS::IAM::Role").items():
        for policy in properties.get("Policies", []):
            found += [(name, statement) for statement in statements(policy["PolicyDocument"])]
    return found


def policy_statements(name: str) -> list[dict]:
    return statements(RESOURCES[name]["Properties"]["PolicyDocument"])


def actions_of(policy: str, service: str) -> set[str]:
    found = {action for item in policy_statements(policy) for action in listed(item["Action"])}
    return {action for action in found if action.startswith(f"{service}:")}


@pytest.mark.parametrize(
    ("name", "statement"),
    identity_statements(),
    ids=lambda value: value if isinstance(value, str) else value.get("Sid", ""),
)
def test_identity_policies_have_no_wildcards(name, statement):
    for action in listed(statement["Action"]):
        assert "*" not in action
    if "*" in listed(statement["Resource"]):
        assert set(listed(statement["Action"])) <= WITHOUT_RESOURCE


@pytest.mark.parametrize("zone", ZONES)
def test_each_bucket_is_private_encrypted_and_versioned(zone):
    bucket = RESOURCES[f"{zone}Bucket"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Fn::GetAtt": [f"{zone}DataKey", "Arn"]},
    }


@pytest.mark.parametrize("zone", ["Raw", "Evidence"])
def test_raw_and_evidence_are_locked_by_default(zone):
    lock = RESOURCES[f"{zone}Bucket"]["Properties"]["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"]["Mode"] == {"Ref": "RetentionMode"}
    assert TEMPLATE["Parameters"]["RetentionMode"]["Default"] == "GOVERNANCE"


@pytest.mark.parametrize("zone", ZONES)
def test_each_bucket_denies_plain_http_old_tls_and_other_keys(zone):
    denials = {item["Sid"]: item for item in policy_statements(f"{zone}BucketPolicy")}
    assert all(item["Effect"] == "Deny" and item["Principal"] == "*" for item in denials.values())
    assert denials["DenyPlainHttp"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert denials["DenyOldTls"]["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    named = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    assert denials["DenyOtherKmsKey"]["Condition"] == {
        "StringNotEquals": {named: {"Fn::GetAtt": [f"{zone}DataKey", "Arn"]}},
        "Null": {named: "false"},
    }


def test_evidence_is_written_once_and_deleted_by_nobody():
    denials = {item["Sid"]: item for item in policy_statements("EvidenceBucketPolicy")}
    assert "Condition" not in denials["DenyDeletionToAll"]
    assert {"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"} <= set(
        denials["DenyDeletionToAll"]["Action"]
    )
    assert "${EvidenceBucket.Arn}/log/*" in str(denials["DenyOverwritingStatements"]["Resource"])
    assert denials["DenyForeignLogs"]["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": {"Fn::GetAtt": ["LogRole", "Arn"]}}}
    assert denials["DenyOverwritingStatements"]["Condition"] == {"Null": {"s3:if-none-match": "true"}}


def test_key_policies_give_administrators_no_use_of_a_key():
    administration = TEMPLATE["Mappings"]["KeyPolicies"]["Administration"]["Actions"]
    use = {"Decrypt", "Encrypt", "GenerateDataKey", "GenerateMac", "ReEncryptFrom", "ReEncryptTo", "Sign", "CreateGrant"}
    assert not {f"kms:{action}" for action in use} & set(administration)
    for name, properties in of_type("AWS::KMS::Key").items():
        for item in properties["KeyPolicy"]["Statement"]:
            if item["Sid"] != "AdministrationWithoutUse":
                assert item.get("Condition"), f"{name} {item['Sid']} is not narrowed"


def test_signing_is_for_functions_and_the_custodian_over_digests_only():
    conditions = [
        item["Condition"]
        for item in RESOURCES["SigningKey"]["Properties"]["KeyPolicy"]["Statement"]
        if item["Action"] == "kms:Sign"
    ]
    roles = [{"Fn::GetAtt": [f"{name}Role", "Arn"]} for name in (*FUNCTIONS, "Log", "KeyCustodian")]
    assert conditions == [
        {
            "ArnEquals": {"aws:PrincipalArn": roles},
            "StringEquals": {"kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST"},
        }
    ]
    for name in (
        "UploaderPolicy",
        "DataScientistPolicy",
        "PolicyEditorPolicy",
        "AuditorPolicy",
        "InvestigatorPolicy",
        "AnalystPolicy",
    ):
        assert "kms:Sign" not in actions_of(name, "kms")


def test_the_log_signs_checkpoints_and_keeps_no_statement_but_findings():
    conditions = [
        item["Condition"]
        for item in RESOURCES["CheckpointKey"]["Properties"]["KeyPolicy"]["Statement"]
        if item["Action"] == "kms:Sign"
    ]
    assert conditions == [
        {
            "ArnEquals": {"aws:PrincipalArn": {"Fn::GetAtt": ["LogRole", "Arn"]}},
            "StringEquals": {"kms:SigningAlgorithm": "ED25519_SHA_512", "kms:MessageType": "RAW"},
        }
    ]
    signing = [item for name, item in identity_statements() if "kms:Sign" in listed(item["Action"])]
    checkpoints = {"Fn::GetAtt": ["CheckpointKey", "Arn"]}
    statements = {"Fn::If": ["HasNextSigningKey", {"Ref": "SigningKeyArn"}, {"Fn::GetAtt": ["SigningKey", "Arn"]}]}
    by_sid = {item["Sid"]: item["Resource"] for item in signing}
    assert by_sid == {"SignDigests": statements, "SignRotation": statements, "SignCheckpoints": checkpoints}
    writes = {item["Sid"]: item for item in policy_statements("LogPolicy") if "s3:PutObject" in listed(item["Action"])}
    assert writes.keys() == {"WriteLogOnce", "AnchorCheckpoints", "WriteFindingsOnce"}
    findings = writes.pop("WriteFindingsOnce")
    assert findings["Resource"] == {"Fn::Sub": "${EvidenceBucket.Arn}/att/finding/*"}
    for item in (findings, writes["WriteLogOnce"]):
        assert item["Condition"]["Null"] == {"s3:if-none-match": "false"}
    for item in writes.values():
        assert "/log/" in str(item["Resource"])
    alarms = str(of_type("AWS::CloudWatch::Alarm"))
    assert all(name in alarms for name in ("LogDeadLetterQueue", "LogQueue", "LogFunction"))


def test_the_catalog_function_reads_no_data_signs_nothing_and_tells_one_database():
    statements = policy_statements("CatalogPolicy")
    told = RESOURCES["CatalogFunction"]["Properties"]["Environment"]["Variables"].keys()
    names = ("EVIDENCE_BUCKET", "CURATED_BUCKET", "SIGNING_KEY_ARN", "RETIRED_SIGNING_KEYS", "POLICY_KEY", "CATALOG_DATABASE")
    assert told == {f"SLUICE_{name}" for name in (*names, "METRICS_NAMESPACE")}
    for item in statements:
        if "CuratedBucket" in str(item["Resource"]):
            assert listed(item["Action"]) == ["s3:ListBucketVersions"]
        if all(action.split(":")[0] in ("s3", "glue") for action in listed(item["Action"])):
            assert "lambda:SourceFunctionArn" in item["Condition"]["ArnEquals"], item["Sid"]
    assert "kms:Sign" not in actions_of("CatalogPolicy", "kms")
    assert {"Ref": "CatalogRole"} not in RESOURCES["SharedPolicy"]["Properties"]["Roles"]
    (tells,) = [item for item in statements if any(action.startswith("glue:") for action in listed(item["Action"]))]
    assert all("${CatalogDatabase}" in str(resource) or ":catalog" in str(resource) for resource in tells["Resource"])
    assert not any("Create" in action or action == "glue:DeleteTable" for action in tells["Action"])
    writes = [item["Resource"] for item in statements if "s3:PutObject" in listed(item["Action"])]
    assert writes == [{"Fn::Sub": "${EvidenceBucket.Arn}/rollup/*"}]
    denials = {item["Sid"]: item for item in policy_statements("EvidenceBucketPolicy") if item["Effect"] == "Deny"}
    readers = denials["DenyReadsOfStatistics"]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
    assert readers[0] == {"Fn::GetAtt": ["CatalogRole", "Arn"]}
    assert ["BreakGlass" in str(reader) for reader in readers[1:]] == [True]
    alarms = [str(item) for item in of_type("AWS::CloudWatch::Alarm").values() if "CatalogFunction" in str(item)]
    assert len(alarms) == 2


def test_only_the_custodian_keeps_rotations():
    denials = {item["Sid"]: item for item in policy_statements("EvidenceBucketPolicy") if item["Effect"] == "Deny"}
    rotations = denials["DenyForeignRotations"]
    custodian = {"Fn::GetAtt": ["KeyCustodianRole", "Arn"]}
    assert rotations["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": custodian}}
    assert rotations["Resource"] == {"Fn::Sub": "${EvidenceBucket.Arn}/att/keyrotation/*"}
    writes = [item for item in policy_statements("KeyCustodianPolicy") if "s3:PutObject" in listed(item["Action"])]
    assert [item["Resource"] for item in writes] == [rotations["Resource"]]


def test_only_pseudonymize_and_reidentify_unwrap_pseudonym_keys():
    holders = {
        name for name, item in identity_statements() if {"Fn::GetAtt": ["PseudonymKey", "Arn"]} in listed(item["Resource"])
    }
    assert holders == {"PseudonymizePolicy", "ReidentifyPolicy"}
    for name in holders:
        for item in policy_statements(name):
            if {"Fn::GetAtt": ["PseudonymKey", "Arn"]} in listed(item["Resource"]):
                assert item["Condition"]["StringEquals"] == {"kms:EncryptionContext:purpose": "pseudonymize"}


def test_nobody_but_break_glass_deletes():
    for name, item in identity_statements():
        if any("Delete" in action and action.startswith("s3:") for action in listed(item["Action"])):
            assert name == "BreakGlassPolicy"


def test_direct_calls_of_a_function_are_bound_to_it():
    for name in FUNCTIONS:
        for item in policy_statements(f"{name}Policy"):
            direct = all(action.split(":")[0] in ("s3", "glue") for action in listed(item["Action"]))
            if direct:
                assert "lambda:SourceFunctionArn" in item["Condition"]["ArnEquals"], f"{name} {item['Sid']}"


def test_data_scientist_sees_curated_only():
    for item in policy_statements("DataScientistPolicy"):
        text = str(item["Resource"])
        assert not any(f"{zone}Bucket" in text or f"{zone}DataKey" in text for zone in ("Raw", "Evidence", "Vault"))


@pytest.mark.parametrize("stage", STAGES)
def test_queues_outlast_a_run_and_give_up_visibly(stage):
    queue = RESOURCES[f"{stage}Queue"]["Properties"]
    assert queue["VisibilityTimeout"] == {"Fn::FindInMap": ["StageTimeouts", {"Ref": "StageTimeoutSeconds"}, "VisibilitySeconds"]}
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    trigger = RESOURCES[f"{stage}Function"]["Properties"]["Events"]["Queue"]["Properties"]
    assert trigger["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_sweep_s_queue_outlasts_its_run():
    queue, function = RESOURCES["SweepQueue"]["Properties"], RESOURCES["SweepFunction"]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert function["Events"]["Queue"]["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_sweep_sends_to_the_stages_queues_only():
    sent = [item for item in policy_statements("SweepPolicy") if "sqs:SendMessage" in listed(item["Action"])]
    queues = {resource["Fn::GetAtt"][0] for item in sent for resource in listed(item["Resource"])}
    assert queues == {f"{stage}Queue" for stage in STAGES} | {"SweepDeadLetterQueue"}


def test_the_sql_function_is_there_only_when_asked_for():
    """Its role is always there, because key and bucket policies name it, and may do nothing without its policy."""
    own = {name for name, item in RESOURCES.items() if name.startswith("QualitySql")}
    conditional = {name for name, item in RESOURCES.items() if item.get("Condition") == "HasSqlRules"}
    assert own - {"QualitySqlRole"} == conditional - {"QualityHandsOnPolicy"}
    assert TEMPLATE["Parameters"]["SqlRules"]["Default"] == "disabled"
    told = RESOURCES["QualityFunction"]["Properties"]["Environment"]["Variables"]["SLUICE_SQL_QUEUE_URL"]
    assert told == {"Fn::If": ["HasSqlRules", {"Ref": "QualitySqlQueue"}, NO_VALUE]}
    (sends,) = policy_statements("QualityHandsOnPolicy")
    assert (sends["Action"], sends["Resource"]) == ("sqs:SendMessage", {"Fn::GetAtt": ["QualitySqlQueue", "Arn"]})
    queue = RESOURCES["QualitySqlQueue"]["Properties"]
    assert queue["VisibilityTimeout"] == RESOURCES["QualityQueue"]["Properties"]["VisibilityTimeout"]


def test_glue_is_handed_the_role_of_the_parameter_only():
    assert RESOURCES["QualityHandsOverPolicy"]["Condition"] == "HasGlueQuality"
    assert TEMPLATE["Parameters"]["GlueQualityRoleArn"]["Default"] == ""
    runs, passes = policy_statements("QualityHandsOverPolicy")
    assert (passes["Action"], passes["Resource"]) == ("iam:PassRole", {"Ref": "GlueQualityRoleArn"})
    assert passes["Condition"] == {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    assert "dataQualityRuleset/*" in str(runs["Resource"])
    assert all(action.startswith("glue:") and "DataQuality" in action for action in runs["Action"])


@pytest.mark.parametrize("seconds", TEMPLATE["Parameters"]["StageTimeoutSeconds"]["AllowedValues"])
def test_visibility_is_six_timeouts(seconds):
    row = TEMPLATE["Mappings"]["StageTimeouts"][seconds]
    assert row["VisibilitySeconds"] >= 6 * int(seconds)
    assert int(seconds) < row["AgeAlarmSeconds"]


def test_every_queue_function_and_finding_has_an_alarm():
    alarms = [str(item) for item in of_type("AWS::CloudWatch::Alarm").values()]

    def watched(metric: str, subject: str) -> bool:
        return any(f"'{metric}'" in alarm and subject in alarm for alarm in alarms)

    for stage in (*STAGES, "Sweep"):
        assert watched("ApproximateNumberOfMessagesVisible", f"{stage}DeadLetterQueue")
        assert watched("ApproximateAgeOfOldestMessage", f"{stage}Queue")
    for function in FUNCTIONS:
        assert watched("Errors", f"{function}Function")
        assert watched("Throttles", f"{function}Function")
    assert watched("Findings", "Sluice")
    assert watched("Alarms", "Sluice")


def test_the_audit_sees_the_trail_and_no_data():
    reads = [str(item["Resource"]) for item in policy_statements("AuditPolicy") if "s3:GetObject" in listed(item["Action"])]
    assert not any(f"{zone}Bucket" in text for text in reads for zone in ("Raw", "Curated", "Vault"))
    lock = RESOURCES["TrailBucket"]["Properties"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert lock == {"Mode": {"Ref": "RetentionMode"}, "Days": {"Ref": "EvidenceRetentionDays"}}
    trail = RESOURCES["Trail"]["Properties"]
    assert trail["EnableLogFileValidation"] is True
    selected = str(trail["AdvancedEventSelectors"])
    assert all(f"${{{zone}Bucket.Arn}}/" in selected for zone in ("Raw", "Vault", "Evidence"))
    writes = {item["Sid"]: item for item in policy_statements("TrailBucketPolicy") if "s3:PutObject" in listed(item["Action"])}
    assert writes.keys() == {"CloudTrailDelivers", "DenyWritingByPrincipals"}
    assert writes["CloudTrailDelivers"]["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
    alarms = str(of_type("AWS::CloudWatch::Alarm"))
    assert all(name in alarms for name in ("AuditDeadLetterQueue", "AuditQueue", "AuditFunction"))


def test_the_access_policy_fits_into_an_environment():
    variables = RESOURCES["AuditFunction"]["Properties"]["Environment"]["Variables"]
    text, names = variables["SLUICE_ACCESS_POLICY"]["Fn::Sub"]
    assert names.keys() == {"StatementKeyArn"}
    # Names of 63 characters, ARNs of 80, the longest prefix.
    longest = re.sub(r"\$\{NamePrefix}", "x" * 16, text)
    longest = re.sub(r"\$\{([A-Za-z]+\.Arn|StatementKeyArn)}", "x" * 80, longest)
    longest = re.sub(r"\$\{[^}]+}", "x" * 63, longest)
    json.loads(longest)
    assert len(longest) < 3500, "Lambda takes 4 KB for all variables together"


def test_every_finding_is_told():
    rule = RESOURCES["FindingsRule"]["Properties"]
    assert rule["EventPattern"]["detail"]["object"] == {"key": [{"prefix": "att/finding/"}]}
    assert [target["Arn"] for target in rule["Targets"]] == [{"Ref": "Alerts"}]
    allowed = [item for item in policy_statements("AlertsPolicy") if item["Effect"] == "Allow"]
    told = [item["Condition"] for item in allowed if item["Principal"] == {"Service": "events.amazonaws.com"}]
    assert told == [{"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["FindingsRule", "Arn"]}}}]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_run_our_binary_under_their_own_role(function):
    properties = RESOURCES[f"{function}Function"]["Properties"]
    assert properties["Role"] == {"Fn::GetAtt": [f"{function}Role", "Arn"]}
    binary = re.sub(r"(?<!^)(?=[A-Z])", "-", function).lower()
    assert properties["CodeUri"] == f"../target/lambda/{binary}/"
    assert properties["LoggingConfig"]["LogFormat"] == "JSON"
    assert TEMPLATE["Globals"]["Function"]["Runtime"] == "provided.al2023"
    assert TEMPLATE["Globals"]["Function"]["RecursiveLoop"] == "Terminate"


EVERYWHERE = {"EVIDENCE_BUCKET", "SIGNING_KEY_ARN", "RETIRED_SIGNING_KEYS", "METRICS_NAMESPACE"}
ENVIRONMENT = {
    "Audit": {"TRAIL_BUCKET", "TRAIL_ARN", "TRAIL_REGIONS", "TRAIL_KEYS", "ACCESS_POLICY"},
    "Seal": {"RAW_BUCKET", "POLICY_KEY", "DEFAULT_RETENTION_MODE", "DEFAULT_RETENTION_DAYS", "BATCH_BUCKET", "BATCH_ROLE_ARN"},
    "Quality": {"RAW_BUCKET", "POLICY_KEY", "SQL_QUEUE_URL"},
    "QualitySql": {"RAW_BUCKET", "POLICY_KEY"},
    "Pseudonymize": {"RAW_BUCKET", "CURATED_BUCKET", "VAULT_BUCKET", "PSEUDONYM_KEY_ARN", "POLICY_KEY", "CATALOG_DATABASE"},
    "Sweep": {
        "RAW_BUCKET",
        "RAW_KEY_PREFIX",
        "CURATED_BUCKET",
        "POLICY_KEY",
        "SEAL_QUEUE_URL",
        "SEAL_QUEUE_ARN",
        "QUALITY_QUEUE_URL",
        "PSEUDONYMIZE_QUEUE_URL",
        "DEFAULT_RETENTION_MODE",
        "DEFAULT_RETENTION_DAYS",
        "EVIDENCE_RETENTION_DAYS",
        "KEY_ARNS",
        "TRAIL_ARN",
        "TRAIL_OBJECTS_OF",
    },
    "Reidentify": {"VAULT_BUCKET", "PSEUDONYM_KEY_ARN"},
    "Release": {"CURATED_BUCKET", "POLICY_KEY"},
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_are_told_what_they_read(function):
    """A function refuses to start on a variable of ours that it does not know, so that no typing error passes."""
    told = RESOURCES[f"{function}Function"]["Properties"]["Environment"]["Variables"].keys()
    assert told == {f"SLUICE_{name}" for name in EVERYWHERE | ENVIRONMENT[function]}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_know_no_more_than_they_may_use(function):
    """A function's environment names a bucket or key only if its policy allows something there."""
    allowed = str(policy_statements(f"{function}Policy")) + str(policy_statements("SharedPolicy"))
    names = {"Ref", "Fn::GetAtt"}
    for value in RESOURCES[f"{function}Function"]["Properties"]["Environment"]["Variables"].values():
        if isinstance(value, dict) and names & value.keys():
            logical = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
            if logical in RESOURCES:
                assert logical in allowed, f"{function} is told of {logical} and may do nothing with it"


def test_every_parameter_is_described_and_bounded():
    for name, parameter in TEMPLATE["Parameters"].items():
        assert parameter.get("Description"), name
        assert "Default" in parameter, name
        bounds = {"AllowedPattern", "AllowedValues", "MinValue"}
        assert bounds & parameter.keys(), name


def test_texts_leave_the_function_only_when_it_is_asked():
    """Amazon Comprehend is granted to one function, for one operation, under a parameter that is off."""
    assert TEMPLATE["Parameters"]["Comprehend"]["Default"] == "off"
    granted = [name for name, item in RESOURCES.items() if "comprehend:" in json.dumps(item)]
    assert sorted(granted) == ["ComprehendEndpoint", "PseudonymizePolicy"]
    statements = RESOURCES["PseudonymizePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    ((condition, allowed, otherwise),) = [item["Fn::If"] for item in statements if "comprehend:" in json.dumps(item)]
    assert (condition, otherwise) == ("UseComprehend", {"Ref": "AWS::NoValue"})
    assert allowed["Action"] == "comprehend:DetectPiiEntities"
    assert RESOURCES["ComprehendEndpoint"]["Condition"] == "UseComprehendInVpc"


def test_network_has_no_way_out():
    kinds = {item["Type"] for item in RESOURCES.values()}
    assert not kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route"}
    services = {item["ServiceName"]["Fn::Sub"].rsplit(".", 1)[1] for item in of_type("AWS::EC2::VPCEndpoint").values()}
    assert services == {"s3", "kms", "glue", "sqs", "monitoring", "logs", "events", "cloudtrail", "comprehend"}


def test_the_dashboard_shows_what_the_quality_function_publishes():
    body = RESOURCES["QualityDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(re.sub(r"\$\{[A-Za-z:.]+\}", "x", body))["widgets"]
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets)
    source = (paths.ROOT / "crates/functions/quality/src/metrics.rs").read_text(encoding="utf-8")
    names = re.findall(r'MetricName="([A-Za-z]+)"', json.dumps(widgets).replace('\\"', '"'))
    assert len(names) == 6
    assert [name for name in names if f'"{name}"' not in source] == []
