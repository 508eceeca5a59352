//! Rules on files: `FileFreshness`, `FileSize`, `FileUniqueness`, `FileMatch`. They are judged while the ruleset is planned,
//! from a listing; the table's rows play no part.

use std::collections::BTreeMap;
use std::sync::Arc;

use sluice_dqdl::RuleType;
use sluice_dqdl::ast::{Condition, Rule, StringTest, TagValue};

use super::support::threshold;
use super::{Lowered, Marks, evaluated_rule};
use crate::condition::{Check, CheckForm, bytes_check, instant_check};
use crate::files::{FileEntry, FileSource, HashAlgorithm};
use crate::outcome::{Outcome, Refusal, Verdict};
use crate::pattern::find_anywhere;
use crate::plan::Planner;
use crate::value::{count, from_count};

/// More files than this are not judged here.
const MOST_FILES: usize = 100_000;
const FILE_COUNT: &str = "Dataset.*.FileCount";

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let Some(source) = planner.options.files.clone() else {
        return Err(Refusal::error("no listing of files was given, so nothing can be said about them"));
    };
    let files = Files { rule, source, algorithm: algorithm(rule)?, by_name: flag(rule, "matchFileName") };
    let path = rule.parameters.first().map(sluice_dqdl::ast::Parameter::unescaped);
    let listed = files.chosen(path.as_deref())?;
    let verdict = match rule.rule_type {
        RuleType::FileFreshness => files.freshness(&listed, planner)?,
        RuleType::FileSize => files.size(&listed, planner)?,
        RuleType::FileUniqueness => {
            let (verdict, evaluated) = files.uniqueness(&listed, planner)?;
            let mut lowered = Lowered::new(Marks::None, move |_| verdict.clone());
            lowered.evaluated_rule = evaluated;
            return Ok(lowered);
        }
        _ => files.matches(&listed)?,
    };
    Ok(Lowered::new(Marks::None, move |_| verdict.clone()))
}

struct Files<'r> {
    rule: &'r Rule,
    source: Arc<dyn FileSource>,
    algorithm: HashAlgorithm,
    by_name: bool,
}

fn algorithm(rule: &Rule) -> Result<HashAlgorithm, Refusal> {
    let Some(name) = text_tag(rule, "hashAlgorithm") else { return Ok(HashAlgorithm::default()) };
    HashAlgorithm::from_name(name)
        .ok_or_else(|| Refusal::error("the hash algorithm is unknown; use MD5, SHA-1 or SHA-256"))
}

fn text_tag<'r>(rule: &'r Rule, name: &str) -> Option<&'r str> {
    rule.tag(name).and_then(|tag| tag.value.as_text())
}

