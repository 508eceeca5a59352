"""Queries that one pass cannot answer, judged by the function with the SQL engine: `make test-sql-e2e` builds it.

Other end-to-end tests neither build nor need it, so this is not among what `make test` runs.
"""

from __future__ import annotations

from typing import Any

import pytest

from infra.local import deploy

from ..conftest import Stack
from ..statements import published, statement
from ..tables import PEOPLE, to_csv

POLICY = """
version: 1
datasets:
  - name: people
    match: "e2e/sql/*.csv"
    format: { type: csv, delimiter: ",", header: true, compression: none }
    quality:
      ruleset: |
        Rules = [
          RowCount > 0,
          CustomSql "select max(n) from (select count(*) as n from primary group by email)" <= 2,
          CustomSql "select count(*) from primary a join primary b on a.name = b.name where a.id < b.id" = 0
        ]
      on_fail: quarantine
    privacy:
      domain: people
      columns: { email: { transform: token } }
      undeclared: keep
"""


@pytest.fixture
def sql_stack(account, tmp_path) -> Any:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    return Stack(account, deploy.to_emulator(account, policy=policy, parameters={"SqlRules": "enabled"}))


def judged(stack: Any, eventually: Any, key: str, rows: list[dict[str, str]]) -> tuple[Any, Any]:
    """The verdict and what became of it."""
    version = stack.upload(key, to_csv(rows))
    outcome = statement(stack, eventually, "pseudonymize", key, version)
    return statement(stack, eventually, "quality", key, version), outcome


def test_joins_and_groups_give_a_verdict_that_publishes_or_withholds(sql_stack, eventually):
    stack = sql_stack
    verdict, outcome = judged(stack, eventually, "e2e/sql/two.csv", PEOPLE)
    assert verdict.predicate["result"] == "PASSED", verdict.predicate
    assert published(stack, outcome)[1].count(b"tk1_") == len(PEOPLE)

    thrice = [*PEOPLE, PEOPLE[0] | {"id": "4", "name": "Ada Dietz"}]
    verdict, outcome = judged(stack, eventually, "e2e/sql/thrice.csv", thrice)
    assert (verdict.predicate["result"], verdict.predicate["counts"]["failed"]) == ("FAILED", 1)
    assert outcome.predicate["outcome"] == {"status": "withheld", "reason": "quality_failed"}

    # The function without the engine gave none of these verdicts, and gave up on nothing.
    eventually(lambda: stack.pending() == 0, "the queues to be empty")
    assert stack.waiting("Quality")[1] == 0
