use async_trait::async_trait;
use sluice_common::port::Queue;
use sluice_evidence::predicate::{Outcome, Pseudonymize, Quality, QualityResult};
use sluice_evidence::{Kept, Predicate, ResourceDescriptor, Stage, SubjectId};

use super::{Examined, Rule, SealedVersion, VersionCheck, curated, evidence_of, is_damage, rows, was_quarantined};

/// What comes after a seal has come: a verdict, then either curated objects or the statement that there are none.
pub(super) struct LaterStages;

#[async_trait]
impl VersionCheck for LaterStages {
    async fn check(&self, of: &SealedVersion<'_>, found: &mut Examined) {
        let Some(verdicts) = statements::<Quality>(of, found).await else { return };
        if verdicts.is_empty() {
            return missing::<_, Quality>(of, found, of.round.ports.quality_queue, of.seal).await;
        }
        for verdict in &verdicts {
            rows::check(of, verdict, found).await;
        }
        // A version for which no dataset is declared goes no further, and its verdict says so.
        let Some(verdict) = verdicts.iter().find(|one| one.result != QualityResult::Stopped) else { return };
        let Some(outcomes) = statements::<Pseudonymize>(of, found).await else { return };
        if outcomes.is_empty() {
            return missing::<_, Pseudonymize>(of, found, of.round.ports.pseudonymize_queue, verdict).await;
        }
        for published in outcomes.iter().filter(|one| one.outcome == Outcome::Published) {
            curated::check(of, published, found).await;
        }
    }
}

/// The statements that verify; `None` when they could not be read or one does not verify, which is then told.
async fn statements<P: Predicate>(of: &SealedVersion<'_>, found: &mut Examined) -> Option<Vec<Kept<P>>> {
    let subject = SubjectId::from(of.version);
    let all = match of.round.archive(&subject).list::<P>(&subject).await {
        Ok(all) => all,
        Err(error) => {
            found.unreadable("later statements", &error);
            return None;
        }
    };
    let mut sound = Vec::with_capacity(all.len());
    let mut is_complete = true;
    for one in all {
        match one {
            Ok(kept) => sound.push(kept),
            Err(error) => {
                is_complete = false;
                if is_damage(&error) {
                    let detail = format!("a {} statement does not verify", P::STAGE);
                    of.damaged(found, Rule::StatementDamaged, &detail);
                } else {
                    found.unreadable("later statements", &error);
                }
            }
        }
    }
    is_complete.then_some(sound)
}

/// Sends what the stage seems to have missed again, and reports it after the time of grace.
async fn missing<Before: Predicate, Missing: Predicate>(
    of: &SealedVersion<'_>,
    found: &mut Examined,
    queue: Option<&dyn Queue>,
    before: &Kept<Before>,
) {
    let age = of.round.age(of.entry.last_modified);
    if age < of.round.request.settle {
        return;
    }
    match was_quarantined(of.round, of.version, Missing::STAGE).await {
        Ok(true) => return,
        Ok(false) => {}
        Err(error) => return found.unreadable("quarantine statements", &error),
    }
    if let Some(queue) = queue {
        found.send_again(queue, before.at()).await;
    }
    if age >= of.round.request.grace {
        let rule = if Missing::STAGE == Stage::Quality { Rule::QualityMissing } else { Rule::PseudonymizeMissing };
        let detail = format!("no {} statement after the time of grace", Missing::STAGE);
        let subject = ResourceDescriptor::unread_object(of.version);
        found.damaged(rule, subject, &detail, vec![evidence_of(before)]);
    }
}
