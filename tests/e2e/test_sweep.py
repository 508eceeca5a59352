"""Everything that can be meddled with behind the pipeline's back is found and named by the next sweep.

All of it is done first, by the account's root, then one sweep looks; each test asks for its own finding.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json

import pytest

from . import process
from .statements import at_uri, curated_versions, findings, opened, openssl_accepts, statement
from .tables import PEOPLE, to_csv

DAY = datetime.timedelta(days=1)


def sealed(stack, eventually, name, body=None):
    """An upload that went the whole way: key, version."""
    key = f"e2e/swept/people/{name}.csv"
    version = stack.upload(key, body or to_csv(PEOPLE))
    statement(stack, eventually, "pseudonymize", key, version)
    return key, version


def aged(stack, key, version):
    """Makes a version a day older: a sweep leaves what is younger than a quarter of an hour to its own event."""
    listed = stack.root("s3").list_object_versions(Bucket=stack.bucket("raw"), Prefix=key)["Versions"]
    (written,) = [item["LastModified"] for item in listed if item["VersionId"] == version]
    text = [moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z" for moment in (written, written - DAY)]
    assert process.overwrite(stack.running, text[0].encode(), text[1].encode()) > 0


def unnoticed(stack, name):
    """An upload whose event is lost: key, version."""
    key = f"e2e/swept/people/{name}.csv"
    with stack.paused("Seal"):
        version = stack.upload(key, to_csv(PEOPLE))
        stack.root("sqs").purge_queue(QueueUrl=stack.outputs["SealQueueUrl"])
    assert stack.waiting("Seal")[0] == 0
    aged(stack, key, version)
    return key, version


def unheard(stack, eventually, stage):
    """An upload that went as far as the statement that wakes a stage, whose event is lost: key, version."""
    key = f"e2e/swept/people/unheard-by-{stage.lower()}.csv"
    before = "seal" if stage == "Quality" else "quality"
    with stack.paused(stage):
        with stack.paused("Seal"):
            version = stack.upload(key, to_csv(PEOPLE))
            aged(stack, key, version)
        statement(stack, eventually, before, key, version)
        eventually(lambda: stack.waiting(stage)[0] >= 1, f"the event that wakes {stage}")
        stack.root("sqs").purge_queue(QueueUrl=stack.outputs[f"{stage}QueueUrl"])
    assert stack.waiting(stage)[0] == 0
    return key, version


@contextlib.contextmanager
def drifted(stack):
    """Settings of buckets changed, and changed back."""
    s3 = stack.root("s3")
    raw, curated, evidence = (stack.bucket(zone) for zone in ("raw", "curated", "evidence"))
    wiring = s3.get_bucket_notification_configuration(Bucket=raw)
    wiring.pop("ResponseMetadata")
    policy = s3.get_bucket_policy(Bucket=evidence)["Policy"]
    access = s3.get_public_access_block(Bucket=curated)["PublicAccessBlockConfiguration"]
    encryption = s3.get_bucket_encryption(Bucket=curated)["ServerSideEncryptionConfiguration"]
    plain = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    swapped = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{evidence}/*",
            }
        ],
    }
    s3.put_bucket_notification_configuration(Bucket=raw, NotificationConfiguration={})
    s3.put_bucket_policy(Bucket=evidence, Policy=json.dumps(swapped))
    # S3 itself refuses this under an Object Lock; the emulator lets it happen.
    s3.put_bucket_versioning(Bucket=raw, VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_versioning(Bucket=curated, VersioningConfiguration={"Status": "Suspended"})
    s3.put_public_access_block(
        Bucket=curated, PublicAccessBlockConfiguration={name: name != "BlockPublicPolicy" for name in access}
    )
    s3.put_bucket_encryption(Bucket=curated, ServerSideEncryptionConfiguration=plain)
    expiring = {"Rules": [{"ID": "old", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}]}
    lifecycle = s3.get_bucket_lifecycle_configuration(Bucket=evidence)["Rules"]
    s3.put_bucket_lifecycle_configuration(Bucket=evidence, LifecycleConfiguration=expiring)
    away = {"Status": "Enabled", "Priority": 1, "Filter": {}, "DeleteMarkerReplication": {"Status": "Disabled"}}
    copied = {
        "Role": "arn:aws:iam::000000000000:role/copier",
        "Rules": [{"ID": "away", "Destination": {"Bucket": "arn:aws:s3:::elsewhere"}, **away}],
    }
    s3.put_bucket_replication(Bucket=evidence, ReplicationConfiguration=copied)
    kms, trails = stack.root("kms"), stack.root("cloudtrail")
    data, vault, opened_key = (stack.outputs[f"{zone}DataKeyArn"] for zone in ("Raw", "Vault", "Curated"))
    kms.disable_key_rotation(KeyId=data)
    kms.disable_key(KeyId=vault)
    key_policy = kms.get_key_policy(KeyId=opened_key, PolicyName="default")["Policy"]
    stranger = json.loads(key_policy)
    stranger["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:Decrypt", "Resource": "*"}
    )
    kms.put_key_policy(KeyId=opened_key, PolicyName="default", Policy=json.dumps(stranger))
    selectors = trails.get_event_selectors(TrailName="existing")["AdvancedEventSelectors"]
    trails.put_event_selectors(TrailName="existing", AdvancedEventSelectors=selectors[:1])
    trails.update_trail(Name="existing", EnableLogFileValidation=False)
    trails.stop_logging(Name="existing")
    try:
        yield
    finally:
        s3.put_bucket_lifecycle_configuration(Bucket=evidence, LifecycleConfiguration={"Rules": lifecycle})
        s3.delete_bucket_replication(Bucket=evidence)
        kms.enable_key_rotation(KeyId=data)
        kms.enable_key(KeyId=vault)
        kms.put_key_policy(KeyId=opened_key, PolicyName="default", Policy=key_policy)
        trails.put_event_selectors(TrailName="existing", AdvancedEventSelectors=selectors)
        trails.update_trail(Name="existing", EnableLogFileValidation=True)
        trails.start_logging(Name="existing")
        s3.put_bucket_notification_configuration(Bucket=raw, NotificationConfiguration=wiring)
        s3.put_bucket_policy(Bucket=evidence, Policy=policy)
        for bucket in (raw, curated):
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        s3.put_public_access_block(Bucket=curated, PublicAccessBlockConfiguration=access)
        s3.put_bucket_encryption(Bucket=curated, ServerSideEncryptionConfiguration=encryption)


@pytest.fixture(scope="module")
def swept(stack, eventually):
    """What was done to which version, and the sweep's answer."""
    s3, raw, evidence = stack.root("s3"), stack.bucket("raw"), stack.bucket("evidence")
    marker = "SWEPT-CANARY-BYTES-7F3A"
    done = {
        "hidden": sealed(stack, eventually, "hidden"),
        "changed": sealed(stack, eventually, "changed", to_csv([{"id": "1", "name": marker, "email": "a@example.org"}])),
        "unlocked": sealed(stack, eventually, "unlocked"),
        "erased": sealed(stack, eventually, "erased"),
        "unproven": sealed(stack, eventually, "unproven"),
        "rewritten": sealed(stack, eventually, "rewritten"),
        "unnoticed": unnoticed(stack, "unnoticed"),
        "unjudged": unheard(stack, eventually, "Quality"),
        "undecided": unheard(stack, eventually, "Pseudonymize"),
    }
    s3.delete_object(Bucket=raw, Key=done["hidden"][0])
    # No stage works in buckets whose versioning is off: they go on when the settings are back.
    with stack.paused("Seal"), stack.paused("Quality"), stack.paused("Pseudonymize"), drifted(stack):
        assert process.overwrite(stack.running, marker.encode(), marker.encode()[::-1]) > 0
        at = {"Bucket": raw, "Key": done["unlocked"][0], "VersionId": done["unlocked"][1]}
        soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
        retention = {"Mode": "GOVERNANCE", "RetainUntilDate": soon}
        s3.put_object_retention(**at, Retention=retention, BypassGovernanceRetention=True)
        at = {"Bucket": raw, "Key": done["erased"][0], "VersionId": done["erased"][1]}
        s3.delete_object(**at, BypassGovernanceRetention=True)
        seal = statement(stack, eventually, "seal", *done["unproven"])
        seal_version = stack.event(seal.key)["versionId"]
        s3.delete_object(Bucket=evidence, Key=seal.key, VersionId=seal_version, BypassGovernanceRetention=True)
        aged(stack, *done["unproven"])
        verdict = statement(stack, eventually, "quality", *done["rewritten"])
        s3.put_object(Bucket=evidence, Key=verdict.key, Body=verdict.stored)
        s3.put_object(Bucket=evidence, Key="att/quality/foreign", Body=b"x")
        eventually(lambda: stack.waiting("Pseudonymize")[0] >= 2, "the events of both")
        # Pseudonymize would refuse them, as test_tamper shows.
        stack.root("sqs").purge_queue(QueueUrl=stack.outputs["PseudonymizeQueueUrl"])
        before = stack.counted("Findings")
        answer = stack.invoke("Sweep", {"mode": "deep"})
    return done | {"answer": answer, "before": before, "found": findings(stack), "rewritten key": verdict.key}


