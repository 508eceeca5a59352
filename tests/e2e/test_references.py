"""Rules that look up a table of the Glue Data Catalog: partitions of CSV objects that the policy editor keeps beside the
policy, found and read with the quality function's own role."""

from __future__ import annotations

import hashlib
import json

import pytest

from .command import run, sluice
from .statements import statement
from .test_access import refused

DATABASE, TABLE = "lake", "e2e_products"
PARTS = {"DE": b"sku,price\na,1\nb,2\n", "US": b"sku,price\nc,3\n"}


def descriptor(location):
    return {
        "Columns": [{"Name": "sku", "Type": "string"}, {"Name": "price", "Type": "double"}],
        "Location": location,
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
            "Parameters": {"separatorChar": ",", "quoteChar": '"'},
        },
    }


@pytest.fixture(scope="module")
def products(stack):
    """The table, its partitions and their objects."""
    bucket, glue = stack.bucket("evidence"), stack.root("glue")
    location = f"s3://{bucket}/policy/e2e-products"
    table = {
        "Name": TABLE,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "country", "Type": "string"}],
        "Parameters": {"classification": "csv", "skip.header.line.count": "1"},
        "StorageDescriptor": descriptor(f"{location}/"),
    }
    glue.create_table(DatabaseName=DATABASE, TableInput=table)
    for country, body in PARTS.items():
        at = f"policy/e2e-products/country={country}/part-0.csv"
        stack.as_role("PolicyEditor", "s3").put_object(Bucket=bucket, Key=at, Body=body)
        partition = {"Values": [country], "StorageDescriptor": descriptor(f"{location}/country={country}/")}
        glue.create_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionInput=partition)


def inputs_of(stack, verdict):
    """The list of what a verdict rests on, which the verdict names by digest."""
    bucket, s3 = stack.bucket("evidence"), stack.root("s3")
    for item in s3.list_objects_v2(Bucket=bucket, Prefix="report/inputs/")["Contents"]:
        body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        if hashlib.sha256(body).hexdigest() == verdict.predicate["inputsSha256"]:
            return json.loads(body)
    raise AssertionError("the verdict's inputs are not there")


def test_an_object_whose_keys_are_in_the_table_passes_and_another_fails(stack, eventually, prefix, products):
    key = f"{prefix}/basket/good.csv"
    verdict = statement(stack, eventually, "quality", key, stack.upload(key, b"sku,country\na,DE\nc,US\n"))
    assert verdict.predicate["result"] == "PASSED", verdict.predicate
    (table,) = inputs_of(stack, verdict)["references"]
    assert table["glue"] == {"database": DATABASE, "table": TABLE}
    read = [(one["sha256"], one["values"]) for one in table["objects"]]
    assert read == [(hashlib.sha256(body).hexdigest(), [country]) for country, body in PARTS.items()]
    assert all("?versionId=" in one["uri"] for one in table["objects"])

    key = f"{prefix}/basket/bad.csv"  # the product is in the table, in another country
    verdict = statement(stack, eventually, "quality", key, stack.upload(key, b"sku,country\na,DE\nc,DE\n"))
    assert verdict.predicate["result"] == "FAILED", verdict.predicate


def test_the_role_looks_tables_up_and_changes_none(stack, products):
    glue = stack.as_role("Quality", "glue")
    assert glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]["Name"] == TABLE
    assert refused(lambda: glue.get_table(DatabaseName="another", Name=TABLE))
    assert refused(lambda: glue.get_tables(DatabaseName=DATABASE))
    assert refused(lambda: glue.update_table(DatabaseName=DATABASE, TableInput={"Name": TABLE}))
    assert refused(lambda: glue.delete_table(DatabaseName=DATABASE, Name=TABLE))


def test_the_command_looks_up_the_same_table(stack, products, tmp_path):
    (tmp_path / "rules.dqdl").write_text('Rules = [ ReferentialIntegrity "sku,country" "products.{sku,country}" = 1.0 ]')
    for name, row, code in [("good.csv", "c,US", 0), ("bad.csv", "c,DE", 1)]:
        (tmp_path / name).write_text(f"sku,country\n{row}\n")
        told = sluice(stack, tmp_path, *check(name, f"glue://{DATABASE}/{TABLE}"), code=code, role="Quality")
        assert "ReferentialIntegrity" in told
    told = run(stack, tmp_path, *check("good.csv", "glue://another/table"), code=3, role="Quality")
    assert "access denied" in told.stderr


def check(file, table):
    return ["check", file, "--rules", "rules.dqdl", "--reference", f"products={table}"]
