"""Glue is told what a curated table holds: by merging what was measured of its objects, on a schedule, by a role that reads
no data. The tables are looked at as the data scientist, who plans queries by them."""

from __future__ import annotations

import pytest

from .test_access import refused

DATABASE, TABLE = "lake", "e2e_visits"


def tell(stack):
    (told,) = stack.invoke("Catalog", {"dataset": "e2e-visits"})["tables"]
    return told


def known(stack):
    return stack.as_role("DataScientist", "glue").get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]


def published(stack):
    listed = stack.root("s3").list_objects_v2(Bucket=stack.bucket("curated"), Prefix="e2e-visits/")
    return listed.get("Contents", [])


@pytest.fixture(scope="module")
def visits(stack, eventually):
    """Two objects of one table, published and measured."""
    for name, rows in {"a": "1,Ulm\n2,K\u00f6ln\n", "b": "1,Ulm\n3,\n"}.items():
        stack.upload(f"e2e/catalog/visits/{name}.csv", f"id,city\n{rows}".encode())
    states = lambda: stack.root("s3").list_objects_v2(Bucket=stack.bucket("evidence"), Prefix="statistics/e2e-visits/")  # noqa: E731
    eventually(lambda: states()["KeyCount"] == 2 and len(published(stack)) == 2, "two objects measured")
    eventually(lambda: not refused_or_missing(stack), "the table is registered")


def refused_or_missing(stack):
    try:
        known(stack)
    except stack.root("glue").exceptions.EntityNotFoundException:
        return True
    return False


def test_a_table_is_told_what_its_objects_hold(stack, visits):
    told = tell(stack)
    assert (told["state"], told["objects"], told["unmeasuredObjects"]) == ("updated", 2, 0)
    parameters = known(stack)["Parameters"]
    assert (parameters["recordCount"], parameters["objectCount"], parameters["classification"]) == ("4", "2", "parquet")
    assert int(parameters["sizeKey"]) == sum(item["Size"] for item in published(stack))
    assert (parameters["sluice.verdict.result"], parameters["sluice.verdict.score"]) == ("PASSED", "1.000")
    statement = parameters["sluice.verdict.statement"]
    assert statement.startswith(f"s3://{stack.bucket('evidence')}/att/quality/")
    assert "e2e/catalog" not in str(parameters), "an upload's key is told"

    glue = stack.as_role("DataScientist", "glue")
    answer = glue.get_column_statistics_for_table(DatabaseName=DATABASE, TableName=TABLE, ColumnNames=["id", "city"])
    by_name = {one["ColumnName"]: one for one in answer["ColumnStatisticsList"]}
    tokens = by_name["id"]["StatisticsData"]["StringColumnStatisticsData"]
    assert (tokens["NumberOfDistinctValues"], tokens["NumberOfNulls"]) == (3, 0)
    cities = by_name["city"]["StatisticsData"]["StringColumnStatisticsData"]
    assert (cities["NumberOfDistinctValues"], cities["MaximumLength"]) == (2, 4)
    assert tell(stack)["state"] == "unchanged"


def test_the_role_reads_no_data_and_tells_one_database(stack, visits):
    role = "Catalog"
    key = published(stack)[0]["Key"]
    assert refused(lambda: stack.as_role(role, "s3").get_object(Bucket=stack.bucket("curated"), Key=key))
    assert refused(lambda: stack.as_role(role, "glue").get_table(DatabaseName="another", Name="t"))
    assert refused(lambda: stack.as_role(role, "glue").create_table(DatabaseName=DATABASE, TableInput={"Name": "t"}))
    assert refused(lambda: stack.as_role(role, "glue").delete_table(DatabaseName=DATABASE, Name=TABLE))
    digest = {"Message": b"\0" * 32, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert refused(lambda: stack.as_role(role, "kms").sign(KeyId=stack.outputs["SigningKeyArn"], **digest))


@pytest.mark.parametrize("role", ["Auditor", "DataScientist", "Quality", "Pseudonymize", "Sweep"])
def test_what_was_measured_is_read_by_the_catalog_function_only(stack, visits, role):
    bucket = stack.bucket("evidence")
    key = stack.root("s3").list_objects_v2(Bucket=bucket, Prefix="statistics/e2e-visits/")["Contents"][0]["Key"]
    assert refused(lambda: stack.as_role(role, "s3").get_object(Bucket=bucket, Key=key))
    assert stack.as_role("Catalog", "s3").get_object(Bucket=bucket, Key=key)["Body"].read(4) == b"SLCS"
