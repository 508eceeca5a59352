"""What an auditor takes home from an untouched lake, judged on a laptop by `sluice`, `sha256sum`, `openssl` and a
DSSE library of others. Runs early, as `test_sweep_clean`: later tests forge statements, and a bundle would rightly say so."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from .command import public_pem, sluice, verifier_key
from .statements import opened, published, statement
from .tables import PEOPLE, to_csv

KEY = "e2e/exported/people/x.csv"


@pytest.fixture(scope="module")
def desk(stack: Any, eventually: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the public keys, an upload and its bundle."""
    folder = tmp_path_factory.mktemp("auditor")
    body = to_csv(PEOPLE)
    (folder / "x.csv").write_bytes(body)
    version = stack.upload(KEY, body)
    statement(stack, eventually, "pseudonymize", KEY, version)
    (folder / "signing.pem").write_text(public_pem(stack, stack.outputs["SigningKeyArn"]))
    (folder / "log.vkey").write_text(verifier_key(stack) + "\n")

    def exported() -> bool:
        """Once every statement is in the log: it is a step behind."""
        subprocess.run(["rm", "-rf", str(folder / "bundle")], check=True)
        bucket = f"s3://{stack.bucket('evidence')}"
        keys = ["--key", "signing.pem", "--log-key", "log.vkey"]
        said = sluice(stack, folder, "evidence", "export", bucket, "-o", "bundle", *keys, "--json")
        counts = json.loads(said)
        return counts["proofs"] == counts["statements"] > 0

    eventually(exported, "every statement in the log")
    return folder


def payload(envelope: Path) -> str:
    """What a statement says."""
    return base64.b64decode(json.loads(envelope.read_text())["payload"]).decode()


OWN_KEYS = ["--key", "signing.pem", "--log-key", "log.vkey"]


def test_the_bundle_holds(stack, desk):
    said = sluice(stack, desk, "verify", "all", "bundle", *OWN_KEYS)
    for question in ("INTEGRITY", "COMPLETENESS", "AUTHENTICITY", "LOCK"):
        assert question in said
    sluice(stack, desk, "verify", "log", "bundle", "--log-key", "log.vkey", "--anchor", "bundle/log/checkpoint")
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=desk / "bundle", check=True)


def test_the_file_holds_by_its_seal_and_proof(stack, desk):
    digest = hashlib.sha256((desk / "x.csv").read_bytes()).hexdigest()
    seals = (desk / "bundle" / "att" / "seal").rglob("*.json")
    (seal,) = [at for at in seals if KEY in payload(at) and digest in payload(at)]
    proof = desk / "bundle" / "proofs" / f"{seal.relative_to(desk / 'bundle')}.tlog-proof"
    arguments = ["--statement", str(seal), "--proof", str(proof), *OWN_KEYS]
    sluice(stack, desk, "verify", "object", "x.csv", *arguments)
    (desk / "other.csv").write_bytes((desk / "x.csv").read_bytes()[:-1])
    sluice(stack, desk, "verify", "object", "other.csv", *arguments, code=1)


def kinds(bundle: Path) -> dict[str, Path]:
    """One file of each kind of evidence: of every stage, of every folder of the log, full and partial tiles, a proof."""
    found: dict[str, Path] = {}
    for folder in ("att", "log", "proofs"):
        for at in sorted((bundle / folder).rglob("*")):
            if at.is_file():
                parts = at.relative_to(bundle).parts
                depth = 3 if parts[:2] == ("log", "tile") else 2
                partial = any(part.endswith(".p") for part in parts)
                found["/".join(parts[:depth]) + (" partial" if partial else "")] = at
    return found


