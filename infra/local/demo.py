"""`make demo`: the pipeline on this machine, on real input, followed object by object.

Everything is seen with the credentials of the role a person would have: uploads as the uploader, evidence as the
auditor, published tables as the data scientist.
"""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import boto3
from rich.console import Console
from rich.live import Live
from rich.table import Table as Grid

from . import deploy, emulator, evidence, paths, render, tables
from .deploy import DeployError
from .evidence import Statement

PATIENCE_SECONDS = 300
SHOWN_ROWS = 5
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
    console = Console(highlight=False)
    begun = time.monotonic()
    try:
        console.print("[bold]1. An AWS of our own[/]: IAM enforced, TLS only, no containers")
        running = emulator.start(port)
        console.print(f"   {running.endpoint} answers after {time.monotonic() - begun:.1f} s; deploying infra/template.yaml …")
        stack = Deployment(running, deploy.to_emulator(running))
        console.print(f"   deployed after {time.monotonic() - begun:.1f} s: {_inventory()}")
        followed = _upload(console, stack)
        _follow(console, stack, followed)
        held = _chains(console, stack, followed)
        _verdicts(console, followed)
        _before_and_after(console, stack, followed)
        console.print(f"\nDone in {time.monotonic() - begun:.1f} s.")
        return 0 if held and _as_expected(console, followed) else 1
    finally:
        if keep:
            console.print(f'Left running. Point any AWS client at it:  eval "$({_command(port)} env)"\nStop it:  make demo-stop')
        else:
            emulator.stop(port)


def _inventory() -> str:
    counted = Counter(resource["Type"] for resource in render.load(paths.TEMPLATE)["Resources"].values())
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
    console.print("\n[bold]6. Before and after[/], as the data scientist, who can read the right side only")
    s3 = stack.client("DataScientist", "s3")
    for one in followed:
        published = one.statements.get("pseudonymize")
        if published is None or published.predicate["outcome"]["status"] != "published":
            continue
        bucket, key, version, _ = published.subjects()[0]
        after = _first_rows(s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read(65_536))
        before = _first_rows(one.table.body[:65_536])
        changed = [name for name in before[0] if [row.get(name) for row in before] != [row.get(name) for row in after]]
        console.print(f"   {one.table.key} → s3://{bucket}/{key}")
        grid = Grid(box=None, padding=(0, 2), header_style="dim")
        for name in changed:
            grid.add_column(name)
            grid.add_column("→", overflow="ellipsis", max_width=44, no_wrap=True)
        for old, new in zip(before, after, strict=True):
            grid.add_row(*(cell or "" for name in changed for cell in (old.get(name), new.get(name))))
        console.print(grid)


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
