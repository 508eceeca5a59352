"""Every function under `cargo lambda watch`, called with `cargo lambda invoke`, against LocalStack.

LocalStack is the stricter judge of S3 and KMS; no permission is checked here (tests/e2e does that). The functions are
the binaries that `cargo lambda build` left, so nothing is compiled twice: `watch --only-lambda-apis` serves the Runtime
API and the processes are started here, each with the environment that infra/template.yaml gives it.

Run by `make test-invoke`, which starts LocalStack.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
from botocore.config import Config
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from infra.local import paths, render  # noqa: E402 - the tree is not installed
from infra.local.emulator import REGION, free_port  # noqa: E402

EVENTS = ROOT / "events"
POLICY = ROOT / "tests" / "e2e" / "policy.yaml"
# The names that stand in events/, by the function that they wake.
SUBJECT = "att/{stage}/17/174efbdff5d85ff8a858b81b429b3cdfc63c50fd1b458d85aa83afbac23a41e0/{run}.dsse.json"
DOCUMENTED_KEYS = {
    "seal": ["flights/2013/nyc+flights%2Bdelays.csv", "flights/2013/nyc flights+delays.csv"],
    "quality": [SUBJECT.format(stage="seal", run="0")],
    "pseudonymize": [SUBJECT.format(stage="quality", run="7666f0507e9b2d38e9dee8b3a19b4379")],
}
DOCUMENTED_VERSIONS = {
    "seal": "3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY",
    "quality": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
    "pseudonymize": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
}
WITHOUT_VERSION = "sqs-eventbridge-without-version"
START_SECONDS = 30
INVOKE_SECONDS = 30


@dataclass(frozen=True)
class Kept:
    """A stored statement."""

    key: str
    version: str
    envelope: bytes

    @property
    def payload(self) -> dict[str, Any]:
        """What is stated."""
        return json.loads(base64.b64decode(json.loads(self.envelope)["payload"]))

    @property
    def predicate(self) -> dict[str, Any]:
        """What the stage says of its subject."""
        return self.payload["predicate"]

    @property
    def version_of_subject(self) -> str:
        """The version that its only subject names."""
        (subject,) = self.payload["subject"]
        return unquote(subject["name"].partition("?versionId=")[2])


class Account:
    """What the template makes, made by hand where LocalStack's CloudFormation would not: buckets, keys, queues."""

    def __init__(self) -> None:
        assert "AWS_ENDPOINT_URL" in os.environ, "run by `make test-invoke`, which starts LocalStack"
        self.s3 = self._client("s3")
        self.kms = self._client("kms")
        self.buckets = {zone: f"sluice-{zone}-111122223333-{REGION}" for zone in ("raw", "curated", "evidence", "vault", "trail")}
        for zone, bucket in self.buckets.items():
            self.s3.create_bucket(
                Bucket=bucket,
                CreateBucketConfiguration={"LocationConstraint": REGION},
                ObjectLockEnabledForBucket=zone in ("raw", "evidence"),
            )
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.signing_key = self.kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        self.pseudonym_key = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.sqs = self._client("sqs")
        stages = ("Seal", "Quality", "Pseudonymize")
        self.queue_urls = {
            f"{stage}Queue": self.sqs.create_queue(QueueName=f"sluice-{stage.lower()}")["QueueUrl"] for stage in stages
        }
        self.s3.put_object(Bucket=self.buckets["evidence"], Key="policy/pipeline.yaml", Body=POLICY.read_bytes())

    def upload(self, key: str, body: bytes) -> str:
        """Uploads to raw. Returns the version."""
        return self.s3.put_object(Bucket=self.buckets["raw"], Key=key, Body=body)["VersionId"]

    def statements(self, stage: str, key: str, version: str) -> list[Kept]:
        """The statements of a stage about an upload."""
        subject = hashlib.sha256(f"{self.buckets['raw']}\0{key}\0{version}".encode()).hexdigest()
        return self._kept(f"att/{stage}/{subject[:2]}/{subject}/")

    def findings(self) -> list[Kept]:
        """Every finding."""
        return self._kept("att/finding/")

    def at_uri(self, uri: str) -> tuple[str, bytes]:
        """Bucket and bytes of `s3://bucket/key?versionId=version`."""
        bucket, _, rest = uri.removeprefix("s3://").partition("/")
        key, _, version = rest.partition("?versionId=")
        read = self.s3.get_object(Bucket=bucket, Key=unquote(key), VersionId=unquote(version))
        return bucket, read["Body"].read()

    def holds(self, envelope: bytes) -> bool:
        """Whether the signing key's public half verifies an envelope."""
        opened = json.loads(envelope)
        payload, kind = base64.b64decode(opened["payload"]), opened["payloadType"].encode()
        signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
        public = serialization.load_der_public_key(self.kms.get_public_key(KeyId=self.signing_key)["PublicKey"])
        assert isinstance(public, ec.EllipticCurvePublicKey)
        try:
            public.verify(base64.b64decode(opened["signatures"][0]["sig"]), signed, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def _kept(self, prefix: str) -> list[Kept]:
        bucket = self.buckets["evidence"]
        listed = self.s3.list_object_versions(Bucket=bucket, Prefix=prefix).get("Versions", [])
        return [
            Kept(item["Key"], item["VersionId"], self.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
            for item in listed
        ]

    def resolve(self, value: Any) -> str | None:
        """The value of an environment variable as the template writes it; none where the template leaves it out."""
        if value == {"Ref": "AWS::NoValue"}:
            return None
        if not isinstance(value, dict):
            return str(value)
        if "Fn::If" in value:
            return self.resolve(value["Fn::If"][2])  # nothing that a condition asks for is made here
        if "Fn::Join" in value:
            return value["Fn::Join"][0].join(filter(None, map(self.resolve, value["Fn::Join"][1])))
        if "Fn::Sub" in value:
            text, given = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else (value["Fn::Sub"], {})
            names = {name: str(self.resolve(of)) for name, of in given.items()}
            return re.sub(r"\$\{([^}]+)}", lambda name: names.get(name[1]) or self._named(name[1]), text)
        return self._named(value["Ref"]) if "Ref" in value else self._named(".".join(value["Fn::GetAtt"]))

    def _named(self, name: str) -> str:
        logical, _, attribute = name.partition(".")
        known = {f"{zone.capitalize()}Bucket": bucket for zone, bucket in self.buckets.items()}
        known |= {
            "SigningKey": self.signing_key,
            "PseudonymKey": self.pseudonym_key,
            "RetentionMode": "GOVERNANCE",
            "CatalogDatabase": "lake",
            "ExistingTrailArn": f"arn:aws:cloudtrail:{REGION}:111122223333:trail/existing",
            "TrailKeys": "evidence:policy/cloudtrail-keys.json",
            "DeployerArn": "",
            "NamePrefix": "sluice",
            "AWS::Region": REGION,
            "AWS::AccountId": "111122223333",
        }
        known |= {
            f"{zone}DataKey": f"arn:aws:kms:{REGION}:111122223333:key/{zone.lower()}"
            for zone in ("Raw", "Curated", "Evidence", "Vault", "Trail")
        }
        known |= dict.fromkeys(("LogAnchorBucketName", "RetiredSigningKeys", "RetiredCheckpointKeys"), "")
        known |= {"CheckpointKey": f"arn:aws:kms:{REGION}:111122223333:key/checkpoint"}  # LocalStack makes no Ed25519 keys
        known |= {
            "RawKeyPrefix": "",
            "EvidenceRetentionDays": "1",
            "RawRetentionDays": "1",
        }
        known |= {queue: self._arn(url) for queue, url in self.queue_urls.items()} if attribute else self.queue_urls
        return known[logical]

    def _arn(self, queue_url: str) -> str:
        return self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def _client(self, service: str) -> Any:
        return boto3.client(service, config=Config(s3={"addressing_style": "path"}))


class Functions:
    """The running functions, and how to call them."""

    def __init__(self, account: Account, directory: Path) -> None:
        self.account, self.directory, self.port = account, directory, free_port()
        template = render.load(paths.TEMPLATE)
        self._processes = [self._start("watch", [*self._cargo("watch"), "--only-lambda-apis"], dict(os.environ))]
        self._wait()
        for name in paths.FUNCTIONS:
            told = template["Resources"][f"{name.capitalize()}Function"]["Properties"]["Environment"]["Variables"]
            resolved = {variable: account.resolve(value) for variable, value in told.items()}
            environment = {variable: value for variable, value in resolved.items() if value is not None}
            binary = paths.function_binaries() / name / "bootstrap"
            self._processes.append(self._start(name, [str(binary)], self._environment(name) | environment))

    def invoke(self, name: str, event: Any) -> Any:
        """`cargo lambda invoke NAME --data-file FILE`: the function's answer."""
        done = self._call(name, event)
        assert done.returncode == 0, done.stderr + self.log(name)
        return json.loads(done.stdout or "null")

    def refuses(self, name: str, event: Any) -> str:
        """What a function says that fails, and goes on running."""
        done = self._call(name, event)
        said = done.stdout + done.stderr
        assert done.returncode != 0 or "errorType" in said, said
        return said

    def _call(self, name: str, event: Any) -> subprocess.CompletedProcess[str]:
        file = self.directory / f"{name}-{uuid.uuid4().hex}.json"
        file.write_text(json.dumps(event), encoding="utf-8")
        process = self._processes[1 + paths.FUNCTIONS.index(name)]
        assert process.poll() is None, f"{name} has ended: {self.log(name)}"
        command = [*self._cargo("invoke"), name, "--data-file", str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=INVOKE_SECONDS)

    def log(self, name: str) -> str:
        """What a function wrote, for a failing test to show."""
        return (self.directory / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def stop(self) -> None:
        """Ends what was started here."""
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(timeout=10)

    def _cargo(self, command: str) -> list[str]:
        return [paths.tool("cargo-lambda"), "lambda", command, "-A", "127.0.0.1", "-P", str(self.port)]

    def _environment(self, name: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key.startswith("AWS_") or key == "PATH"}
        return kept | {
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{self.port}/.rt/{name}",
        }

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.directory / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                command, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail(f"cargo lambda watch does not answer: {self.log('watch')}")


@pytest.fixture(scope="session")
def account() -> Account:
    """Buckets, keys and a queue in LocalStack."""
    return Account()


@pytest.fixture(scope="session")
def functions(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The functions, running."""
    running = Functions(account, tmp_path_factory.mktemp("functions"))
    yield running
    running.stop()


@pytest.fixture
def event() -> Any:
    """`event(file, key, version)`: an event of events/ about another object."""

    def load(file: str, key: str, version: str) -> Any:
        function, name = file.split("/")
        text = (EVENTS / file).read_text(encoding="utf-8")
        assert any(documented in text for documented in DOCUMENTED_KEYS[function]), f"{file} names no object to replace"
        for documented in DOCUMENTED_KEYS[function]:
            text = text.replace(documented, key)
        assert (DOCUMENTED_VERSIONS[function] in text) == (name.removesuffix(".json") != WITHOUT_VERSION)
        return json.loads(text.replace(DOCUMENTED_VERSIONS[function], version))

    return load


@pytest.fixture
def batch() -> Any:
    """`batch(record, …)`: an invocation by SQS with several messages."""
    return lambda *records: {"Records": list(records)}


@pytest.fixture
def documented() -> Any:
    """`documented(file)`: an event of events/ as it stands there."""
    return lambda file: json.loads((EVENTS / file).read_text(encoding="utf-8"))


@pytest.fixture
def went_through(functions: Functions, account: Account, event: Any) -> Any:
    """`went_through(stages, key, body)`: uploads and runs the stages. Returns the version and the last stage's statement."""

    def run(stages: list[str], key: str, body: bytes) -> tuple[str, Kept]:
        version = account.upload(key, body)
        at_key, at_version, kept = key, version, None
        for stage in stages:
            functions.invoke(stage, event(f"{stage}/manual.json", at_key, at_version))
            (kept,) = account.statements(stage, key, version)
            at_key, at_version = kept.key, kept.version
        assert kept is not None
        return version, kept

    return run
