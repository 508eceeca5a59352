"""The page as a person meets it: on a phone, at a desk, in the dark, on paper."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from conftest import Desk, Seen, rules_of

PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2}
DARK = {"color_scheme": "dark"}
PAGES = ["report.html", "hidden.html"]


def open_page(desk: Desk, seen: Seen, name: str = "report.html") -> None:
    seen.page.goto((desk.path / name).as_uri())


@pytest.mark.parametrize("name", PAGES)
def test_it_says_nothing_on_the_console_and_asks_for_nothing(desk: Desk, seen: Seen, name: str) -> None:
    open_page(desk, seen, name)
    assert seen.problems == []
    assert seen.requests == [(desk.path / name).as_uri()]


@pytest.mark.parametrize("seen", [PHONE, {"viewport": {"width": 768, "height": 1000}}, {}], indirect=True)
def test_nothing_hangs_over_the_edge(desk: Desk, seen: Seen) -> None:
    open_page(desk, seen)
    width = seen.page.evaluate("document.documentElement.clientWidth")
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    over = seen.page.evaluate(
        "w => [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > w + 1)"
        ".map(e => e.tagName + ' ' + e.textContent.slice(0, 40))",
        width,
    )
    assert over == []


@pytest.mark.parametrize("seen", [PHONE, {}], indirect=True)
def test_every_rule_is_seen_with_its_outcome(desk: Desk, seen: Seen) -> None:
    open_page(desk, seen)
    shown = seen.page.locator("ol.rules code.rule")
    texts = shown.all_text_contents()
    for rule in rules_of(desk):
        assert rule in texts
    for index in range(shown.count()):
        assert shown.nth(index).is_visible()
    badges = seen.page.locator("ol.rules .badge").all_text_contents()
    assert {"Fail", "Pass"} <= set(badges) <= {"Fail", "Pass", "Error"}
    assert len(badges) == len(rules_of(desk))


def test_names_from_the_table_are_text(desk: Desk, seen: Seen) -> None:
    open_page(desk, seen)
    assert seen.page.locator("img, script, iframe, object, link, a[href]").count() == 0
    assert "<img src=x onerror=alert(1)>" in seen.page.locator("h3").all_text_contents()


def test_the_reader_of_a_page_without_values_sees_no_value(desk: Desk, seen: Seen) -> None:
    open_page(desk, seen, "hidden.html")
    text = seen.page.locator(".columns").inner_text()
    assert "Values are not shown" in text
    assert "99999" not in text
    assert "JP" not in text
    open_page(desk, seen)
    assert "JP" in seen.page.locator(".columns").inner_text()


def luminance(colour: str) -> float:
    channels = [int(channel) / 255 for channel in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("seen", "is_dark"), [({}, False), (DARK, True)], indirect=["seen"])
def test_it_follows_light_and_dark_and_can_be_read_in_both(desk: Desk, seen: Seen, is_dark: bool) -> None:
    open_page(desk, seen)
    paper = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (luminance(paper) < 0.05) == is_dark
    # WCAG 2.2, 1.4.3: 4.5 to 1 for text, against the nearest background that is painted.
    pairs = seen.page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter(e => !e.closest('svg') && e.checkVisibility()
            && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).map(e => {
              let under = e;
              while (under && getComputedStyle(under).backgroundColor === 'rgba(0, 0, 0, 0)') under = under.parentElement;
              return [getComputedStyle(e).color, under ? getComputedStyle(under).backgroundColor : 'rgb(255,255,255)',
                      e.tagName + '.' + e.className];
            })"""
    )
    assert len(pairs) > 50
    assert [name for ink, ground, name in pairs if contrast(ink, ground) < 4.5] == []


def test_headings_tables_and_drawings_speak(desk: Desk, seen: Seen) -> None:
    open_page(desk, seen)
    levels = seen.page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))")
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    unnamed = seen.page.evaluate(
        "[...document.querySelectorAll('svg')].filter(s => s.getAttribute('role') !== 'img'"
        " || !(s.getAttribute('aria-label') || s.querySelector(':scope > title'))).length"
    )
    assert unnamed == 0
    assert seen.page.evaluate("[...document.querySelectorAll('th')].filter(h => !h.scope).length") == 0
    assert seen.page.evaluate("document.documentElement.lang") == "en"


def test_the_history_has_a_point_for_each_run(desk: Desk, seen: Seen) -> None:
    open_page(desk, seen)
    assert seen.page.locator("svg.dots circle").count() == 6


def test_it_prints_dark_on_white(desk: Desk, seen: Seen) -> None:
    open_page(desk, seen)
    seen.page.emulate_media(media="print", color_scheme="dark")
    assert luminance(seen.page.evaluate("getComputedStyle(document.body).backgroundColor")) > 0.95
    assert seen.page.pdf(format="A4").startswith(b"%PDF-")
