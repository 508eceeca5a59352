"""A certificate authority for one machine, and a leaf for 127.0.0.1 that it signs.

rustls refuses an authority's own certificate as a server's, so there are two. Private keys never leave `directory`.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=90)
RENEW_BEFORE = datetime.timedelta(days=7)


@dataclass(frozen=True)
class Certificate:
    """Paths of PEM files: the authority to trust, the server's certificate and its private key."""

    authority: Path
    leaf: Path
    key: Path


def ensure_certificate(directory: Path) -> Certificate:
    """The certificate under `directory`, made or renewed when it is missing or about to expire."""
    made = Certificate(directory / "ca.pem", directory / "leaf.pem", directory / "leaf.key")
    if not _still_good(made):
        directory.mkdir(parents=True, exist_ok=True)
        _make(made)
    return made


def _still_good(made: Certificate) -> bool:
    if not all(path.is_file() for path in (made.authority, made.leaf, made.key)):
        return False
    leaf = x509.load_pem_x509_certificate(made.leaf.read_bytes())
    return leaf.not_valid_after_utc - RENEW_BEFORE > _now()


def _make(made: Certificate) -> None:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Sluice local authority")
    authority = (
        _certificate(authority_name, authority_name, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    names = [
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.DNSName("localhost"),
        x509.DNSName("*.localhost"),
    ]
    leaf = (
        _certificate(_name("localhost"), authority_name, leaf_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    made.authority.write_bytes(authority.public_bytes(pem))
    made.leaf.write_bytes(leaf.public_bytes(pem))
    private = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made.key.touch(mode=0o600)
    os.chmod(made.key, 0o600)
    made.key.write_bytes(private)


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - datetime.timedelta(minutes=5))
        .not_valid_after(_now() + LIFETIME)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
