"""Ours and the peers in one run, on one core, as a table. See README.md."""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time

import coldstart
import measure
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTIONS = ["seal", "quality", "pseudonymize", "sweep", "reidentify"]

# What the functions are told in the template; the values only have to be well-formed, nothing is called before an event.
FUNCTION_ENV = {
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "SLUICE_RAW_BUCKET": "bench-raw",
    "SLUICE_CURATED_BUCKET": "bench-curated",
    "SLUICE_EVIDENCE_BUCKET": "bench-evidence",
    "SLUICE_VAULT_BUCKET": "bench-vault",
    "SLUICE_SIGNING_KEY_ARN": "arn:aws:kms:us-east-1:000000000000:key/11111111-1111-1111-1111-111111111111",
    "SLUICE_PSEUDONYM_KEY_ARN": "arn:aws:kms:us-east-1:000000000000:key/22222222-2222-2222-2222-222222222222",
    "SLUICE_SEAL_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/bench-seal",
    "SLUICE_SEAL_QUEUE_ARN": "arn:aws:sqs:us-east-1:000000000000:bench-seal",
    "SLUICE_QUALITY_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/bench-quality",
    "SLUICE_PSEUDONYMIZE_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/bench-pseudonymize",
    "SLUICE_POLICY_KEY": "policy/pipeline.yaml",
    "SLUICE_CATALOG_DATABASE": "lake",
    "SLUICE_METRICS_NAMESPACE": "Sluice",
    "SLUICE_DEFAULT_RETENTION_MODE": "GOVERNANCE",
    "SLUICE_DEFAULT_RETENTION_DAYS": "30",
}


class _Template(yaml.SafeLoader):
    """Reads CloudFormation's short tags as what stands behind them; here only the names of variables matter."""


_Template.add_multi_constructor("!", lambda loader, _, node: None)


def function_environment(name: str) -> dict[str, str]:
    """Only the variables that the template gives this function: an unknown one is refused."""
    template = yaml.load((ROOT / "infra" / "template.yaml").read_text(), Loader=_Template)  # noqa: S506 - a SafeLoader
    wanted = template["Resources"][f"{name.capitalize()}Function"]["Properties"]["Environment"]["Variables"]
    return {key: value for key, value in FUNCTION_ENV.items() if not key.startswith("SLUICE_") or key in wanted}


def row(*cells: str) -> None:
    """Prints one row of a Markdown table."""
    print("| " + " | ".join(cells) + " |", flush=True)


def compare(title: str, commands: dict[str, list[str]], ours: str, env: dict[str, str] | None = None) -> None:
    """Runs the commands and prints their costs, each as a multiple of ours."""
    print(f"\n### {title}\n")
    row("command", "CPU s", "peak MiB", f"CPU ÷ {ours}")
    row("---", "--:", "--:", "--:")
    costs = {name: measure.run(command, env=env) for name, command in commands.items()}
    for name, cost in costs.items():
        ratio = cost.cpu_seconds / costs[ours].cpu_seconds
        row(name, f"{cost.cpu_seconds:.2f}", f"{cost.peak_mib:.0f}", f"{ratio:.2f}")


def tables(sluice: str, bench: pathlib.Path, work: pathlib.Path, rows: int) -> None:
    """Quality and sealing, beside what a user would otherwise pick."""
    work.mkdir(parents=True, exist_ok=True)
    files = {ending: work / f"orders-{rows}.{ending}" for ending in ("csv", "parquet")}
    for file in files.values():
        if not file.exists():
            subprocess.run([sys.executable, bench / "generate.py", str(rows), file], check=True)
    rules = str(bench / "orders.dqdl")
    one_thread = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    for ending, file in files.items():
        size_mb = file.stat().st_size / 1e6
        compare(
            f"check, {ending.upper()}, {rows:,} rows, {size_mb:.0f} MB",
            {
                "sluice check (SHA-256 included)": [sluice, "check", str(file), "--rules", rules, "--json"],
                "DuckDB": [sys.executable, str(bench / "check_duckdb.py"), str(file), "1"],
                "Polars": [sys.executable, str(bench / "check_polars.py"), str(file)],
            },
            "sluice check (SHA-256 included)",
            one_thread,
        )
    file = str(files["csv"])
    compare(
        "seal: SHA-256 and CRC64NVME in one pass",
        {"sluice seal": [sluice, "seal", file], "openssl dgst -sha256": ["openssl", "dgst", "-sha256", file]},
        "sluice seal",
    )


def functions(target: pathlib.Path) -> None:
    """What a cold start costs."""
    print("\n### functions: exec to the first Runtime API `next`\n")
    row("function", "init ms", "idle MiB", "zipped MiB")
    row("---", "--:", "--:", "--:")
    for name in FUNCTIONS:
        start = coldstart.measure(target / "lambda" / name / "bootstrap", function_environment(name))
        row(name, f"{start.init_ms:.1f}", f"{start.idle_mib:.1f}", f"{start.zipped_mib:.1f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=int(os.environ.get("ROWS", "5000000")))
    parser.add_argument("--only", choices=["tables", "functions"])
    options = parser.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    bench = pathlib.Path(os.environ.get("SLUICE_BENCH", ROOT.parent / "shared" / "bench"))
    sluice = shutil.which("sluice", path=str(target / "release"))
    print(f"# Benchmark, {time.strftime('%Y-%m-%d')}, one core of {os.cpu_count()}")
    if options.only != "functions":
        if not bench.is_dir():
            print(f"bench: {bench} is not there; name the folder of the peers' scripts in SLUICE_BENCH", file=sys.stderr)
            return 3
        if sluice is None:
            print("bench: build first: cargo build --release -p sluice", file=sys.stderr)
            return 3
        tables(sluice, bench, ROOT / ".sluice" / "bench", options.rows)
    if options.only != "tables":
        functions(target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
