//! One regular expression of an entity, its base score and what may stand beside a match.

/// What may stand beside a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edges {
    /// No letter, digit or underscore.
    Word,
    /// No letter of any alphabet, no digit: for expressions that start with a letter beyond ASCII.
    Letters,
    /// No digit, and no digit behind a hyphen.
    Digits,
    /// No digit, nor one behind the separators of dates: hyphen, slash, full stop.
    Dates,
    /// Anything: the entity's check looks at the neighbourhood itself.
    Free,
}

/// A regular expression over ASCII classes, without regard to case unless it says so itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pattern {
    pub(crate) regex: &'static str,
    /// The score of a match that no check promotes, 0 to 1.
    pub(crate) score: f64,
    pub(crate) edges: Edges,
    /// The best score a match can have without context, whatever its check says.
    pub(crate) ceiling: f64,
}

impl Pattern {
    /// The same pattern, whose check gives no more than `ceiling` without context.
    pub(crate) const fn at_most(self, ceiling: f64) -> Self {
        Self { ceiling, ..self }
    }

    /// The same pattern, whose matches no check promotes: without context they keep the base score at most.
    pub(crate) const fn never_promoted(self) -> Self {
        Self { ceiling: self.score, ..self }
    }
}

/// A pattern between word edges.
pub(crate) const fn word(score: f64, regex: &'static str) -> Pattern {
    Pattern { regex, score, edges: Edges::Word, ceiling: 1.0 }
}

/// A pattern between other edges.
pub(crate) const fn within(edges: Edges, score: f64, regex: &'static str) -> Pattern {
    Pattern { regex, score, edges, ceiling: 1.0 }
}
