use sluice_common::port::{BucketPosture, Notification};

use super::{BucketCheck, DesiredBucket, Rule};

/// Events go where they must. More destinations are allowed, narrower filters are not.
pub(super) struct EventWiring;

impl BucketCheck for EventWiring {
    fn rule(&self) -> Rule {
        Rule::BucketEventWiring
    }

    fn problem(&self, desired: &DesiredBucket, found: &BucketPosture) -> Option<String> {
        let missing = |wanted: &&Notification| !found.notifications.iter().any(|found| carries(found, wanted));
        let missing: Vec<_> =
            desired.notifications.iter().filter(missing).map(|wanted| wanted.target.as_str()).collect();
        (!missing.is_empty()).then(|| format!("events do not reach {}: restore the notification", missing.join(", ")))
    }
}

fn carries(found: &Notification, wanted: &Notification) -> bool {
    let filter = |filter: &Option<String>| filter.clone().unwrap_or_default();
    found.target == wanted.target
        && wanted.events.iter().all(|event| found.events.iter().any(|found| includes(found, event)))
        && filter(&wanted.prefix).starts_with(&filter(&found.prefix))
        && filter(&wanted.suffix).ends_with(&filter(&found.suffix))
}

/// `s3:ObjectCreated:*` includes `s3:ObjectCreated:Put`.
fn includes(found: &str, wanted: &str) -> bool {
    found == wanted || found.strip_suffix('*').is_some_and(|group| wanted.starts_with(group))
}
