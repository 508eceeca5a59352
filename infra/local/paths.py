"""Where things of this work tree live. Everything that is not source is under `.sluice/` or the Cargo target directory."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".sluice"
TEMPLATE = ROOT / "infra" / "template.yaml"
FUNCTIONS = ("seal", "quality", "pseudonymize", "sweep", "reidentify", "audit", "log")


def target_directory() -> Path:
    """Cargo's target directory: `CARGO_TARGET_DIR`, else `target/` of the tree."""
    named = os.environ.get("CARGO_TARGET_DIR")
    return (ROOT / named).resolve() if named else ROOT / "target"


def function_binaries() -> Path:
    """Where `cargo lambda build` leaves one directory a function."""
    return target_directory() / "lambda"


def tool(name: str) -> str:
    """A program of the tree's own Python environment; its directory is that of the running interpreter."""
    import sys

    return str(Path(sys.executable).parent / name)
