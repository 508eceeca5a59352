"""What starts what: queues, rules, schedules, alarms, logs, read back from the deployed stack."""

from __future__ import annotations

import json

import pytest

STAGES = ["Seal", "Quality", "Pseudonymize"]
FUNCTIONS = [*STAGES, "Sweep", "Reidentify", "Release", "Audit", "Log", "Catalog"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_queue_feeds_its_stage_and_reports_single_failures(stack, stage):
    found = stack.root("lambda").list_event_source_mappings(FunctionName=stack.outputs[f"{stage}FunctionName"])
    (mapping,) = found["EventSourceMappings"]
    assert mapping["EventSourceArn"] == stack.outputs[f"{stage}QueueArn"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["State"] == "Enabled"


@pytest.mark.parametrize("stage", STAGES)
def test_a_queue_gives_up_after_five_tries(stack, stage):
    sqs = stack.root("sqs")
    dead = sqs.get_queue_attributes(QueueUrl=stack.outputs[f"{stage}DeadLetterQueueUrl"], AttributeNames=["QueueArn"])
    live = sqs.get_queue_attributes(QueueUrl=stack.outputs[f"{stage}QueueUrl"], AttributeNames=["All"])["Attributes"]
    redrive = json.loads(live["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == dead["Attributes"]["QueueArn"]
    assert int(redrive["maxReceiveCount"]) == 5
    function = stack.root("lambda").get_function_configuration(FunctionName=stack.outputs[f"{stage}FunctionName"])
    assert int(live["VisibilityTimeout"]) >= 6 * function["Timeout"]


@pytest.mark.parametrize(("stage", "prefix"), [("Quality", "att/seal/"), ("Pseudonymize", "att/quality/")])
def test_statements_start_the_next_stage(stack, stage, prefix):
    events = stack.root("events")
    name = f"sluice-{stage.lower()}"
    pattern = json.loads(events.describe_rule(Name=name)["EventPattern"])
    assert pattern["detail"] == {"bucket": {"name": [stack.bucket("evidence")]}, "object": {"key": [{"prefix": prefix}]}}
    (target,) = events.list_targets_by_rule(Rule=name)["Targets"]
    assert target["Arn"] == stack.outputs[f"{stage}QueueArn"]


@pytest.mark.parametrize(("mode", "more"), [("fast", {}), ("deep", {"withinDays": 30})])
def test_the_sweep_is_scheduled(stack, mode, more):
    schedule = stack.root("scheduler").get_schedule(Name=f"sluice-{mode}-sweep")
    assert schedule["State"] == "ENABLED"
    assert schedule["Target"]["Arn"] == stack.outputs["SweepFunctionArn"]
    told = {"mode": mode, "scheduled": True, "asOf": "<aws.scheduler.scheduled-time>"}
    assert json.loads(schedule["Target"]["Input"]) == told | more


def test_the_catalog_is_told_on_a_schedule(stack):
    schedule = stack.root("scheduler").get_schedule(Name="sluice-catalog")
    assert schedule["State"] == "ENABLED"
    assert schedule["Target"]["Arn"] == stack.outputs["CatalogFunctionArn"]
    assert json.loads(schedule["Target"]["Input"]) == {"scheduled": True}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_runs_under_its_own_role(stack, function):
    found = stack.root("lambda").get_function_configuration(FunctionName=stack.outputs[f"{function}FunctionName"])
    assert found["Role"] == stack.outputs[f"{function}RoleArn"]
    assert found["Runtime"] == "provided.al2023"
    assert found["LoggingConfig"]["LogFormat"] == "JSON"


def test_logs_are_not_kept_for_ever(stack):
    groups = stack.root("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/sluice-")["logGroups"]
    assert len(groups) == len(FUNCTIONS)
    assert all(group["retentionInDays"] == 90 for group in groups)


def test_alarms_go_to_people(stack):
    alarms = stack.root("cloudwatch").describe_alarms(AlarmNamePrefix="sluice-")["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in alarms} >= {"sluice-findings", "sluice-alarms", "sluice-seal-dead-letters"}
    assert all(alarm["AlarmActions"] == [stack.outputs["AlertsTopicArn"]] for alarm in alarms)
