//! Of findings that overlap, the likeliest stay.

/// So many findings are compared each with each.
const FEW: usize = 16;

/// A finding before it is known whether a better one overlaps it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Raw {
    pub(crate) entity: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) score: f64,
    pub(crate) base_score: f64,
}

impl Raw {
    fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// The likeliest first, then the longest, then the entity listed first; whatever overlaps a better one goes. With
/// `keep_overlaps`, only findings of the same entity are compared. Those kept end up ordered by their start.
pub(crate) fn resolve(found: &mut Vec<Raw>, keep_overlaps: bool) {
    if found.len() <= 1 {
        return;
    }
    found.sort_unstable_by(|one, other| {
        let by_score = other.score.total_cmp(&one.score);
        by_score
            .then((other.end - other.start).cmp(&(one.end - one.start)))
            .then(one.entity.cmp(&other.entity))
            .then(one.start.cmp(&other.start))
    });
    if found.len() <= FEW {
        keep_few(found, keep_overlaps);
    } else {
        let mut kept = Kept::default();
        found.retain(|raw| kept.insert(if keep_overlaps { raw.entity } else { 0 }, raw.start, raw.end));
    }
    found.sort_by(|one, other| one.start.cmp(&other.start).then(other.end.cmp(&one.end)));
}

fn keep_few(found: &mut Vec<Raw>, keep_overlaps: bool) {
    let mut kept = 0;
    for index in 0..found.len() {
        let Some(raw) = found.get(index).copied() else { break };
        let rivals = |other: &Raw| (other.entity == raw.entity || !keep_overlaps) && other.overlaps(&raw);
        if !found.get(..kept).unwrap_or_default().iter().any(rivals) {
            found.swap(kept, index);
            kept += 1;
        }
    }
    found.truncate(kept);
}

/// Spans that do not overlap, by group.
#[derive(Default)]
struct Kept {
    spans: std::collections::BTreeMap<(usize, usize), usize>,
}

impl Kept {
    /// Whether the span overlapped none of its group and was kept.
    fn insert(&mut self, group: usize, start: usize, end: usize) -> bool {
        let last_before_end = self.spans.range((group, 0)..(group, end)).next_back();
        let free = last_before_end.is_none_or(|(_, kept_end)| *kept_end <= start);
        if free {
            self.spans.insert((group, start), end);
        }
        free
    }
}
