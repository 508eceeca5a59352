"""The deployed stack, from outside: boto3 with each role's own credentials, and nothing of the code under test.

The stack is the one template on an emulator with IAM and TLS enforced, started here on a port of its own, or the one that
already runs on SLUICE_E2E_PORT and stays there. Every test works under a key prefix of its own, so that tests share one
stack; what looks at the stack as a whole comes first (`Order.FIRST`) or last.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from infra.local import deploy, emulator  # noqa: E402 - the tree is not installed

T = TypeVar("T")
POLICY = Path(__file__).parent / "policy.yaml"
# What the template makes only when it is asked to.
PARAMETERS = {"InventorySweep": "Daily"}
PATIENT_SECONDS = 60
# No retries: a denial or a failure is seen as it is. Patience: a sweep of all that tests left takes long on a busy machine.
PLAIN = Config(retries={"total_max_attempts": 1}, read_timeout=300, s3={"addressing_style": "path"})


@dataclass
class Stack:
    """What a test needs of the deployment: its outputs and clients as whoever the test wants to be."""

    running: emulator.Emulator
    outputs: dict[str, str]
    _sessions: dict[str, boto3.Session] = field(default_factory=dict)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def root(self, service: str) -> Any:
        """A client as the account's root, whom no bucket policy binds here: for looking, not for proving."""
        return self._client("root", deploy.session(self.running), service)

    def as_role(self, role: str, service: str) -> Any:
        """A client with the credentials of a role, named as in the outputs without `RoleArn`."""
        if role not in self._sessions:
            taken = self.root("sts").assume_role(RoleArn=self.outputs[f"{role}RoleArn"], RoleSessionName="e2e")
            credentials = taken["Credentials"]
            self._sessions[role] = boto3.Session(
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
                region_name=emulator.REGION,
            )
        return self._client(role, self._sessions[role], service)

    def bucket(self, zone: str) -> str:
        """The name of a zone's bucket: raw, curated, evidence, vault, and that of inventories."""
        return self.outputs[f"{zone.capitalize()}BucketName"]

    def upload(self, key: str, body: bytes, **options: Any) -> str:
        """Uploads as an uploader would. Returns the version."""
        put = self.as_role("Uploader", "s3").put_object(Bucket=self.bucket("raw"), Key=key, Body=body, **options)
        return put["VersionId"]

    @contextlib.contextmanager
    def paused(self, stage: str) -> Iterator[None]:
        """Within it, a stage receives nothing: its queue fills."""
        (mapping,) = self.root("lambda").list_event_source_mappings(FunctionName=self.outputs[f"{stage}FunctionName"])[
            "EventSourceMappings"
        ]
        self.root("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            self.root("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    @contextlib.contextmanager
    def redelivering_after(self, seconds: int, *stages: str) -> Iterator[None]:
        """Within it, what a stage gives back comes again after seconds, not after the six minutes that six times the
        function's timeout are: a test shows that it comes, not when."""
        queues = [self.outputs[f"{stage}QueueUrl"] for stage in stages]
        read = {url: self.root("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"]) for url in queues}
        for url in queues:
            self.root("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
        try:
            yield
        finally:
            for url in queues:
                self.root("sqs").set_queue_attributes(QueueUrl=url, Attributes=read[url]["Attributes"])

    def send(self, stage: str, body: Any) -> None:
        """Puts a message into a stage's queue."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.root("sqs").send_message(QueueUrl=self.outputs[f"{stage}QueueUrl"], MessageBody=text)

    def event(self, key: str) -> dict[str, str]:
        """What tells a stage of the newest version of a key of the evidence bucket."""
        bucket = self.bucket("evidence")
        return {"bucket": bucket, "key": key, "versionId": self.root("s3").head_object(Bucket=bucket, Key=key)["VersionId"]}

    def pending(self) -> int:
        """Messages that no stage has finished."""
        return sum(self.waiting(stage)[0] for stage in ("Seal", "Quality", "Pseudonymize"))

    def counted(self, metric: str, **dimensions: str) -> float:
        """The sum of a metric of ours, of all time."""
        now = datetime.datetime.now(datetime.UTC)
        read = self.root("cloudwatch").get_metric_statistics(
            Namespace="Sluice",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - datetime.timedelta(hours=2),
            EndTime=now + datetime.timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        return sum(point["Sum"] for point in read["Datapoints"])

    def purge(self) -> None:
        """Takes out of the later stages' queues what they gave back and would get again and again until they give up."""
        for stage in ("Quality", "Pseudonymize"):
            self.root("sqs").purge_queue(QueueUrl=self.outputs[f"{stage}QueueUrl"])

    def waiting(self, stage: str) -> tuple[int, int]:
        """Messages that a stage has not finished, and that it gave up on."""
        return self._depth(f"{stage}QueueUrl"), self._depth(f"{stage}DeadLetterQueueUrl")

    def invoke(self, function: str, payload: Any, role: str | None = None) -> Any:
        """Calls a function, as a role or as root, and returns its answer; a function error fails the test."""
        client = self.as_role(role, "lambda") if role else self.root("lambda")
        answer = client.invoke(FunctionName=self.outputs[f"{function}FunctionName"], Payload=json.dumps(payload).encode())
        body = json.loads(answer["Payload"].read() or b"null")
        assert "FunctionError" not in answer, body
        return body

    def _client(self, who: str, session: boto3.Session, service: str) -> Any:
        # A client costs a tenth of a second to make and may be shared between threads.
        if (who, service) not in self._clients:
            authority = str(self.running.certificate.authority)
            client = session.client(service, endpoint_url=self.running.endpoint, verify=authority, config=PLAIN)
            self._clients[who, service] = client
        return self._clients[who, service]

    def _depth(self, output: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
        read = self.root("sqs").get_queue_attributes(QueueUrl=self.outputs[output], AttributeNames=names)
        return sum(int(read["Attributes"].get(name, 0)) for name in names)


class Order:
    """Modules that look at the stack as a whole."""

    FIRST = ("test_sweep_clean", "test_export", "test_inventory")
    LAST = ("test_sweep", "test_reidentify", "test_secrets")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A sweep is clean before others tamper; secrets are looked for when all logs are written."""

    def place(item: pytest.Item) -> int:
        name = item.path.stem
        if name in Order.FIRST:
            return Order.FIRST.index(name) - len(Order.FIRST)
        return Order.LAST.index(name) + 1 if name in Order.LAST else 0

    items.sort(key=place)


@pytest.fixture(scope="session")
def stack() -> Any:
    """The deployed stack. Its log stays under .sluice/ when the run ends."""
    kept = os.environ.get("SLUICE_E2E_PORT")
    running = emulator.start(int(kept) if kept else emulator.free_port())
    try:
        yield Stack(running, deploy.to_emulator(running, policy=POLICY, parameters=PARAMETERS))
    finally:
        if not kept:
            emulator.stop(running.port)
            shutil.rmtree(running.directory / "tmp", ignore_errors=True)


@pytest.fixture
def account() -> Iterator[emulator.Emulator]:
    """An empty account of its own, for what would disturb the stack that all share."""
    running = emulator.start(emulator.free_port())
    try:
        yield running
    finally:
        emulator.stop(running.port)
        shutil.rmtree(running.directory / "tmp", ignore_errors=True)


@pytest.fixture
def prefix() -> str:
    """A key prefix that no other test has."""
    return f"e2e/{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """`eventually(probe, what)`: polls until `probe()` is truthy and returns that; says what was missing when it never is."""

    def wait(probe: Callable[[], T], what: str, seconds: float = PATIENT_SECONDS) -> T:
        deadline = time.monotonic() + seconds
        while not (found := probe()):
            assert time.monotonic() < deadline, f"after {seconds:.0f} s still waiting for {what}"
            time.sleep(0.05)
        return found

    return wait


@pytest.fixture(scope="session")
def openssl() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Runs openssl: an independent judge of signatures."""

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["openssl", *arguments], capture_output=True, check=False)

    return run
