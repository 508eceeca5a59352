"""The command `sluice` beside the deployed stack, and the public keys that it is given."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import textwrap
from pathlib import Path
from typing import Any

from infra.local import paths


def run(stack: Any, folder: Path, *arguments: str, code: int, role: str | None) -> subprocess.CompletedProcess[str]:
    """Runs the command in a folder, as a role or as the account's root; another exit code than `code` fails the test."""
    given = stack.as_role(role, "s3")._request_signer._credentials.get_frozen_credentials() if role else None
    credentials = (
        {
            "AWS_ACCESS_KEY_ID": given.access_key,
            "AWS_SECRET_ACCESS_KEY": given.secret_key,
            "AWS_SESSION_TOKEN": given.token,
        }
        if given
        else {}
    )
    done = subprocess.run(
        [str(paths.target_directory() / "debug" / "sluice"), *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **stack.running.environment(), **credentials},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done


def sluice(stack: Any, folder: Path, *arguments: str, code: int = 0, role: str = "Auditor") -> str:
    """What the command prints, run as a role."""
    return run(stack, folder, *arguments, code=code, role=role).stdout


def public_pem(stack: Any, key_arn: str) -> str:
    """A public key as `openssl` and `sluice` take it."""
    der = stack.root("kms").get_public_key(KeyId=key_arn)["PublicKey"]
    body = textwrap.fill(base64.b64encode(der).decode(), 64)
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"


def verifier_key(stack: Any) -> str:
    """The log's key as C2SP's signed-note says: name, four bytes of a hash, algorithm 1 and the key."""
    name = stack.outputs["LogOrigin"]
    key = b"\x01" + stack.root("kms").get_public_key(KeyId=stack.outputs["CheckpointKeyArn"])["PublicKey"][-32:]
    hashed = hashlib.sha256(f"{name}\n".encode() + key).hexdigest()[:8]
    return f"{name}+{hashed}+{base64.b64encode(key).decode()}"
