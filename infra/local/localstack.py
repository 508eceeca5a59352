"""Runs a command with LocalStack up: the stricter judge of S3 and KMS, in a Python of its own, without containers.

LocalStack enforces no IAM and speaks plain HTTP here; it judges protocols, MiniStack judges permissions.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from . import paths
from .emulator import REGION, EmulatorError, free_port

START_DEADLINE_SECONDS = 120


def run(command: list[str]) -> int:
    """Starts LocalStack on a free port, runs `command` pointed at it, stops it. Returns the command's status."""
    python = paths.STATE / "localstack" / "bin" / "python"
    if not python.is_file():
        raise EmulatorError("LocalStack is not installed; run `make .sluice/localstack/.done`")
    port = free_port()
    directory = paths.STATE / f"localstack-{port}"
    directory.mkdir(parents=True)
    log = directory / "localstack.log"
    endpoint = f"http://127.0.0.1:{port}"
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [str(python), "-m", "localstack.runtime.main"],
            env=_server_environment(port, directory),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(endpoint, server, log)
        return subprocess.run(command, env={**os.environ, **client_environment(endpoint)}, check=False).returncode
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def client_environment(endpoint: str) -> dict[str, str]:
    """Variables with which any AWS client talks to it. Path-style addressing, since no name resolves to it."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LOCALSTACK_ENDPOINT": endpoint,
    }


def _server_environment(port: int, directory: os.PathLike[str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DISABLE_EVENTS": "1",
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALSTACK_VOLUME_DIR": str(directory),
        "SERVICES": "s3,kms,sqs,cloudwatch,sts",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "SQS_ENDPOINT_STRATEGY": "path",
        "TMPDIR": str(directory),
    }


def _wait(endpoint: str, server: subprocess.Popen[bytes], log: os.PathLike[str]) -> None:
    deadline = time.monotonic() + START_DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise EmulatorError(f"LocalStack ended with status {server.returncode}; its log: {log}")
        try:
            with urllib.request.urlopen(f"{endpoint}/_localstack/health", timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise EmulatorError(f"LocalStack did not answer within {START_DEADLINE_SECONDS} s; its log: {log}")


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
