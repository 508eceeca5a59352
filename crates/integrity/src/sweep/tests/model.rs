//! A sweep reports exactly what was damaged, whatever happened in whatever order.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Op {
    Put(u8),
    Delete(u8),
    Seal(u8),
    Corrupt(u8),
    Unlock(u8),
    Remove(u8),
    HideSeal(u8),
    Sweep,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0u8..3).prop_map(Op::Put),
        1 => (0u8..3).prop_map(Op::Delete),
        4 => any::<u8>().prop_map(Op::Seal),
        1 => any::<u8>().prop_map(Op::Corrupt),
        1 => any::<u8>().prop_map(Op::Unlock),
        1 => any::<u8>().prop_map(Op::Remove),
        1 => any::<u8>().prop_map(Op::HideSeal),
        1 => Just(Op::Sweep),
    ]
}

/// What should be known of one version.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each caused by its own operation")]
struct Expected {
    sealed: Option<ObjectPath>,
    corrupt: bool,
    unlocked: bool,
    removed: bool,
    seal_hidden: bool,
}

#[derive(Default)]
struct Model {
    /// In order of upload.
    versions: Vec<(ObjectVersion, Expected)>,
    /// Of each key the versions, by their place above, and the delete markers (`None`), oldest first.
    histories: BTreeMap<String, Vec<Option<usize>>>,
}

impl Model {
    fn pick(&mut self, at: u8, fits: impl Fn(&Expected) -> bool) -> Option<&mut (ObjectVersion, Expected)> {
        let mut fitting: Vec<_> = self.versions.iter_mut().filter(|(_, expected)| fits(expected)).collect();
        let length = fitting.len();
        (length > 0).then(|| fitting.swap_remove(usize::from(at) % length))
    }

    /// Whether a delete marker is the key's current version and a version with a seal to be believed lies below it.
    fn is_hidden(&self, history: &[Option<usize>]) -> bool {
        let versions: Vec<_> = history.iter().map(|entry| entry.map(|at| &self.versions[at].1)).collect();
        let current = versions.iter().rev().find(|entry| entry.is_none_or(|version| !version.removed));
        let is_sealed = |version: &&Expected| version.sealed.is_some() && !version.seal_hidden && !version.removed;
        current == Some(&None) && versions.iter().flatten().any(is_sealed)
    }

    /// The findings of a sweep now.
    fn rules(&self) -> Vec<Rule> {
        let mut rules = Vec::new();
        for (_, expected) in &self.versions {
            match (&expected.sealed, expected.seal_hidden) {
                (None, _) if expected.removed => {}
                (None, _) => rules.push(Rule::SealMissing),
                (Some(_), true) => {
                    rules.push(Rule::EvidenceRewritten);
                    if !expected.removed {
                        rules.push(Rule::SealDamaged);
                    }
                }
                (Some(_), false) if expected.removed => rules.push(Rule::SealedVersionGone),
                (Some(_), false) => {
                    rules.push(Rule::QualityMissing);
                    if expected.corrupt {
                        rules.push(Rule::DigestMismatch);
                    }
                    if expected.unlocked {
                        rules.push(Rule::LockMissing);
                    }
                }
            }
        }
        let hidden = self.histories.values().filter(|history| self.is_hidden(history));
        rules.extend(hidden.map(|_| Rule::DeleteMarkerOverSealed));
        rules.sort_unstable();
        rules
    }
}

async fn apply(lake: &Lake, model: &mut Model, op: &Op) {
    match op {
        Op::Put(key) => {
            let key = format!("inbox/{key}");
            let version = lake.upload(&key, "some bytes");
            model.histories.entry(key).or_default().push(Some(model.versions.len()));
            model.versions.push((version, Expected::default()));
        }
        Op::Delete(key) => {
            let key = format!("inbox/{key}");
            lake.s3.delete(&path(RAW, &key)).unwrap();
            model.histories.entry(key).or_default().push(None);
        }
        Op::Seal(at) => {
            let fits = |one: &Expected| !one.removed && !one.corrupt && !one.seal_hidden && !one.unlocked;
            if let Some((version, expected)) = model.pick(*at, fits) {
                let kept = lake.seal(version).await;
                let place = kept.at().path();
                assert!(expected.sealed.as_ref().is_none_or(|known| *known == place), "sealed in another place");
                expected.sealed = Some(place);
            }
        }
        Op::Corrupt(at) => {
            if let Some((version, expected)) =
                model.pick(*at, |one| one.sealed.is_some() && !one.removed && !one.corrupt)
            {
                assert!(lake.s3.tamper_byte(version, 3));
                expected.corrupt = true;
            }
        }
        Op::Unlock(at) => {
            if let Some((version, expected)) = model.pick(*at, |one| one.sealed.is_some() && !one.removed) {
                assert!(lake.s3.force_retention(version, None));
                expected.unlocked = true;
            }
        }
        Op::Remove(at) => {
            if let Some((version, expected)) = model.pick(*at, |one| !one.removed) {
                assert!(lake.s3.force_delete(version));
                expected.removed = true;
            }
        }
        Op::HideSeal(at) => {
            if let Some((_, expected)) = model.pick(*at, |one| one.sealed.is_some() && !one.seal_hidden) {
                lake.s3.delete(expected.sealed.as_ref().unwrap()).unwrap();
                expected.seal_hidden = true;
            }
        }
        Op::Sweep => assert_eq!(lake_rules_after_grace(lake).await, model.rules()),
    }
}

/// A sweep of tomorrow, when nothing can be merely late.
async fn lake_rules_after_grace(lake: &Lake) -> Vec<Rule> {
    let as_of = lake.clock.now() + SignedDuration::from_hours(24);
    let request = SweepRequest { as_of, ..lake.request() };
    let report = lake.try_sweep(&request, FaultPlan::new()).await.unwrap();
    assert_eq!(report.statement.unreadable, 0);
    let mut rules: Vec<_> = report.findings.iter().map(|found| found.rule).collect();
    rules.sort_unstable();
    rules
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_sweep_reports_exactly_what_was_damaged(ops in prop::collection::vec(op(), 1..24), page_size in 1usize..6) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let lake = Lake::new();
            lake.s3.set_page_size(page_size);
            let mut model = Model::default();
            for op in &ops {
                lake.clock.advance(SignedDuration::from_secs(1));
                apply(&lake, &mut model, op).await;
            }
            assert_eq!(lake_rules_after_grace(&lake).await, model.rules(), "{ops:?}");
            // Looking twice changes nothing.
            assert_eq!(lake_rules_after_grace(&lake).await, model.rules());
        });
    }
}
