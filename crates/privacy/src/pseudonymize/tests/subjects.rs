//! Tables whose rows have subjects.

use std::sync::Arc;

use sluice_common::policy::CohortSize;
use sluice_common::{Dispose as _, Disposition, Sha256Digest};
use sluice_testkit::{MemoryKms, MemoryS3, names};

use super::*;
use crate::keyring::{CohortNote, KeyUnwrapper, Keyring};
use crate::reidentify::{Opened, ReidentifyRequest, reidentify};

const SECTION: &str = "
domain: customers
subjects: { column: id, cohorts: 16 }
columns:
  id: { transform: token }
  email: { transform: encrypt }
  phone: { transform: encrypt, key: column }
";

const TABLE: &[u8] = b"id,email,phone\n1,ada@example.org,555\n2,ada@example.org,\n,nobody@example.org,7\n1,\"\",555\n";

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

struct World {
    s3: MemoryS3,
    kms: MemoryKms,
}

impl World {
    fn new() -> Self {
        let s3 = MemoryS3::default();
        s3.create_versioned_bucket(&names::bucket("lake-vault")).unwrap();
        Self { s3, kms: MemoryKms::new("vault") }
    }

    fn ring(&self) -> Keyring {
        let s3 = Arc::new(self.s3.clone());
        Keyring::new(names::bucket("lake-vault"), s3.clone(), s3.clone(), s3, Arc::new(self.kms.clone()))
    }

    fn subjects(&self, column: &str) -> (Arc<DomainKey>, SubjectKeys) {
        let ring = self.ring();
        let (key, cohorts) = block_on(async {
            let key = ring.current(&Domain::new("customers").unwrap()).await.unwrap();
            let cohorts = ring.cohorts(key.clone(), CohortSize::Shared(16)).await.unwrap();
            (key, cohorts)
        });
        let wait: Waiter = Arc::new(|future| block_on(future));
        (key, SubjectKeys::new(column, Arc::new(cohorts), wait))
    }

    fn publish_as(&self, format: &Format, table: &[u8], section: &str) -> Result<(String, Stats), PseudonymizeError> {
        let privacy = privacy(section);
        let (key, subjects) = self.subjects(&privacy.subjects.as_ref().unwrap().column);
        let plan =
            Plan::new(&privacy, PlanKeys { domain: Some(&key), subjects: Some(&subjects), ..PlanKeys::default() })?;
        let (read, write) = (ReadOptions::new(format.clone()), WriteOptions::new(format.clone()));
        let finished = run(Bytes::copy_from_slice(table), &read, Vec::new(), &write, plan)?;
        Ok((String::from_utf8(finished.sink).unwrap(), finished.stats))
    }

    fn publish(&self) -> (Vec<Vec<String>>, Stats) {
        let (output, stats) = self.publish_as(&csv(), TABLE, SECTION).unwrap();
        (output.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect(), stats)
    }

    /// What investigators get.
    fn opened(&self, tokens: &[&str], column: Option<&str>) -> Vec<String> {
        let json = serde_json::json!({
            "domain": "customers", "tokens": tokens, "requester": "anna", "approver": "ben", "column": column,
            "caseId": "C-1", "reason": "chargeback under investigation",
        });
        let request = ReidentifyRequest::parse(json.to_string().as_bytes()).unwrap();
        let keys =
            KeyUnwrapper::new(names::bucket("lake-vault"), Arc::new(self.s3.clone()), Arc::new(self.kms.clone()));
        let answer = block_on(reidentify(&request, &keys)).unwrap();
        let shown = |one: &Opened| match one {
            Opened::Value(value) => value.to_string(),
            Opened::Refused(_) => serde_json::to_string(one).unwrap(),
        };
        answer.results().iter().map(shown).collect()
    }

    fn shred(&self, subject: &str) {
        let (ring, domain) = (self.ring(), Domain::new("customers").unwrap());
        block_on(async {
            let cohort = ring.assignment(&domain).await.unwrap().unwrap().cohort(subject);
            let keys = ring.cohort_state(&domain, cohort).await.unwrap().keys;
            let (requester, approver, reason) = ("a".to_owned(), "b".to_owned(), "asked to be forgotten".to_owned());
            let statement = Sha256Digest::of(b"the statement");
            let note = CohortNote { domain, cohort, keys, requester, approver, reason, statement };
            ring.shred_cohort(&note, &self.s3).await.unwrap();
        });
    }
}

