"""The table as JSON Lines, which the peers' scripts do not have: `jsonl.py write TABLE.parquet TABLE.jsonl` makes it, `jsonl.py
check TABLE.jsonl` asks DuckDB what orders.dqdl asks, with the columns' types given so that nothing has to be guessed.
"""

from __future__ import annotations

import sys

import duckdb

TYPES = {
    "order_id": "BIGINT",
    "customer_id": "VARCHAR",
    "full_name": "VARCHAR",
    "email": "VARCHAR",
    "ssn": "VARCHAR",
    "card_number": "VARCHAR",
    "amount": "DOUBLE",
    "quantity": "INTEGER",
    "country": "VARCHAR",
    "status": "VARCHAR",
    "created_at": "TIMESTAMP",
    "notes": "VARCHAR",
}
CHECKS = r"""
    count(*), count(order_id), count(distinct order_id), count(email) / count(*),
    avg((regexp_full_match(email, '[^@]+@[^@]+\.[a-z]+'))::int),
    avg((regexp_full_match(ssn, '[0-9]{3}-[0-9]{2}-[0-9]{4}'))::int),
    min(amount), max(amount), avg(amount), stddev(amount), sum(quantity), min(quantity), max(quantity),
    avg((country in ('US', 'DE', 'FR', 'GB', 'JP', 'BR', 'IN', 'PL'))::int),
    avg((status in ('new', 'paid', 'shipped', 'returned', 'cancelled'))::int),
    min(length(full_name)), max(length(full_name)), approx_count_distinct(customer_id), corr(amount, quantity),
    max(created_at), count(notes) / count(*), avg((length(card_number) = 16)::int)
"""


def main() -> None:
    connection = duckdb.connect()
    connection.execute("set threads = 1")
    match sys.argv[1:]:
        case ["write", table, lines]:
            connection.execute(f"copy (select * from read_parquet('{table}')) to '{lines}' (format json)")
        case ["check", lines]:
            columns = ", ".join(f"{name}: '{kind}'" for name, kind in TYPES.items())
            source = f"read_json('{lines}', format = 'newline_delimited', columns = {{{columns}}})"
            print(connection.execute(f"select {CHECKS} from {source}").fetchone())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
