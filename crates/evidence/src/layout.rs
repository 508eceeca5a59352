//! Where statements are kept: `att/<stage>/<sid[0:2]>/<sid>/<run>.dsse.json`.
//!
//! The key is a pure function of the statement's content, so the same statement made twice meets itself, and a genuine
//! statement that someone copied under another key is found out. No part of it comes from an uploader.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sluice_common::{ObjectKey, ObjectVersion, ObjectVersionId, Sha256Digest};

/// Prefix of all statements.
pub const STATEMENTS_PREFIX: &str = "att/";

const SUFFIX: &str = ".dsse.json";

/// The kinds of statements. The name stands in keys and in predicate types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
#[allow(missing_docs)] // the predicates say what each means
pub enum Stage {
    Seal,
    Quality,
    Pseudonymize,
    Sweep,
    Reidentify,
    Quarantine,
    Finding,
    Audit,
    Budget,
    Release,
    Shred,
    Handover,
    KeyRotation,
    Refusal,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 14] = [
        Self::Seal,
        Self::Quality,
        Self::Pseudonymize,
        Self::Sweep,
        Self::Reidentify,
        Self::Quarantine,
        Self::Finding,
        Self::Audit,
        Self::Budget,
        Self::Release,
        Self::Shred,
        Self::Handover,
        Self::KeyRotation,
        Self::Refusal,
    ];

    /// The name in keys and predicate types.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Quality => "quality",
            Self::Pseudonymize => "pseudonymize",
            Self::Sweep => "sweep",
            Self::Reidentify => "reidentify",
            Self::Quarantine => "quarantine",
            Self::Finding => "finding",
            Self::Audit => "audit",
            Self::Budget => "budget",
            Self::Release => "release",
            Self::Shred => "shred",
            Self::Handover => "handover",
            Self::KeyRotation => "keyrotation",
            Self::Refusal => "refusal",
        }
    }

    /// Prefix of this stage's statements, `att/<stage>/`.
    pub fn prefix(self) -> String {
        format!("{STATEMENTS_PREFIX}{}/", self.as_str())
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a statement is about, as a digest: an object version's id, a request's digest, or the digest of a bucket's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubjectId(Sha256Digest);

impl SubjectId {
    /// The id of something that is not an object version, by its name, such as `s3://bucket`.
    pub fn of_name(name: &str) -> Self {
        Self(Sha256Digest::of(name.as_bytes()))
    }

    /// The id of something that is known by its digest.
    pub const fn of_digest(digest: Sha256Digest) -> Self {
        Self(digest)
    }

    /// The digest.
    pub const fn digest(&self) -> &Sha256Digest {
        &self.0
    }
}

impl From<ObjectVersionId> for SubjectId {
    fn from(id: ObjectVersionId) -> Self {
        Self(*id.digest())
    }
}

impl From<&ObjectVersion> for SubjectId {
    fn from(version: &ObjectVersion) -> Self {
        version.id().into()
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Tells the statements of one stage about one subject apart: `0` where only one can exist, else 32 hexadecimal digits
/// derived from everything that the outcome depends on beside the subject, such as the policy's digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// The only statement of its stage about its subject.
    pub fn only() -> Self {
        Self("0".to_owned())
    }

    /// Derives the id from inputs. Each is preceded by its length, so no two lists of inputs collide.
    pub fn of<'a>(inputs: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Sha256::new();
        for input in inputs {
            hasher.update((input.len() as u64).to_be_bytes());
            hasher.update(input);
        }
        let mut hex = hex::encode(hasher.finalize());
        hex.truncate(32);
        Self(hex)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = LayoutError;
    fn from_str(text: &str) -> Result<Self, LayoutError> {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text == "0" || (text.len() == 32 && text.bytes().all(is_digit)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(LayoutError)
        }
    }
}

/// The key of a statement, in parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementKey {
    /// The stage.
    pub stage: Stage,
    /// What it is about.
    pub subject: SubjectId,
    /// Which of the stage's statements about it.
    pub run: RunId,
}

/// Why a key is not a statement's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a statement's key: expected att/<stage>/<2 hex>/<64 hex>/<run>.dsse.json")]
pub struct LayoutError;

impl StatementKey {
    /// Prefix of one stage's statements about one subject.
    pub fn prefix(stage: Stage, subject: &SubjectId) -> String {
        let sid = subject.to_string();
        let shard: String = sid.chars().take(2).collect();
        format!("{}{shard}/{sid}/", stage.prefix())
    }

    /// The key of the one seal of an object version.
    pub fn seal_of(version: &ObjectVersion) -> Self {
        Self { stage: Stage::Seal, subject: version.into(), run: RunId::only() }
    }

    /// The key in the evidence bucket.
    ///
    /// # Panics
    /// Never: the text is some 170 ASCII characters, far from S3's 1,024.
    pub fn object_key(&self) -> ObjectKey {
        #[expect(clippy::expect_used, reason = "about 170 ASCII characters: never empty, never beyond 1,024")]
        ObjectKey::new(self.to_string()).expect("a statement's key fits")
    }
}

impl fmt::Display for StatementKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{SUFFIX}", Self::prefix(self.stage, &self.subject), self.run.as_str())
    }
}