def names(found, rule, text):
    return [name for name in found.get(rule, ()) if text in name]


@pytest.mark.parametrize(
    ("rule", "done"),
    [
        ("delete_marker_over_sealed", "hidden"),
        ("digest_mismatch", "changed"),
        ("lock_too_short", "unlocked"),
        ("sealed_version_gone", "erased"),
        ("seal_missing", "unproven"),
        ("seal_missing", "unnoticed"),
        ("quality_missing", "unjudged"),
        ("pseudonymize_missing", "undecided"),
    ],
)
def test_what_happened_to_a_version_is_found(swept, rule, done):
    key, version = swept[done]
    assert names(swept["found"], rule, f"{key}?versionId={version}"), swept["found"]


@pytest.mark.parametrize(
    ("rule", "zone"),
    [
        ("bucket_event_wiring", "raw"),
        ("bucket_tls_only", "evidence"),
        ("bucket_versioning", "raw"),
        ("bucket_versioning", "curated"),
        ("bucket_public_access", "curated"),
        ("bucket_encryption", "curated"),
        ("bucket_lifecycle", "evidence"),
        ("bucket_replication", "evidence"),
    ],
)
def test_a_changed_setting_is_found(stack, swept, rule, zone):
    assert names(swept["found"], rule, f"s3://{stack.bucket(zone)}"), swept["found"]


