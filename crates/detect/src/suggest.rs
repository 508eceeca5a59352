//! From what was found in a table to what a policy could do about it.

use crate::column::{ColumnClass, EntityShare};
use crate::context::normalise_name;
use crate::entity::{Family, family};
use crate::table::{ColumnReport, TableReport};
use std::fmt::Write as _;

mod paths;

/// A transform of the policy, with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suggested {
    /// Publish as it is.
    Keep,
    /// Leave the column out.
    Drop,
    /// The same text in place of each value.
    Redact,
    /// Hide all but the last characters.
    Mask {
        /// How many show.
        keep_last: u8,
    },
    /// A keyed digest, which joins.
    Token,
    /// Format-preserving encryption of digits; a value that is too short becomes a token.
    Fpe {
        /// How many digits stay at the end.
        keep_last: u8,
        /// Whether the Luhn check digit is kept valid.
        luhn: bool,
    },
    /// What is found inside text is replaced by its entity, the rest stays.
    RedactText,
}

impl Suggested {
    fn yaml(&self) -> String {
        match self {
            Self::Keep => "keep".to_owned(),
            Self::Drop => "drop".to_owned(),
            Self::Redact => "redact".to_owned(),
            Self::Mask { keep_last } => format!("mask, keep_last: {keep_last}"),
            Self::Token => "token".to_owned(),
            Self::Fpe { keep_last, luhn } => {
                let check = if *luhn { ", check: luhn" } else { "" };
                format!("fpe, keep_last: {keep_last}{check}, unfit: token")
            }
            Self::RedactText => "redact_text".to_owned(),
        }
    }
}

/// What could be done to a column, and why.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The column's name or path.
    pub column: String,
    /// The transform.
    pub transform: Suggested,
    /// What speaks for it, without a value of the column.
    pub reason: String,
}

/// Names of columns that hold personal data which no pattern can tell, and what is said of them.
const TELLING_NAMES: &[(&[&str], &str)] = &[
    (
        &[
            "first name",
            "last name",
            "full name",
            "given name",
            "family name",
            "middle name",
            "maiden name",
            "customer name",
            "patient name",
            "contact name",
            "employee name",
            "surname",
            "forename",
            "nachname",
            "vorname",
            "nom",
            "prenom",
            "apellido",
            "nombre",
            "cognome",
        ],
        "a person's name",
    ),
    (
        &[
            "address",
            "street",
            "street address",
            "address line",
            "house number",
            "postcode",
            "postal code",
            "zip",
            "zip code",
            "plz",
            "strasse",
            "anschrift",
            "adresse",
            "direccion",
            "indirizzo",
        ],
        "an address",
    ),
    (&["gender", "sex", "religion", "ethnicity", "nationality", "marital status"], "a personal trait"),
    (&["latitude", "longitude", "lat", "lon", "lng", "geolocation", "coordinate"], "a place"),
    (&["password", "passwd", "secret", "api key", "access token", "private key", "pin"], "a secret"),
];

/// Proposes a transform for every column.
pub fn propose(report: &TableReport) -> Vec<Proposal> {
    publishing(report.columns.iter().map(propose_one).collect())
}

/// The same for a table of JSON Lines, whose columns are paths: one policy can name all of them at once.
pub fn propose_paths(report: &TableReport) -> Vec<Proposal> {
    publishing(paths::reconciled(report.columns.iter().map(propose_one).collect()))
}

fn publishing(mut proposals: Vec<Proposal>) -> Vec<Proposal> {
    // A policy that publishes nothing is refused by its loader.
    if proposals.iter().all(|proposal| proposal.transform == Suggested::Drop) {
        for proposal in &mut proposals {
            proposal.transform = Suggested::Redact;
        }
    }
    proposals
}

fn propose_one(column: &ColumnReport) -> Proposal {
    let proposal = |transform, reason| Proposal { column: column.name.clone(), transform, reason };
    match &column.class {
        ColumnClass::Of(share) => proposal(for_entity(&share.entity), in_cells(share)),
        ColumnClass::TextWith(shares) => {
            let each: Vec<_> = shares.iter().map(in_cells).collect();
            proposal(Suggested::RedactText, format!("text with {}", each.join(", ")))
        }
        ColumnClass::Clear => match telling_name(&column.name) {
            Some(what @ "a secret") => proposal(Suggested::Drop, format!("its name says: {what}")),
            Some(what) => proposal(Suggested::Token, format!("its name says: {what}")),
            None if column.cells == 0 => proposal(Suggested::Keep, "no values".to_owned()),
            None => proposal(Suggested::Keep, "nothing found".to_owned()),
        },
    }
}

/// What a column's name says it holds, where patterns cannot tell.
pub(crate) fn telling_name(name: &str) -> Option<&'static str> {
    let last = name.rsplit('.').next().unwrap_or(name);
    let normalised = normalise_name(last);
    let has = |phrase: &&str| {
        normalised.contains(&format!(" {phrase} ")) || normalised.contains(&format!(" {} ", phrase.replace(' ', "")))
    };
    TELLING_NAMES.iter().find(|(phrases, _)| phrases.iter().any(has)).map(|(_, what)| *what)
}

fn for_entity(entity: &str) -> Suggested {
    match (entity, family(entity)) {
        ("CREDIT_CARD", _) => Suggested::Fpe { keep_last: 4, luhn: true },
        ("US_SSN", _) => Suggested::Fpe { keep_last: 0, luhn: false },
        ("PHONE_NUMBER", _) => Suggested::Mask { keep_last: 4 },
        ("CREDIT_CARD_SECURITY_CODE" | "CREDIT_CARD_MAGNETIC_STRIPE", _) | (_, Some(Family::Credential)) => {
            Suggested::Drop
        }
        _ => Suggested::Token,
    }
}

fn in_cells(share: &EntityShare) -> String {
    let named = if share.named { ", and the column's name agrees" } else { "" };
    let EntityShare { entity, cells, .. } = share;
    format!("{entity} in {cells} cells ({:.1} %), score {:.2}{named}", share.share * 100.0, share.mean_score)
}

/// The `privacy` section of a policy that does what is proposed, as YAML, each line indented by `indent` spaces.
pub fn yaml(proposals: &[Proposal], domain: &str, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut lines = vec![format!("{pad}privacy:"), format!("{pad}  domain: {domain}")];
    if proposals.is_empty() {
        lines.push(format!("{pad}  undeclared: keep # the table has no columns yet"));
    } else {
        lines.push(format!("{pad}  columns:"));
        lines.extend(proposals.iter().map(|proposal| {
            let (name, transform) = (quoted(&proposal.column), proposal.transform.yaml());
            format!("{pad}    {name}: {{ transform: {transform} }} # {}", proposal.reason)
        }));
        lines.push(format!("{pad}  undeclared: drop"));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// A double-quoted scalar (YAML 1.2, §7.3.1).
fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    out.push('"');
    for character in name.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            // Writing to a string cannot fail.
            _ if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                write!(out, "\\U{:08x}", u32::from(character)).unwrap_or_default();
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}
