use super::verification::{envelope, key, trust};
use super::*;
use crate::dsse::IN_TOTO_PAYLOAD_TYPE;
use crate::offline::{Expected, Verdict, verify};

#[test]
fn each_question_has_its_own_answer() {
    let keys = trust(&[&key(1)]);
    let json = envelope(IN_TOTO_PAYLOAD_TYPE, &published().payload().unwrap(), &[&key(1)]).to_json().unwrap();
    let place = published().key().unwrap().to_string();
    let (right, wrong) = (digest("tokens"), digest("other"));

    let report = verify(&json, &keys, Expected { file_sha256: Some(&right), object_key: Some(&place), written: None });
    assert!(report.holds());
    assert_eq!(report.stage, Some(Stage::Pseudonymize));
    assert_eq!((report.subject, report.predecessor), (vec![curated()], Some(link())));
    assert_eq!(report.pae_sha256, Some(published().pae_sha256().unwrap()));

    let report = verify(&json, &keys, Expected::default());
    assert!(report.holds());
    assert_eq!((report.place, report.content), (Verdict::NotChecked, Verdict::NotChecked));

    let report = verify(&json, &keys, Expected { file_sha256: Some(&wrong), object_key: Some("att/x"), written: None });
    assert_eq!((&report.signature, &report.statement), (&Verdict::Holds, &Verdict::Holds));
    assert!(report.place.fails() && report.content.fails() && !report.holds());

    let report =
        verify(&json, &trust(&[&key(2)]), Expected { file_sha256: Some(&right), object_key: None, written: None });
    assert!(report.signature.fails() && !report.holds());
    assert_eq!((report.statement, report.content), (Verdict::NotChecked, Verdict::NotChecked));
    assert!(report.subject.is_empty(), "nothing unverified is shown");

    let foreign = envelope(IN_TOTO_PAYLOAD_TYPE, br#"{"predicateType":"x"}"#, &[&key(1)]).to_json().unwrap();
    let report = verify(&foreign, &keys, Expected::default());
    assert!(report.signature == Verdict::Holds && report.statement.fails() && !report.holds());
}
