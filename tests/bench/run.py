"""Ours and the peers in one run, on one core, as a table. See README.md."""

from __future__ import annotations

import argparse
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import coldstart
import measure
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from infra.local.paths import FUNCTIONS, target_directory  # noqa: E402 - the tree is not installed

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
    "SLUICE_LOG_ORIGIN": "bench-evidence/log",
    "SLUICE_POLICY_KEY": "policy/pipeline.yaml",
    "SLUICE_CATALOG_DATABASE": "lake",
    "SLUICE_TRAIL_BUCKET": "bench-trail",
    "SLUICE_TRAIL_ARN": "arn:aws:cloudtrail:us-east-1:000000000000:trail/bench",
    "SLUICE_TRAIL_REGIONS": "us-east-1",
    "SLUICE_KEY_ARNS": "",
    "SLUICE_TRAIL_OBJECTS_OF": "bench-raw,bench-vault",
    "SLUICE_TRAIL_KEYS": "cloudtrail",
    "SLUICE_ACCESS_POLICY": '{"version":1,"buckets":{"bench-raw":{"zone":"raw"}}}',
    "SLUICE_BATCH_BUCKET": "",
    "SLUICE_BATCH_ROLE_ARN": "",
    "SLUICE_METRICS_NAMESPACE": "Sluice",
    "SLUICE_DEFAULT_RETENTION_MODE": "GOVERNANCE",
    "SLUICE_DEFAULT_RETENTION_DAYS": "30",
}


# Variables that are not listed above, by what they end in.
ENV_OF_SUFFIX = {
    "_BUCKET": "bench-other",
    "_KEY_ARN": "arn:aws:kms:us-east-1:000000000000:key/33333333-3333-3333-3333-333333333333",
    "_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/bench-other",
    "_QUEUE_ARN": "arn:aws:sqs:us-east-1:000000000000:bench-other",
    "_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:bench-other",
}
ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}


class _Template(yaml.SafeLoader):
    """Reads CloudFormation's short tags: a reference as such, whatever else as unknown."""


_Template.add_multi_constructor("!", lambda loader, tag, node: {"Ref": node.value} if tag == "Ref" else None)


def function_environment(name: str) -> dict[str, str]:
    """The variables that the template gives this function: an unknown one is refused."""
    template = yaml.load((ROOT / "infra" / "template.yaml").read_text(), Loader=_Template)  # noqa: S506 - a SafeLoader
    told = template["Resources"][f"{name.capitalize()}Function"]["Properties"]["Environment"]["Variables"]
    environment = {key: value for key, value in FUNCTION_ENV.items() if not key.startswith("SLUICE_")}
    for key, value in told.items():
        parameter = template["Parameters"].get(value["Ref"]) if isinstance(value, dict) else None
        known = [FUNCTION_ENV.get(key), *(text for suffix, text in ENV_OF_SUFFIX.items() if key.endswith(suffix))]
        known += [None if isinstance(value, dict) else value, (parameter or {}).get("Default")]
        environment[key] = str(next((one for one in known if one is not None), ""))
    return environment


def row(*cells: str) -> None:
    """Prints one row of a Markdown table."""
    print("| " + " | ".join(cells) + " |", flush=True)


def compare(title: str, commands: dict[str, list[str]], wanted: dict[str, float], env: dict[str, str] | None = None) -> None:
    """Runs the commands, ours first, and prints their costs, each as a multiple of ours, and what ours is to reach."""
    print(f"\n### {title}\n")
    row("command", "CPU s", "peak MiB", "CPU ÷ ours", "wanted")
    row("---", "--:", "--:", "--:", "--:")
    ours = 0.0
    for name, command in commands.items():
        cost = measure.run(command, env=env)
        ours = ours or cost.cpu_seconds
        goal = f"≥ {wanted[name]:g}" if name in wanted else ""
        row(name, f"{cost.cpu_seconds:.2f}", f"{cost.peak_mib:.0f}", f"{cost.cpu_seconds / ours:.2f}", goal)


