"""Every function under `cargo lambda watch`, called with `cargo lambda invoke`, against LocalStack.

LocalStack is the stricter judge of S3 and KMS; no permission is checked here (tests/e2e does that). The functions are
the binaries that `cargo lambda build` left, so nothing is compiled twice: `watch --only-lambda-apis` serves the Runtime
API and the processes are started here, each with the environment that infra/template.yaml gives it.

Run by `make test-invoke`, which starts LocalStack.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from infra.local import paths, render  # noqa: E402 - the tree is not installed
from infra.local.emulator import REGION, free_port  # noqa: E402

EVENTS = ROOT / "events"
POLICY = ROOT / "tests" / "e2e" / "policy.yaml"
# The names that stand in events/.
DOCUMENTED = {"key": "flights/2013/nyc flights+delays.csv", "form_key": "flights/2013/nyc+flights%2Bdelays.csv"}
DOCUMENTED_VERSION = "3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"
START_SECONDS = 30
INVOKE_SECONDS = 30


class Account:
    """What the template makes, made by hand where LocalStack's CloudFormation would not: buckets, keys, a queue."""

    def __init__(self) -> None:
        assert "AWS_ENDPOINT_URL" in os.environ, "run by `make test-invoke`, which starts LocalStack"
        self.s3 = self._client("s3")
        self.kms = self._client("kms")
        self.buckets = {zone: f"sluice-{zone}-111122223333-{REGION}" for zone in ("raw", "curated", "evidence", "vault")}
        for zone, bucket in self.buckets.items():
            self.s3.create_bucket(
                Bucket=bucket,
                CreateBucketConfiguration={"LocationConstraint": REGION},
                ObjectLockEnabledForBucket=zone in ("raw", "evidence"),
            )
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.signing_key = self.kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        self.pseudonym_key = self.kms.create_key()["KeyMetadata"]["Arn"]
        sqs = self._client("sqs")
        self.queue_url = sqs.create_queue(QueueName="sluice-seal")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["QueueArn"])["Attributes"]
        self.queue_arn = attributes["QueueArn"]
        self.s3.put_object(Bucket=self.buckets["evidence"], Key="policy/pipeline.yaml", Body=POLICY.read_bytes())

    def upload(self, key: str, body: bytes) -> str:
        """Uploads to raw. Returns the version."""
        return self.s3.put_object(Bucket=self.buckets["raw"], Key=key, Body=body)["VersionId"]

    def resolve(self, value: Any) -> str:
        """The value of an environment variable as the template writes it."""
        if not isinstance(value, dict):
            return str(value)
        logical = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
        known = {f"{zone.capitalize()}Bucket": bucket for zone, bucket in self.buckets.items()}
        known |= {
            "SigningKey": self.signing_key,
            "PseudonymKey": self.pseudonym_key,
            "RetentionMode": "GOVERNANCE",
            "CatalogDatabase": "lake",
        }
        known |= {
            "RawKeyPrefix": "",
            "EvidenceRetentionDays": "1",
            "RawRetentionDays": "1",
            "SealQueue": self.queue_url if "Ref" in value else self.queue_arn,
        }
        return known[logical]

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
            environment = {variable: account.resolve(value) for variable, value in told.items()}
            binary = paths.function_binaries() / name / "bootstrap"
            self._processes.append(self._start(name, [str(binary)], self._environment(name) | environment))

    def invoke(self, name: str, event: Any) -> Any:
        """`cargo lambda invoke NAME --data-file FILE`: the function's answer."""
        file = self.directory / f"{name}-{uuid.uuid4().hex}.json"
        file.write_text(json.dumps(event), encoding="utf-8")
        process = self._processes[1 + paths.FUNCTIONS.index(name)]
        assert process.poll() is None, f"{name} has ended: {self.log(name)}"
        command = [*self._cargo("invoke"), name, "--data-file", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INVOKE_SECONDS)
        assert done.returncode == 0, done.stderr + self.log(name)
        return json.loads(done.stdout or "null")

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
        text = (EVENTS / file).read_text(encoding="utf-8")
        assert DOCUMENTED_VERSION in text, f"{file} names no object to replace"
        text = text.replace(DOCUMENTED["form_key"], key).replace(DOCUMENTED["key"], key)
        return json.loads(text.replace(DOCUMENTED_VERSION, version))

    return load
