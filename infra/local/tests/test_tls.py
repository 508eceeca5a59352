"""The certificate is one that strict clients accept."""

from __future__ import annotations

import ipaddress

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from infra.local.tls import ensure_certificate


def load(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.mark.parametrize("subject", [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")])
def test_leaf_is_good_for_this_machine(tmp_path, subject):
    made = ensure_certificate(tmp_path)
    verifier = PolicyBuilder().store(Store([load(made.authority)])).build_server_verifier(subject)
    assert verifier.verify(load(made.leaf), [])[0] == load(made.leaf)


def test_leaf_is_good_for_nothing_else(tmp_path):
    made = ensure_certificate(tmp_path)
    verifier = PolicyBuilder().store(Store([load(made.authority)])).build_server_verifier(x509.DNSName("example.org"))
    with pytest.raises(VerificationError):
        verifier.verify(load(made.leaf), [])


def test_a_good_certificate_is_kept_and_a_lost_key_makes_a_new_one(tmp_path):
    made = ensure_certificate(tmp_path)
    first = made.leaf.read_bytes()
    assert ensure_certificate(tmp_path).leaf.read_bytes() == first
    made.key.unlink()
    assert ensure_certificate(tmp_path).leaf.read_bytes() != first


def test_private_key_is_for_its_owner(tmp_path):
    assert ensure_certificate(tmp_path).key.stat().st_mode & 0o077 == 0
