use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use sluice_common::port::SpkiDer;

use super::*;
use crate::dsse::{Envelope, EnvelopeSignature, IN_TOTO_PAYLOAD_TYPE};
use crate::predicate::Outcome;
use crate::{StatementError, VerifyError};

pub(super) fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

pub(super) fn trust(keys: &[&SigningKey]) -> TrustedKeys {
    let spki: Vec<_> =
        keys.iter().map(|key| SpkiDer(key.verifying_key().to_public_key_der().unwrap().into_vec())).collect();
    TrustedKeys::from_spki_der(&spki).unwrap()
}

fn signature(key: &SigningKey, envelope: &Envelope) -> EnvelopeSignature {
    let signature: Signature = key.sign_prehash(envelope.pae_sha256().as_bytes()).unwrap();
    EnvelopeSignature { key_id: Some("any hint".to_owned()), signature: signature.to_der().as_bytes().to_vec() }
}

pub(super) fn envelope(payload_type: &str, payload: &[u8], keys: &[&SigningKey]) -> Envelope {
    let mut envelope =
        Envelope { payload_type: payload_type.to_owned(), payload: payload.to_vec(), signatures: Vec::new() };
    envelope.signatures = keys.iter().map(|key| signature(key, &envelope)).collect();
    envelope
}

fn signed(payload: &[u8]) -> Vec<u8> {
    envelope(IN_TOTO_PAYLOAD_TYPE, payload, &[&key(1)]).to_json().unwrap()
}

#[test]
fn a_seals_payload_is_frozen() {
    // Stored statements are read for years: a change of this text is a new predicate version.
    let expected = format!(
        concat!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","predicate":{{"checks":{{"headGetStable":true,"s3Checksums":"#,
            r#"[{{"algorithm":"CRC64NVME","recomputed":"AAAAAAAAAAA=","type":"FULL_OBJECT","value":"AAAAAAAAAAA=","#,
            r#""verdict":"match"}}],"s3ChecksumsVerdict":"match","size":true}},"checksums":{{"crc64nvme":"AAAAAAAAAAA="}},"#,
            r#""lock":{{"mode":"GOVERNANCE","retainUntil":"2026-01-31T00:00:00Z"}},"object":{{"bucket":"lake-raw","#,
            r#""etag":"\"e\"","key":"inbox/a b.csv","lastModified":"2026-01-01T00:00:00Z","size":5,"versionId":"v1"}}}},"#,
            r#""predicateType":"https://sluice.example/attest/seal/v1","subject":[{{"digest":{{"sha256":"{}"}},"#,
            r#""name":"s3://lake-raw/inbox/a%20b.csv?versionId=v1"}}]}}"#
        ),
        digest("bytes")
    );
    assert_eq!(String::from_utf8(seal().payload().unwrap()).unwrap(), expected);
    assert_eq!(
        seal().key().unwrap().to_string(),
        format!("att/seal/{0:.2}/{0}/0.dsse.json", upload().id().to_string())
    );
}

#[test]
fn what_a_run_depends_on_stands_in_its_key() {
    let base = quality(QualityResult::Passed);
    let changed = |change: fn(&mut Quality)| {
        let mut predicate = base.predicate().clone();
        change(&mut predicate);
        Statement::new(base.subject().to_vec(), predicate).unwrap().key().unwrap()
    };
    let inputs: [fn(&mut Quality); 5] = [
        |q| q.policy.digest = digest("other"),
        |q| q.policy.version_id = None,
        |q| q.ruleset = None,
        |q| q.engine = "sluice-quality/1".to_owned(),
        |q| q.predecessor.pae_sha256 = digest("other"),
    ];
    let mut keys: Vec<_> = inputs.into_iter().map(changed).collect();
    keys.push(base.key().unwrap());
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 6);
    // Outcomes do not: another outcome from the same inputs must meet the first one.
    assert_eq!(changed(|q| q.result = QualityResult::Failed), base.key().unwrap());
    assert_eq!(changed(|q| q.rows = Some(8)), base.key().unwrap());
}

