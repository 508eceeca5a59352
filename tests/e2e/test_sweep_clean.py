"""A sweep of a lake that nobody touched finds nothing, and signs that it looked. Runs before other tests meddle."""

from __future__ import annotations

import pytest

from .statements import at_uri, openssl_accepts, statement
from .tables import FORMATS, PEOPLE


@pytest.fixture(scope="module")
def lake(stack, eventually):
    """A published upload in each format."""
    uploads = []
    for extension, (write, _) in FORMATS.items():
        key = f"e2e/untouched/people/x.{extension}"
        uploads.append((key, stack.upload(key, write(PEOPLE))))
    for key, version in uploads:
        statement(stack, eventually, "pseudonymize", key, version)
    return uploads


@pytest.mark.parametrize("mode", ["fast", "deep"])
def test_nothing_is_found_where_nothing_happened(stack, lake, mode, tmp_path):
    answer = stack.invoke("Sweep", {"mode": mode})
    assert answer["findingsByRule"] == {}
    assert (answer["findings"], answer["unreadable"], answer["reEnqueued"]) == (0, 0, 0)
    assert answer["complete"] is True
    assert answer["versionsSeen"] == len(lake)
    account = at_uri(stack, answer["statement"])
    assert account.predicate["findings"] == 0
    # Deep means what was uploaded and what was published.
    assert account.predicate["coverage"]["rehashed"] == (2 * len(lake) if mode == "deep" else 0)
    assert openssl_accepts(stack, account, tmp_path)
