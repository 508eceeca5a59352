"""A function killed in the middle of its work: the event comes again and everything is there, once."""

from __future__ import annotations

import os
import signal

from . import process
from .statements import curated_versions, published, statement, stored

REDELIVERED_AFTER_SECONDS = 6
ROWS = 1_500_000


def test_a_kill_in_the_middle_of_each_stage_loses_and_doubles_nothing(stack, prefix, eventually):
    key = f"{prefix}/people/large.csv"
    rows = (f"{number},Ada Bauer,ada.{number}@example.org\n" for number in range(ROWS))
    body = ("id,name,email\n" + "".join(rows)).encode()
    names = {stage: stack.outputs[f"{stage.capitalize()}FunctionName"] for stage in ("seal", "quality", "pseudonymize")}
    with stack.redelivering_after(REDELIVERED_AFTER_SECONDS, "Seal", "Quality", "Pseudonymize"):
        with stack.paused("Seal"):
            version = stack.upload(key, body)
        for stage, function in names.items():
            # A tenth of a second of work is a part of each stage's share in these megabytes, wherever the tests run.
            pid = process.stop_at_work(stack.running, function, after=0.1, patience=60)
            assert stored(stack, stage, key, version) == [], f"{stage} was done before it could be killed"
            assert curated_versions(stack, key, version) == []
            os.kill(pid, signal.SIGKILL)
        outcome = statement(stack, eventually, "pseudonymize", key, version)
        eventually(lambda: stack.pending() == 0, "empty queues")
    assert [len(stored(stack, stage, key, version)) for stage in names] == [1, 1, 1]
    assert stored(stack, "quarantine", key, version) == []
    assert outcome.predicate["outcome"] == {"status": "published"}
    assert outcome.predicate["stats"]["rowsWritten"] == ROWS
    assert len(curated_versions(stack, key, version)) == 1
    _, curated = published(stack, outcome)
    assert curated.count(b"\n") == ROWS + 1
