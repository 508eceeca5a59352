"""Reports made by the command, opened in a headless Chromium that may load nothing."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Seen:
    """A page and everything it said or asked for."""

    page: Page
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@dataclass
class Desk:
    """A directory with tables, and the command to run on them."""

    path: Path
    sluice: str

    def put(self, name: str, text: str) -> Path:
        (self.path / name).write_text(text, encoding="utf-8")
        return self.path / name

    def run(self, *arguments: str, codes: tuple[int, ...] = (0, 1)) -> str:
        done = subprocess.run([self.sluice, *arguments], cwd=self.path, capture_output=True, text=True, timeout=120)
        assert done.returncode in codes, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def sluice() -> str:
    """The command, as `make test-report` built it."""
    binary = Path(os.environ.get("SLUICE_BINARY", ROOT / "target/debug/sluice"))
    assert binary.is_file(), f"{binary} is not there: run `make test-report`, or name the command by SLUICE_BINARY"
    return str(binary)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("CHROMIUM")
    assert chromium, "CHROMIUM names the browser: run `make test-report`, or set it to tests/report/chromium.sh's answer"
    with sync_playwright() as playwright:
        # Root has no sandbox to give away; the pages are our own.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def desk(sluice: str, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A table with something of everything, rules that pass, fail and cannot be judged, and five earlier results."""
    desk = Desk(tmp_path_factory.mktemp("report"), sluice)
    desk.put("orders.csv", orders())
    desk.put("rules.dqdl", RULES)
    for day in range(1, 6):
        desk.put("earlier.csv", orders(missing_every=40 - 6 * day))
        desk.put(f"2026-11-0{day}.json", desk.run("check", "earlier.csv", "-r", "rules.dqdl", "--json", codes=(0, 1, 3)))
    earlier = [argument for day in range(1, 6) for argument in ("--earlier", f"2026-11-0{day}.json")]
    desk.run("check", "orders.csv", "-r", "rules.dqdl", "--html", "report.html", *earlier)
    desk.run("check", "orders.csv", "-r", "rules.dqdl", "--html", "hidden.html", "--hide-values")
    desk.put("verdict.json", desk.run("check", "orders.csv", "-r", "rules.dqdl", "--json"))
    return desk


@pytest.fixture
def seen(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Seen]:
    options = {"viewport": {"width": 1280, "height": 900}} | getattr(request, "param", {})
    context = browser.new_context(**options)
    page = context.new_page()
    seen = Seen(page)
    page.on("console", lambda message: seen.problems.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.problems.append(str(error)))
    page.on("request", lambda asked: seen.requests.append(asked.url))
    yield seen
    context.close()


def rules_of(desk: Desk) -> list[str]:
    return [rule["Description"] for rule in json.loads((desk.path / "verdict.json").read_text())["RuleResults"]]


def orders(rows: int = 600, missing_every: int = 7) -> str:
    """Orders as they come: a few prices missing, an outlier, ids given twice, a hostile name, a very long one."""
    long_name = "a_column_whose_name_somebody_must_have_generated_from_a_whole_sentence_without_a_single_space"
    lines = [f'order_id,country,"<img src=x onerror=alert(1)>",price,created_at,{long_name},note']
    for row in range(rows):
        price = "" if row % missing_every == 3 else "99999.00" if row == 401 else f"{(row * 37 % 100) + (row * 13 % 40)}.50"
        order_id = 1000 + (row if row != 77 else 76)
        country = ["DE", "US", "FR", "JP"][row % 4 if row % 5 else 2]
        lines.append(f'{order_id},{country},x{row % 3},{price},2026-{row % 12 + 1:02}-{row % 28 + 1:02},{row % 2},"n {row}"')
    return "\n".join(lines) + "\n"


RULES = """
Rules = [
    RowCount between 100 and 10000,
    IsComplete "order_id",
    IsUnique "order_id",
    Completeness "price" >= 0.95,
    ColumnValues "price" between 0 and 500,
    ColumnValues "country" in ["DE", "US", "FR"] with threshold > 0.9,
    ColumnValues "<img src=x onerror=alert(1)>" matches "x[0-9]",
    Mean "price" < 1000,
    CustomSql "select a, b from primary join other using (id)" = 1,
    (ColumnDataType "created_at" = "DATE") AND (ColumnLength "country" = 2)
]
Analyzers = [ Entropy "country" ]
"""
