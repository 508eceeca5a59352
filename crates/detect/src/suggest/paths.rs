//! Paths into nested values that stand in one table and not in one policy: `items.email` of rows with one object and
//! `items[*].email` of rows with a list of them, or `items`, where a row has a text instead.

use super::{Proposal, Suggested};
use sluice_tabular::ColumnPath;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const ELEMENTS: &str = "[*]";

/// Proposals that a policy can hold together. What one row has as a list is named as one everywhere: to a path with `[*]` a
/// value that is no list counts as a list of itself alone.
pub(super) fn reconciled(proposals: Vec<Proposal>) -> Vec<Proposal> {
    let mut joined = joined(through_lists(proposals));
    // The deeper ones say more; `undeclared: drop` leaves out what they do not name.
    let outer: BTreeSet<String> = joined
        .iter()
        .filter(|outer| joined.iter().any(|inner| contradicts(outer, inner)))
        .map(|outer| outer.column.clone())
        .collect();
    joined.retain(|proposal| !outer.contains(&proposal.column));
    for proposal in &mut joined {
        let others = outer.iter().filter(|outer| lies_in(&proposal.column, outer));
        for other in others {
            // Writing to a string cannot fail.
            write!(proposal.reason, "; other values of {other} are left out").unwrap_or_default();
        }
    }
    joined
}

/// Each path through the lists that any of them goes through.
fn through_lists(mut proposals: Vec<Proposal>) -> Vec<Proposal> {
    loop {
        let lists: BTreeSet<String> = proposals
            .iter()
            .flat_map(|proposal| {
                ColumnPath::from(proposal.column.as_str()).lists().map(str::to_owned).collect::<Vec<_>>()
            })
            .collect();
        let mut changed = false;
        for proposal in &mut proposals {
            // Each change adds a step, and no path has more of them than it has keys and lists have depth.
            let through = lists.iter().find_map(|list| {
                let rest = proposal.column.strip_prefix(list.as_str())?;
                (rest.is_empty() || rest.starts_with('.')).then(|| format!("{list}{ELEMENTS}{rest}"))
            });
            if let Some(through) = through {
                proposal.column = through;
                changed = true;
            }
        }
        if !changed {
            return proposals;
        }
    }
}

/// One proposal for each path, the strictest of those that there are, in the order in which they come first.
fn joined(proposals: Vec<Proposal>) -> Vec<Proposal> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut joined: Vec<Proposal> = Vec::with_capacity(proposals.len());
    for proposal in proposals {
        match places.get(&proposal.column).and_then(|place| joined.get_mut(*place)) {
            Some(known) if strictness(&known.transform) >= strictness(&proposal.transform) => {}
            Some(known) => *known = proposal,
            None => {
                places.insert(proposal.column.clone(), joined.len());
                joined.push(proposal);
            }
        }
    }
    joined
}

/// How little of a value is left.
fn strictness(transform: &Suggested) -> u8 {
    match transform {
        Suggested::Keep => 0,
        Suggested::RedactText => 1,
        Suggested::Mask { .. } => 2,
        Suggested::Fpe { .. } => 3,
        Suggested::Token => 4,
        Suggested::Redact => 5,
        Suggested::Drop => 6,
    }
}

/// Whether a policy that names both is refused: a list is declared as a whole or by what it holds, and what is changed is not
/// published with an object that is kept.
fn contradicts(outer: &Proposal, inner: &Proposal) -> bool {
    let Some(rest) = inner.column.strip_prefix(outer.column.as_str()) else { return false };
    let is_changed_in_kept = outer.transform == Suggested::Keep && inner.transform != Suggested::Keep;
    lies_in(&inner.column, &outer.column)
        && (ColumnPath::from(inner.column.as_str()).list().is_some() || rest.contains(ELEMENTS) || is_changed_in_kept)
}

/// Whether a path leads on from another one.
fn lies_in(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.') || rest.starts_with(ELEMENTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reconciled_as(columns: &[(&str, Suggested)]) -> Vec<(String, Suggested)> {
        let proposal = |(column, transform): &(&str, Suggested)| Proposal {
            column: (*column).to_owned(),
            transform: transform.clone(),
            reason: String::new(),
        };
        let reconciled = reconciled(columns.iter().map(proposal).collect());
        reconciled.into_iter().map(|proposal| (proposal.column, proposal.transform)).collect()
    }

    #[test]
    fn one_list_is_named_one_way() {
        use Suggested::{Keep, RedactText, Token};
        let columns = [
            ("id", Keep),
            ("items", Keep),
            ("items.email", Token),
            ("items[*].email", Keep),
            ("items[*].tags[*]", RedactText),
            ("items.tags.deep[*]", Keep),
            ("grid[*]", Keep),
            ("grid[*][*]", Token),
            ("itemsize", Keep),
        ];
        let expected = [
            ("id", Keep),
            ("items[*].email", Token),
            ("items[*].tags[*].deep[*]", Keep),
            ("grid[*][*]", Token),
            ("itemsize", Keep),
        ];
        assert_eq!(reconciled_as(&columns), expected.map(|(column, transform)| (column.to_owned(), transform)));
    }

    #[test]
    fn objects_that_are_texts_elsewhere_are_left_out_only_where_they_must() {
        use Suggested::{Keep, Token};
        assert_eq!(reconciled_as(&[("a", Keep), ("a.b", Token)]), [("a.b".to_owned(), Token)]);
        for columns in [[("a", Token), ("a.b", Keep)], [("a", Keep), ("a.b", Keep)]] {
            assert_eq!(reconciled_as(&columns).len(), 2, "{columns:?}");
        }
        let left_out = Proposal { column: "a".to_owned(), transform: Keep, reason: "x".to_owned() };
        let inner = Proposal { column: "a.b".to_owned(), transform: Token, reason: "y".to_owned() };
        assert_eq!(reconciled(vec![left_out, inner])[0].reason, "y; other values of a are left out");
    }
}