def prepare(bench: pathlib.Path, work: pathlib.Path, rows: int) -> dict[str, pathlib.Path]:
    """The table in each format, made once."""
    work.mkdir(parents=True, exist_ok=True)
    files = {ending: work / f"orders-{rows}.{ending}" for ending in ("csv", "parquet", "jsonl")}
    for ending, file in files.items():
        if file.exists():
            continue
        print(f"making {file.name} …", file=sys.stderr, flush=True)
        if ending == "jsonl":
            subprocess.run([sys.executable, ROOT / "tests/bench/jsonl.py", "write", files["parquet"], file], check=True)
        else:
            subprocess.run([sys.executable, bench / "generate.py", str(rows), file], check=True)
    return files


def tables(sluice: str, bench: pathlib.Path, files: dict[str, pathlib.Path], rows: int) -> None:
    """Quality and sealing, beside what a user would otherwise pick."""
    rules, python = str(bench / "orders.dqdl"), sys.executable
    wanted = {"csv": {"DuckDB": 3}, "parquet": {"Polars": 2}, "jsonl": {"DuckDB": 1}}
    for ending, path in files.items():
        file = str(path)
        peers = {
            "DuckDB": [python, str(bench / "check_duckdb.py"), file, "1"],
            "Polars": [python, str(bench / "check_polars.py"), file],
        }
        if ending == "jsonl":
            peers = {"DuckDB": [python, str(ROOT / "tests/bench/jsonl.py"), "check", file]}
        ours = {"sluice check (SHA-256 included)": [sluice, "check", file, "--rules", rules, "--json"]}
        title = f"check, {ending.upper()}, {rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB"
        compare(title, ours | peers, wanted[ending], ONE_THREAD)
    file = str(files["csv"])
    compare(
        "seal: SHA-256 and CRC64NVME in one pass",
        {"sluice seal": [sluice, "seal", file], "openssl dgst -sha256": ["openssl", "dgst", "-sha256", file]},
        {},
    )


def cores(sluice: str, bench: pathlib.Path, files: dict[str, pathlib.Path]) -> None:
    """What a second core is good for, by the clock: on a machine that does nothing else."""
    print("\n### check on two cores\n")
    row("format", "one core, s", "two cores, s", "times as fast", "wanted")
    row("---", "--:", "--:", "--:", "--:")
    for ending, file in files.items():
        command = [sluice, "check", str(file), "--rules", str(bench / "orders.dqdl"), "--json"]
        one, two = measure.run(command, (0,)), measure.run(command, (0, 1))
        goal = "≥ 1.7" if ending == "csv" else ""
        row(ending.upper(), f"{one.seconds:.2f}", f"{two.seconds:.2f}", f"{one.seconds / two.seconds:.2f}", goal)


def readers(scan: pathlib.Path, files: dict[str, pathlib.Path]) -> None:
    """What reading alone costs, by format and by how many columns are wanted."""
    print("\n### readers: rows counted, nothing evaluated\n")
    row("format", "columns", "MB a CPU second", "peak MiB")
    row("---", "---", "--:", "--:")
    for ending, file in files.items():
        for columns, word in (("all", "13 of 13"), ("order_id,email,amount", "3 of 13"), ("order_id", "1 of 13")):
            cost = measure.run([str(scan), str(file), ending, columns, "bytes"])
            row(ending.upper(), word, f"{file.stat().st_size / 1e6 / cost.cpu_seconds:,.0f}", f"{cost.peak_mib:.0f}")


# What the table's columns are changed into, as `examples/mask.rs` says it.
CHANGED = ("email", "card_number", "ssn", "phone", "created_at", "full_name", "notes")


def privacy(sluice: str, mask: pathlib.Path, csv: pathlib.Path) -> None:
    """What it costs to find personal data, and to change it."""
    print("\n### privacy: CSV\n")
    row("", "MB a CPU second", "peak MiB", "wanted")
    row("---", "--:", "--:", "--:")
    megabytes = csv.stat().st_size / 1e6
    cost = measure.run([sluice, "scan", str(csv)])
    row(
        "`sluice scan`, all default entities (SHA-256 included)",
        f"{megabytes / cost.cpu_seconds:,.0f}",
        f"{cost.peak_mib:.0f}",
        "≥ 200",
    )
    # The example tells its own seconds: it writes twice, the second time for the digest of what it wrote.
    said = on_one_core([str(mask), str(csv), *CHANGED])
    changing = next(line for line in said if "MB/s" in line and "row" in line)
    row("read, seven columns changed, written", changing.split(" MB/s")[0], "", "≥ 200")
    print("\nThe cryptography of that alone; wanted: 1.5 M strings of 16 digits a second by FF1.\n")
    for line in said[:2]:
        print(f"- {line}", flush=True)


