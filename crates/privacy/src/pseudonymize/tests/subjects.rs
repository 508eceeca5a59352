//! Tables whose rows have subjects.

use std::sync::Arc;

use sluice_common::policy::CohortSize;
use sluice_common::{Dispose as _, Disposition, Sha256Digest};
use sluice_testkit::{MemoryKms, MemoryS3, MemoryTextEntities, names};

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
        self.publish_beside(None, &ReadOptions::new(format.clone()), table, section)
    }

    fn publish_beside(
        &self,
        texts: Option<&TextService>,
        read: &ReadOptions,
        table: &[u8],
        section: &str,
    ) -> Result<(String, Stats), PseudonymizeError> {
        let privacy = privacy(section);
        let (key, subjects) = self.subjects(&privacy.subjects.as_ref().unwrap().column);
        let plan = Plan::new(&privacy, PlanKeys { domain: Some(&key), subjects: Some(&subjects), texts })?;
        let write = WriteOptions::new(read.format.clone());
        let finished = run(Bytes::copy_from_slice(table), read, Vec::new(), &write, plan)?;
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

const LISTS: &str = "
domain: customers
subjects: { column: user, cohorts: 16 }
columns:
  user: { transform: token }
  items[*].email: { transform: encrypt }
  items[*].notes[*]: { transform: redact_text, comprehend: { language: en } }
";

/// Users 1 and 2 are in two cohorts. Every way in which a row can have other than one value stands between them.
const ORDERS: &str = concat!(
    "{\"user\":\"1\",\"items\":[{\"email\":\"ada@example.org\",\"notes\":[\"ask Ada Lovelace\",\"a\"]},{\"email\":\"bob@example.org\"}]}\n",
    "{\"user\":\"2\",\"items\":[]}\n",
    "{\"user\":\"2\"}\n",
    "{\"user\":\"2\",\"items\":{\"email\":\"ada@example.org\",\"notes\":\"or Grace Hopper\"}}\n",
    "{\"user\":null,\"items\":[{\"email\":\"nobody@example.org\",\"notes\":[]}]}\n",
    "{\"user\":\"1\",\"items\":[{\"email\":null,\"notes\":[null]},{},{\"email\":\"ada@example.org\",\"notes\":[\"é Grace Hopper\"]}]}\n",
    "{\"user\":\"2\",\"items\":[{\"email\":\"\"},{\"email\":\"bob@example.org\",\"notes\":[\"b\",\"Ada Lovelace\"]}]}\n",
);

fn rows(output: &str) -> Vec<serde_json::Value> {
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn service(names: &[&str], kept: Option<TextAnswers>) -> (MemoryTextEntities, TextService) {
    let port = MemoryTextEntities::default();
    port.learn(names);
    let wait: Waiter = Arc::new(|future| block_on(future));
    (port.clone(), TextService::new(Arc::new(port), wait, kept))
}

#[test]
fn each_value_in_a_list_is_under_the_cohort_s_key_of_its_row() {
    let world = World::new();
    let names = ["Ada Lovelace", "Grace Hopper"];
    let whole = ReadOptions::new(Format::JsonLines);
    let (_, asked) = service(&names, None);
    let (output, stats) = world.publish_beside(Some(&asked), &whole, ORDERS.as_bytes(), LISTS).unwrap();
    let found = rows(&output);
    let email = |row: usize, item: usize| found[row]["items"][item]["email"].as_str().unwrap();
    let of_second = found[3]["items"]["email"].as_str().unwrap();
    let tokens = [email(0, 0), email(0, 1), of_second, email(5, 2), email(6, 1)];
    let values = ["ada@example.org", "bob@example.org", "ada@example.org", "ada@example.org", "bob@example.org"];
    assert_eq!(world.opened(&tokens, None), values);
    let cohort = |token: &str| match TokenText::parse(token) {
        Ok(TokenText::Encrypted { key, .. }) => key.cohort.unwrap(),
        other => panic!("{other:?}"),
    };
    let cohorts = tokens.map(cohort);
    let (one, two) = (cohorts[0], cohorts[2]);
    assert_ne!(one, two);
    assert_eq!(cohorts, [one, one, two, one, two], "{tokens:?}");
    assert_eq!((email(0, 0), email(6, 0)), (email(5, 2), ""), "equal values of one cohort are equal");
    assert!(found[4]["items"][0]["email"].is_null() && found[5]["items"][0]["email"].is_null());
    assert_eq!(found[5]["items"][1], serde_json::json!({}), "what an element lacks is not made up");
    let notes = |row: usize, item: usize| found[row]["items"][item]["notes"].clone();
    assert_eq!(notes(0, 0), serde_json::json!(["ask [PERSON]", "a"]));
    assert_eq!(found[3]["items"]["notes"], "or [PERSON]");
    assert_eq!(notes(5, 2), serde_json::json!(["é [PERSON]"]));
    assert_eq!(notes(6, 1), serde_json::json!(["b", "[PERSON]"]));
    assert_eq!((stats.columns[1].values, stats.columns[1].nulls, stats.values_destroyed), (7, 1, 0));

    // The same in small blocks, which ask on, and from the answers that were kept, which ask nothing.
    let blocks = whole.clone().with_block_bytes(100);
    let (port, once_more) = service(&names, None);
    assert_eq!(world.publish_beside(Some(&once_more), &blocks, ORDERS.as_bytes(), LISTS).unwrap().0, output);
    assert!(port.calls() > 2, "{} calls", port.calls());
    for (kept, read) in [(asked.answers(), &blocks), (once_more.answers(), &whole)] {
        let kept = TextAnswers::from_json(&kept.to_json().unwrap()).unwrap();
        let (port, recalled) = service(&["nobody that was known before"], Some(kept));
        assert_eq!(world.publish_beside(Some(&recalled), read, ORDERS.as_bytes(), LISTS).unwrap().0, output);
        assert_eq!(port.calls(), 0);
    }
}

#[test]
fn a_forgotten_subject_s_values_in_lists_are_unreadable_and_no_others() {
    let world = World::new();
    let read = ReadOptions::new(Format::JsonLines).with_block_bytes(100);
    let publish = || {
        let (_, texts) = service(&["Ada Lovelace"], None);
        let (output, stats) = world.publish_beside(Some(&texts), &read, ORDERS.as_bytes(), LISTS).unwrap();
        (rows(&output), stats)
    };
    let (before, _) = publish();
    world.shred("1");
    let email = |row: usize, item: usize| before[row]["items"][item]["email"].as_str().unwrap();
    let opened = world.opened(&[email(0, 0), email(0, 1), email(5, 2), email(6, 1)], None);
    for gone in &opened[..3] {
        let refused: serde_json::Value = serde_json::from_str(gone).unwrap();
        assert_eq!(refused["error"], "shredded");
        assert_eq!(refused["statement"], Sha256Digest::of(b"the statement").to_string());
    }
    assert_eq!(opened[3], "bob@example.org");
    let (after, stats) = publish();
    assert_eq!(stats.values_destroyed, 3, "two of the first order, one of the sixth; its null was none");
    for (row, now) in after.iter().enumerate() {
        if row == 0 || row == 5 {
            let emails = now["items"].as_array().unwrap().iter().filter_map(|item| item.get("email"));
            assert!(emails.clone().count() == 2 && emails.clone().all(serde_json::Value::is_null), "{now}");
        } else {
            assert_eq!(*now, before[row]);
        }
        assert_eq!(now["user"], before[row]["user"], "tokens still join");
    }
    assert_eq!(after[0]["items"][0]["notes"], before[0]["items"][0]["notes"]);
}
