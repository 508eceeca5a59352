"""`sluice` on `s3://` URIs: what it reads, compares, writes and says when it cannot."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import subprocess
import textwrap
import uuid
import zlib

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from infra.local import paths

TABLE = b"id,email\n1,a@example.org\n2,b@example.org\n3,a@example.org\n"
RULES = 'Rules = [ IsComplete "id", IsUnique "id", RowCount = 3 ]\n'
POLICY = """
version: 1
datasets:
  - name: people
    match: "people/**"
    format: { type: csv }
    quality: { ruleset: "Rules = [ RowCount > 0 ]" }
    privacy: { domain: people, columns: { id: { transform: keep }, email: { transform: token } } }
"""
PART_BYTES = 5 * 1024 * 1024  # S3's minimum


def reflected_crc(polynomial: int, width: int):
    """A CRC with reflected input and output, all ones before and after (reveng's catalogue)."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (polynomial if byte & 1 else 0)
        table.append(byte)
    ones = (1 << width) - 1

    def crc(data: bytes) -> bytes:
        value = ones
        for byte in data:
            value = value >> 8 ^ table[(value ^ byte) & 0xFF]
        return (value ^ ones).to_bytes(width // 8, "big")

    return crc


ALGORITHMS = {
    "CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "CRC32C": reflected_crc(0x82F63B78, 32),
    "CRC64NVME": reflected_crc(0x9A6C9329AC4BC9B5, 64),
    "SHA1": lambda data: hashlib.sha1(data).digest(),  # noqa: S324 - one of those that S3 keeps
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}


def checksum(algorithm: str, data: bytes) -> dict[str, str]:
    """The field of a request that carries a checksum: boto3 itself knows only some of them."""
    return {f"Checksum{algorithm}": base64.b64encode(ALGORITHMS[algorithm](data)).decode()}


class Sluice:
    """The command, in a directory of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.binary = paths.target_directory() / "debug" / "sluice"

    def put(self, name: str, text: str) -> str:
        (self.directory / name).write_text(text, encoding="utf-8")
        return name

    def run(self, *arguments: str, code: int = 0, without: tuple[str, ...] = (), **environment: str):
        kept = {key: value for key, value in os.environ.items() if key not in without}
        done = subprocess.run(
            [str(self.binary), *arguments],
            cwd=self.directory,
            env=kept | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


@pytest.fixture(scope="session", autouse=True)
def built():
    binary = paths.target_directory() / "debug" / "sluice"
    assert binary.is_file(), "build it: cargo build -p sluice"


@pytest.fixture
def sluice(tmp_path):
    return Sluice(tmp_path)


@pytest.fixture
def raw(account):
    """Puts an object under an awkward key of its own; its URI without and with the version."""

    def put(body: bytes = TABLE, **options):
        key = f"people/{uuid.uuid4().hex}/a b+c%2B=ü.csv"
        bucket = account.buckets["raw"]
        version = account.s3.put_object(Bucket=bucket, Key=key, Body=body, **options)["VersionId"]
        return key, f"s3://{bucket}/{key}", version

    return put


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_check_judges_an_object_and_says_which_bytes(sluice, raw):
    rules = sluice.put("rules.dqdl", RULES)
    _, uri, _ = raw()
    done = sluice.run("check", uri, "--rules", rules)
    assert "3 of 3 rules pass over 3 rows" in done.stdout
    assert sha256(TABLE) in done.stdout
    sluice.run("check", raw(TABLE + b"3,c@example.org\n")[1], "--rules", rules, code=1)


def test_a_version_is_named_as_statements_name_it(sluice, raw, account):
    rules = sluice.put("rules.dqdl", RULES)
    key, uri, first = raw()
    account.s3.put_object(Bucket=account.buckets["raw"], Key=key, Body=b"id,email\n1,\n")
    sluice.run("check", uri, "--rules", rules, code=1)
    told = json.loads(sluice.run("seal", uri, "--json").stdout)
    assert told["sizeBytes"] == 12
    assert told["object"].startswith("s3://")
    assert first not in told["object"]
    encoded = told["object"].split("?versionId=")[0]
    sluice.run("check", f"{encoded}?versionId={first}", "--rules", rules)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_seal_compares_with_the_checksum_of_a_simple_upload(sluice, raw, algorithm):
    _, uri, version = raw(ChecksumAlgorithm=algorithm, **checksum(algorithm, TABLE))
    told = json.loads(sluice.run("seal", uri, "--json").stdout)
    assert told["sha256"] == sha256(TABLE)
    assert version in told["object"]
    assert [(one["algorithm"], one["verdict"]) for one in told["s3Checksums"]] == [(algorithm, "match")]


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        ("CRC32", "FULL_OBJECT"),
        ("CRC32", "COMPOSITE"),
        ("CRC32C", "FULL_OBJECT"),
        ("CRC32C", "COMPOSITE"),
        ("CRC64NVME", "FULL_OBJECT"),
        ("SHA1", "COMPOSITE"),
        ("SHA256", "COMPOSITE"),
    ],
)
def test_seal_compares_with_the_checksum_of_an_upload_in_parts(sluice, account, algorithm, kind):
    s3, at = account.s3, {"Bucket": account.buckets["raw"], "Key": f"people/{uuid.uuid4().hex}.csv"}
    parts = [TABLE * (PART_BYTES // len(TABLE) + 1), TABLE]
    upload = s3.create_multipart_upload(**at, ChecksumAlgorithm=algorithm, ChecksumType=kind)["UploadId"]
    done = []
    for number, part in enumerate(parts, 1):
        told = checksum(algorithm, part)
        sent = s3.upload_part(**at, UploadId=upload, PartNumber=number, Body=part, **told)
        done.append({"PartNumber": number, "ETag": sent["ETag"], **told})
    s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": done}, ChecksumType=kind)
    told = json.loads(sluice.run("seal", f"s3://{at['Bucket']}/{at['Key']}", "--json").stdout)
    assert told["sha256"] == sha256(b"".join(parts))
    (one,) = told["s3Checksums"]
    assert (one["algorithm"], one["verdict"]) == (algorithm, "match"), one


def test_a_statement_of_the_functions_verifies_against_the_object(sluice, functions, account, event, raw):
    key, _, version = raw()
    functions.invoke("seal", event("seal/manual.json", key, version))
    subject = sha256(f"{account.buckets['raw']}\0{key}\0{version}".encode())
    evidence = account.buckets["evidence"]
    (found,) = account.s3.list_objects_v2(Bucket=evidence, Prefix=f"att/seal/{subject[:2]}/{subject}/")["Contents"]
    der = account.kms.get_public_key(KeyId=account.signing_key)["PublicKey"]
    lines = textwrap.fill(base64.b64encode(der).decode(), 64)
    pem = sluice.put("key.pem", f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n")
    statement = f"s3://{evidence}/{found['Key']}"
    named = json.loads(sluice.run("verify", "statement", statement, "--key", pem, "--json").stdout)["subject"][0]["name"]
    sluice.run("verify", "statement", statement, "--key", pem, "--file", named)
    other = raw(TABLE + b"4,d@example.org\n")[1]
    sluice.run("verify", "statement", statement, "--key", pem, "--file", other, code=1)


def test_mask_writes_to_s3_and_never_over_an_object(sluice, raw, account):
    policy = sluice.put("policy.yaml", POLICY)
    curated = account.buckets["curated"]
    key = f"people/{uuid.uuid4().hex}.csv.gz"
    command = ["mask", raw()[1], "-p", policy, "-d", "people", "-o", f"s3://{curated}/{key}", "--key-file", "key"]
    done = sluice.run(*command)
    assert f"written to s3://{curated}/{key}?versionId=" in done.stdout
    body = account.s3.get_object(Bucket=curated, Key=key)["Body"].read()
    rows = [line.split(b",") for line in zlib.decompress(body, 31).splitlines()]
    assert rows[1][1].startswith(b"tk1_1_")
    assert rows[1][1] == rows[3][1] != rows[2][1]
    assert "there is an object already" in sluice.run(*command, code=3).stderr
    assert account.s3.get_object(Bucket=curated, Key=key)["Body"].read() == body


def test_a_failing_mask_leaves_nothing_in_s3(sluice, raw, account):
    policy = sluice.put("policy.yaml", POLICY)
    curated, key = account.buckets["curated"], f"people/{uuid.uuid4().hex}.csv"
    source = raw(TABLE + b'4,"never closed\n')[1]
    sluice.run("mask", source, "-p", policy, "-d", "people", "-o", f"s3://{curated}/{key}", code=3)
    assert account.s3.list_objects_v2(Bucket=curated, Prefix=key)["KeyCount"] == 0
    assert not account.s3.list_multipart_uploads(Bucket=curated, Prefix=key).get("Uploads")


def test_the_vault_gives_the_tokens_of_the_pipeline(sluice, raw, account):
    policy, source = sluice.put("policy.yaml", POLICY), raw()[1]
    vault = ["--vault", f"s3://{account.buckets['vault']}", "--kms-key", account.pseudonym_key]
    for output in ("first.csv", "second.csv"):
        sluice.run("mask", source, "-p", policy, "-d", "people", "-o", output, *vault)
    first, second = ((sluice.directory / name).read_bytes() for name in ("first.csv", "second.csv"))
    assert first == second
    assert b"tk1_1_" in first
    records = account.s3.list_objects_v2(Bucket=account.buckets["vault"], Prefix="domains/people/")["Contents"]
    assert [record["Key"] for record in records] == ["domains/people/1.json"]
    sluice.run("mask", source, "-p", policy, "-d", "people", "-o", "own.csv")
    assert (sluice.directory / "own.csv").read_bytes() != first
    other_key = ["--vault", vault[1], "--kms-key", account.kms.create_key()["KeyMetadata"]["Arn"]]
    done = sluice.run("mask", source, "-p", policy, "-d", "people", "-o", "wrong.csv", *other_key, code=3)
    assert "people" in done.stderr
    assert not (sluice.directory / "wrong.csv").exists()


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("s3://sluice-there-is-none/a.csv", "there is no bucket sluice-there-is-none"),
        ("s3://{raw}/people/none.csv", "the bucket has no such object"),
        ("s3://{raw}/people/none.csv?versionId=3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY", "the bucket has no such object"),
        ("s3://{raw}", "expected s3://bucket/key"),
        ("s3://UPPER/a.csv", "bucket"),
    ],
)
def test_what_is_not_there_is_told(sluice, account, location, expected):
    done = sluice.run("seal", location.format(**account.buckets), code=3)
    assert expected in done.stderr
    assert done.stdout == ""


def test_a_bucket_without_versions_is_told(sluice, account):
    bucket = f"sluice-plain-{uuid.uuid4().hex[:12]}"
    account.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_REGION"]})
    account.s3.put_object(Bucket=bucket, Key="a.csv", Body=TABLE)
    assert "keeps no versions" in sluice.run("seal", f"s3://{bucket}/a.csv", code=3).stderr


def test_missing_credentials_region_and_network_are_told(sluice, raw):
    uri = raw()[1]
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE")
    home = {"HOME": str(sluice.directory), "AWS_EC2_METADATA_DISABLED": "true"}
    assert "check that there are credentials" in sluice.run("seal", uri, code=3, without=keys, **home).stderr
    regions = ("AWS_REGION", "AWS_DEFAULT_REGION")
    assert "no AWS region" in sluice.run("seal", uri, code=3, without=regions, **home).stderr
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    assert "no answer" in sluice.run("seal", uri, code=3, **nowhere).stderr


class Trail:
    """A CloudTrail of our own in a bucket of its own: three hours, a log file and a digest each."""

    def __init__(self, s3):
        self.s3, self.bucket = s3, f"sluice-trail-{uuid.uuid4().hex[:12]}"
        s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_REGION"]})
        s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.public = self.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
        previous = None
        for hour in (1, 2, 3):
            previous = self._hour(hour, previous)

    def put(self, key: str, content: str, **metadata: str) -> None:
        body = gzip.compress(content.encode())
        self.s3.put_object(Bucket=self.bucket, Key=f"lake/{key}", Body=body, Metadata=metadata)

    def log_key(self, hour: int) -> str:
        name = f"111122223333_CloudTrail_eu-west-1_20260510T0{hour - 1}30Z_{hour:016}.json.gz"
        return f"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/05/10/{name}"

    def _hour(self, hour: int, previous: tuple[str, str, str] | None) -> tuple[str, str, str]:
        log = json.dumps({"Records": [{"eventID": str(hour)}]})
        self.put(self.log_key(hour), log)
        name = f"111122223333_CloudTrail-Digest_eu-west-1_lake_eu-west-1_20260510T0{hour}0000Z.json.gz"
        key = f"lake/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/05/10/{name}"
        at, hashed, signature = previous or (None, None, None)
        listed = {"s3Bucket": self.bucket, "s3Object": f"lake/{self.log_key(hour)}", "hashAlgorithm": "SHA-256"}
        end = f"2026-05-10T0{hour}:00:00Z"
        document = json.dumps(
            {
                "awsAccountId": "111122223333",
                "digestStartTime": f"2026-05-10T0{hour - 1}:00:00Z",
                "digestEndTime": end,
                "digestS3Bucket": self.bucket,
                "digestS3Object": key,
                "digestPublicKeyFingerprint": hashlib.md5(self.public).hexdigest(),  # noqa: S324 - AWS's choice
                "digestSignatureAlgorithm": "SHA256withRSA",
                "previousDigestS3Bucket": at and self.bucket,
                "previousDigestS3Object": at,
                "previousDigestHashValue": hashed,
                "previousDigestHashAlgorithm": at and "SHA-256",
                "previousDigestSignature": signature,
                "logFiles": [listed | {"hashValue": sha256(log.encode())}],
            }
        )
        own = sha256(document.encode())
        text = f"{end}\n{self.bucket}/{key}\n{own}\n{signature or 'null'}"
        made = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()
        self.put(key.removeprefix("lake/"), document, signature=made, **{"signature-algorithm": "SHA256withRSA"})
        return key, own, made

    def keys(self) -> str:
        value = base64.b64encode(self.public).decode()
        span = {"ValidityStartTime": "2026-01-01T00:00:00Z", "ValidityEndTime": "2027-01-01T00:00:00Z"}
        return json.dumps({"PublicKeyList": [{"Value": value, **span}]})


def test_a_trail_is_verified_in_its_bucket(sluice, account):
    trail = Trail(account.s3)
    keys = sluice.put("keys.json", trail.keys())
    command = ["verify", "trail", f"s3://{trail.bucket}/lake", "--keys", keys]
    done = sluice.run(*command)
    for line in ("INTEGRITY     holds", "COMPLETENESS  holds", "AUTHENTICITY  holds", "3 valid, 0 invalid"):
        assert line in done.stdout
    trail.put(trail.log_key(2), json.dumps({"Records": []}))
    answer = json.loads(sluice.run(*command, "--json", code=1).stdout)
    assert answer["firstBroken"]["code"] == "LOG_HASH_MISMATCH"
    assert answer["firstBroken"]["at"]["key"] == f"lake/{trail.log_key(2)}"
    # By the day's folders alone, and hidden by a delete marker.
    account.s3.delete_object(Bucket=trail.bucket, Key=f"lake/{trail.log_key(3)}")
    arn = ["--trail", "arn:aws:cloudtrail:eu-west-1:111122223333:trail/lake"]
    hours = ["--from", "2026-05-10T00:00:00Z", "--to", "2026-05-10T03:00:00Z"]
    answer = json.loads(sluice.run(*command, *arn, *hours, "--json", code=1).stdout)
    assert answer["verdicts"]["completeness"] == "fails"
    assert sluice.run("verify", "trail", "s3://sluice-there-is-none", "--keys", keys, code=3).stdout == ""


def test_wrong_usage(sluice):
    sluice.run("mask", "t.csv", "-p", "p", "-d", "d", "-o", "o.csv", "--vault", "s3://vault", code=2)
