//! What the policy says about finding personal data, as the detector takes it.

use sluice_common::policy::{CustomEntitySpec, DetectSpec, EntityChecksum, Number, PrivacySpec, TestValues, Transform};
use sluice_detect::{Allow, Checksum, CustomEntity, Detector, Options, OptionsError, Thresholds, VoteRule};

/// The detector for a dataset; `entities` replace those that its `detect` names.
///
/// # Errors
/// Names of entities that do not exist, or exist already as built-in ones.
pub fn detector(spec: &DetectSpec, entities: Option<&[String]>) -> Result<Detector, OptionsError> {
    let thresholds = Thresholds {
        by_entity: spec.thresholds.iter().map(|(name, least)| (name.clone(), share(*least))).collect(),
        ..Thresholds::default()
    };
    let wanted = entities.or(spec.entities.as_deref());
    let is_wanted = |custom: &&CustomEntitySpec| entities.is_none_or(|entities| entities.contains(&custom.name));
    let custom: Vec<CustomEntity> = spec.custom.iter().filter(is_wanted).map(custom_entity).collect();
    let built_in = |name: &&String| !custom.iter().any(|custom| custom.name == **name);
    Detector::new(&Options {
        entities: wanted.map(|names| names.iter().filter(built_in).cloned().collect()),
        thresholds: match spec.threshold {
            Some(least) => Thresholds { default: share(least), ..thresholds },
            None => thresholds,
        },
        allow: Allow { exact: spec.allow.values.clone(), patterns: spec.allow.patterns.clone() },
        report_samples: spec.test_values == TestValues::Report,
        custom,
        ..Options::default()
    })
}

/// When a column counts as personal.
pub fn vote_rule(spec: &DetectSpec) -> VoteRule {
    let default = VoteRule::default();
    match spec.column_share.map(share) {
        Some(least) => VoteRule { least_share: least, least_named_share: least, ..default },
        None => default,
    }
}

/// What the policy's loader cannot know: names of entities that do not exist. Each is told with its column.
pub fn problems(privacy: &PrivacySpec) -> Vec<String> {
    let whole = detector(&privacy.detect, None).err().map(|error| format!("privacy.detect: {error}"));
    let of_columns = privacy.columns.iter().filter_map(|(column, transform)| match transform {
        Transform::RedactText { entities: Some(entities), .. } => {
            let error = detector(&privacy.detect, Some(entities)).err()?;
            Some(format!("privacy.columns.{column}.entities: {error}"))
        }
        _ => None,
    });
    whole.into_iter().chain(of_columns).collect()
}

fn custom_entity(spec: &CustomEntitySpec) -> CustomEntity {
    CustomEntity {
        name: spec.name.clone(),
        patterns: spec.patterns.iter().map(|(regex, score)| (regex.clone(), share(*score))).collect(),
        values: spec.values.clone(),
        context: spec.context.clone(),
        needs_keyword: spec.needs_context,
        checksum: spec.checksum.map(|checksum| match checksum {
            EntityChecksum::Luhn => Checksum::Luhn,
            EntityChecksum::Verhoeff => Checksum::Verhoeff,
            EntityChecksum::Mod1110 => Checksum::Mod1110,
            EntityChecksum::Mod97 => Checksum::Mod97,
        }),
    }
}

/// The loader lets numbers from 0 to 1 through; anything else would count nothing.
fn share(number: Number) -> f64 {
    number.to_string().parse().unwrap_or(1.0)
}
