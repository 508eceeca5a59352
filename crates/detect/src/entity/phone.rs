//! Telephone numbers: the candidates, and where they start and end. The numbering plans are in `plan`.

mod plan;

use super::{Entity, Family, Outcome, Site};
use crate::pattern::{Edges, Pattern, within};
use crate::text::{after, before, extends_word, slice};
pub use plan::Region;

macro_rules! numbers {
    ($body:expr) => {
        concat!($body, r"(?:[ ,;]{0,3}(?:ext(?:ension|n)?|x|#)[.: ]{0,2}\d{1,6}\b)?")
    };
}

/// Behind a plus; then with a separator, in groups that dates and social security numbers do not have; then digits alone,
/// which need context.
const CANDIDATES: &[Pattern] = &[
    within(Edges::Free, WRITTEN, numbers!(r"\(?\+ ?\(?\d(?:[ .()/-]{0,2}\d){5,16}")).at_most(WRITTEN),
    within(
        Edges::Free,
        WRITTEN,
        numbers!(concat!(
            r"\(?(?:\d{1,3}[ .()/-]{1,2}\d(?:[ .()/-]{0,2}\d){6,14}",
            r"|\d{4,7}[ .()/-]{1,2}\d{3}(?:[ .()/-]{0,2}\d){2,11}|0\d{2,4}[ .()/-]{1,2}\d{5,6}",
            r"|00\d{2,3}[ .()/-]{1,2}\d(?:[ .()/-]{0,2}\d){7,14})"
        )),
    )
    .at_most(WRITTEN),
    within(Edges::Free, BARE_WITH_PREFIX, numbers!(r"\d{9,14}")).never_promoted(),
];

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new("PHONE_NUMBER", Family::Personal, CANDIDATES)
        .site(|site| find(site, &site.settings.phone.regions, None))
        .context(&[
            "phone",
            "phone number",
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
    Entity::new("PH_MOBILE_NUMBER", Family::Personal, CANDIDATES)
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
    Entity::new("TR_PHONE_NUMBER", Family::Personal, CANDIDATES)
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

/// Most digits of a candidate.
const MAX_DIGITS: usize = 18;

/// A number without its separators.
#[derive(Clone, Copy)]
pub(crate) struct Number<'t> {
    /// Whether it starts with a plus.
    pub(crate) international: bool,
    /// Its digits, in ASCII.
    pub(crate) digits: &'t str,
    /// Lengths of the groups of digits as written.
    pub(crate) groups: &'t [u8],
}

/// The digits of a candidate and the groups they are written in.
struct Written {
    digits: [u8; MAX_DIGITS],
    groups: [u8; MAX_DIGITS],
    /// Where each group ends in the text, in bytes.
    ends: [u16; MAX_DIGITS],
    group_count: usize,
    digit_count: usize,
}

impl Written {
    fn read(body: &str) -> Self {
        let mut written = Self {
            digits: [0; MAX_DIGITS],
            groups: [0; MAX_DIGITS],
            ends: [0; MAX_DIGITS],
            group_count: 0,
            digit_count: 0,
        };
        let mut group_len = 0;
        let mut last_digit = 0;
        for (index, byte) in body.bytes().enumerate() {
            if byte.is_ascii_digit() {
                let Some(slot) = written.digits.get_mut(written.digit_count) else { break };
                *slot = byte;
                written.digit_count += 1;
                group_len += 1;
                last_digit = index;
            } else if group_len > 0 {
                written.close_group(group_len, last_digit + 1);
                group_len = 0;
            }
        }
        if group_len > 0 {
            written.close_group(group_len, last_digit + 1);
        }
        written
    }

    fn close_group(&mut self, digits: u8, end: usize) {
        if let (Some(group), Some(group_end)) =
            (self.groups.get_mut(self.group_count), self.ends.get_mut(self.group_count))
        {
            *group = digits;
            *group_end = u16::try_from(end).unwrap_or(u16::MAX);
            self.group_count += 1;
        }
    }

    /// Where a group ends in the text, in bytes.
    fn end_of(&self, group: usize) -> usize {
        self.ends.get(group).copied().map_or(0, usize::from)
    }

    /// The number that the first `count` groups write.
    fn first(&self, count: usize, international: bool) -> Number<'_> {
        let groups = self.groups.get(..count).unwrap_or_default();
        let digits = self.digits.get(..groups.iter().copied().map(usize::from).sum()).unwrap_or_default();
        Number { international, digits: std::str::from_utf8(digits).unwrap_or_default(), groups }
    }
}

/// Of a candidate's beginnings that end where a group ends, takes the longest that is a number of some plan.
fn find(site: &Site<'_>, regions: &[Region], only: Option<Region>) -> Outcome {
    const FEWEST_DIGITS: usize = 7;
    let leniency = site.settings.phone.leniency;
    let value = site.value();
    let body_len = value
        .bytes()
        .position(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'#' | b',' | b';'))
        .unwrap_or(value.len());
    let body = slice(value, 0, body_len).trim_end();
    let extended = body_len < value.len();
    let written = Written::read(body);
    let first_end = written.end_of(0).max(1);
    let behind_first = written.digit_count.saturating_sub(written.groups.first().copied().map_or(0, usize::from));
    let drop =
        Outcome::Drop { resume: site.start + if behind_first < FEWEST_DIGITS { value.len() } else { first_end } };
    if !free_on_the_left(site, leniency) {
        return drop;
    }
    let international = body.trim_start_matches('(').starts_with('+');
    for count in (1..=written.group_count).rev() {
        let number = written.first(count, international);
        if number.digits.len() < plan::fewest_digits(&number) {
            break;
        }
        let end = written.end_of(count - 1);
        let last = if end == body.len() && extended { value.len() } else { end };
        if !free_on_the_right(site, site.start + last, leniency) {
            continue;
        }
        if let Some(score) = plan::judge(&number, regions, only, leniency) {
            let start = site.start + unopened_bracket(slice(value, 0, end));
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
        _ if previous.is_ascii_digit() || previous == '+' => false,
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
