"""`make demo`: the pipeline on this machine, on real input, followed object by object.

Everything is seen with the credentials of the role a person would have: uploads as the uploader, evidence as the
auditor, published tables as the data scientist.
"""

from __future__ import annotations

import base64
import csv
import io
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from rich.console import Console
from rich.live import Live
from rich.table import Table as Grid
from rich.text import Text

from . import deploy, emulator, evidence, paths, render, tables
from .deploy import DeployError
from .evidence import Statement
from .stack import made

PATIENCE_SECONDS = 300
SHOWN_ROWS = 5
# Where there is no terminal, such as in a CI log.
WIDTH_WITHOUT_TERMINAL = 120
KEPT = paths.STATE / "demo"
ORDER = ("seal", "quality", "pseudonymize")


@dataclass
class Followed:
    """An uploaded object and what is known of it."""

    table: tables.Table
    version: str
    subject: str
    uploaded: float
    statements: dict[str, Statement] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Whether no further statement can come."""
        return "pseudonymize" in self.statements or "quarantine" in self.statements


@dataclass
class Deployment:
    """The stack, and clients as the people who use it."""

    running: emulator.Emulator
    outputs: dict[str, str]

    def client(self, role: str, service: str) -> Any:
        """A client with a role's own credentials."""
        root = deploy.session(self.running)
        taken = root.client("sts").assume_role(RoleArn=self.outputs[f"{role}RoleArn"], RoleSessionName="demo")["Credentials"]
        return boto3.client(
            service,
            region_name=emulator.REGION,
            endpoint_url=self.running.endpoint,
            verify=str(self.running.certificate.authority),
            aws_access_key_id=taken["AccessKeyId"],
            aws_secret_access_key=taken["SecretAccessKey"],
            aws_session_token=taken["SessionToken"],
        )


