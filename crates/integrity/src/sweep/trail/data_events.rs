use sluice_common::BucketName;
use sluice_common::port::TrailPosture;

use super::{DesiredTrail, Rule, TrailCheck};

/// Changes of settings are recorded, and reads and writes of the objects that matter.
pub(super) struct DataEvents;

impl TrailCheck for DataEvents {
    fn rule(&self) -> Rule {
        Rule::TrailDataEvents
    }

    fn problem(&self, desired: &DesiredTrail, found: &TrailPosture) -> Option<String> {
        if !found.records_management {
            return Some("the trail does not record changes of settings: restore its event selectors".to_owned());
        }
        let missing: Vec<_> = desired.objects_of.iter().filter(|bucket| !is_recorded(bucket, found)).collect();
        let names: Vec<&str> = missing.into_iter().map(BucketName::as_str).collect();
        (!names.is_empty()).then(|| {
            format!("the trail does not record the objects of {}: restore its event selectors", names.join(", "))
        })
    }
}

/// Whether every object of a bucket has an ARN that begins with a recorded one.
fn is_recorded(bucket: &BucketName, found: &TrailPosture) -> bool {
    let of_bucket = |arn: &String| {
        let mut parts = arn.splitn(6, ':');
        let (prefix, service, rest) = (parts.next(), parts.nth(1), parts.nth(2));
        let is_all = service == Some("s3") && rest.is_none_or(str::is_empty);
        prefix == Some("arn") && (is_all || rest == Some(&format!("{bucket}/")))
    };
    found.records_objects.iter().any(of_bucket)
}