#[test]
fn each_subject_s_values_are_under_its_cohort_s_key() {
    let world = World::new();
    let (rows, stats) = world.publish();
    assert_eq!(stats.values_destroyed, 0);
    let (first, second) = (&rows[0][1], &rows[1][1]);
    assert!(first.starts_with("enc1_1.") && second.starts_with("enc1_1."), "{first}");
    assert_ne!(first, second, "equal values of two cohorts are not told to be equal");
    assert_eq!(rows[2][1], "", "nobody's value could never be destroyed, so it is NULL");
    assert_eq!(rows[3][1], "\"\"", "an empty text stays one");
    assert_eq!(rows[0][2], rows[3][2], "equal values of one subject are equal");
    assert_eq!(world.opened(&[first, second], None), ["ada@example.org", "ada@example.org"]);
    assert_eq!(world.opened(&[&rows[0][2]], Some("phone")), ["555"]);
    assert_eq!(world.opened(&[&rows[0][2]], Some("fax")), [r#"{"error":"other_column"}"#]);
    assert_eq!(world.publish().0, rows, "another process, the same bytes");
    // The cohort is authenticated, not just written beside.
    let moved = second.replacen(second.split('_').nth(1).unwrap(), first.split('_').nth(1).unwrap(), 1);
    assert_eq!(world.opened(&[&moved], None), [r#"{"error":"not_authentic"}"#]);
}

#[test]
fn a_forgotten_subject_is_unreadable_and_says_by_what_and_tokens_still_join() {
    let world = World::new();
    let (before, _) = world.publish();
    world.shred("1");
    let opened = world.opened(&[&before[0][1], &before[1][1]], None);
    let refused: serde_json::Value = serde_json::from_str(&opened[0]).unwrap();
    assert_eq!(refused["error"], "shredded");
    assert_eq!(refused["statement"], Sha256Digest::of(b"the statement").to_string());
    assert!(refused["on"].as_str().unwrap().ends_with('Z'));
    assert_eq!(opened[1], "ada@example.org");
    let (after, stats) = world.publish();
    assert_eq!((after[0][1].as_str(), after[0][2].as_str()), ("", ""), "what comes of it later is NULL");
    assert_eq!(after[1], before[1]);
    assert_eq!(after[0][0], before[0][0]);
    assert_eq!(stats.values_destroyed, 4, "two e-mails, one of them empty, and two numbers");
}

#[test]
fn json_lines_and_nested_columns_have_subjects_too() {
    let world = World::new();
    let section = "
domain: customers
subjects: { column: who.id, cohorts: 16 }
columns:
  who.email: { transform: encrypt }
";
    let table = b"{\"who\":{\"id\":1,\"email\":\"ada@example.org\"}}\n{\"who\":{\"id\":2,\"email\":null}}\n";
    let (output, _) = world.publish_as(&Format::JsonLines, table, section).unwrap();
    let first: serde_json::Value = serde_json::from_str(output.lines().next().unwrap()).unwrap();
    assert_eq!(world.opened(&[first["who"]["email"].as_str().unwrap()], None), ["ada@example.org"]);
    assert!(first["who"]["id"].is_null(), "the subject is read, and published only where the policy says so");
    let misspelt = b"{\"who\":{\"email\":\"ada@example.org\"}}\n";
    let error = world.publish_as(&Format::JsonLines, misspelt, section).unwrap_err();
    assert!(matches!(error, PseudonymizeError::MissingColumn { .. }), "{error}");
}

#[test]
fn without_a_vault_and_across_epochs_it_is_refused_by_name() {
    let privacy = privacy(SECTION);
    assert!(matches!(Plan::new(&privacy, Some(&key())), Err(PseudonymizeError::SubjectKeysNeeded)));
    let error = Plan::retokenise(&privacy, &key(), &key(), true).unwrap_err();
    assert!(matches!(error, PseudonymizeError::SubjectsStay), "{error}");
    assert_eq!(error.disposition(), Disposition::Quarantine);
}
