"""A function's binary against a stand-in for the Lambda Runtime API: time from exec to its first `next`, idle memory."""

from __future__ import annotations

import dataclasses
import http.server
import io
import os
import pathlib
import statistics
import subprocess
import threading
import time
import zipfile


@dataclasses.dataclass(frozen=True)
class ColdStart:
    """What a cold start costs before the first event."""

    init_ms: float
    idle_mib: float
    zipped_mib: float


class _RuntimeApi(http.server.BaseHTTPRequestHandler):
    """Notes when `next` is asked for, and never answers: the function idles, as it would between two events."""

    def do_GET(self) -> None:  # noqa: N802 - the base class names it
        if self.path.endswith("/runtime/invocation/next"):
            self.server.asked_at = time.perf_counter()
            self.server.asked.set()
            self.server.release.wait()

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.init_error = body.decode(errors="replace")
        self.send_response(202)
        self.end_headers()
        self.server.asked.set()

    def log_message(self, *_: object) -> None:
        pass


def _start_once(bootstrap: pathlib.Path, env: dict[str, str]) -> tuple[float, float]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _RuntimeApi)
    server.asked, server.release = threading.Event(), threading.Event()
    server.asked_at, server.init_error = 0.0, None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        **env,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_address[1]}",
        "PATH": os.environ["PATH"],
    }
    begun = time.perf_counter()
    process = subprocess.Popen([str(bootstrap)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        if not server.asked.wait(10) or server.init_error:
            raise RuntimeError(f"{bootstrap} did not start: {server.init_error or process.stdout.read1(2000)}")
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return (server.asked_at - begun) * 1000, int(resident.split()[1]) / 1024
    finally:
        process.kill()
        process.wait()
        server.release.set()
        server.shutdown()


def zipped_mib(bootstrap: pathlib.Path) -> float:
    """The size of what is uploaded to Lambda."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.write(bootstrap, "bootstrap")
    return len(archive.getvalue()) / (1 << 20)


def measure(bootstrap: pathlib.Path, env: dict[str, str], runs: int = 9) -> ColdStart:
    """The median of some starts after one that warms the page cache."""
    _start_once(bootstrap, env)
    starts = [_start_once(bootstrap, env) for _ in range(runs)]
    return ColdStart(
        statistics.median(start[0] for start in starts),
        max(start[1] for start in starts),
        zipped_mib(bootstrap),
    )