@pytest.mark.parametrize(("rule", "zone"), [("key_rotation", "Raw"), ("key_unusable", "Vault"), ("key_policy_open", "Curated")])
def test_a_changed_key_is_found(stack, swept, rule, zone):
    assert names(swept["found"], rule, stack.outputs[f"{zone}DataKeyArn"]), swept["found"]


@pytest.mark.parametrize("rule", ["trail_logging", "trail_validation", "trail_data_events"])
def test_a_changed_trail_is_found(swept, rule):
    assert names(swept["found"], rule, ":trail/existing"), swept["found"]


def test_evidence_written_twice_or_foreign_is_found(swept):
    assert names(swept["found"], "evidence_rewritten", swept["rewritten key"])
    assert names(swept["found"], "evidence_foreign_key", "att/quality/foreign")


def test_a_missing_seal_is_made_again(stack, swept, eventually):
    statement(stack, eventually, "seal", *swept["unproven"])


@pytest.mark.parametrize("lost", ["unnoticed", "unjudged", "undecided"])
def test_what_a_stage_missed_goes_its_way(stack, swept, eventually, lost):
    outcome = statement(stack, eventually, "pseudonymize", *swept[lost])
    assert outcome.predicate["outcome"] == {"status": "published"}
    assert len(curated_versions(stack, *swept[lost])) == 1


