"""The emulator's checksums, replaced by native ones, are the same checksums."""

from __future__ import annotations

import base64

import pytest
from ministack.services import s3

from infra.local import ministack

# The check values of the CRC catalogue, https://reveng.sourceforge.io/crc-catalogue/all.htm, of "123456789".
CATALOGUE = {"CRC64NVME": 0xAE8B14860A799888.to_bytes(8), "CRC32C": 0xE3069283.to_bytes(4)}


@pytest.mark.parametrize("algorithm", CATALOGUE)
def test_native_checksums_are_the_catalogued_ones(algorithm, monkeypatch):
    for name in ("_crc64nvme", "_crc32c"):
        monkeypatch.setattr(s3, name, getattr(s3, name))
    own = s3._compute_s3_checksum(algorithm, b"a table")
    ministack.speed_up()
    assert s3._compute_s3_checksum(algorithm, b"a table") == own
    assert base64.b64decode(s3._compute_s3_checksum(algorithm, ministack.CHECK)) == CATALOGUE[algorithm]
