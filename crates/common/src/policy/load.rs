//! From text to a [`Policy`], or to everything that is wrong with it.

use std::collections::HashMap;

use globset::GlobBuilder;

use super::digest::SectionDigests;
use super::model::{Dataset, IntegritySpec, KeyPattern, Policy};
use super::problem::PolicyProblems;
use super::reader::{Reader, kind};
use super::yaml::{self, Mark, Node, Yaml};
use crate::digest::Sha256Digest;

/// The largest policy that is read, in bytes.
pub const MAX_POLICY_BYTES: usize = 256 << 10;

/// The version of the policy's format.
pub(super) const VERSION: u32 = 1;

const MAX_DATASETS: usize = 1_000;
const MAX_PATTERNS: usize = 100;
/// A compiled pattern takes some 10 KiB, and every key is held against each.
const MAX_PATTERNS_IN_ALL: usize = 1_000;
const MAX_PATTERN_BYTES: usize = 1_024;
/// Each `{` nests the regular expression that a glob becomes.
const MAX_PATTERN_BRACES: usize = 16;

pub(super) const POLICY_FIELDS: &[&str] = &["version", "datasets"];
pub(super) const DATASET_FIELDS: &[&str] =
    &["name", "match", "format", "quality", "privacy", "integrity", "catalog", "release"];

impl Policy {
    /// Reads a policy.
    ///
    /// The DQDL text of rulesets is not looked at: `sluice policy check` and the quality function do that.
    ///
    /// # Errors
    /// Every problem that was found, not only the first. YAML that cannot be parsed ends the search where it stands.
    pub fn parse(text: &str) -> Result<Self, PolicyProblems> {
        let mut reader = Reader { problems: PolicyProblems::new(), patterns: 0 };
        let policy = read(&mut reader, text);
        reader.problems.into_result()?;
        policy.ok_or_else(|| {
            let mut problems = PolicyProblems::new();
            problems.report("", Mark::START, "the policy could not be read");
            problems
        })
    }
}

fn read(reader: &mut Reader, text: &str) -> Option<Policy> {
    if text.len() > MAX_POLICY_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_POLICY_BYTES} are read", text.len());
        reader.report("", Mark::START, message);
        return None;
    }
    let root = yaml::parse(text.strip_prefix('\u{feff}').unwrap_or(text), &mut reader.problems)?;
    let fields = reader.fields(&root, "", POLICY_FIELDS, &[])?;
    let version = reader.required(&fields, "version").and_then(|node| version(reader, node));
    let datasets = reader.required(&fields, "datasets").and_then(|node| datasets(reader, node));
    Some(Policy { version: version?, datasets: datasets?, digest: Sha256Digest::of(text.as_bytes()) })
}

fn version(reader: &mut Reader, node: &Node) -> Option<u32> {
    let version = reader.integer(node, "version", 0..=u32::MAX)?;
    if version == VERSION {
        return Some(version);
    }
    reader.report("version", node.at, format!("version {version} is not supported; this release reads {VERSION}"));
    None
}

fn datasets(reader: &mut Reader, node: &Node) -> Option<Vec<Dataset>> {
    let Yaml::Sequence(nodes) = &node.yaml else {
        reader.report("datasets", node.at, format!("expected a list, found {}", kind(node)));
        return None;
    };
    if nodes.is_empty() || nodes.len() > MAX_DATASETS {
        reader.report("datasets", node.at, format!("expected 1 to {MAX_DATASETS} datasets, found {}", nodes.len()));
        return None;
    }
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut datasets = Some(Vec::with_capacity(nodes.len()));
    for (index, node) in nodes.iter().enumerate() {
        let path = format!("datasets[{index}]");
        match dataset(reader, node, &path) {
            None => datasets = None,
            Some(dataset) => {
                if let Some(first) = names.insert(dataset.name.clone(), index) {
                    let message = format!("the name {:?} is taken by datasets[{first}]", dataset.name);
                    reader.report(&format!("{path}.name"), node.at, message);
                }
                if let Some(datasets) = &mut datasets {
                    datasets.push(dataset);
                }
            }
        }
    }
    datasets
}

