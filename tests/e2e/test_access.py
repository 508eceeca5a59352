"""Each role, with its own credentials, is refused what it does not need and allowed what it does."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local import emulator

FUNCTIONS = ["Seal", "Quality", "Pseudonymize", "Sweep", "Reidentify", "Release"]
PEOPLE = ["Uploader", "DataScientist", "PolicyEditor", "Auditor", "Investigator", "Analyst", "KeyCustodian"]
DENIED = {"AccessDenied", "AccessDeniedException", "403"}
SHA256_OF_NOTHING = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


def refused(call) -> bool:
    """Whether AWS refused the call for lack of permission; any other error is the test's."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] in DENIED:
            return True
        raise
    return False


@pytest.fixture(scope="module")
def objects(stack):
    """One object a zone, put there by root, to be denied to others."""
    found = {}
    for zone, key in {
        "raw": "access/x.csv",
        "curated": "x/x.csv",
        "evidence": "att/seal/access",
        "vault": "domains/access",
    }.items():
        put = stack.root("s3").put_object(Bucket=stack.bucket(zone), Key=key, Body=b"id\n1\n", IfNoneMatch="*")
        found[zone] = {"Bucket": stack.bucket(zone), "Key": key, "VersionId": put["VersionId"]}
    return found


@pytest.fixture(scope="module", autouse=True)
def _given_back(stack):
    """What is written here under the prefixes of statements is none: a stage gives its event back, up to the dead-letter
    queue. It is taken out, so that later tests see empty queues."""
    yield
    stack.purge()


READERS = {
    "raw": {"Seal", "Quality", "Pseudonymize", "Sweep"},
    "curated": {"Pseudonymize", "Sweep", "Release", "DataScientist"},
    "evidence": {"Seal", "Quality", "Pseudonymize", "Sweep", "Auditor"},
    "vault": {"Pseudonymize", "Reidentify"},
}


@pytest.mark.parametrize("role", FUNCTIONS + PEOPLE)
@pytest.mark.parametrize("zone", READERS)
def test_reads(stack, objects, role, zone):
    denied = refused(lambda: stack.as_role(role, "s3").get_object(**objects[zone]))
    assert denied == (role not in READERS[zone])


WRITERS = {
    ("raw", "e2e/new.csv"): {"Uploader"},
    ("curated", "people/new.csv"): {"Pseudonymize"},
    ("evidence", "att/seal/new"): {"Seal"},
    ("evidence", "att/quality/new"): {"Quality"},
    ("evidence", "att/pseudonymize/new"): {"Pseudonymize"},
    ("evidence", "att/sweep/new"): {"Sweep"},
    ("evidence", "att/reidentify/new"): {"Reidentify"},
    ("evidence", "att/budget/new"): {"Release"},
    ("evidence", "att/release/new"): {"Release"},
    ("evidence", "att/refusal/new"): {"Release"},
    ("evidence", "att/quarantine/new"): {"Seal", "Quality", "Pseudonymize"},
    ("evidence", "att/finding/new"): {"Seal", "Quality", "Pseudonymize", "Sweep"},
    ("evidence", "att/keyrotation/new"): {"KeyCustodian"},
    ("evidence", "statistics/new"): {"Pseudonymize"},
    ("evidence", "rollup/new"): set(),
    ("evidence", "report/risk/new"): {"Pseudonymize"},
    ("evidence", "report/text/new"): {"Pseudonymize"},
    ("evidence", "policy/new.yaml"): {"PolicyEditor"},
    ("vault", "domains/new"): {"Pseudonymize"},
    ("vault", "cohorts/new"): {"Pseudonymize"},
    ("vault", "results/new"): {"Reidentify"},
}


@pytest.mark.parametrize("role", FUNCTIONS + PEOPLE)
@pytest.mark.parametrize(("zone", "key"), WRITERS)
def test_writes(stack, role, zone, key):
    put = {"Bucket": stack.bucket(zone), "Key": f"{key}-{role}", "Body": b"x", "IfNoneMatch": "*"}
    denied = refused(lambda: stack.as_role(role, "s3").put_object(**put))
    assert denied == (role not in WRITERS[(zone, key)])