def test_a_sweep_accounts_for_itself(stack, swept, eventually, tmp_path):
    answer = swept["answer"]
    account = at_uri(stack, answer["statement"])
    assert openssl_accepts(stack, account, tmp_path)
    assert account.predicate["findings"] == answer["findings"] >= 12
    assert answer["reEnqueued"] >= 4
    assert account.predicate["findingsByRule"] == answer["findingsByRule"]
    eventually(lambda: stack.counted("Findings") - swept["before"] >= answer["findings"], "the metric Findings")


def test_settings_put_back_are_found_no_more(stack, swept):
    assert not [
        rule
        for rule in stack.invoke("Sweep", {"mode": "fast"})["findingsByRule"]
        if rule.startswith(("bucket_", "key_", "trail_"))
    ]


@contextlib.contextmanager
def without_time(stack):
    """Within it, the sweep has no more time than it reserves for its account: each part looks at one key."""
    client, name = stack.root("lambda"), stack.outputs["SweepFunctionName"]
    before = client.get_function_configuration(FunctionName=name)["Timeout"]
    client.update_function_configuration(FunctionName=name, Timeout=30)
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Timeout=before)


def accounts(stack):
    """The sweeps' accounts by the digest that links name."""
    s3, bucket = stack.as_role("Auditor", "s3"), stack.bucket("evidence")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="att/sweep/")["Contents"]
    found = {}
    for item in listed:
        body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        with contextlib.suppress(ValueError):  # another test's, which shows who may write here
            one = opened(item["Key"], body)
            found[hashlib.sha256(one.signed_bytes).hexdigest()] = one
    return found


def test_a_sweep_that_ran_out_of_time_goes_on_by_itself(stack, eventually, tmp_path):
    for number in range(3):
        sealed(stack, eventually, f"long-{number}")
    # A change of its configuration ends the sandbox, in the middle of a part if need be: its event comes again.
    with stack.redelivering_after(5, "Sweep"):
        with without_time(stack):
            answer = stack.invoke("Sweep", {"mode": "deep"})
            assert not answer["complete"]
            first = hashlib.sha256(at_uri(stack, answer["statement"]).signed_bytes).hexdigest()
            eventually(lambda: any(_follows(one, first) for one in accounts(stack).values()), "a second part")

        def chain():
            parts, known = [first], accounts(stack)
            while followers := [digest for digest, one in known.items() if _follows(one, parts[-1])]:
                (follower,) = followers
                parts.append(follower)
            parts = [known[digest] for digest in parts]
            return parts if parts[-1].predicate["coverage"]["complete"] else None

        parts = eventually(chain, "the last part")
        eventually(lambda: stack.waiting("Sweep") == (0, 0), "an empty queue")
    assert len(parts) > 1
    assert all(openssl_accepts(stack, part, tmp_path) for part in parts)
    assert {part.predicate["asOf"] for part in parts} == {answer["asOf"]}
    seen = sum(part.predicate["coverage"]["versionsSeen"] for part in parts)
    assert seen == stack.invoke("Sweep", {"mode": "fast"})["versionsSeen"]


def _follows(account, digest):
    return account.predicate.get("predecessor", {}).get("paeSha256") == digest


def test_schedules_take_one_share_after_the_other(stack):
    def index():
        payload = {"mode": "deep", "scheduled": True, "withinDays": 3}
        account = at_uri(stack, stack.invoke("Sweep", payload)["statement"])
        return account.predicate["deep"]["share"]["index"]

    first = index()
    assert [index() for _ in range(3)] == [(first + step) % 3 for step in (1, 2, 3)]
