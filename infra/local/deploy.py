"""Deploys the stack: the template as it is to AWS, the rendered one to the emulator; then the pipeline policy."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from . import paths, render, stack
from .emulator import REGION, Emulator

STACK = "sluice"
POLICY = paths.ROOT / "infra" / "policy" / "pipeline.yaml"
NEW_ROLE_SECONDS = 30
# Two cores, two at a time; people's roles without a second factor, which the emulator cannot ask for.
LOCAL_PARAMETERS = {
    "Architecture": "x86_64" if os.uname().machine == "x86_64" else "arm64",
    "EvidenceRetentionDays": "1",
    # The emulator's CloudFormation makes no trail and it knows no public keys: a trail is made by API, tests deliver files
    # and keep their key beside the policy.
    "ExistingTrailArn": f"arn:aws:cloudtrail:{REGION}:000000000000:trail/existing",
    "TrailKeys": "evidence:policy/cloudtrail-keys.json",
    "RawRetentionDays": "1",
    "RequireMfa": "false",
    "StageConcurrency": "2",
    "StageTimeoutSeconds": "60",
}


class DeployError(RuntimeError):
    """Deployment did not complete; the message says what to do."""


def session(emulator: Emulator) -> boto3.Session:
    """A session as the emulator account's root. Every client needs the emulator's endpoint and authority: `client`."""
    environment = emulator.environment()
    return _PointedSession(
        emulator,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


class _PointedSession(boto3.Session):
    def __init__(self, emulator: Emulator, **options: str) -> None:
        super().__init__(**options)
        self._emulator = emulator

    def client(self, service: str, **options: Any) -> Any:
        options.setdefault("endpoint_url", self._emulator.endpoint)
        options.setdefault("verify", str(self._emulator.certificate.authority))
        return super().client(service, **options)


def to_emulator(emulator: Emulator, *, parameters: dict[str, str] | None = None, policy: Path = POLICY) -> dict[str, str]:
    """Renders, deploys, settles and uploads the policy. Returns the stack's outputs."""
    binaries = paths.function_binaries()
    missing = [name for name in paths.FUNCTIONS if not (binaries / name / "bootstrap").is_file()]
    if missing:
        raise DeployError(f"no binary for {', '.join(missing)} under {binaries}; run `make build-local` first")
    chosen = LOCAL_PARAMETERS | (parameters or {})
    template, _ = render.render(render.load(paths.TEMPLATE), binaries, chosen)
    rendered = emulator.directory / "template.json"
    render.write(template, rendered)
    _sam(
        ["deploy", "--template-file", str(rendered), "--stack-name", STACK, "--region", REGION, "--resolve-s3"]
        + ["--capabilities", "CAPABILITY_NAMED_IAM", "--no-confirm-changeset", "--no-fail-on-empty-changeset"]
        + ["--no-progressbar", "--parameter-overrides", *(f"{name}={value}" for name, value in chosen.items())],
        {**_without_aws(os.environ), **emulator.environment()},
        emulator.directory / "deploy.log",
    )
    found = session(emulator)
    stack.settle_buckets(found, STACK, template)
    outputs = stack.outputs(found, STACK)
    stack.settle_trail(found, chosen["ExistingTrailArn"].rsplit("/", 1)[1], outputs)
    upload_policy(found, outputs, policy)
    return outputs


def upload_policy(found: boto3.Session, outputs: dict[str, str], policy: Path) -> str:
    """Puts the pipeline policy where the functions read it, as the one role that may. Returns its version."""
    taken = _assume(found.client("sts"), outputs["PolicyEditorRoleArn"])
    editor = found.client(
        "s3",
        aws_access_key_id=taken["AccessKeyId"],
        aws_secret_access_key=taken["SecretAccessKey"],
        aws_session_token=taken["SessionToken"],
    )
    put = editor.put_object(
        Bucket=outputs["EvidenceBucketName"],
        Key=outputs["PolicyKey"],
        Body=policy.read_bytes(),
        ContentType="application/yaml",
        ChecksumAlgorithm="SHA256",
    )
    return put["VersionId"]


def _assume(sts: Any, role: str) -> dict[str, Any]:
    """Credentials of a role that may be seconds old: IAM is told everywhere a little later than it answers."""
    deadline = time.monotonic() + NEW_ROLE_SECONDS
    while True:
        try:
            return sts.assume_role(RoleArn=role, RoleSessionName="deploy")["Credentials"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied" or time.monotonic() > deadline:
                raise DeployError(f"cannot assume {role}, which uploads the pipeline policy: {error}") from error
            time.sleep(1)


def _without_aws(environment: os._Environ[str]) -> dict[str, str]:
    """No profile, region or credential of the person's own reaches the emulator, nor the other way round."""
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


def _sam(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    with log.open("wb") as sink:
        done = subprocess.run(
            [paths.tool("sam"), *arguments], env=environment, stdout=sink, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise DeployError(f"sam deploy ended with status {done.returncode}; whole log: {log}\n{tail}")