@pytest.mark.parametrize("role", [*FUNCTIONS, *PEOPLE, "BreakGlass"])
def test_evidence_is_deleted_by_nobody(stack, objects, role):
    client = stack.as_role(role, "s3")
    at = objects["evidence"]
    assert refused(lambda: client.delete_object(**at))
    assert refused(lambda: client.delete_object(**at, BypassGovernanceRetention=True))
    assert refused(lambda: client.delete_object(Bucket=at["Bucket"], Key=at["Key"]))


@pytest.mark.parametrize("role", FUNCTIONS + PEOPLE)
@pytest.mark.parametrize("zone", ["raw", "curated", "vault"])
def test_versions_are_deleted_by_break_glass_only(stack, objects, role, zone):
    assert refused(lambda: stack.as_role(role, "s3").delete_object(**objects[zone]))


def test_break_glass_erases_a_locked_raw_version(stack, prefix):
    key = f"{prefix}/mistake.csv"
    at = {"Bucket": stack.bucket("raw"), "Key": key, "VersionId": stack.upload(key, b"oops")}
    client = stack.as_role("BreakGlass", "s3")
    assert refused(lambda: client.delete_object(**at)), "the lock holds without the bypass"
    client.delete_object(**at, BypassGovernanceRetention=True)
    with pytest.raises(ClientError, match="NoSuchVersion"):
        stack.root("s3").get_object(**at)


SETTINGS = {
    "versioning": lambda s3, bucket: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}),
    "lock": lambda s3, bucket: s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
        },
    ),
    "lifecycle": lambda s3, bucket: s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [{"ID": "x", "Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}]
        },
    ),
    "policy": lambda s3, bucket: s3.delete_bucket_policy(Bucket=bucket),
}


@pytest.mark.parametrize("role", FUNCTIONS + PEOPLE)
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("zone", READERS)
def test_settings_are_changed_by_none_of_them(stack, role, setting, zone):
    assert refused(lambda: SETTINGS[setting](stack.as_role(role, "s3"), stack.bucket(zone)))


def test_statements_are_signed_by_functions_and_rotations_by_the_custodian(stack):
    def sign(role):
        stack.as_role(role, "kms").sign(
            KeyId=stack.outputs["SigningKeyArn"],
            Message=SHA256_OF_NOTHING,
            MessageType="DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )

    signers = [role for role in [*FUNCTIONS, *PEOPLE, "BreakGlass"] if not refused(lambda role=role: sign(role))]
    assert signers == [*FUNCTIONS, "KeyCustodian"]


def test_public_key_is_read_by_functions_the_auditor_and_the_custodian(stack):
    def read(role):
        stack.as_role(role, "kms").get_public_key(KeyId=stack.outputs["SigningKeyArn"])

    readers = [role for role in FUNCTIONS + PEOPLE if not refused(lambda role=role: read(role))]
    assert readers == [*FUNCTIONS, "Auditor", "KeyCustodian"]


def test_domain_keys_are_made_by_pseudonymize_and_unwrapped_by_two(stack):
    context = {"purpose": "pseudonymize", "domain": "people"}
    key = stack.outputs["PseudonymKeyArn"]

    def make(role):
        return stack.as_role(role, "kms").generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context)

    wrapped = make("Pseudonymize")["CiphertextBlob"]

    def unwrap(role):
        stack.as_role(role, "kms").decrypt(KeyId=key, CiphertextBlob=wrapped, EncryptionContext=context)

    roles = [*FUNCTIONS, *PEOPLE, "BreakGlass"]
    assert [role for role in roles if not refused(lambda role=role: make(role))] == ["Pseudonymize"]
    assert [role for role in roles if not refused(lambda role=role: unwrap(role))] == ["Pseudonymize", "Reidentify"]


