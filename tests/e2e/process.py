"""The processes under the stack: a function's bootstrap to kill, the emulator's memory to tamper with.

Both stand for what AWS does not let one do from outside: a sandbox that dies, a disk or an insider that changes stored bytes.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from infra.local import emulator

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def bootstraps(running: emulator.Emulator, function: str) -> list[int]:
    """Processes of a function, children of the emulator."""
    named = f"AWS_LAMBDA_FUNCTION_NAME={function}".encode()
    parent = str(emulator.running_pid(running))
    found = []
    for directory in Path("/proc").iterdir():
        try:
            ours = directory.name.isdigit() and _stat(int(directory.name))[1] == parent
            if ours and named in (directory / "environ").read_bytes().split(b"\0"):
                found.append(int(directory.name))
        except OSError:
            continue  # it ended meanwhile
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def stop_at_work(running: emulator.Emulator, function: str, after: float, patience: float) -> int:
    """Waits until a process of the function has used `after` more seconds of processor time, stops it there, returns it."""
    used: dict[int, float] = {}
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        for pid in bootstraps(running, function):
            try:
                now = cpu_seconds(pid)
                # A new process is at work from its first tick: its start costs some hundredths.
                if now - used.setdefault(pid, 0.0 if used else now) >= after:
                    os.kill(pid, signal.SIGSTOP)
                    return pid
            except (OSError, IndexError):
                continue
        time.sleep(0.005)
    raise AssertionError(f"{function} did not work for {after} s within {patience} s")


def overwrite(running: emulator.Emulator, old: bytes, new: bytes) -> int:
    """Replaces bytes in the emulator's memory, where it keeps objects. Returns how often."""
    assert len(old) == len(new)
    pid = emulator.running_pid(running)
    replaced = 0
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        for line in maps:
            span, mode, *_ = line.split()
            begin, end = (int(bound, 16) for bound in span.split("-"))
            if mode.startswith("rw"):
                replaced += _overwrite(memory, begin, end, old, new)
    return replaced


def _overwrite(memory, begin: int, end: int, old: bytes, new: bytes) -> int:
    step, replaced = 64 << 20, 0
    for start in range(begin, end, step):
        try:
            memory.seek(start)
            held = memory.read(min(step + len(old), end - start))
        except (OSError, ValueError, OverflowError):
            return replaced  # reserved, not backed
        at = held.find(old)
        while at != -1:
            memory.seek(start + at)
            memory.write(new)
            replaced += 1
            at = held.find(old, at + 1)
    return replaced


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat after the command's name: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
