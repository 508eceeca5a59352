//! `ListPublicKeys`, and the settings of trails: `GetTrail`, `GetTrailStatus`, `GetEventSelectors`.

use async_trait::async_trait;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, EventSelector, ReadWriteType};
use jiff::Timestamp;
use sluice_common::port::{TrailInspector, TrailKeyError, TrailKeys, TrailPosture, TrailPublicKey, TrailSettingsError};

use crate::error::Failure;
use crate::time::{date_time_rounded_up, timestamp};

/// CloudTrail's public keys and the settings of its trails.
#[derive(Debug, Clone)]
pub struct CloudTrailKeys {
    client: aws_sdk_cloudtrail::Client,
}

impl CloudTrailKeys {
    pub(crate) fn new(client: aws_sdk_cloudtrail::Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl TrailKeys for CloudTrailKeys {
    async fn public_keys(&self, from: Timestamp, to: Timestamp) -> Result<Vec<TrailPublicKey>, TrailKeyError> {
        let mut keys = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.list_public_keys();
            let request = request.start_time(date_time_rounded_up(from)).end_time(date_time_rounded_up(to));
            let answer = request.set_next_token(token.take()).send().await;
            let answer = answer.map_err(|error| TrailKeyError { code: Failure::from(error).code })?;
            let incomplete = || TrailKeyError { code: "IncompleteKey".to_owned() };
            for key in answer.public_key_list() {
                keys.push(TrailPublicKey {
                    der: key.value().ok_or_else(incomplete)?.as_ref().to_vec(),
                    valid_from: key.validity_start_time().and_then(timestamp).ok_or_else(incomplete)?,
                    valid_to: key.validity_end_time().and_then(timestamp).ok_or_else(incomplete)?,
                });
            }
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(keys);
            }
        }
    }
}

#[async_trait]
impl TrailInspector for CloudTrailKeys {
    async fn trail_posture(&self, trail_arn: &str) -> Result<TrailPosture, TrailSettingsError> {
        let failed = |operation| move |code| TrailSettingsError { operation, code };
        let trail = self.client.get_trail().name(trail_arn).send().await;
        let trail = trail.map_err(|error| failed("GetTrail")(Failure::from(error).code))?;
        let trail = trail.trail().ok_or_else(|| failed("GetTrail")("IncompleteAnswer".to_owned()))?;
        let status = self.client.get_trail_status().name(trail_arn).send().await;
        let status = status.map_err(|error| failed("GetTrailStatus")(Failure::from(error).code))?;
        let selectors = self.client.get_event_selectors().trail_name(trail_arn).send().await;
        let selectors = selectors.map_err(|error| failed("GetEventSelectors")(Failure::from(error).code))?;
        let (records_management, records_objects) = recorded(&selectors);
        Ok(TrailPosture {
            is_logging: status.is_logging() == Some(true),
            validates_log_files: trail.log_file_validation_enabled() == Some(true),
            is_multi_region: trail.is_multi_region_trail() == Some(true),
            records_management,
            records_objects,
        })
    }
}

/// Whether settings are recorded, and objects under which ARNs. A selector that leaves something out counts for nothing: it
/// would have to be understood.
fn recorded(selectors: &GetEventSelectorsOutput) -> (bool, Vec<String>) {
    let (basic, advanced) = (selectors.event_selectors(), selectors.advanced_event_selectors());
    let everything = |one: &&EventSelector| one.read_write_type().is_none_or(|kind| *kind == ReadWriteType::All);
    let has_management = |one: &EventSelector| {
        one.include_management_events() != Some(false) && one.exclude_management_event_sources().is_empty()
    };
    let basic_management = basic.iter().filter(everything).any(has_management);
    let management = basic_management || advanced.iter().any(|one| is_whole(one, "Management", &[]));
    let of_basic = basic.iter().filter(everything).flat_map(EventSelector::data_resources);
    let of_basic = of_basic.filter(|one| one.r#type() == Some("AWS::S3::Object")).flat_map(|one| one.values().to_vec());
    let of_advanced = advanced.iter().filter(|one| is_whole(one, "Data", &["resources.type", "resources.ARN"]));
    let mut objects: Vec<String> = of_basic.chain(of_advanced.flat_map(object_arns)).collect();
    objects.sort();
    objects.dedup();
    (management, objects)
}

/// Whether a selector is of this category and names, beside it, only these fields and nothing that it leaves out.
fn is_whole(selector: &AdvancedEventSelector, category: &str, fields: &[&str]) -> bool {
    let all = selector.field_selectors();
    let has_category = all.iter().any(|field| field.field() == "eventCategory");
    has_category
        && all.iter().all(|field| {
            let leaves_out = [field.not_equals(), field.not_starts_with(), field.not_ends_with(), field.ends_with()];
            let known = if field.field() == "eventCategory" {
                field.equals().iter().any(|value| value == category)
            } else {
                fields.contains(&field.field())
            };
            known && leaves_out.into_iter().all(<[String]>::is_empty)
        })
}

/// The ARNs under which a selector records objects; all of S3 when it names none.
fn object_arns(selector: &AdvancedEventSelector) -> Vec<String> {
    let named = |name: &str| selector.field_selectors().iter().find(|field| field.field() == name);
    let is_s3 =
        named("resources.type").is_some_and(|field| field.equals().iter().any(|kind| kind == "AWS::S3::Object"));
    match named("resources.ARN") {
        _ if !is_s3 => Vec::new(),
        None => vec!["arn:aws:s3".to_owned()],
        Some(field) => [field.equals(), field.starts_with()].concat(),
    }
}