def run(port: int, *, keep: bool) -> int:
    """Runs the demonstration. 0 when every object went where it should and every signature holds."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)
    begun = time.monotonic()
    try:
        console.print("[bold]1. An AWS of our own[/]: IAM enforced, TLS only, no containers")
        running = emulator.start(port)
        started = time.monotonic()
        console.print(f"   {running.endpoint} answers after {started - begun:.1f} s; deploying infra/template.yaml …")
        stack = Deployment(running, deploy.to_emulator(running))
        deployed = time.monotonic()
        console.print(f"   deployed after {deployed - begun:.1f} s: {_inventory(running)}")
        followed = _upload(console, stack)
        _follow(console, stack, followed)
        settled = time.monotonic()
        held = _chains(console, stack, followed)
        _verdicts(console, followed)
        _before_and_after(console, stack, followed)
        held = _by_hand(console, stack, followed) and held
        megabytes = sum(len(one.table.body) for one in followed) / 1e6
        console.print(
            f"\nDone in {time.monotonic() - begun:.1f} s: emulator {started - begun:.1f} s, "
            f"deployment {deployed - started:.1f} s, {megabytes:.0f} MB through every stage {settled - deployed:.1f} s."
        )
        return 0 if held and _as_expected(console, followed) else 1
    finally:
        if keep:
            console.print(f'Left running. Point any AWS client at it:  eval "$({_command(port)} env)"\nStop it:  make demo-stop')
        else:
            emulator.stop(port)


def _inventory(running: emulator.Emulator) -> str:
    present = made(deploy.session(running), deploy.STACK)
    resources = render.load(paths.TEMPLATE)["Resources"]
    counted = Counter(resource["Type"] for name, resource in resources.items() if name in present)
    kinds = {"Serverless::Function": "functions", "S3::Bucket": "buckets", "KMS::Key": "keys", "IAM::Role": "roles"}
    return ", ".join(f"{counted[f'AWS::{kind}']} {name}" for kind, name in kinds.items())


def _command(port: int) -> str:
    chosen = "" if port == emulator.DEFAULT_PORT else f" --port {port}"
    return f".sluice/venv/bin/python -m infra.local{chosen}"


def _upload(console: Console, stack: Deployment) -> list[Followed]:
    console.print("\n[bold]2. Upload[/], as the uploader, who can read nothing")
    s3 = stack.client("Uploader", "s3")
    bucket = stack.outputs["RawBucketName"]
    followed = []
    for table in (tables.flights(), tables.customers(), tables.broken_customers()):
        begun = time.time()
        version = s3.put_object(Bucket=bucket, Key=table.key, Body=table.body)["VersionId"]
        console.print(f"   {table.key}  {len(table.body):>12,} bytes  {table.about}")
        followed.append(Followed(table, version, evidence.subject_id(bucket, table.key, version), begun))
    return followed


def _follow(console: Console, stack: Deployment, followed: list[Followed]) -> None:
    console.print("\n[bold]3. Follow[/], as the auditor, who sees evidence and no data")
    s3 = stack.client("Auditor", "s3")
    bucket = stack.outputs["EvidenceBucketName"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    with Live(_progress(followed), console=console, refresh_per_second=8, transient=False) as live:
        while not all(one.is_done for one in followed):
            for one in followed:
                if not one.is_done:
                    one.statements = evidence.statements(s3, bucket, one.subject)
                    for stage in one.statements:
                        one.seen.setdefault(stage, time.time())
            live.update(_progress(followed))
            if time.monotonic() > deadline:
                missing = ", ".join(one.table.key for one in followed if not one.is_done)
                raise DeployError(f"no end after {PATIENCE_SECONDS} s for {missing}; the functions' log: {stack.running.log}")
            time.sleep(0.1)


def _progress(followed: list[Followed]) -> Grid:
    grid = Grid(box=None, padding=(0, 2), header_style="dim")
    for column in ("object", "sealed", "checked", "published"):
        grid.add_column(column)
    for one in followed:
        cells = [_cell(one, stage) for stage in ORDER]
        if "quarantine" in one.statements:
            cells[len([stage for stage in ORDER if stage in one.statements])] = "[red]quarantined[/]"
        grid.add_row(f"   {one.table.key}", *cells)
    return grid


def _cell(one: Followed, stage: str) -> str:
    statement = one.statements.get(stage)
    if statement is None:
        return "[dim]…[/]"
    after = f"{one.seen[stage] - one.uploaded:.2f} s"
    outcome = statement.predicate.get("result") or statement.predicate.get("outcome", {}).get("status") or "sealed"
    colour = "red" if outcome.lower() in ("failed", "stopped", "withheld") else "green"
    return f"[{colour}]{outcome.lower()}[/] {after}"


def _chains(console: Console, stack: Deployment, followed: list[Followed]) -> bool:
    console.print("\n[bold]4. Believe nobody[/]: each statement checked against the public key, each link by digest")
    public = stack.client("Auditor", "kms").get_public_key(KeyId=stack.outputs["SigningKeyArn"])["PublicKey"]
    all_held = True
    for one in followed:
        console.print(f"   {one.table.key}")
        before = None
        for stage in (*ORDER, "quarantine"):
            statement = one.statements.get(stage)
            if statement is None:
                continue
            signed = statement.is_signed_by(public)
            linked = before is None or stage == "quarantine" or statement.follows(before)
            all_held = all_held and signed and linked
            says = f"{_says('signature', signed)}, {_says('link', linked)}"
            console.print(f"     {stage:<13} {statement.body['subject'][0]['digest']['sha256'][:16]}…  {says}")
            before = statement
    return all_held


def _says(what: str, holds: bool) -> str:
    return f"{what} holds" if holds else f"[red]{what} BROKEN[/]"


def _verdicts(console: Console, followed: list[Followed]) -> None:
    console.print("\n[bold]5. Verdicts[/]")
    for one in followed:
        quality, published = one.statements.get("quality"), one.statements.get("pseudonymize")
        if quality is not None:
            counts = quality.predicate["counts"]
            rows = quality.predicate.get("rows")
            console.print(
                f"   {one.table.key}: {quality.predicate['result']}, {counts['passed']} rules passed, {counts['failed']} failed"
                + (f", {rows:,} rows" if rows is not None else "")
            )
        if "quarantine" in one.statements:
            console.print(f"   {one.table.key}: quarantined, {one.statements['quarantine'].predicate}")
        elif published is not None and published.predicate["outcome"]["status"] == "withheld":
            console.print(f"      withheld: {published.predicate['outcome']['reason']}; nothing of it reached the curated bucket")


def _before_and_after(console: Console, stack: Deployment, followed: list[Followed]) -> None:
    console.print("\n[bold]6. Before and after[/], as the data scientist, who can read the lower lines only")
    for one in followed:
        if _outcome(one) != "published":
            continue
        bucket, key, body = _published(stack, one)
        after, before = _first_rows(body[:65_536]), _first_rows(one.table.body[:65_536])
        changed = [name for name in before[0] if [row.get(name) for row in before] != [row.get(name) for row in after]]
        same = next((name for name in before[0] if name not in changed), None)
        shown = ([same] if same else []) + changed
        console.print(f"   {one.table.key} → s3://{bucket}/{key}", soft_wrap=True)
        grid = Grid(box=None, padding=(0, 2), header_style="dim")
        widest = max(12, (console.width - 4) // len(shown) - 4)
        grid.add_column("")
        for name in shown:
            grid.add_column(name, overflow="ellipsis", max_width=widest, no_wrap=True)
        for old, new in zip(before, after, strict=True):
            grid.add_row("", *(Text(old.get(name) or "", style="dim") for name in shown))
            grid.add_row("→", *(Text((new.get(name) or "") if name in changed else "", style="green") for name in shown))
        console.print(grid)


def _published(stack: Deployment, one: Followed) -> tuple[str, str, bytes]:
    bucket, key, version, _ = one.statements["pseudonymize"].subjects()[0]
    read = stack.client("DataScientist", "s3").get_object(Bucket=bucket, Key=key, VersionId=version)
    return bucket, key, read["Body"].read()


def _by_hand(console: Console, stack: Deployment, followed: list[Followed]) -> bool:
    """Leaves on disk what an auditor takes home, says how to judge it, and does so with openssl."""
    one = next(one for one in followed if _outcome(one) == "published")
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    statement = one.statements["pseudonymize"]
    public = stack.client("Auditor", "kms").get_public_key(KeyId=stack.outputs["SigningKeyArn"])["PublicKey"]
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(public) + b"-----END PUBLIC KEY-----\n"
    table = f"published{Path(one.table.key).suffix}"
    for name, content in {
        "signing-key.pem": pem,
        "statement.dsse.json": statement.stored,
        "signed": statement.pre_authentication_encoding,
        "signature": statement.signatures[0],
        table: _published(stack, one)[2],
    }.items():
        (KEPT / name).write_bytes(content)
    at = KEPT.relative_to(paths.ROOT)
    by_us = f"cargo run -qp sluice -- verify statement {at}/statement.dsse.json --key {at}/signing-key.pem --file {at}/{table}"
    by_openssl = [
        "openssl",
        "dgst",
        "-sha256",
        "-verify",
        f"{at}/signing-key.pem",
        "-signature",
        f"{at}/signature",
        f"{at}/signed",
    ]
    console.print("\n[bold]7. Judge for yourself[/], offline, without AWS and without us")
    console.print(f"   $ {by_us}", soft_wrap=True)
    console.print(f"   $ {' '.join(by_openssl)}", soft_wrap=True)
    try:
        done = subprocess.run(by_openssl, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        console.print("   openssl is not installed here")
        return True
    console.print(f"   {(done.stdout or done.stderr).strip()}")
    return done.returncode == 0


def _first_rows(start: bytes) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(start.decode("utf-8", errors="replace")))
    return [row for row, _ in zip(reader, range(SHOWN_ROWS), strict=False)]


def _as_expected(console: Console, followed: list[Followed]) -> bool:
    """The first two tables are published, the third is not: anything else is a failed demonstration."""
    outcomes = [_outcome(one) for one in followed]
    expected = outcomes[:2] == ["published", "published"] and outcomes[2] != "published"
    if not expected:
        console.print(f"[red]expected published, published, withheld; got {', '.join(outcomes)}[/]")
    return expected


def _outcome(one: Followed) -> str:
    published = one.statements.get("pseudonymize")
    return published.predicate["outcome"]["status"] if published else "quarantined"
