//! Identifiers by entity: does the value satisfy its issuer's rules.

mod de;
mod india;
mod pl;
mod th;
mod tr;
mod za;

/// What a value's own structure says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The check digits, or a structure that hardly comes about by chance, say yes.
    Verified,
    /// It has the form, and there is nothing more to check.
    Plausible,
    /// It breaks a rule: not such an identifier.
    Refuted,
}

impl Verdict {
    /// The same where only what can be checked counts.
    #[must_use]
    pub fn strict(self) -> Self {
        if self == Self::Plausible { Self::Refuted } else { self }
    }

    fn of(holds: bool) -> Self {
        if holds { Self::Verified } else { Self::Refuted }
    }
}

/// Judges a value by an issuer's rules.
type Rules = fn(&str) -> Verdict;

/// Each entity with its rules. A new one is a function and a line here.
const VALIDATORS: &[(&str, Rules)] = &[
    ("DE_BSNR", de::practice_number),
    ("DE_HEALTH_INSURANCE", de::health_insurance),
    ("DE_ID_CARD", de::id_card),
    ("DE_LANR", de::physician_number),
    ("DE_PASSPORT", de::passport),
    ("DE_SOCIAL_SECURITY", de::social_security),
    ("DE_TAX_ID", de::tax_id),
    ("DE_VAT_ID", de::vat_id),
    ("IN_GSTIN", india::gstin),
    ("PL_PESEL", pl::pesel),
    ("TH_TNIN", th::national_id),
    ("TR_LICENSE_PLATE", tr::licence_plate),
    ("TR_NATIONAL_ID", tr::national_id),
    ("ZA_ID_NUMBER", za::identity_number),
];

/// Judges a value as an identifier of an entity; `None` when the entity has no rules here.
pub fn validate(entity: &str, value: &str) -> Option<Verdict> {
    VALIDATORS.iter().find(|(name, _)| *name == entity).map(|(_, judge)| judge(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_listed_once_and_any_text_is_judged() {
        for (i, (entity, _)) in VALIDATORS.iter().enumerate() {
            assert!(VALIDATORS.iter().skip(i + 1).all(|(other, _)| other != entity), "{entity}");
            for text in ["", "\u{0}", "é", "\u{1F600}\u{1F600}\u{1F600}", &"9".repeat(100_000)] {
                assert!(validate(entity, text).is_some());
            }
        }
        assert_eq!(validate("NO_SUCH_ENTITY", "1"), None);
    }

    #[test]
    fn published_examples_and_their_neighbours() {
        for (entity, right, wrong) in [
            ("PL_PESEL", "02070803628", "02070803629"),
            ("TR_NATIONAL_ID", "10000000146", "10000000156"),
            ("IN_GSTIN", "29AAGCB7383J1Z4", "29AAGCB7383J1Y4"),
            ("TR_LICENSE_PLATE", "34 AB 123", "99 AB 123"),
            ("ZA_ID_NUMBER", "8001015009087", "8001015009097"),
        ] {
            assert_eq!(validate(entity, right), Some(Verdict::Verified), "{entity} {right}");
            assert_eq!(validate(entity, wrong), Some(Verdict::Refuted), "{entity} {wrong}");
        }
    }
}
