//! The vote of a column's cells on what the column holds.

use crate::scan::Finding;

/// When a column counts as holding an entity: shares of the cells that are neither NULL nor empty, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoteRule {
    /// The least share of cells that hold a value which shows by itself what it is: an e-mail address, an IBAN.
    pub least_share: f64,
    /// The least share where most of the values are bare digits: one random number in ten has a check digit that holds,
    /// so a column of random numbers stays below.
    pub least_bare_share: f64,
    /// The least share where the column's name or path speaks for the entity.
    pub least_named_share: f64,
    /// The share of cells, or of those that hold the entity, which must be nothing else for the column to be of that
    /// entity rather than text with it inside.
    pub whole_share: f64,
}

impl Default for VoteRule {
    fn default() -> Self {
        Self { least_share: 0.01, least_bare_share: 0.5, least_named_share: 0.01, whole_share: 0.5 }
    }
}

/// Counts, cell by cell, which entities a column holds. Votes of parts of a column merge into the vote of the whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnVote {
    cells: u64,
    tallies: Vec<Tally>,
}

#[derive(Debug, Clone, PartialEq)]
struct Tally {
    /// The entity's number in the detector that found it first, and which that is.
    number: usize,
    detector_id: u64,
    entity: String,
    named: bool,
    cells: u64,
    whole_cells: u64,
    bare_cells: u64,
    best_score: f64,
    score_sum: f64,
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
    /// Cells that are digits alone.
    pub bare_cells: u64,
    /// Cells that hold it, by cells that are neither NULL nor empty.
    pub share: f64,
    /// The best score of any of its findings.
    pub best_score: f64,
    /// The mean of the scores of its findings, one a cell.
    pub mean_score: f64,
    /// Whether the column's name or path speaks for it.
    pub named: bool,
}

/// What a column is, by the vote.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnClass {
    /// Nothing personal that the rule counts.
    Clear,
    /// Its cells are values of this entity.
    Of(EntityShare),
    /// Text with values of these entities inside, the largest share first.
    TextWith(Vec<EntityShare>),
}

impl ColumnVote {
    /// A column without cells.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts cells in which nothing was found; neither NULLs nor empty texts.
    pub fn add_clear(&mut self, cells: u64) {
        self.cells += cells;
    }

    /// Counts a cell that is neither NULL nor empty. `named` says whether the column's name speaks for an entity.
    pub fn add(&mut self, cell: &[u8], findings: &[Finding<'_>], place: &crate::Place) {
        self.cells += 1;
        for (index, finding) in findings.iter().enumerate() {
            let earlier = findings.get(..index).unwrap_or_default();
            let first_in_cell = !earlier.iter().any(|other| other.number == finding.number);
            let whole = finding.start == 0 && finding.end == cell.len();
            let tally = self.tally(finding, place.speaks_for(finding.number));
            tally.best_score = tally.best_score.max(finding.score);
            tally.whole_cells += u64::from(whole);
            if first_in_cell {
                tally.cells += 1;
                tally.bare_cells += u64::from(whole && cell.iter().all(u8::is_ascii_digit));
                tally.score_sum += finding.score;
            }
        }
    }

    fn tally(&mut self, finding: &Finding<'_>, named: bool) -> &mut Tally {
        // Numbers first: for each finding of a table, names would take as long to compare as all that is counted.
        let is_numbered = |tally: &Tally| tally.number == finding.number && tally.detector_id == finding.detector_id;
        let numbered = self.tallies.iter().position(is_numbered);
        let named_so = || self.tallies.iter().position(|tally| tally.entity == finding.entity);
        let position = numbered.or_else(named_so).unwrap_or_else(|| {
            self.tallies.push(Tally::new(finding, named));
            self.tallies.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the position was found or pushed just now")]
        &mut self.tallies[position]
    }

    /// Adds the vote of other cells of the same column.
    pub fn merge(&mut self, other: &Self) {
        self.cells += other.cells;
        for theirs in &other.tallies {
            let Some(ours) = self.tallies.iter_mut().find(|tally| tally.entity == theirs.entity) else {
                self.tallies.push(theirs.clone());
                continue;
            };
            ours.cells += theirs.cells;
            ours.whole_cells += theirs.whole_cells;
            ours.bare_cells += theirs.bare_cells;
            ours.best_score = ours.best_score.max(theirs.best_score);
            ours.score_sum += theirs.score_sum;
        }
    }

    /// The number of cells counted.
    pub fn cells(&self) -> u64 {
        self.cells
    }

    /// All entities found, the largest share first.
    pub fn shares(&self) -> Vec<EntityShare> {
        let share_of = |tally: &Tally| EntityShare {
            entity: tally.entity.clone(),
            cells: tally.cells,
            whole_cells: tally.whole_cells,
            bare_cells: tally.bare_cells,
            share: ratio(tally.cells, self.cells),
            best_score: tally.best_score,
            mean_score: if tally.cells == 0 { 0.0 } else { tally.score_sum / lossy(tally.cells) },
            named: tally.named,
        };
        let mut shares: Vec<_> = self.tallies.iter().map(share_of).collect();
        shares.sort_by(|one, other| {
            let by_share = other.share.total_cmp(&one.share);
            by_share.then(other.mean_score.total_cmp(&one.mean_score)).then(one.entity.cmp(&other.entity))
        });
        shares
    }

    /// The entities that the column counts as holding, the largest share first.
    pub fn verdict(&self, rule: VoteRule) -> Vec<EntityShare> {
        let mut shares = self.shares();
        shares.retain(|share| share.counts(rule));
        shares
    }

    /// What the column is.
    pub fn class(&self, rule: VoteRule) -> ColumnClass {
        let counted = self.verdict(rule);
        let is_whole = |share: &&EntityShare| {
            let of_cells = ratio(share.whole_cells, self.cells);
            let of_hits = ratio(share.whole_cells, share.cells);
            of_cells >= rule.whole_share || (share.named && of_hits >= rule.whole_share)
        };
        match counted.iter().find(is_whole) {
            Some(whole) => ColumnClass::Of(whole.clone()),
            None if counted.is_empty() => ColumnClass::Clear,
            None => ColumnClass::TextWith(counted),
        }
    }
}

impl Tally {
    fn new(finding: &Finding<'_>, named: bool) -> Self {
        Self {
            number: finding.number,
            detector_id: finding.detector_id,
            entity: finding.entity.to_owned(),
            named,
            cells: 0,
            whole_cells: 0,
            bare_cells: 0,
            best_score: 0.0,
            score_sum: 0.0,
        }
    }
}

impl EntityShare {
    /// Whether a rule counts it.
    pub fn counts(&self, rule: VoteRule) -> bool {
        let mostly_bare = self.bare_cells.saturating_mul(2) > self.cells;
        let least = match (self.named, mostly_bare) {
            (true, _) => rule.least_named_share,
            (false, true) => rule.least_bare_share,
            (false, false) => rule.least_share,
        };
        self.cells > 0 && self.share >= least
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { lossy(part) / lossy(whole) }
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits of a count")]
fn lossy(count: u64) -> f64 {
    count as f64
}
