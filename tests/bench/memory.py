"""A large table through the deployed stages: how much memory each function's process ever had resident.

    make build-local && .sluice/venv/bin/python tests/bench/memory.py orders.csv

The kernel's own high-water mark (VmHWM) of the function's process is read after its statement is there.
"""

from __future__ import annotations

import pathlib
import sys
import tempfile
import time
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from infra.local import deploy, emulator  # noqa: E402 - the tree is not installed

STAGES = ["seal", "quality", "pseudonymize"]
POLICY = """
version: 1
datasets:
  - name: orders
    match: "orders/**"
    format: { type: csv, compression: auto }
    quality:
      ruleset: |
        Rules = [
          RowCount > 0, IsComplete "order_id", IsUnique "order_id", Completeness "email" > 0.95,
          ColumnValues "ssn" matches "[0-9]{3}-[0-9]{2}-[0-9]{4}", Mean "amount" between 4000 and 6000,
          StandardDeviation "amount" between 2000 and 4000, ColumnValues "quantity" between -1 and 20,
          ColumnValues "country" in ["US", "DE", "FR", "GB", "JP", "BR", "IN", "PL"]
        ]
    privacy:
      domain: customers
      columns:
        customer_id: { transform: token }
        email: { transform: token }
        full_name: { transform: encrypt }
        ssn: { transform: redact }
        card_number: { transform: mask, keep_last: 4 }
        phone: { transform: mask, keep_last: 2 }
        notes: { transform: drop }
      undeclared: keep
"""


def _peaks(port: int) -> Iterator[tuple[str, float]]:
    """Name and peak MiB of every function process below the emulator."""
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            environment = dict(
                item.split("=", 1) for item in (status.parent / "environ").read_text(errors="replace").split("\0") if "=" in item
            )
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except (OSError, ValueError):
            continue  # ended while we looked
        name = environment.get("AWS_LAMBDA_FUNCTION_NAME")
        if name and f":{port}" in environment.get("AWS_ENDPOINT_URL", "") and "VmHWM" in fields:
            yield name, int(fields["VmHWM"].split()[0]) / 1024


def main() -> int:
    table = pathlib.Path(sys.argv[1])
    running = emulator.start(emulator.free_port())
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as policy:
            policy.write(POLICY)
            policy.flush()
            longest = {"StageTimeoutSeconds": "900"}
            outputs = deploy.to_emulator(running, parameters=longest, policy=pathlib.Path(policy.name))
        session = deploy.session(running)
        s3 = session.client("s3")
        with table.open("rb") as body:  # whole: the emulator's checksums of multipart uploads are not S3's
            s3.put_object(Bucket=outputs["RawBucketName"], Key="orders/large.csv", Body=body)
        begun = time.monotonic()
        print(f"{table.stat().st_size / 1e6:,.0f} MB uploaded", flush=True)
        done: set[str] = set()
        while len(done) < len(STAGES):
            for stage in STAGES:
                found = s3.list_objects_v2(Bucket=outputs["EvidenceBucketName"], Prefix=f"att/{stage}/")
                if stage not in done and found["KeyCount"]:
                    done.add(stage)
                    print(f"{stage} done after {time.monotonic() - begun:.0f} s", flush=True)
            refused = [
                s3.list_objects_v2(Bucket=outputs["EvidenceBucketName"], Prefix=f"att/{kind}/")
                for kind in ("quarantine", "finding")
            ]
            if any(found["KeyCount"] for found in refused) or time.monotonic() - begun > 1200:
                print("not finished", flush=True)
                return 1
            time.sleep(1)
        for name, peak_mib in sorted(_peaks(running.port)):
            print(f"{name}: peak {peak_mib:.0f} MiB")
        return 0
    finally:
        emulator.stop(running.port)


if __name__ == "__main__":
    raise SystemExit(main())
