"""Where things of this work tree live. Everything that is not source is under `.sluice/` or the Cargo target directory."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".sluice"
TEMPLATE = ROOT / "infra" / "template.yaml"
FUNCTIONS = ("seal", "quality", "pseudonymize", "sweep", "reidentify", "release", "audit", "log", "catalog")
# Functions that a parameter asks for, and the binary that stands in for theirs until it is built: packaging wants a file
# for every function, also for those that the parameter leaves out.
OPTIONAL_FUNCTIONS = {"quality-sql": "quality"}


def target_directory() -> Path:
    """Cargo's target directory: `CARGO_TARGET_DIR`, else `target/` of the tree."""
    named = os.environ.get("CARGO_TARGET_DIR")
    return (ROOT / named).resolve() if named else ROOT / "target"


def function_binaries() -> Path:
    """Where `cargo lambda build` leaves one directory a function."""
    return target_directory() / "lambda"


def function_binary(binaries: Path, name: str) -> Path:
    """The directory of a function's binary, or of the one that stands in for it."""
    if name in OPTIONAL_FUNCTIONS and not (binaries / name / "bootstrap").is_file():
        return binaries / OPTIONAL_FUNCTIONS[name]
    return binaries / name


def tool(name: str) -> str:
    """A program of the tree's own Python environment; its directory is that of the running interpreter."""
    import sys

    return str(Path(sys.executable).parent / name)
