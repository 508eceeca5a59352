"""What is published is k-anonymous over the columns that the policy names, or it is not published."""

from __future__ import annotations

from collections import Counter

import pytest

from .statements import curated_versions, openssl_accepts, published, statement
from .tables import from_csv

MIN_K = 3
# Classes of 3, 2 and 1 rows by zip and decade.
ROWS = [
    ("80331", 1951, "flu"),
    ("80331", 1952, "asthma"),
    ("80331", 1959, "flu"),
    ("80331", 1961, "flu"),
    ("80331", 1962, "gout"),
    ("10115", 1951, "flu"),
]
# One step further, decades become scores of years: 1940-1959 and 1960-1979.
MENDABLE = [("80331", year, "flu") for year in (1942, 1951, 1952, 1961, 1973, 1975)]


def table(rows):
    return b"zip,born,ill\n" + b"".join(f"{zip_code},{born},{ill}\n".encode() for zip_code, born, ill in rows)


def classes(body):
    return Counter((row["zip"], row["born"]) for row in from_csv(body))


@pytest.fixture
def outcome(stack, eventually, prefix):
    def of(small_classes, rows):
        key = f"{prefix}/k-{small_classes}/patients.csv"
        version = stack.upload(key, table(rows))
        return statement(stack, eventually, "pseudonymize", key, version), key, version

    return of


def test_small_classes_withhold_the_table_and_the_figures_say_why(stack, outcome, tmp_path):
    stated, key, version = outcome("withhold", ROWS)
    assert stated.predicate["outcome"] == {"status": "withheld", "reason": "k_too_small"}
    stats = stated.predicate["stats"]
    assert (stats["k"], stats["rowsRead"], stats["rowsWritten"]) == (1, 6, 0)
    assert stats["risk"]["minK"] == MIN_K
    assert (stats["risk"]["classes"], stats["risk"]["uniqueRows"], stats["risk"]["rowsBelowMinK"]) == (3, 1, 3)
    (diversity,) = stats["risk"]["diversity"]
    assert (diversity["column"], diversity["distinctL"]) == ("ill", 1)
    assert curated_versions(stack, key, version) == []
    assert openssl_accepts(stack, stated, tmp_path)


def test_classes_that_are_large_enough_are_published_with_their_figures(stack, outcome):
    stated, _, _ = outcome("withhold", ROWS[:3])
    assert stated.predicate["outcome"] == {"status": "published"}
    assert (stated.predicate["stats"]["k"], stated.predicate["stats"]["risk"]["classes"]) == (3, 1)


def test_suppressed_rows_leave_a_table_that_is_k_anonymous(stack, outcome):
    stated, _, _ = outcome("suppress", ROWS)
    stats = stated.predicate["stats"]
    assert (stats["k"], stats["rowsRead"], stats["rowsWritten"]) == (3, 6, 3)
    assert stats["risk"]["remedy"] == {"action": "suppressed", "kBefore": 1, "rowsSuppressed": 3}
    _, body = published(stack, stated)
    assert classes(body) == {("80331", "1950"): 3}


def test_nothing_is_published_when_every_row_would_be_left_out(stack, outcome):
    stated, key, version = outcome("suppress", ROWS[3:])
    assert stated.predicate["outcome"] == {"status": "withheld", "reason": "k_too_small"}
    assert curated_versions(stack, key, version) == []


def test_one_step_further_is_published_when_it_suffices(stack, outcome):
    stated, _, _ = outcome("generalize", MENDABLE)
    assert stated.predicate["stats"]["risk"]["remedy"]["action"] == "generalized"
    _, body = published(stack, stated)
    assert classes(body) == {("80331", "1940"): 3, ("80331", "1960"): 3}


def test_one_step_further_that_does_not_suffice_is_withheld(stack, outcome):
    stated, key, version = outcome("generalize", ROWS)
    assert stated.predicate["outcome"] == {"status": "withheld", "reason": "k_too_small"}
    assert stated.predicate["stats"]["risk"]["remedy"] == {"action": "generalized", "kBefore": 1, "rowsSuppressed": 0}
    assert curated_versions(stack, key, version) == []