fn flag(rule: &Rule, name: &str) -> bool {
    text_tag(rule, name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

impl Files<'_> {
    /// The files at `path`, the newest first, as the tags choose them.
    fn chosen(&self, path: Option<&str>) -> Result<Vec<FileEntry>, Refusal> {
        let listed = self.source.list(path).map_err(|problem| {
            Refusal::error(format!("the files cannot be listed: {problem}; try again or name another path"))
        })?;
        if listed.len() > MOST_FILES {
            return Err(Refusal::error(format!("there are more than {MOST_FILES} files; name a narrower path")));
        }
        let mut files = listed;
        files.sort_by(|left, right| {
            right.modified_epoch_micros.cmp(&left.modified_epoch_micros).then_with(|| left.path.cmp(&right.path))
        });
        let order = match self.rule.tag("filterOrder").map(|tag| &tag.value) {
            Some(TagValue::List(names)) => names.clone(),
            // AWS Glue's order where none is given.
            _ => vec!["recentFiles".to_owned(), "uriRegex".to_owned()],
        };
        let mut left = vec!["recentFiles", "uriRegex"];
        for name in order {
            if !left.contains(&name.as_str()) {
                return Err(Refusal::error("filterOrder names each of recentFiles and uriRegex once at most"));
            }
            left.retain(|known| *known != name);
            self.choose(&name, &mut files)?;
        }
        left.into_iter().try_for_each(|name| self.choose(name, &mut files))?;
        Ok(files)
    }

    fn choose(&self, tag: &str, files: &mut Vec<FileEntry>) -> Result<(), Refusal> {
        let Some(value) = text_tag(self.rule, tag) else { return Ok(()) };
        if tag == "recentFiles" {
            let newest: usize = value
                .parse()
                .ok()
                .filter(|newest| *newest > 0)
                .ok_or_else(|| Refusal::error("recentFiles must be a whole number from 1 on"))?;
            files.truncate(newest);
        } else {
            let pattern = find_anywhere(value).map_err(|problem| Refusal::error(format!("uriRegex: {problem}")))?;
            files.retain(|file| pattern.is_match(file.path.as_bytes()));
        }
        Ok(())
    }

    fn none(&self) -> Verdict {
        let place = self.rule.parameters.first().map_or("among the table's own", |parameter| &*parameter.value);
        Verdict::failed(format!("no file was found: {place}")).with_metric(FILE_COUNT, 0.0)
    }

    fn freshness(&self, files: &[FileEntry], planner: &Planner<'_>) -> Result<Verdict, Refusal> {
        let Some(Condition::Date(condition)) = &self.rule.condition else {
            return Err(Refusal::error("FileFreshness needs a point in time, such as > (now() - 24 hours)"));
        };
        let now = planner.options.now_epoch_micros.div_euclid(1_000_000);
        let mut check = instant_check(&condition.test, now, text_tag(self.rule, "timeZone"))
            .map_err(|problem| Refusal::error(problem.to_string()))?;
        // AWS's own example is `between now() and (now() - 45 minutes)`.
        if let CheckForm::Between { low, high, .. } = &mut check.form
            && low > high
        {
            std::mem::swap(low, high);
        }
        let passes = |file: &FileEntry| check.holds(file.modified_epoch_micros.div_euclid(1_000_000));
        self.share("Dataset.*.FileFreshness.Compliance", files, passes, planner)
    }

    fn size(&self, files: &[FileEntry], planner: &Planner<'_>) -> Result<Verdict, Refusal> {
        let Some(Condition::Size(condition)) = &self.rule.condition else {
            return Err(Refusal::error("FileSize needs a size, such as > 5 MB"));
        };
        let check = bytes_check(condition).map_err(|problem| Refusal::error(problem.to_string()))?;
        let passes = |file: &FileEntry| check.holds(u128::from(file.size_bytes));
        let mut verdict = self.share("Dataset.*.FileSize.Compliance", files, passes, planner)?;
        let sizes = || files.iter().map(|file| from_count(file.size_bytes));
        if !files.is_empty() {
            verdict = verdict
                .with_metric("Dataset.*.MaximumFileSize", sizes().fold(0.0, f64::max))
                .with_metric("Dataset.*.MinimumFileSize", sizes().fold(f64::INFINITY, f64::min));
        }
        Ok(verdict)
    }

    /// The share of files that pass, against the rule's threshold.
    fn share(
        &self,
        key: &str,
        files: &[FileEntry],
        passes: impl Fn(&FileEntry) -> bool,
        planner: &Planner<'_>,
    ) -> Result<Verdict, Refusal> {
        let threshold: Check<f64> = threshold(self.rule, key, planner)?;
        if files.is_empty() {
            return Ok(self.none());
        }
        let passed = count(files.iter().filter(|file| passes(file)).count());
        let share = from_count(passed) / from_count(count(files.len()));
        let verdict = if threshold.holds(share) {
            Verdict::new(Outcome::Passed, None)
        } else {
            Verdict::failed(format!(
                "{} of {} files do not meet the condition",
                count(files.len()) - passed,
                files.len()
            ))
        };
        Ok(verdict.with_metric(key, share).with_metric(FILE_COUNT, from_count(count(files.len()))))
    }

    fn hashes(&self, files: &[FileEntry]) -> Result<Vec<String>, Refusal> {
        let hash = |file: &FileEntry| {
            self.source.hash(file, self.algorithm).map_err(|problem| {
                Refusal::error(format!("a file cannot be hashed: {problem}; try again or name another path"))
            })
        };
        files.iter().map(hash).collect()
    }

    fn uniqueness(&self, files: &[FileEntry], planner: &Planner<'_>) -> Result<(Verdict, Option<String>), Refusal> {
        const KEY: &str = "Dataset.*.FileUniquenessRatio";
        let Some(Condition::Number(condition)) = &self.rule.condition else {
            return Err(Refusal::error("FileUniqueness needs a condition on a number, such as = 1.0"));
        };
        let check = planner.check(condition, KEY)?;
        let evaluated = evaluated_rule(self.rule, condition, KEY, planner)?;
        if files.is_empty() {
            return Ok((self.none(), evaluated));
        }
        let hashes = self.hashes(files)?;
        let (mut contents, mut names): (BTreeMap<&str, usize>, BTreeMap<&str, usize>) = Default::default();
        for (file, hash) in files.iter().zip(&hashes) {
            *contents.entry(hash).or_default() += 1;
            *names.entry(file.name()).or_default() += 1;
        }
        let is_unique = |(file, hash): &(&FileEntry, &String)| {
            contents.get(hash.as_str()) == Some(&1) && (!self.by_name || names.get(file.name()) == Some(&1))
        };
        let unique = count(files.iter().zip(&hashes).filter(is_unique).count());
        let ratio = from_count(unique) / from_count(count(files.len()));
        let verdict = Verdict::of_value(check.holds(ratio), ratio)
            .with_metric(KEY, ratio)
            .with_metric(FILE_COUNT, from_count(count(files.len())));
        Ok((verdict, evaluated))
    }

    fn matches(&self, files: &[FileEntry]) -> Result<Verdict, Refusal> {
        if files.is_empty() {
            return Ok(self.none());
        }
        let found = self.hashes(files)?;
        let different = match (self.rule.parameters.get(1), &self.rule.condition) {
            (Some(other), _) => {
                let others = self.chosen(Some(&other.unescaped()))?;
                let other_hashes = self.hashes(&others)?;
                self.differences(files, &found, &others, &other_hashes)
            }
            (None, Some(Condition::String(condition))) => {
                let (negated, listed): (bool, Vec<String>) = match &condition.test {
                    StringTest::In { negated, set } => {
                        (*negated, set.operands.iter().filter_map(sluice_dqdl::ast::StringOperand::unescaped).collect())
                    }
                    StringTest::Equal { negated, operand } => (*negated, operand.unescaped().into_iter().collect()),
                    StringTest::Matches { .. } => return Err(Refusal::error("FileMatch compares whole checksums")),
                };
                let is_listed =
                    |hash: &&String| listed.iter().any(|listed| listed.eq_ignore_ascii_case(hash)) == negated;
                found.iter().filter(is_listed).count()
            }
            _ => return Err(Refusal::error("FileMatch needs a list of checksums or a second path")),
        };
        let verdict = if different == 0 {
            Verdict::new(Outcome::Passed, None)
        } else {
            Verdict::failed(format!("{different} files have no counterpart"))
        };
        Ok(verdict.with_metric(FILE_COUNT, from_count(count(files.len()))))
    }

    /// Files on either side that the other side has not: by content, and by name where the rule asks for it.
    fn differences(
        &self,
        left: &[FileEntry],
        left_hashes: &[String],
        right: &[FileEntry],
        right_hashes: &[String],
    ) -> usize {
        let mut balance: BTreeMap<(&str, &str), isize> = BTreeMap::new();
        let sides = [(left, left_hashes, 1), (right, right_hashes, -1)];
        for (files, hashes, step) in sides {
            for (file, hash) in files.iter().zip(hashes) {
                *balance.entry((if self.by_name { file.name() } else { "" }, hash)).or_default() += step;
            }
        }
        balance.values().map(|difference| difference.unsigned_abs()).sum()
    }
}
