"""Deploys to AWS and takes the stack down again, with the credentials and region of the caller's environment."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import boto3

from . import paths, stack
from .deploy import POLICY, DeployError, upload_policy

DEPLOYABLE = paths.STATE / "aws" / "template.yaml"


def deploy(name: str, architecture: str, template: Path = paths.TEMPLATE) -> None:
    """`sam deploy` of the template as it is; only `CodeUri` follows Cargo's target directory. Then the policy.

    Another template than ours is for what is not AWS: the tests deploy the one rendered for the emulator.
    """
    binaries = paths.function_binaries()
    missing = [function for function in paths.FUNCTIONS if not (binaries / function / "bootstrap").is_file()]
    if missing:
        raise DeployError(f"no binary for {', '.join(missing)} under {binaries}; run `make build` first")
    DEPLOYABLE.parent.mkdir(parents=True, exist_ok=True)
    text = template.read_text(encoding="utf-8")
    for function in paths.OPTIONAL_FUNCTIONS:
        found = paths.function_binary(binaries, function)
        text = text.replace(f"CodeUri: ../target/lambda/{function}/", f"CodeUri: {found}/")
    text = text.replace("CodeUri: ../target/lambda/", f"CodeUri: {binaries}/")
    DEPLOYABLE.write_text(text, encoding="utf-8")
    configuration = paths.ROOT / "infra" / "samconfig.toml"
    done = subprocess.run(
        [paths.tool("sam"), "deploy", "--template-file", str(DEPLOYABLE), "--config-file", str(configuration)]
        + ["--stack-name", name, *_overrides(configuration, architecture)],
        cwd=paths.ROOT,
        check=False,
    )
    if done.returncode != 0:
        raise DeployError(f"sam deploy ended with status {done.returncode}")
    session = boto3.Session()
    outputs = stack.outputs(session, name)
    version = upload_policy(session, outputs, POLICY)
    print(f"policy {outputs['PolicyKey']} is version {version}")
    print(f"upload to s3://{outputs['RawBucketName']}/, read from s3://{outputs['CuratedBucketName']}/")


def destroy(name: str) -> None:
    """Deletes the stack and says what stays: buckets and keys are retained on purpose."""
    session = boto3.Session()
    outputs = stack.outputs(session, name)
    done = subprocess.run([paths.tool("sam"), "delete", "--stack-name", name, "--no-prompts"], cwd=paths.ROOT, check=False)
    if done.returncode != 0:
        raise DeployError(f"sam delete ended with status {done.returncode}")
    print("kept, with everything in them; delete them yourself when their retention is over:")
    for output, value in sorted(outputs.items()):
        if output.endswith(("BucketName", "KeyArn")):
            print(f"  {value}")


def _overrides(configuration: Path, architecture: str) -> list[str]:
    kept = tomllib.loads(configuration.read_text(encoding="utf-8"))["default"]["deploy"]["parameters"]["parameter_overrides"]
    chosen = [item for item in kept if not item.startswith("Architecture=")]
    return ["--parameter-overrides", *chosen, f"Architecture={architecture}"]