impl FromStr for StatementKey {
    type Err = LayoutError;

    fn from_str(key: &str) -> Result<Self, LayoutError> {
        let parse = || {
            let mut parts = key.strip_prefix(STATEMENTS_PREFIX)?.strip_suffix(SUFFIX)?.split('/');
            let (stage, shard, sid, run) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            let stage = Stage::ALL.into_iter().find(|known| known.as_str() == stage)?;
            let subject = SubjectId(sid.parse().ok()?);
            let whole = parts.next().is_none() && shard.len() == 2 && sid.starts_with(shard);
            whole.then_some(Self { stage, subject, run: run.parse().ok()? })
        };
        parse().ok_or(LayoutError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_key_is_pinned() {
        let key = StatementKey { stage: Stage::Seal, subject: SubjectId::of_name("x"), run: RunId::only() };
        // printf x | sha256sum
        let sid = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
        assert_eq!(key.to_string(), format!("att/seal/2d/{sid}/0.dsse.json"));
    }

    #[test]
    fn foreign_keys_are_refused() {
        let good =
            StatementKey { stage: Stage::Quality, subject: SubjectId::of_name("x"), run: RunId::of([&b"p"[..]]) }
                .to_string();
        assert!(good.parse::<StatementKey>().is_ok());
        for bad in [
            String::new(),
            good.replace("att/", "log/"),
            good.replace("quality", "unknown"),
            good.replace("/2d/", "/2e/"),
            good.replace("/2d/", "//"),
            good.replace(".dsse.json", ".json"),
            good.replace("2d71", "2D71"),
            format!("{good}.dsse.json"),
            good.replacen('/', "//", 1),
        ] {
            assert_eq!(bad.parse::<StatementKey>(), Err(LayoutError), "{bad}");
        }
    }

    #[test]
    fn inputs_of_a_run_do_not_run_together() {
        assert_ne!(RunId::of([&b"ab"[..], b"c"]), RunId::of([&b"a"[..], b"bc"]));
        assert_ne!(RunId::of([&b"ab"[..]]), RunId::of([&b"ab"[..], b""]));
    }

    proptest! {
        #[test]
        fn keys_round_trip(name in any::<String>(), input in any::<Vec<u8>>(), stage in prop::sample::select(&Stage::ALL[..])) {
            let key = StatementKey { stage, subject: SubjectId::of_name(&name), run: RunId::of([input.as_slice()]) };
            prop_assert_eq!(key.object_key().as_str().parse(), Ok(key));
        }

        #[test]
        fn any_text_parses_or_fails_in_peace(text in "(att/)?[a-z/0-9.]{0,120}(\\.dsse\\.json)?") {
            if let Ok(key) = text.parse::<StatementKey>() {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }
}
