//! Parts of names that nobody need have: each start goes with each end. The counts are powers of two, so that every word is
//! as likely as every other.

/// 32 starts of a given name.
pub(super) const GIVEN_STARTS: &[&str; 32] = &[
    "Al", "Ar", "Bel", "Bren", "Cal", "Cor", "Dal", "Del", "El", "Er", "Fen", "Fil", "Gar", "Gwen", "Hal", "Il", "Jar",
    "Jol", "Kal", "Kir", "Lin", "Lor", "Mar", "Mel", "Nol", "Or", "Per", "Ral", "Sel", "Tam", "Var", "Wil",
];

/// 16 ends of a given name.
pub(super) const GIVEN_ENDS: &[&str; 16] =
    &["a", "an", "da", "den", "do", "en", "ia", "in", "is", "la", "lo", "na", "on", "ra", "ric", "vin"];

/// 32 starts of a family's name.
pub(super) const FAMILY_STARTS: &[&str; 32] = &[
    "Ald", "Bar", "Ber", "Bran", "Cald", "Cast", "Dor", "Dun", "Eck", "Fal", "Far", "Gold", "Grim", "Hart", "Holl",
    "Kess", "Lang", "Lind", "Mar", "Mor", "Nor", "Oster", "Pell", "Quin", "Ros", "Sand", "Stein", "Thorn", "Ulm",
    "Var", "West", "Wint",
];

/// 16 ends of a family's name.
pub(super) const FAMILY_ENDS: &[&str; 16] = &[
    "bach", "beck", "berg", "brook", "dale", "er", "field", "ford", "gard", "holm", "ley", "man", "stad", "ton",
    "wick", "wood",
];
