"""Starts and stops MiniStack: IAM enforced, TLS only, loopback only, its files under `.sluice/`."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .tls import Certificate, ensure_certificate

DEFAULT_PORT = 4566
REGION = "eu-central-1"
START_DEADLINE_SECONDS = 60
STOP_DEADLINE_SECONDS = 10


class EmulatorError(RuntimeError):
    """The emulator did not start or stop; the message says where its log is."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator: where it listens, whom to trust, where its log is."""

    port: int
    certificate: Certificate
    directory: Path

    @property
    def endpoint(self) -> str:
        """Its address, for `AWS_ENDPOINT_URL`."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it and the functions' processes wrote."""
        return self.directory / "emulator.log"

    def environment(self) -> dict[str, str]:
        """Variables with which any AWS client, ours or not, talks to it as the account's root."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CA_BUNDLE": str(self.certificate.authority),
            "SSL_CERT_FILE": str(self.certificate.authority),
            "REQUESTS_CA_BUNDLE": str(self.certificate.authority),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
        }


def describe(port: int = DEFAULT_PORT) -> Emulator:
    """The emulator of this tree on `port`, whether or not it runs."""
    return Emulator(port, ensure_certificate(paths.STATE / "tls"), paths.STATE / f"emulator-{port}")


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(port: int = DEFAULT_PORT) -> Emulator:
    """Starts it and waits until it answers. One that already runs on `port` for this tree is returned as it is."""
    emulator = describe(port)
    if running_pid(emulator) is not None and _answers(emulator):
        return emulator
    _refuse_taken_port(port, emulator)
    temporary = emulator.directory / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= emulator.environment()
    environment |= {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "LAMBDA_STRICT": "0",
        "LOG_LEVEL": os.environ.get("SLUICE_EMULATOR_LOG", "INFO"),
        "MINISTACK_REGION": REGION,
        "MINISTACK_SSL_CERT": str(emulator.certificate.leaf),
        "MINISTACK_SSL_KEY": str(emulator.certificate.key),
        "TMPDIR": str(temporary),
        "USE_SSL": "1",
    }
    with emulator.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("ministack.py"))],
            env=environment,
            cwd=emulator.directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _pid_file(emulator).write_text(f"{process.pid}\n")
    deadline = time.monotonic() + START_DEADLINE_SECONDS
    while not _answers(emulator):
        if process.poll() is not None:
            raise EmulatorError(f"the emulator ended with status {process.returncode}; its log: {emulator.log}")
        if time.monotonic() > deadline:
            stop(port)
            raise EmulatorError(f"the emulator did not answer within {START_DEADLINE_SECONDS} s; its log: {emulator.log}")
        time.sleep(0.1)
    return emulator


def stop(port: int = DEFAULT_PORT) -> bool:
    """Stops the emulator that this tree started on `port`, functions included. False when none runs."""
    emulator = describe(port)
    pid = running_pid(emulator)
    if pid is None:
        return False
    for request in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, request)
        except ProcessLookupError:
            break
        if _ended(pid):
            break
    _pid_file(emulator).unlink(missing_ok=True)
    return True


def running_pid(emulator: Emulator) -> int | None:
    """The process that the pid file names, if it is still ours."""
    try:
        pid = int(_pid_file(emulator).read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if b"ministack" in command else None


def _ended(pid: int) -> bool:
    deadline = time.monotonic() + STOP_DEADLINE_SECONDS
    while time.monotonic() < deadline:
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                return True
        except ChildProcessError:
            if not Path(f"/proc/{pid}").exists():
                return True
        time.sleep(0.05)
    return False


def _pid_file(emulator: Emulator) -> Path:
    return emulator.directory / "emulator.pid"


def _refuse_taken_port(port: int, emulator: Emulator) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise EmulatorError(f"port {port} is taken; stop what listens there or choose another with SLUICE_PORT") from error
    emulator.directory.mkdir(parents=True, exist_ok=True)


def _answers(emulator: Emulator) -> bool:
    trust = ssl.create_default_context(cafile=str(emulator.certificate.authority))
    try:
        with urllib.request.urlopen(f"{emulator.endpoint}/_ministack/health", timeout=2, context=trust) as answer:  # noqa: S310
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