#[test]
fn statements_that_contradict_themselves_cannot_be_made() {
    let other = version("lake-raw", "other.csv", "v1");
    let cases: Vec<Result<(), StatementError>> = vec![
        Statement::new(vec![ResourceDescriptor::object(&other, digest("b"))], seal().predicate().clone()).map(drop),
        Statement::new(vec![ResourceDescriptor::unread_object(&upload())], seal().predicate().clone()).map(drop),
        Statement::new(Vec::new(), seal().predicate().clone()).map(drop),
        Statement::new([seal().subject(), seal().subject()].concat(), seal().predicate().clone()).map(drop),
        Statement::new(vec![ResourceDescriptor::object(&upload(), digest("b"))], pseudonymize()).map(drop),
        Statement::new(vec![curated()], Pseudonymize { inputs: Vec::new(), ..pseudonymize() }).map(drop),
        Statement::new(
            vec![curated()],
            Pseudonymize { outcome: Outcome::Withheld { reason: "quality_failed".to_owned() }, ..pseudonymize() },
        )
        .map(drop),
        Statement::new(vec![ResourceDescriptor::named("request", digest("x"))], reidentify().predicate().clone())
            .map(drop),
    ];
    for (at, case) in cases.into_iter().enumerate() {
        assert!(matches!(case, Err(StatementError::Inconsistent { .. })), "case {at}");
    }
}

#[test]
fn a_signature_counts_only_from_a_trusted_key_over_these_bytes() {
    let payload = seal().payload().unwrap();
    let (ours, stranger) = (key(1), key(2));
    let verify = |envelope: Envelope| trust(&[&ours]).verify::<Seal>(&envelope.to_json().unwrap());
    let good = envelope(IN_TOTO_PAYLOAD_TYPE, &payload, &[&ours]);
    assert_eq!(verify(good.clone()).unwrap().statement(), &seal());

    let untrusted = |result: Result<_, VerifyError>| matches!(result, Err(VerifyError::NoTrustedSignature { .. }));
    assert!(untrusted(verify(envelope(IN_TOTO_PAYLOAD_TYPE, &payload, &[&stranger]))));
    assert!(untrusted(verify(Envelope { payload_type: "text/plain".to_owned(), ..good.clone() })));
    let raw: Signature = ours.sign_prehash(good.pae_sha256().as_bytes()).unwrap();
    for signature in [Vec::new(), vec![0; 64], raw.to_bytes().to_vec(), vec![0x30, 0x80]] {
        let broken = EnvelopeSignature { key_id: None, signature };
        assert!(untrusted(verify(Envelope { signatures: vec![broken], ..good.clone() })));
    }
    // A stranger's signature beside ours does no harm.
    assert!(verify(envelope(IN_TOTO_PAYLOAD_TYPE, &payload, &[&stranger, &ours])).is_ok());
    let typed = envelope("text/plain", &payload, &[&ours]);
    assert_eq!(verify(typed).unwrap_err(), VerifyError::WrongPayloadType);
}

#[test]
fn one_key_twice_is_one_key() {
    let payload = seal().payload().unwrap();
    let (first, second) = (key(1), key(2));
    let two_needed = trust(&[&first, &second]).with_threshold(2);
    let twice = envelope(IN_TOTO_PAYLOAD_TYPE, &payload, &[&first, &first]).to_json().unwrap();
    assert_eq!(two_needed.verify::<Seal>(&twice).unwrap_err(), VerifyError::NoTrustedSignature { found: 1, needed: 2 });
    let both = envelope(IN_TOTO_PAYLOAD_TYPE, &payload, &[&first, &second]).to_json().unwrap();
    assert_eq!(two_needed.verify::<Seal>(&both).unwrap().key_ids().len(), 2);
    assert_eq!(trust(&[&first, &first]).ids().count(), 1);
}

