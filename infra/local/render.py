"""Renders the one template for the emulator.

MiniStack evaluates only some IAM condition keys, and a statement that names another one never matches there: an Allow
becomes a denial, a Deny never fires. So, mechanically and from the lists below:

1. in an Allow, a condition on an unevaluated key is removed;
2. a Deny that depends on one is removed whole (without the condition it would deny everything);
3. where `aws:PrincipalArn` is compared with a role, the role's session ARN is added: AWS puts the role's ARN into that
   key, MiniStack the session's;
4. a reference to a Number parameter becomes the number, except in an environment, whose values are strings: MiniStack
   hands it on as a string, and its queue poller then stops on comparing the two;
5. `CodeUri` points at the built binaries, wherever Cargo's target directory is.

Everything else is deployed as written. A condition key on no list is an error: somebody has to say which it is.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from . import paths

UNEVALUATED_KEYS = frozenset(
    {
        "aws:PrincipalIsAWSService",
        "aws:SourceVpce",
        "cloudwatch:namespace",
        "iam:PassedToService",
        "kms:EncryptionContext:aws:logs:arn",
        "kms:EncryptionContext:aws:s3:arn",
        "kms:EncryptionContext:purpose",
        "kms:MessageType",
        "kms:SigningAlgorithm",
        "kms:ViaService",
        "lambda:SourceFunctionArn",
        "s3:RequestJobOperation",
        "s3:TlsVersion",
        "s3:if-none-match",
        "s3:object-lock-mode",
        "s3:object-lock-remaining-retention-days",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
EVALUATED_KEYS = frozenset(
    {
        "aws:MultiFactorAuthPresent",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:SecureTransport",
        "aws:SourceAccount",
        "aws:SourceArn",
        "s3:prefix",
        "s3:x-amz-server-side-encryption",
    }
)
NO_VALUE = {"Ref": "AWS::NoValue"}


class RenderError(ValueError):
    """The template says something that this file does not know how to carry over."""


@dataclass
class Report:
    """What rendering changed: paths into the template, in order."""

    removed_conditions: list[tuple[str, str]] = field(default_factory=list)
    removed_denials: list[tuple[str, str]] = field(default_factory=list)
    added_sessions: list[str] = field(default_factory=list)


class _Loader(yaml.SafeLoader):
    """CloudFormation's short forms, read as the long ones."""


def _short_form(loader: yaml.Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def load(path: Path) -> dict[str, Any]:
    """Reads a CloudFormation template."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader with tags


def render(template: dict[str, Any], binaries: Path, parameters: dict[str, str]) -> tuple[dict[str, Any], Report]:
    """The template for the emulator, and what was changed. `template` is left as it is.

    `parameters` are the ones the deployment will pass; the others have their defaults.
    """
    report = Report()
    rendered = _statements(copy.deepcopy(template), "", report)
    numbers = {
        name: int(parameters.get(name, parameter["Default"]))
        for name, parameter in template["Parameters"].items()
        if parameter["Type"] == "Number"
    }
    rendered["Resources"] = _numbers(rendered["Resources"], numbers)
    for resource in rendered["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            name = Path(resource["Properties"]["CodeUri"]).name
            resource["Properties"]["CodeUri"] = str(paths.function_binary(binaries, name))
    return rendered, report


def _numbers(node: Any, numbers: dict[str, int]) -> Any:
    if isinstance(node, list):
        return [_numbers(item, numbers) for item in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"Ref"} and node["Ref"] in numbers:
        return numbers[node["Ref"]]
    return {key: value if key == "Environment" else _numbers(value, numbers) for key, value in node.items()}


def write(template: dict[str, Any], path: Path) -> None:
    """Writes a template as JSON, which every CloudFormation tool reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(template, indent=1) + "\n", encoding="utf-8")


def condition_keys(node: Any) -> set[str]:
    """Every IAM condition key that occurs under `node`."""
    if isinstance(node, list):
        return set().union(*map(condition_keys, node))
    if not isinstance(node, dict):
        return set()
    found = set().union(*map(condition_keys, node.values()))
    return found | _keys_of(node["Condition"]) if _is_statement(node) and "Condition" in node else found


def _keys_of(condition: dict[str, Any]) -> set[str]:
    if "Fn::If" in condition:
        branches = condition["Fn::If"][1:]
        return set().union(*(_keys_of(branch) for branch in branches if branch != NO_VALUE))
    return {key for tests in condition.values() for key in tests}


def _is_statement(node: dict[str, Any]) -> bool:
    return node.get("Effect") in ("Allow", "Deny") and ("Action" in node or "NotAction" in node)


def _statements(node: Any, path: str, report: Report) -> Any:
    """Walks to every policy statement; a removed statement leaves `AWS::NoValue`, which lists then drop."""
    if isinstance(node, list):
        items = [_statements(item, f"{path}/{index}", report) for index, item in enumerate(node)]
        return [after for before, after in zip(node, items, strict=True) if before == after or after != NO_VALUE]
    if not isinstance(node, dict):
        return node
    if _is_statement(node):
        return _statement(node, f"{path}#{node.get('Sid', '')}", report)
    if "Fn::If" in node:
        branches = node["Fn::If"]
        return {"Fn::If": [branches[0], *(_statements(branch, path, report) for branch in branches[1:])]}
    return {key: _statements(value, f"{path}/{key}", report) for key, value in node.items()}


def _statement(statement: dict[str, Any], path: str, report: Report) -> dict[str, Any]:
    condition = statement.get("Condition")
    if condition is None:
        return statement
    keys = _keys_of(condition)
    unknown = keys - UNEVALUATED_KEYS - EVALUATED_KEYS
    if unknown:
        raise RenderError(
            f"{path}: condition key {sorted(unknown)[0]} is on neither list of infra/local/render.py; add it to one"
        )
    unevaluated = keys & UNEVALUATED_KEYS
    if unevaluated and statement["Effect"] == "Deny":
        report.removed_denials.append((path, ", ".join(sorted(unevaluated))))
        return dict(NO_VALUE)
    if unevaluated and "Fn::If" in condition:
        raise RenderError(f"{path}: a condition inside Fn::If must name evaluated keys only")
    report.removed_conditions += [(path, key) for key in sorted(unevaluated)]
    if "Fn::If" in condition:
        return statement
    kept = {
        operator: {key: _with_sessions(key, value, path, report) for key, value in tests.items() if key not in unevaluated}
        for operator, tests in condition.items()
    }
    kept = {operator: tests for operator, tests in kept.items() if tests}
    changed = {name: value for name, value in statement.items() if name != "Condition"}
    return {**changed, "Condition": kept} if kept else changed


def _with_sessions(key: str, value: Any, path: str, report: Report) -> Any:
    if key != "aws:PrincipalArn":
        return value
    values = value if isinstance(value, list) else [value]
    report.added_sessions.append(path)
    return values + [session for item in values for session in _session(item)]


def _session(principal: Any) -> list[Any]:
    """The session form of a role that this template makes; a role named by parameter has none to add."""
    if "Fn::GetAtt" in principal:
        role = principal["Fn::GetAtt"][0]
        return [{"Fn::Sub": "arn:${AWS::Partition}:sts::${AWS::AccountId}:assumed-role/${" + role + "}/*"}]
    if "Fn::If" in principal:
        condition, made, given = principal["Fn::If"]
        return [{"Fn::If": [condition, *_session(made), given]}]
    raise RenderError(f"cannot tell the session ARN of {principal!r}; refer to the role by Fn::GetAtt")
