//! Whether a match is what it looks like: what stands beside it, its entity's check, words near it.

use crate::compiled::CompiledPattern;
use crate::context::{any_stands_in, window};
use crate::detector::{Compiled, Judgement};
use crate::entity::{Outcome, Site, Verdict};
use crate::pattern::Edges;
use crate::text::{after, before, extends_word};

/// Start, end and score without context of what a match turns out to be, or where the search goes on if it is nothing.
pub(crate) fn judge(
    pattern: &CompiledPattern,
    entity: &Compiled,
    site: &Site<'_>,
) -> Result<(usize, usize, f64), usize> {
    if !edges_hold(pattern.edges, site) {
        return Err(match pattern.edges {
            Edges::Word | Edges::Free => site.end,
            Edges::Letters | Edges::Digits | Edges::Dates => site.start + 1,
        });
    }
    match entity.judge(site) {
        Judgement::Verdict(Verdict::Invalid) => Err(site.end),
        Judgement::Verdict(Verdict::Valid) => Ok((site.start, site.end, 1.0)),
        Judgement::Verdict(Verdict::Plausible) => Ok((site.start, site.end, pattern.score)),
        Judgement::Site(Outcome::Drop { resume }) => Err(resume),
        Judgement::Site(Outcome::Keep { start, end, score }) => Ok((start, end, score.unwrap_or(pattern.score))),
    }
}

/// What ASCII word edges in the expression cannot see: letters of other alphabets, and digits behind separators.
fn edges_hold(edges: Edges, site: &Site<'_>) -> bool {
    let previous = before(site.text, site.start);
    let next = after(site.text, site.end);
    let foreign =
        |beside: Option<char>| beside.is_some_and(|character| !character.is_ascii() && extends_word(character));
    let digit = |beside: Option<char>| beside.is_some_and(|character| character.is_ascii_digit());
    let digit_before = |separators: &str| {
        previous.is_some_and(|separator| separators.contains(separator)) && digit(before(site.text, site.start - 1))
    };
    let digit_after = |separators: &str| {
        next.is_some_and(|separator| separators.contains(separator)) && digit(after(site.text, site.end + 1))
    };
    match edges {
        Edges::Free => true,
        Edges::Word => !foreign(previous) && !foreign(next),
        Edges::Letters => !previous.is_some_and(extends_word) && !next.is_some_and(extends_word),
        Edges::Digits => !digit(previous) && !digit(next) && !digit_before("-") && !digit_after("-"),
        Edges::Dates => {
            !previous.is_some_and(extends_word)
                && !next.is_some_and(extends_word)
                && !digit_before("-/.")
                && !digit_after("-/.")
        }
    }
}

/// Whether the text before `start`, which must be ASCII to tell, rules a match there out; the search then goes on one byte
/// further, as if there were none.
pub(crate) fn left_edge_fails(edges: Edges, text: &str, start: usize) -> bool {
    let ascii_before = |at: usize| before(text, at).filter(char::is_ascii);
    let Some(previous) = ascii_before(start) else { return false };
    let digit_before =
        |separators: &str| separators.contains(previous) && ascii_before(start - 1).is_some_and(|c| c.is_ascii_digit());
    match edges {
        Edges::Word | Edges::Free => false,
        Edges::Letters => extends_word(previous),
        Edges::Digits => previous.is_ascii_digit() || digit_before("-"),
        Edges::Dates => extends_word(previous) || digit_before("-/."),
    }
}

/// Certain findings need no context.
pub(crate) fn may_have_words_nearby(entity: &Compiled, start: usize, base_score: f64) -> bool {
    start > 0 && !entity.context.is_empty() && (base_score < 1.0 || entity.needs_keyword)
}

pub(crate) fn speaks_nearby(entity: &Compiled, text: &str, start: usize) -> bool {
    any_stands_in(&entity.context, &window(text, start))
}

pub(crate) fn is_sample(entity: &Compiled, value: &str) -> bool {
    let same = |sample: &&str| {
        let compact = value.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_uppercase());
        compact.eq(sample.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_uppercase()))
    };
    entity.samples.iter().any(same)
}