def test_a_flipped_byte_of_each_kind_of_evidence_is_found_and_named(stack, desk):
    bundle = desk / "bundle"
    # What the evidence itself tells must suffice: no list of digests is asked.
    (bundle / "SHA256SUMS").rename(desk / "sums")
    try:
        victims = kinds(bundle)
        assert {
            "att/seal",
            "att/quality",
            "att/pseudonymize",
            "log/checkpoint",
            "log/checkpoints",
            "log/commit",
        } <= victims.keys()
        for kind, victim in victims.items():
            whole = victim.read_bytes()
            for place in {0, len(whole) // 2, len(whole) - 1}:
                victim.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
                said = json.loads(sluice(stack, desk, "verify", "all", "bundle", *OWN_KEYS, "--json", code=1))
                assert said["firstBroken"], f"{kind}: byte {place} of {victim}"
            victim.write_bytes(whole)
        sluice(stack, desk, "verify", "all", "bundle", *OWN_KEYS)
    finally:
        (desk / "sums").rename(bundle / "SHA256SUMS")


def test_a_flipped_byte_of_a_raw_or_published_object_is_found(stack, desk):
    made = {"seal": (desk / "x.csv").read_bytes()}
    (outcome,) = [at for at in (desk / "bundle" / "att" / "pseudonymize").rglob("*.json") if KEY in payload(at)]
    made["pseudonymize"] = published(stack, opened(str(outcome), outcome.read_bytes()))[1]
    for stage, body in made.items():
        digest = hashlib.sha256(body).hexdigest()
        (at,) = [at for at in (desk / "bundle" / "att" / stage).rglob("*.json") if KEY in payload(at) and digest in payload(at)]
        proof = desk / "bundle" / "proofs" / f"{at.relative_to(desk / 'bundle')}.tlog-proof"
        arguments = ["verify", "object", "flipped", "--statement", str(at), "--proof", str(proof), *OWN_KEYS]
        (desk / "flipped").write_bytes(body)
        sluice(stack, desk, *arguments)
        for place in {0, len(body) // 2, len(body) - 1}:
            (desk / "flipped").write_bytes(body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])
            sluice(stack, desk, *arguments, code=1)


def test_securesystemslib_believes_every_statement(desk):
    """A DSSE library of another ecosystem, which TUF and in-toto use."""
    public = (desk / "signing.pem").read_text()
    statements = sorted((desk / "bundle" / "att").rglob("*.json"))
    assert statements
    for at in statements:
        document = json.loads(at.read_text())
        (keyid,) = {signature["keyid"] for signature in document["signatures"]}
        key = SSlibKey(keyid, "ecdsa", "ecdsa-sha2-nistp256", {"public": public})
        assert Envelope.from_dict(document).verify([key], 1).keys() == {keyid}
    document = json.loads(at.read_text())
    document["payload"] = base64.b64encode(base64.b64decode(document["payload"])[:-1] + b" ").decode()
    with pytest.raises(VerificationError):
        Envelope.from_dict(document).verify([key], 1)


def test_openssl_believes_a_statement_and_the_checkpoint(desk):
    """As the README says it."""
    envelope = json.loads(next((desk / "bundle" / "att" / "seal").rglob("*.json")).read_text())
    body = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    (desk / "pae").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body))
    (desk / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    command = ["openssl", "dgst", "-sha256", "-verify", "signing.pem", "-signature", "sig", "pae"]
    subprocess.run(command, cwd=desk, check=True, capture_output=True)
    text, _, signatures = (desk / "bundle" / "log" / "checkpoint").read_bytes().partition(b"\n\n")
    (desk / "text").write_bytes(text + b"\n")
    (desk / "sig").write_bytes(base64.b64decode(signatures.split()[-1])[4:])
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "bundle/keys/log.pem",
        "-rawin",
        "-in",
        "text",
        "-sigfile",
        "sig",
    ]
    subprocess.run(command, cwd=desk, check=True, capture_output=True)


def test_the_root_is_that_of_rfc_6962(desk):
    """Recomputed from the entries, with `hashlib` and the definition of the Merkle tree hash and nothing of ours."""
    _, size, root = (desk / "bundle" / "log" / "checkpoint").read_text().splitlines()[:3]
    entries: list[bytes] = []
    while len(entries) < int(size):
        index = f"{len(entries) // 256:03}"
        folder = desk / "bundle" / "log" / "tile" / "entries"
        partial = folder / f"{index}.p" / str(int(size) - len(entries))
        bundle = (folder / index if (folder / index).is_file() else partial).read_bytes()
        while bundle:
            length = int.from_bytes(bundle[:2])
            entries.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]

    def tree(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return hashlib.sha256(b"\0" + leaves[0]).digest()
        middle = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\1" + tree(leaves[:middle]) + tree(leaves[middle:])).digest()

    assert base64.b64encode(tree(entries)).decode() == root