fn dataset(reader: &mut Reader, node: &Node, path: &str) -> Option<Dataset> {
    let fields = reader.fields(node, path, DATASET_FIELDS, &[])?;
    let name = reader.required(&fields, "name").and_then(|node| name(reader, node, &fields.path_of("name")));
    let patterns = reader.required(&fields, "match").and_then(|node| patterns(reader, node, &fields.path_of("match")));
    let format = reader.required(&fields, "format").and_then(|node| reader.format(node, &fields.path_of("format")));
    let quality = reader.required(&fields, "quality").and_then(|node| reader.quality(node, &fields.path_of("quality")));
    let privacy = reader.required(&fields, "privacy").and_then(|node| reader.privacy(node, &fields.path_of("privacy")));
    let integrity = reader.optional(&fields, "integrity", IntegritySpec::default(), Reader::integrity);
    let catalog = reader.optional(&fields, "catalog", None, |reader, node, path| reader.catalog(node, path).map(Some));
    let release = reader.optional(&fields, "release", None, |reader, node, path| reader.release(node, path).map(Some));
    let (name, format, quality, privacy, catalog) = (name?, format?, quality?, privacy?, catalog?);
    if let Some(node) = fields.get("privacy")
        && !reader.check_paths(&format, &privacy, node, &fields.path_of("privacy"))
    {
        return None;
    }
    let digests = SectionDigests::of(VERSION, &name, &format, &quality, &privacy, catalog.as_ref());
    let digests = digests.map_err(|json| reader.report(path, node.at, format!("cannot be digested: {json}"))).ok()?;
    Some(Dataset {
        name,
        patterns: patterns?,
        format,
        quality,
        privacy,
        integrity: integrity?,
        catalog,
        release: release?,
        digests,
    })
}

/// Names stand in keys that we write and in KMS encryption contexts, so they are plain.
pub(super) fn name(reader: &mut Reader, node: &Node, path: &str) -> Option<String> {
    let rule = "a name: expected 1 to 64 of a-z, 0-9, '_' and '-', beginning with a letter or digit";
    let is_name = |text: &str| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
        text.len() <= 64 && text.bytes().all(inner) && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
    };
    reader.text_where(node, path, rule, is_name).map(str::to_owned)
}

fn patterns(reader: &mut Reader, node: &Node, path: &str) -> Option<Vec<KeyPattern>> {
    let Yaml::Sequence(nodes) = &node.yaml else {
        return pattern(reader, node, path).map(|pattern| vec![pattern]);
    };
    if nodes.is_empty() || nodes.len() > MAX_PATTERNS {
        reader.report(path, node.at, format!("expected 1 to {MAX_PATTERNS} patterns, found {}", nodes.len()));
        return None;
    }
    // Read all before giving up on one, so that every problem is found.
    let patterns: Vec<Option<KeyPattern>> =
        nodes.iter().enumerate().map(|(index, node)| pattern(reader, node, &format!("{path}[{index}]"))).collect();
    patterns.into_iter().collect()
}

fn pattern(reader: &mut Reader, node: &Node, path: &str) -> Option<KeyPattern> {
    let rule = "a pattern: expected 1 to 1,024 bytes with at most 16 '{'";
    let is_bounded = |text: &str| {
        (1..=MAX_PATTERN_BYTES).contains(&text.len())
            && text.bytes().filter(|&b| b == b'{').count() <= MAX_PATTERN_BRACES
    };
    let text = reader.text_where(node, path, rule, is_bounded)?;
    reader.patterns = reader.patterns.saturating_add(1);
    if reader.patterns > MAX_PATTERNS_IN_ALL {
        reader.report(path, node.at, format!("one policy holds at most {MAX_PATTERNS_IN_ALL} patterns"));
        return None;
    }
    match GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build() {
        Ok(glob) => Some(KeyPattern::new(glob.compile_matcher())),
        Err(error) => {
            reader.report(path, node.at, format!("not a glob: {}", error.kind()));
            None
        }
    }
}
