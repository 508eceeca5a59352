"""The page of risk: the same in figures as the command says, and as readable as the others."""

from __future__ import annotations

import json

import pytest
from conftest import Desk, Seen
from test_report import DARK, PHONE, contrast, luminance, open_page

HOSTILE = "<img src=x onerror=alert(1)>"
COLUMNS = ["-q", "country", "-s", HOSTILE, "--min-k", "150"]


@pytest.fixture(scope="module")
def figures(desk: Desk) -> dict:
    """What the command says of a table whose classes of a country are too small, and its page."""
    return json.loads(desk.run("risk", "orders.csv", *COLUMNS, "--json", "--html", "risk.html"))


def test_it_tells_what_the_command_tells(desk: Desk, seen: Seen, figures: dict) -> None:
    open_page(desk, seen, "risk.html")
    assert seen.problems == []
    assert seen.requests == [(desk.path / "risk.html").as_uri()]
    assert figures["k"] < 150
    assert seen.page.locator(".score").inner_text() == f"k = {figures['k']}"
    assert "not kept" in seen.page.locator(".word").inner_text()
    sizes = ["one", "from2To4", "from5To9", "from10To19", "from20"]
    shown = seen.page.locator("table.sizes td").all_inner_texts()
    assert [int(text.replace(",", "")) for text in shown] == [figures["sizes"][size] for size in sizes]
    (diversity,) = figures["diversity"]
    row = seen.page.locator("table.diversity tbody tr")
    assert row.locator("th").inner_text() == HOSTILE, "a column's name is text"
    assert row.locator("td").first.inner_text() == str(diversity["distinctL"])
    assert seen.page.locator("img, script, iframe, object, link, a[href]").count() == 0


def test_the_drawing_has_a_bar_for_each_size_and_a_name(desk: Desk, seen: Seen, figures: dict) -> None:
    open_page(desk, seen, "risk.html")
    drawing = seen.page.locator("svg.classes")
    assert drawing.locator("rect").count() == 5
    heights = [float(bar.get_attribute("height")) for bar in drawing.locator("rect").all()]
    assert heights[4] == max(heights) > 0, f"all classes have 20 rows or more: {figures['sizes']}"
    assert heights[:4] == [0, 0, 0, 0]
    assert "Classes by size" in drawing.locator("title").text_content()


@pytest.mark.parametrize("seen", [PHONE, {}], indirect=True)
def test_nothing_hangs_over_the_edge(desk: Desk, seen: Seen, figures: dict) -> None:
    open_page(desk, seen, "risk.html")
    width = seen.page.evaluate("document.documentElement.clientWidth")
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("seen", "is_dark"), [({}, False), (DARK, True)], indirect=["seen"])
def test_it_can_be_read_in_light_and_dark(desk: Desk, seen: Seen, is_dark: bool, figures: dict) -> None:
    open_page(desk, seen, "risk.html")
    paper = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (luminance(paper) < 0.05) == is_dark
    inks = seen.page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => !e.closest('svg') && [...e.childNodes]"
        ".some(n => n.nodeType === 3 && n.data.trim())).map(e => getComputedStyle(e).color)"
    )
    assert len(inks) > 20
    assert [ink for ink in inks if contrast(ink, paper) < 4.5] == []


def test_it_prints(desk: Desk, seen: Seen, figures: dict) -> None:
    open_page(desk, seen, "risk.html")
    seen.page.emulate_media(media="print", color_scheme="dark")
    assert luminance(seen.page.evaluate("getComputedStyle(document.body).backgroundColor")) > 0.95
    assert seen.page.pdf(format="A4").startswith(b"%PDF-")
