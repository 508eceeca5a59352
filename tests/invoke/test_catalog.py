"""The catalog function, as its schedule and a person call it. LocalStack has no Glue: that tables are told is shown by
tests/e2e/test_catalog.py; here, what it is asked and what it says when Glue does not answer."""

from __future__ import annotations

import pytest

from infra.local import paths, render

MEASURED = "e2e-visits"


def test_the_schedule_sends_what_events_say(documented):
    template = render.load(paths.TEMPLATE)
    target = template["Resources"]["CatalogRefresh"]["Properties"]["Target"]
    assert target["Input"] == '{"scheduled":true}'
    assert documented("catalog/schedule.json") == {"scheduled": True}


@pytest.mark.parametrize("file", ["catalog/schedule.json", "catalog/dataset.json"])
def test_a_catalog_that_does_not_answer_fails_the_call_and_not_the_function(functions, documented, file):
    told = documented(file)
    if "dataset" in told:
        told["dataset"] = MEASURED
    assert "catalog_failed" in functions.refuses("catalog", told)
    assert "catalog_failed" in functions.refuses("catalog", told), "it goes on running"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"dataset": "people-csv"}, "no_dataset"),
        ({"dataset": "nothing-of-the-policy"}, "no_dataset"),
        ({"table": "lake.people"}, "payload_not_understood"),
        ([], "payload_not_understood"),
    ],
)
def test_what_asks_for_nothing_that_can_be_done_is_refused(functions, asked, reason):
    assert reason in functions.refuses("catalog", asked)
