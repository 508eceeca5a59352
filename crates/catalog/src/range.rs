//! The least and the greatest of values, where they may be told.

use serde::{Deserialize, Serialize};

/// What is known of the extent of values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Range<T> {
    /// It must not be told, so it is not kept either.
    Concealed,
    /// There was no value.
    Empty,
    /// The least and the greatest.
    Of(T, T),
}

impl<T: PartialOrd + Copy> Range<T> {
    pub(crate) const fn new(is_told: bool) -> Self {
        if is_told { Self::Empty } else { Self::Concealed }
    }

    /// Takes in a value. One that has no order, as NaN, changes nothing.
    #[inline]
    pub(crate) fn add(&mut self, value: T) {
        self.merge(Self::Of(value, value));
    }

    pub(crate) fn merge(&mut self, other: Self) {
        *self = match (*self, other) {
            (Self::Concealed, _) | (_, Self::Concealed) => Self::Concealed,
            (only, Self::Empty) | (Self::Empty, only) => only,
            (Self::Of(least, greatest), Self::Of(theirs_least, theirs_greatest)) => Self::Of(
                if theirs_least < least { theirs_least } else { least },
                if theirs_greatest > greatest { theirs_greatest } else { greatest },
            ),
        };
    }

    pub(crate) const fn told(&self) -> Option<(T, T)> {
        match self {
            Self::Of(least, greatest) => Some((*least, *greatest)),
            Self::Concealed | Self::Empty => None,
        }
    }
}