#[test]
fn signed_payloads_are_still_hostile() {
    let good = String::from_utf8(seal().payload().unwrap()).unwrap();
    let keys = trust(&[&key(1)]);
    let verify = |payload: &str| keys.verify::<Seal>(&signed(payload.as_bytes())).unwrap_err();
    assert_eq!(verify(&good.replacen(',', ", ", 1)), VerifyError::NotCanonical);
    let unreadable = [
        good.replacen("\"size\":5", "\"size\":5.0", 1),
        good.replacen("{\"_type\"", "{\"\":1,\"_type\"", 1),
        good.replacen("\"etag\"", "\"e\":1,\"etag\"", 1),
        good.replacen("\"size\":5", "\"size\":5,\"size\":5", 1),
        good.replacen("\"size\":5", "\"size\":-5", 1),
        good.replace("Statement/v1", "Statement/v0.1"),
        good.replacen("GOVERNANCE", "GOVERNED", 1),
    ];
    for payload in unreadable {
        assert!(matches!(verify(&payload), VerifyError::NotAStatement(_)), "{payload}");
    }
    let moved = good.replace("inbox/a%20b.csv", "inbox/c.csv");
    assert!(matches!(verify(&moved), VerifyError::Inconsistent(_)));
    assert!(matches!(verify(&good.replace("attest/seal", "attest/quality")), VerifyError::WrongPredicateType { .. }));
    for payload in ["", "{", "null", "[]", "{}", &"[".repeat(100_000)] {
        assert!(matches!(verify(payload), VerifyError::NotAStatement(_)));
    }
}

#[test]
fn checks_of_a_verdict_name_what_differs() {
    let payload = quality(QualityResult::Passed).payload().unwrap();
    let verdict = trust(&[&key(1)]).verify::<Quality>(&signed(&payload)).unwrap();
    assert_eq!(verdict.version(), Some(upload()));
    assert_eq!(verdict.sha256(), Some(digest("bytes")));
    assert_eq!(verdict.check_digest(&upload(), &digest("bytes")), Ok(()));
    assert!(matches!(verdict.check_digest(&upload(), &digest("other")), Err(VerifyError::DigestMismatch { .. })));
    let other = version("lake-raw", "b", "v1");
    assert_eq!(verdict.check_subject(&other), Err(VerifyError::SubjectMismatch));
    assert_eq!(verdict.check_digest(&other, &digest("bytes")), Err(VerifyError::SubjectMismatch));
    assert_eq!(verdict.check_policy(&digest("policy")), Ok(()));
    assert!(matches!(verdict.check_policy(&digest("other")), Err(VerifyError::PolicyMismatch { .. })));
}

#[test]
fn keys_come_as_pem_or_der_p256_or_ed25519() {
    let pem = |seed| key(seed).verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    let two = TrustedKeys::from_pem(&format!("# old\n{}\n# new\n{}", pem(1), pem(2))).unwrap();
    assert_eq!(two.ids().collect::<Vec<_>>(), trust(&[&key(1), &key(2)]).ids().collect::<Vec<_>>());
    let der = key(1).verifying_key().to_public_key_der().unwrap();
    assert_eq!(two.ids().next().unwrap().to_string(), Sha256Digest::of(der.as_bytes()).to_hex());
    for bad in ["", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
        assert!(TrustedKeys::from_pem(bad).is_err(), "{bad}");
    }
    // An Ed25519 key, RFC 8410 section 10.1.
    let ed25519 = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    assert_eq!(TrustedKeys::from_pem(ed25519).unwrap().ids().count(), 1);
    // A key on another curve, secp256k1, RFC 5480 with SEC 2's identifier.
    let other = "-----BEGIN PUBLIC KEY-----\nMFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEuWXZ4K6vGkZlNmEqJvUo0Wn3CbmhoYT0\ngHRVUwLmBiUJNVlJhEJdnS5EUOPlTvYYBmUjE3fuYJjPjpVJ5u0Jng==\n-----END PUBLIC KEY-----\n";
    assert!(TrustedKeys::from_pem(other).is_err());
}

#[test]
fn debug_shows_no_uploaders_key() {
    let sealed = trust(&[&key(1)]).verify::<Seal>(&signed(&seal().payload().unwrap())).unwrap();
    let finding = FindingEvidence { uri: upload().uri(), sha256: None };
    let shown = format!("{sealed:?} {:?} {finding:?}", published());
    assert!(!shown.contains("inbox"), "{shown}");
    assert!(!shown.contains("[123, 34"), "{shown}");
}
