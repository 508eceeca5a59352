//! The vote of a column's cells on what the column holds.

use crate::scan::Finding;
use std::collections::BTreeMap;

/// When a column counts as holding an entity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoteRule {
    /// The least share of non-null cells that must hold it, 0 to 1.
    pub least_share: f64,
    /// The fewest cells that must hold it.
    pub least_cells: u64,
}

impl Default for VoteRule {
    /// A tenth of the cells: check digits of modulus 10 and 11 hold for one random number in ten, but only within the
    /// issued ranges, so a column of random numbers stays below.
    fn default() -> Self {
        Self { least_share: 0.1, least_cells: 1 }
    }
}

/// Counts, cell by cell, which entities a column holds. Votes of parts of a column merge into the vote of the whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnVote {
    cells: u64,
    tallies: BTreeMap<String, Tally>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Tally {
    cells: u64,
    whole_cells: u64,
    best_score: f64,
}

/// How much of a column an entity takes.
#[derive(Debug, Clone, PartialEq)]
pub struct EntityShare {
    /// The entity's name.
    pub entity: String,
    /// Cells that hold it.
    pub cells: u64,
    /// Cells that are nothing else.
    pub whole_cells: u64,
    /// Cells that hold it, by non-null cells.
    pub share: f64,
    /// The best score of any of its findings.
    pub best_score: f64,
}

impl ColumnVote {
    /// A column without cells.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a non-null cell of `len` bytes.
    pub fn add(&mut self, len: usize, findings: &[Finding<'_>]) {
        self.cells += 1;
        for (index, finding) in findings.iter().enumerate() {
            let earlier = findings.get(..index).unwrap_or_default();
            let seen_in_cell = earlier.iter().any(|other| other.entity == finding.entity);
            let count = |tally: &mut Tally| {
                tally.cells += u64::from(!seen_in_cell);
                tally.whole_cells += u64::from(finding.start == 0 && finding.end == len);
                tally.best_score = tally.best_score.max(finding.score);
            };
            match self.tallies.get_mut(finding.entity) {
                Some(tally) => count(tally),
                None => count(self.tallies.entry(finding.entity.to_owned()).or_default()),
            }
        }
    }

    /// Adds the vote of other cells of the same column.
    pub fn merge(&mut self, other: &Self) {
        self.cells += other.cells;
        for (entity, theirs) in &other.tallies {
            let ours = self.tallies.entry(entity.clone()).or_default();
            ours.cells += theirs.cells;
            ours.whole_cells += theirs.whole_cells;
            ours.best_score = ours.best_score.max(theirs.best_score);
        }
    }

    /// The number of non-null cells counted.
    pub fn cells(&self) -> u64 {
        self.cells
    }

    /// All entities found, the largest share first.
    pub fn shares(&self) -> Vec<EntityShare> {
        let share_of = |(entity, tally): (&String, &Tally)| EntityShare {
            entity: entity.clone(),
            cells: tally.cells,
            whole_cells: tally.whole_cells,
            share: ratio(tally.cells, self.cells),
            best_score: tally.best_score,
        };
        let mut shares: Vec<_> = self.tallies.iter().map(share_of).collect();
        shares
            .sort_by(|one, other| other.share.total_cmp(&one.share).then(other.best_score.total_cmp(&one.best_score)));
        shares
    }

    /// The entities that the column counts as holding, the largest share first.
    pub fn verdict(&self, rule: VoteRule) -> Vec<EntityShare> {
        let mut shares = self.shares();
        shares.retain(|share| share.share >= rule.least_share && share.cells >= rule.least_cells);
        shares
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits of a count")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
