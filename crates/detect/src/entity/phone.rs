//! Telephone numbers: the candidates, and where they start and end. The numbering plans are in `plan`.

mod plan;

use super::{Entity, Family, Outcome, Site};
use crate::pattern::{Edges, within};
use crate::text::{after, before, extends_word, slice};
pub use plan::Region;

/// Digits with up to two separators between them, and an extension.
const CANDIDATE: &str = concat!(
    r"(?:\(?\+ ?)?\(?\d(?:[ .()/-]{0,2}\d){5,16}",
    r"(?:[ ,;]{0,3}(?:ext(?:ension|n)?|x|#)[.: ]{0,2}\d{1,6}\b)?"
);

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new("PHONE_NUMBER", Family::Personal, &[within(Edges::Free, 0.4, CANDIDATE)])
        .site(|site| find(site, &site.settings.phone.regions, None))
        .context(&[
            "phone",
            "phone number",
            "number",
            "telephone",
            "tel",
            "cell",
            "cellphone",
            "mobile",
            "call",
            "fax",
            "contact",
            "telefon",
            "téléphone",
            "teléfono",
            "telefono",
            "handy",
        ])
        .default_on(),
    Entity::new("PH_MOBILE_NUMBER", Family::Personal, &[within(Edges::Free, 0.4, CANDIDATE)])
        .site(|site| find(site, &[Region::Ph], Some(Region::Ph)))
        .context(&[
            "mobile",
            "phone",
            "cell",
            "cellphone",
            "telepono",
            "numero",
            "mobile number",
            "contact number",
            "numero ng telepono",
            "contact",
            "number",
            "call",
            "tawag",
            "mensahe",
            "sms",
            "whatsapp",
            "viber",
            "telegram",
            "signal",
            "celphone",
            "phone number",
            "mobile no",
        ]),
    Entity::new("TR_PHONE_NUMBER", Family::Personal, &[within(Edges::Free, 0.4, CANDIDATE)])
        .site(|site| find(site, &[Region::Tr], Some(Region::Tr)))
        .context(&[
            "telefon",
            "telefon numarası",
            "cep telefonu",
            "cep no",
            "telefon no",
            "numara",
            "mobil telefon",
            "mobil no",
            "hücresel telefon",
            "ara",
            "ulaş",
            "iletişim",
            "bağlantı",
            "irtibat",
            "numaram",
            "telefonum",
            "cep telefonum",
            "mobil telefonum",
            "cep numarası",
            "mobil numarası",
            "phone",
            "mobile",
            "cell",
            "cellphone",
            "call",
            "contact",
            "number",
            "phone number",
            "sms",
            "mesaj",
            "whatsapp",
            "telegram",
            "signal",
            "viber",
        ]),
];

/// How exactly a number must be written, loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Leniency {
    /// Of a length that some plan has, even stuck to a word.
    Possible,
    /// Of a plan's ranges.
    #[default]
    Valid,
    /// And not grouped against the plan's habits.
    StrictGrouping,
    /// And grouped exactly as the plan's numbers are written.
    ExactGrouping,
}

/// Which numbers are found without a leading plus, and how strictly.
#[derive(Debug, Clone)]
pub struct PhoneRules {
    /// Countries whose national numbers are looked for. Numbers with a plus are found for every country.
    pub regions: Vec<Region>,
    /// How exactly they must be written.
    pub leniency: Leniency,
}

impl Default for PhoneRules {
    fn default() -> Self {
        use Region::{Br, Ca, De, Fr, Gb, Il, In, Us};
        Self { regions: vec![Us, Ca, Gb, De, Fr, Il, In, Br], leniency: Leniency::Valid }
    }
}

/// Scores by how much of a telephone number is visible.
const WRITTEN: f64 = 0.4;
const BARE_WITH_PREFIX: f64 = 0.35;
const BARE: f64 = 0.3;

/// A number without its separators.
pub(crate) struct Number {
    /// Whether it starts with a plus.
    pub(crate) international: bool,
    pub(crate) digits: String,
    /// Lengths of the groups of digits as written.
    pub(crate) groups: Vec<usize>,
}

/// Of a candidate's beginnings that end where a group ends, takes the longest that is a number of some plan.
fn find(site: &Site<'_>, regions: &[Region], only: Option<Region>) -> Outcome {
    let leniency = site.settings.phone.leniency;
    let value = site.value();
    let first_group = value.find(|character: char| character.is_ascii_digit()).unwrap_or(0);
    let rest = slice(value, first_group, value.len());
    let next = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    let drop = Outcome::Drop { resume: site.start + first_group + next.max(1) };
    if !free_on_the_left(site, leniency) {
        return drop;
    }
    let body_len = value
        .find(|character: char| character.is_ascii_alphabetic() || "#,;".contains(character))
        .unwrap_or(value.len());
    let body = slice(value, 0, body_len).trim_end();
    let extended = body_len < value.len();
    let ends = group_ends(body);
    for end in ends.iter().rev() {
        let whole = *end == body.len();
        let last = if whole && extended { value.len() } else { *end };
        if !free_on_the_right(site, site.start + last, leniency) {
            continue;
        }
        let number = read(slice(value, 0, *end));
        if let Some(score) = plan::judge(&number, regions, only, leniency) {
            let start = site.start + unopened_bracket(slice(value, 0, *end));
            return Outcome::Keep { start, end: site.start + last, score: Some(score.min(WRITTEN)) };
        }
    }
    drop
}

/// A bracket that is opened before the number and never closed is not part of it.
fn unopened_bracket(number: &str) -> usize {
    usize::from(number.starts_with('(') && !number.contains(')'))
}

fn free_on_the_left(site: &Site<'_>, leniency: Leniency) -> bool {
    let before_start = before(site.text, site.start);
    let Some(previous) = before_start else { return true };
    let behind = before(site.text, site.start - previous.len_utf8());
    match previous {
        _ if previous.is_ascii_digit() => false,
        '-' | '.' | '/' if behind.is_some_and(|character| character.is_ascii_digit()) => false,
        '-' => !behind.is_some_and(extends_word),
        _ if extends_word(previous) => leniency == Leniency::Possible,
        _ => true,
    }
}

fn free_on_the_right(site: &Site<'_>, end: usize, leniency: Leniency) -> bool {
    let Some(next) = after(site.text, end) else { return true };
    let behind = after(site.text, end + next.len_utf8());
    match next {
        '-' | '/' => !behind.is_some_and(extends_word),
        '.' | ':' | ',' => !behind.is_some_and(|character| character.is_ascii_digit()) || next == ',',
        '@' => false,
        _ if extends_word(next) => leniency == Leniency::Possible && !next.is_ascii_digit(),
        _ => true,
    }
}

/// The byte offsets behind each run of digits.
fn group_ends(body: &str) -> Vec<usize> {
    let bytes = body.as_bytes();
    let is_digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).filter(|index| is_digit(*index) && !is_digit(index + 1)).map(|index| index + 1).collect()
}

fn read(text: &str) -> Number {
    let groups =
        text.split(|character: char| !character.is_ascii_digit()).map(str::len).filter(|len| *len > 0).collect();
    let digits = text.chars().filter(char::is_ascii_digit).collect();
    Number { international: text.trim_start_matches('(').starts_with('+'), digits, groups }
}