def on_one_core(command: list[str]) -> list[str]:
    """The lines that a command prints."""
    pin = functools.partial(os.sched_setaffinity, 0, {0})
    return subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=pin).stdout.splitlines()


def integrity(profile: str, uploads: int) -> None:
    """What sweep and log reach on S3 in memory, where nothing waits for a network."""
    print("\n### integrity: S3 in memory, every core there is\n")
    print("Wanted: a sweep of 1,000,000 versions at 20,000 a second within 128 MiB; 2,000 leaves appended a second; a log of")
    print("1,000,000 leaves verified within 10 s.\n")
    for command in (
        ["cargo", "run", "--quiet", "--profile", profile, "-p", "sluice-integrity", "--example", "sweep_figures", str(uploads)],
        ["cargo", "bench", "--quiet", "--profile", profile, "-p", "sluice-log"],
    ):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-800:]}")
        for line in done.stdout.splitlines():
            if line.split(":")[0] in ("lake", "sweep", "append", "verify"):
                print(f"- {line}", flush=True)


def functions(target: pathlib.Path) -> None:
    """What a cold start costs."""
    print("\n### functions: exec to the first Runtime API `next`\n")
    row("function", "init ms", "idle MiB", "zipped MiB")
    row("---", "--:", "--:", "--:")
    for name in FUNCTIONS:
        bootstrap = target / "lambda" / name / "bootstrap"
        if not bootstrap.is_file():
            row(name, "not built", "", "")
            continue
        try:
            start = coldstart.measure(bootstrap, function_environment(name))
        except RuntimeError as error:
            row(name, re.sub(r"[|\s]+", " ", str(error))[:200], "", "")
            continue
        row(name, f"{start.init_ms:.1f}", f"{start.idle_mib:.1f}", f"{start.zipped_mib:.1f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=int(os.environ.get("ROWS", "5000000")))
    parser.add_argument("--only", choices=["tables", "cores", "readers", "privacy", "functions", "integrity"])
    parser.add_argument("--uploads", type=int, default=200_000, help="uploads of the lake that is swept, five versions each")
    parser.add_argument("--profile", default="release", help="Cargo profile of the binaries")
    options = parser.parse_args()
    target = target_directory()
    bench = pathlib.Path(os.environ.get("SLUICE_BENCH", ROOT.parent / "shared" / "bench"))
    # Where `run.sh` has them made, for the host by name.
    binaries = target / os.environ.get("CARGO_BUILD_TARGET", "") / options.profile
    sluice, scan, mask = (
        shutil.which("sluice", path=str(binaries)),
        binaries / "examples" / "scan",
        binaries / "examples" / "mask",
    )
    load = os.getloadavg()[0]
    print(f"# Benchmark, {time.strftime('%Y-%m-%d')}, {options.profile} build, one core of {os.cpu_count()}, load {load:.1f}")
    if options.only not in ("functions", "integrity"):
        if not bench.is_dir():
            print(f"bench: {bench} is not there; name the folder of the peers' scripts in SLUICE_BENCH", file=sys.stderr)
            return 3
        files = prepare(bench, ROOT / ".sluice" / "bench", options.rows)
        if sluice is None or not scan.is_file() or not mask.is_file():
            print("bench: build first, as tests/bench/run.sh does", file=sys.stderr)
            return 3
        if options.only in (None, "tables"):
            tables(sluice, bench, files, options.rows)
        if options.only in (None, "cores") and (os.cpu_count() or 1) > 1:
            cores(sluice, bench, files)
        if options.only in (None, "readers"):
            readers(scan, files)
        if options.only in (None, "privacy"):
            privacy(sluice, mask, files["csv"])
    if options.only in (None, "functions"):
        functions(target)
    if options.only in (None, "integrity"):
        integrity(options.profile, options.uploads)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
