"""One command on one core or more: CPU seconds and peak memory, from the kernel's own accounting of the finished process."""

from __future__ import annotations

import dataclasses
import os
import statistics
import subprocess
import time
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Cost:
    """Median CPU seconds (user and system), median seconds by the clock, and largest resident memory of some runs."""

    cpu_seconds: float
    seconds: float
    peak_mib: float
    exit_code: int


def run_once(command: list[str], cores: Iterable[int], env: dict[str, str] | None = None) -> Cost:
    """Runs a command to its end with its output thrown away."""
    begun = time.monotonic()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    exit_code = os.waitstatus_to_exitcode(status)
    process.returncode = exit_code
    if exit_code not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} ended with {exit_code}: {errors.decode(errors='replace')[-800:]}")
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - begun, usage.ru_maxrss / 1024, exit_code)


def run(command: list[str], cores: Iterable[int] = (0,), runs: int = 3, env: dict[str, str] | None = None) -> Cost:
    """The median of some runs after one that warms the page cache."""
    run_once(command, cores, env)
    costs = [run_once(command, cores, env) for _ in range(runs)]
    return Cost(
        statistics.median(cost.cpu_seconds for cost in costs),
        statistics.median(cost.seconds for cost in costs),
        max(cost.peak_mib for cost in costs),
        costs[-1].exit_code,
    )
