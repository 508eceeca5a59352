"""Questions about published data are answered with noise, within a budget that nobody can overspend."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from .statements import at_uri, openssl_accepts, statement

ROWS = 2_000
AGE = 40
CANARY = "release-canary@example.org"


@pytest.fixture(scope="module")
def publish(stack, eventually):
    """`publish(dataset, name)`: uploads a table and gives the URI of the statement of its publication."""

    def of(dataset, name):
        key = f"e2e/release/{dataset}/{name}.csv"
        rows = b"".join(b"%d,%s,%s\n" % (AGE, b"fm"[index % 2 : index % 2 + 1], CANARY.encode()) for index in range(ROWS))
        version = stack.upload(key, b"age,sex,email\n" + rows)
        kept = statement(stack, eventually, "pseudonymize", key, version)
        assert kept.predicate["outcome"] == {"status": "published"}
        head = stack.root("s3").head_object(Bucket=stack.bucket("evidence"), Key=kept.key)
        return f"s3://{stack.bucket('evidence')}/{kept.key}?versionId={head['VersionId']}"

    return of


@pytest.fixture(scope="module")
def survey(publish):
    return publish("survey", "first")


@pytest.fixture(scope="module")
def rush(publish):
    return publish("rush", "only")


def request(statements, release, epsilon="0.1", dataset="e2e-survey", queries=None):
    queries = queries or [
        {"name": "rows", "ask": "count", "epsilon": epsilon},
        {"name": "age", "ask": {"mean": {"column": "age"}}, "epsilon": epsilon},
        {"name": "sex", "ask": {"histogram": {"column": "sex"}}, "epsilon": epsilon, "delta": "1e-7"},
    ]
    return {"dataset": dataset, "id": release, "queries": queries, "statements": statements}


def ask(stack, asked):
    return stack.invoke("Release", asked, role="Analyst")


def test_an_answer_has_noise_an_interval_and_a_statement_and_is_given_again_for_nothing(stack, survey, tmp_path):
    answer = ask(stack, request([survey], "first"))
    assert (answer["decision"], answer["again"], answer["left"]["epsilon"]) == ("released", False, "0.7")
    rows, age, sex = answer["answer"]["released"]
    counted = rows["result"]["number"]
    assert abs(counted["estimate"] - ROWS) < 400
    assert counted["interval"]["low"] < counted["estimate"] < counted["interval"]["high"]
    assert rows["noise"][0]["distribution"] == "laplace"
    assert rows["noise"][0]["scale"] >= 9.9
    assert abs(age["result"]["number"]["estimate"] - AGE) < 20
    assert [bin_["holds"] for bin_ in sex["result"]["bins"]] == [{"value": "f"}, {"value": "m"}, "other"]
    assert sex["noise"][0]["distribution"] == "gaussian"
    stated = at_uri(stack, answer["statement"])
    assert openssl_accepts(stack, stated, tmp_path)
    assert stated.predicate["answer"] == answer["answer"]
    booked = at_uri(stack, stated.predicate["budget"]["uri"])
    assert (booked.predicate["number"], booked.predicate["spent"]["epsilon"]) == (1, "0.3")
    assert CANARY.encode() not in stated.payload + booked.payload

    again = ask(stack, request([survey], "first"))
    assert (again["again"], again["answer"], again["left"]) == (True, answer["answer"], answer["left"])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"statements": []}, "statements_unfit"),
        ({"dataset": "nobody"}, "no_dataset"),
        ({"dataset": "people-csv"}, "release_not_allowed"),
        ({"dataset": "e2e-rush"}, "other_dataset"),
        ({"queries": [{"name": "x", "ask": {"sum": {"column": "email"}}, "epsilon": "0.1"}]}, "query_refused"),
        ({"queries": [{"name": "x", "ask": "count", "epsilon": "2"}]}, "budget_too_small"),
        ({"more": CANARY}, "request_unreadable"),
    ],
)
def test_what_is_not_in_order_is_refused_in_a_statement_and_costs_nothing(stack, survey, tmp_path, changed, reason):
    answer = ask(stack, request([survey], "refused") | changed)
    assert (answer["decision"], answer["reason"]) == ("refused", reason)
    stated = at_uri(stack, answer["statement"])
    assert openssl_accepts(stack, stated, tmp_path)
    assert stated.predicate["reason"] == reason
    assert CANARY.encode() not in stated.payload


def test_one_upload_is_not_counted_twice(stack, survey):
    assert ask(stack, request([survey, survey], "twice"))["reason"] == "input_twice"


def test_releases_at_once_cannot_overspend_and_what_is_exhausted_is_refused(stack, rush, tmp_path):
    """Four at once, each for 0.3 of 1: three are answered, whoever comes first."""
    names = [f"rush-{number}" for number in range(4)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        asked = [request([rush], name, dataset="e2e-rush") for name in names]
        answers = list(pool.map(lambda one: ask(stack, one), asked))
    assert sorted(answer["decision"] for answer in answers) == ["refused", "released", "released", "released"]
    (refused,) = [answer for answer in answers if answer["decision"] == "refused"]
    assert refused["reason"] == "budget_exhausted"
    stated = at_uri(stack, refused["statement"])
    assert openssl_accepts(stack, stated, tmp_path)
    assert stated.predicate["left"]["epsilon"] == "0.1"
    links = [at_uri(stack, answer["statement"]).predicate["budget"]["uri"] for answer in answers if answer != refused]
    entries = [at_uri(stack, link).predicate for link in links]
    assert sorted((entry["number"], entry["spent"]["epsilon"]) for entry in entries) == [(1, "0.3"), (2, "0.6"), (3, "0.9")]
    # A tenth is left, for whoever asks for less.
    queries = [{"name": "rows", "ask": "count", "epsilon": "0.1"}]
    last = ask(stack, request([rush], "rest", dataset="e2e-rush", queries=queries))
    assert (last["decision"], last["left"]["epsilon"]) == ("released", "0")
    assert ask(stack, request([rush], "no-more", dataset="e2e-rush", queries=queries))["reason"] == "budget_exhausted"


@pytest.mark.parametrize("role", ["Uploader", "DataScientist", "PolicyEditor", "Auditor", "Investigator", "Pseudonymize"])
def test_nobody_else_may_ask(stack, role):
    with pytest.raises(ClientError) as denied:
        stack.invoke("Release", {}, role=role)
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"


def test_the_analyst_may_do_nothing_else(stack, survey):
    s3 = stack.as_role("Analyst", "s3")
    for zone in ("raw", "curated", "evidence", "vault"):
        with pytest.raises(ClientError) as denied:
            s3.list_objects_v2(Bucket=stack.bucket(zone))
        assert denied.value.response["Error"]["Code"] == "AccessDenied"
    with pytest.raises(ClientError):
        stack.as_role("Analyst", "lambda").invoke(FunctionName=stack.outputs["ReidentifyFunctionName"], Payload=b"{}")


def test_the_function_writes_no_other_statement_and_no_budget_is_written_by_others(stack):
    def put(role, key):
        at = {"Bucket": stack.bucket("evidence"), "Key": key, "Body": b"x", "IfNoneMatch": "*"}
        with pytest.raises(ClientError) as denied:
            stack.as_role(role, "s3").put_object(**at)
        return denied.value.response["Error"]["Code"]

    assert put("Release", "att/seal/release-e2e") == "AccessDenied"
    assert put("Release", "att/pseudonymize/release-e2e") == "AccessDenied"
    for role in ("Seal", "Pseudonymize", "Reidentify", "Analyst", "PolicyEditor"):
        assert put(role, f"att/budget/{role}") == "AccessDenied"


def test_the_log_tells_nothing_of_the_data(stack):
    events = stack.root("logs").filter_log_events(logGroupName="/aws/lambda/sluice-release")["events"]
    text = json.dumps([event["message"] for event in events])
    assert "refused" in text  # what was granted is told at a level that is not on here
    assert CANARY not in text
