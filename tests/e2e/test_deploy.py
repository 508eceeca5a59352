"""`make deploy` and `make destroy` after the build: the commands as they are, an emulator of their own for AWS."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from infra.local import deploy, emulator, paths, render

ARCHITECTURE = deploy.LOCAL_PARAMETERS["Architecture"]


def local(account: emulator.Emulator, *arguments: str) -> str:
    """Runs `python -m infra.local` as make does, a person saying yes; returns what it printed."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "infra.local", *arguments],
        cwd=paths.ROOT,
        env={**plain, **account.environment()},
        input="y\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_deploy_uploads_the_policy_and_destroy_keeps_what_may_not_be_lost(account: emulator.Emulator, tmp_path: Path) -> None:
    parameters = deploy.LOCAL_PARAMETERS | {"RawRetentionDays": "30", "EvidenceRetentionDays": "365"}
    template, _ = render.render(render.load(paths.TEMPLATE), paths.function_binaries(), parameters)
    # The emulator makes no trails; to the command line this is the template's default.
    template["Parameters"]["ExistingTrailArn"]["Default"] = parameters["ExistingTrailArn"]
    rendered = tmp_path / "template.json"
    render.write(template, rendered)

    shipped = local(account, "deploy", "--architecture", ARCHITECTURE, "--template", str(rendered))
    assert "policy policy/pipeline.yaml is version " in shipped
    found = deploy.session(account)
    evidence = f"sluice-evidence-000000000000-{emulator.REGION}"
    stored = found.client("s3").get_object(Bucket=evidence, Key="policy/pipeline.yaml")["Body"].read()
    assert stored == deploy.POLICY.read_bytes()

    kept = local(account, "destroy")
    assert evidence in kept
    assert not found.client("lambda").list_functions()["Functions"]
    assert found.client("s3").get_object(Bucket=evidence, Key="policy/pipeline.yaml")["Body"].read() == stored