@pytest.mark.parametrize("zone", ["Raw", "Curated", "Evidence", "Vault"])
@pytest.mark.parametrize("role", [*FUNCTIONS, *PEOPLE])
def test_data_keys_are_for_those_who_use_the_bucket(stack, role, zone):
    users = {
        "Raw": {"Seal", "Quality", "Pseudonymize", "Sweep", "Uploader"},
        "Curated": {"Pseudonymize", "Sweep", "Release", "DataScientist"},
        "Evidence": {*FUNCTIONS, "Auditor", "PolicyEditor", "KeyCustodian"},
        "Vault": {"Pseudonymize", "Reidentify", "Investigator"},
    }
    key = stack.outputs[f"{zone}DataKeyArn"]
    blob = stack.root("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    denied = refused(lambda: stack.as_role(role, "kms").decrypt(KeyId=key, CiphertextBlob=blob))
    assert denied == (role not in users[zone])


def test_reidentify_is_asked_by_the_investigator_only(stack):
    name = stack.outputs["ReidentifyFunctionName"]

    def ask(role):
        stack.as_role(role, "lambda").invoke(FunctionName=name, InvocationType="DryRun")

    assert [role for role in FUNCTIONS + PEOPLE if not refused(lambda role=role: ask(role))] == ["Investigator"]
    other = stack.outputs["SweepFunctionName"]
    assert refused(lambda: stack.as_role("Investigator", "lambda").invoke(FunctionName=other, InvocationType="DryRun"))


def test_messages_are_taken_by_their_stage_only(stack):
    for stage in ("Seal", "Quality", "Pseudonymize", "Sweep"):
        queue = stack.outputs[f"{stage}QueueUrl"]

        def take(role, queue=queue):
            stack.as_role(role, "sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])

        allowed = {role for role in FUNCTIONS + PEOPLE if not refused(lambda role=role, take=take: take(role))}
        assert allowed == {stage}


def test_messages_are_sent_by_the_sweep_only(stack):
    def send(role, stage):
        stack.as_role(role, "sqs").send_message(QueueUrl=stack.outputs[f"{stage}QueueUrl"], MessageBody="{}")

    for stage in ("Seal", "Quality", "Pseudonymize", "Sweep"):
        for role in {*FUNCTIONS, *PEOPLE} - ({"Sweep"} if stage != "Sweep" else set()):
            assert refused(lambda role=role, stage=stage: send(role, stage)), f"{role} sends to {stage}"


def test_tables_are_registered_in_one_database_by_pseudonymize(stack):
    database = stack.outputs["CatalogDatabaseName"]

    def register(role, into, name):
        stack.as_role(role, "glue").create_table(DatabaseName=into, TableInput={"Name": name})

    roles = [role for role in FUNCTIONS + PEOPLE if not refused(lambda role=role: register(role, database, f"of_{role.lower()}"))]
    assert roles == ["Pseudonymize"]
    assert refused(lambda: register("Pseudonymize", "another", "t"))
    stack.as_role("DataScientist", "glue").get_table(DatabaseName=database, Name="of_pseudonymize")


def test_other_encryption_is_refused(stack, prefix):
    client = stack.as_role("Uploader", "s3")
    put = {"Bucket": stack.bucket("raw"), "Key": f"{prefix}/x", "Body": b"x"}
    assert refused(lambda: client.put_object(**put, ServerSideEncryption="AES256"))
    assert client.put_object(**put)["SSEKMSKeyId"] == stack.outputs["RawDataKeyArn"]


def test_uploaders_set_no_locks(stack, prefix):
    client = stack.as_role("Uploader", "s3")
    key = f"{prefix}/x"
    version = stack.upload(key, b"x")
    at = {"Bucket": stack.bucket("raw"), "Key": key, "VersionId": version}
    assert refused(lambda: client.put_object_legal_hold(**at, LegalHold={"Status": "ON"}))
    assert refused(lambda: client.put_object_retention(**at, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": "2099-01-01"}))


def test_plain_http_is_not_spoken(stack):
    with pytest.raises((urllib.error.URLError, ConnectionError, OSError)):
        urllib.request.urlopen(f"http://127.0.0.1:{stack.running.port}/_ministack/health", timeout=5)


def test_strangers_to_the_authority_do_not_connect(stack):
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(stack.running.endpoint, timeout=5, context=ssl.create_default_context())


def test_unknown_credentials_are_refused(stack):
    session = boto3.Session(aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x", region_name=emulator.REGION)
    client = session.client("s3", endpoint_url=stack.running.endpoint, verify=str(stack.running.certificate.authority))
    with pytest.raises(ClientError):
        client.list_objects_v2(Bucket=stack.bucket("raw"))
