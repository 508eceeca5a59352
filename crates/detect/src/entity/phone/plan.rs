//! Numbering plans: country codes and national lengths of all countries (ITU-T E.164), and ranges, prefixes and habits of
//! grouping of the countries whose national numbers can be looked for.

use super::{BARE, BARE_WITH_PREFIX, Leniency, MAX_DIGITS, Number, WRITTEN};
use std::sync::OnceLock;

/// A country whose national numbers can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// United States.
    Us,
    /// Canada.
    Ca,
    /// United Kingdom.
    Gb,
    /// Germany.
    De,
    /// France.
    Fr,
    /// Israel.
    Il,
    /// India.
    In,
    /// Brazil.
    Br,
    /// Japan.
    Jp,
    /// China.
    Cn,
    /// Philippines, mobile numbers.
    Ph,
    /// Türkiye.
    Tr,
}

impl Region {
    /// The region with an ISO 3166-1 code; UK is understood too.
    pub fn by_code(code: &str) -> Option<Self> {
        Some(match code.to_ascii_uppercase().as_str() {
            "US" => Self::Us,
            "CA" => Self::Ca,
            "GB" | "UK" => Self::Gb,
            "DE" => Self::De,
            "FR" => Self::Fr,
            "IL" => Self::Il,
            "IN" => Self::In,
            "BR" => Self::Br,
            "JP" => Self::Jp,
            "CN" => Self::Cn,
            "PH" => Self::Ph,
            "TR" => Self::Tr,
            _ => return None,
        })
    }

    /// The region whose country code the digits start with, if it is one whose numbers are known well.
    fn by_country_code(digits: &str) -> Option<Self> {
        Some(match digits.as_bytes() {
            [b'1', ..] => Self::Us,
            [b'4', b'4', ..] => Self::Gb,
            [b'4', b'9', ..] => Self::De,
            [b'3', b'3', ..] => Self::Fr,
            [b'9', b'7', b'2', ..] => Self::Il,
            [b'9', b'1', ..] => Self::In,
            [b'5', b'5', ..] => Self::Br,
            [b'8', b'1', ..] => Self::Jp,
            [b'8', b'6', ..] => Self::Cn,
            [b'6', b'3', ..] => Self::Ph,
            [b'9', b'0', ..] => Self::Tr,
            _ => return None,
        })
    }

    fn country_code(self) -> &'static str {
        match self {
            Self::Us | Self::Ca => "1",
            Self::Gb => "44",
            Self::De => "49",
            Self::Fr => "33",
            Self::Il => "972",
            Self::In => "91",
            Self::Br => "55",
            Self::Jp => "81",
            Self::Cn => "86",
            Self::Ph => "63",
            Self::Tr => "90",
        }
    }

    /// The trunk prefix, and whether a national number is never written without it.
    fn trunk(self) -> (&'static str, bool) {
        match self {
            Self::Us | Self::Ca => ("1", false),
            Self::In | Self::Br | Self::Tr | Self::Cn => ("0", false),
            Self::Gb | Self::De | Self::Fr | Self::Il | Self::Jp | Self::Ph => ("0", true),
        }
    }

    /// Whether `number`, without trunk prefix, lies in a range that is in use. Office codes of the North American plan
    /// are left open: fictional and training data use 555 and 1xx.
    fn in_use(self, number: &str) -> bool {
        let len = number.len();
        let Some(leading) = number.as_bytes().first_chunk::<3>() else { return false };
        let [first, second, third] = &leading.map(|digit| u32::from(digit.wrapping_sub(b'0')));
        match self {
            Self::Us | Self::Ca => len == 10 && *first >= 2 && !(*second == 1 && *third == 1),
            Self::Gb => (9..=10).contains(&len) && matches!(first, 1..=3 | 5 | 7..=9),
            Self::De => match (first, second) {
                (1, 5) => matches!(len, 10 | 11),
                (1, 6 | 7) => matches!(len, 9..=11),
                (2..=9, _) => (6..=11).contains(&len),
                _ => false,
            },
            Self::Fr => len == 9 && *first >= 1,
            Self::Il => matches!((first, len), (2..=4 | 8 | 9, 8) | (5 | 7, 9)),
            Self::In => {
                len == 10
                    && match first {
                        6..=9 => true,
                        _ => *first >= 1 && number.starts_with(|digit: char| "12345".contains(digit)) && *second > 0,
                    }
            }
            Self::Br => match len {
                11 => *first >= 1 && *second >= 1 && *third == 9,
                10 => *first >= 1 && *second >= 1 && (2..=5).contains(third),
                _ => false,
            },
            Self::Jp => matches!(len, 9 | 10) && *first >= 1,
            Self::Cn => match first {
                1 => len == 11 && *second >= 3 || len == 10 && *second == 0,
                _ => matches!(len, 10 | 11),
            },
            Self::Ph => len == 10 && *first == 9,
            Self::Tr => len == 10 && (*first == 5 || is_turkish_area(number)),
        }
    }

    /// Whether `number` is a landline's, which is never written without the trunk prefix where mobile numbers are.
    fn is_landline_behind_trunk(self, number: &str) -> bool {
        match self {
            Self::In => number.starts_with(|first: char| ('1'..='5').contains(&first)),
            Self::Cn => !number.starts_with('1') || number.len() != 11,
            _ => false,
        }
    }

    /// Groupings of the national number without its trunk prefix; empty when habits vary too much to tell.
    fn groupings(self) -> &'static [&'static [u8]] {
        match self {
            Self::Us | Self::Ca => &[&[10], &[3, 3, 4], &[3, 7], &[6, 4]],
            Self::In => &[&[10], &[5, 5], &[2, 4, 4], &[2, 8], &[3, 7], &[3, 3, 4], &[4, 3, 3]],
            Self::Br => &[&[10], &[11], &[2, 4, 4], &[2, 5, 4], &[2, 8], &[2, 9], &[2, 1, 4, 4], &[8, 4], &[7, 4]],
            Self::Tr => &[&[10], &[3, 3, 2, 2], &[3, 3, 4], &[3, 7]],
            Self::Cn => &[&[11], &[10], &[3, 4, 4], &[2, 4, 4], &[3, 8], &[2, 8], &[3, 7]],
            Self::Gb | Self::De | Self::Fr | Self::Il | Self::Jp | Self::Ph => &[],
        }
    }
}

/// Area codes of provinces (BTK numbering plan).
fn is_turkish_area(number: &str) -> bool {
    const AREAS: &str = "212 216 222 224 226 228 232 236 242 246 248 252 256 258 262 264 266 272 274 276 282 284 286 288 \
        312 318 322 324 326 328 332 338 342 344 346 348 352 354 356 358 362 364 366 368 370 372 374 376 378 380 382 384 \
        386 388 392 412 414 416 422 424 426 428 432 434 436 438 442 446 452 454 456 458 462 464 466 472 474 476 478 482 \
        484 486 488";
    number.get(..3).is_some_and(|area| AREAS.split(' ').any(|known| known == area))
}

/// The score of `number` as one of `regions`, or as any country's when it starts with a plus; `None` when it is none.
pub(super) fn judge(number: &Number<'_>, regions: &[Region], only: Option<Region>, leniency: Leniency) -> Option<f64> {
    if number.international {
        return international(number, only, leniency).then_some(WRITTEN);
    }
    let behind_00 = number.digits.starts_with("00").then(|| Groups::behind(number, 2)).flatten();
    let dialled = behind_00.as_ref().and_then(|groups| dialled_abroad(number, groups));
    let dialled = dialled.filter(|number| international(number, only, leniency));
    let dialled = dialled.map(|number| if number.groups.len() > 1 { WRITTEN } else { BARE });
    let mut best = dialled;
    for score in regions.iter().filter_map(|region| national(number, *region, leniency)) {
        // No number scores better.
        if score >= WRITTEN {
            return Some(score);
        }
        best = Some(best.map_or(score, |best| best.max(score)));
    }
    best
}

/// The number behind 00, which most countries dial for a plus.
fn dialled_abroad<'n>(number: &Number<'n>, groups: &'n Groups) -> Option<Number<'n>> {
    const SHORTEST: usize = 9;
    let digits = number.digits.strip_prefix("00").filter(|digits| digits.len() >= SHORTEST)?;
    Some(Number { international: true, digits, groups: groups.as_slice() })
}

fn international(number: &Number<'_>, only: Option<Region>, leniency: Leniency) -> bool {
    if let Some(region) = only.or_else(|| Region::by_country_code(number.digits)) {
        let Some(rest) = number.digits.strip_prefix(region.country_code()) else { return false };
        // Philippine landlines share the code; they count unless only mobiles are asked for.
        let landline = region == Region::Ph && only.is_none() && (8..=10).contains(&rest.len());
        let bare = rest.strip_prefix('0').filter(|_| region.trunk().0 == "0").unwrap_or(rest);
        let grouped = || Groups::behind(number, number.digits.len() - bare.len());
        return (region.in_use(bare) || landline)
            && (leniency < Leniency::ExactGrouping || is_grouped_exactly(region, grouped()));
    }
    plan_of(number.digits).is_some_and(|Plan { code_len, least, most }| {
        let rest = number.digits.len() - code_len;
        let trunk_written_along = usize::from(number.digits.get(code_len..).is_some_and(|rest| rest.starts_with('0')));
        (least..=most + trunk_written_along).contains(&rest) && leniency < Leniency::ExactGrouping
            || (least..=most).contains(&rest) && number.groups.len() <= 2
    })
}

fn national(number: &Number<'_>, region: Region, leniency: Leniency) -> Option<f64> {
    let (trunk, trunk_required) = region.trunk();
    let digits = number.digits;
    let with_trunk = digits.strip_prefix(trunk).filter(|rest| region.in_use(rest));
    let without_trunk = Some(digits)
        .filter(|digits| !trunk_required && region.in_use(digits) && !region.is_landline_behind_trunk(digits));
    let country_code = Some(region.country_code()).filter(|code| *code != trunk && leniency <= Leniency::Valid);
    let with_country =
        country_code.and_then(|code| digits.strip_prefix(code)).filter(|rest| region.in_use(rest) && rest.len() == 10);
    let written = number.groups.len() > 1;
    let (rest, score) = match (with_trunk, without_trunk, with_country) {
        (Some(rest), _, _) => (rest, if written { WRITTEN } else { BARE_WITH_PREFIX }),
        (_, Some(rest), _) | (_, _, Some(rest)) => (rest, if written { WRITTEN } else { BARE }),
        _ => return None,
    };
    let grouped = Groups::behind(number, digits.len() - rest.len());
    let habitual = match grouped.as_ref().map(Groups::as_slice) {
        // Numbers without a plus are told from other numbers by their grouping, whatever the leniency.
        Some(groups) if !region.groupings().is_empty() => region.groupings().contains(&groups),
        Some(groups) => groups.len() <= 5 && groups.iter().skip(1).all(|group| *group >= 2),
        None => region.groupings().is_empty(),
    };
    habitual.then_some(score)
}

/// Lengths of groups.
struct Groups {
    lengths: [u8; MAX_DIGITS],
    count: usize,
}

impl Groups {
    /// The groups behind the first `skipped` digits: a group that holds only prefix is left out, one that starts with it
    /// loses it. `None` when the number is shorter.
    fn behind(number: &Number<'_>, skipped: usize) -> Option<Self> {
        let mut left = u8::try_from(skipped).ok()?;
        let mut groups = Self { lengths: [0; MAX_DIGITS], count: 0 };
        for group in number.groups {
            let taken = left.min(*group);
            left -= taken;
            if *group > taken {
                *groups.lengths.get_mut(groups.count)? = group - taken;
                groups.count += 1;
            }
        }
        (left == 0).then_some(groups)
    }

    fn as_slice(&self) -> &[u8] {
        self.lengths.get(..self.count).unwrap_or_default()
    }
}

/// The fewest digits a number can have that starts like this one.
pub(super) fn fewest_digits(number: &Number<'_>) -> usize {
    const BEHIND_PLUS: usize = 6;
    const BEHIND_TRUNK: usize = 7;
    const NATIONAL: usize = 10;
    match number.digits.bytes().next() {
        _ if number.international => BEHIND_PLUS,
        Some(b'0') => BEHIND_TRUNK,
        _ => NATIONAL,
    }
}

fn is_grouped_exactly(region: Region, groups: Option<Groups>) -> bool {
    let known = region.groupings();
    groups.is_some_and(|groups| {
        let groups = groups.as_slice();
        known.is_empty() && groups.len() <= 4 || known.contains(&groups)
    })
}

/// Country codes with the shortest and longest national number: ITU-T E.164 assigned codes and national plans.
const COUNTRY_CODES: &str = "1:10-10 7:10-10 20:8-10 27:9-9 30:10-10 31:9-9 32:8-9 33:9-9 34:9-9 36:8-9 39:6-11 40:9-9 \
41:9-9 43:4-13 44:9-10 45:8-8 46:7-10 47:8-8 48:9-9 49:6-11 51:8-9 52:10-10 53:6-8 54:10-11 55:10-11 56:9-9 57:8-10 \
58:10-10 60:8-10 61:9-9 62:7-12 63:8-10 64:8-10 65:8-8 66:8-9 81:9-10 82:8-10 84:9-10 86:10-11 90:10-10 91:10-10 92:9-10 \
93:9-9 94:9-9 95:7-10 98:10-10 211:9-9 212:9-9 213:8-9 216:8-8 218:8-9 220:7-7 221:9-9 222:8-8 223:8-8 224:8-9 225:8-10 \
226:8-8 227:8-8 228:8-8 229:8-10 230:7-8 231:7-9 232:8-8 233:9-9 234:8-10 235:8-8 236:8-8 237:8-9 238:7-7 239:7-7 240:9-9 \
241:7-8 242:9-9 243:9-9 244:9-9 245:7-9 246:7-7 248:7-7 249:9-9 250:9-9 251:9-9 252:7-9 253:8-8 254:9-10 255:9-9 256:9-9 \
257:8-8 258:8-9 260:9-9 261:9-10 262:9-9 263:5-10 264:8-9 265:7-9 266:8-8 267:7-8 268:7-8 269:7-7 290:4-5 291:7-7 297:7-7 \
298:6-6 299:6-6 350:8-8 351:9-9 352:4-11 353:7-10 354:7-9 355:8-9 356:8-8 357:8-8 358:5-12 359:7-9 370:8-8 371:8-8 372:7-8 \
373:8-8 374:8-8 375:9-9 376:6-9 377:8-9 378:6-10 380:9-9 381:8-9 382:8-8 383:8-8 385:8-9 386:8-8 387:8-8 389:8-8 420:9-9 \
421:9-9 423:7-9 500:5-5 501:7-7 502:8-8 503:8-8 504:8-8 505:8-8 506:8-8 507:7-8 508:6-6 509:8-8 590:9-9 591:8-8 592:7-7 \
593:8-9 594:9-9 595:7-9 596:9-9 597:6-7 598:8-8 599:7-8 670:7-8 672:5-6 673:7-7 674:7-7 675:7-8 676:5-7 677:5-7 678:5-7 \
679:7-7 680:7-7 681:6-6 682:5-5 683:4-7 685:5-7 686:5-8 687:6-6 688:5-6 689:6-8 690:4-7 691:7-7 692:7-7 800:8-8 808:8-8 \
850:8-10 852:8-8 853:8-8 855:8-9 856:8-10 870:9-9 880:8-10 881:9-9 882:8-12 883:8-12 886:8-9 888:11-11 960:7-7 961:7-8 \
962:8-9 963:8-9 964:8-10 965:8-8 966:8-9 967:7-9 968:8-8 970:8-9 971:8-9 972:8-9 973:8-8 974:7-8 975:7-8 976:8-8 977:8-10 \
979:9-9 992:9-9 993:8-8 994:9-9 995:9-9 996:9-9 998:9-9";

/// Lengths of a country's numbers.
#[derive(Clone, Copy)]
struct Plan {
    code_len: usize,
    least: usize,
    most: usize,
}

/// The plan of the country whose code the digits start with. No code is the beginning of another.
fn plan_of(digits: &str) -> Option<Plan> {
    static PLANS: OnceLock<Vec<Option<Plan>>> = OnceLock::new();
    let plans = PLANS.get_or_init(|| {
        let mut plans = vec![None; 1000];
        for entry in COUNTRY_CODES.split(' ') {
            if let Some((first, last, plan)) = parse_plan(entry) {
                plans.get_mut(first..last).unwrap_or_default().fill(Some(plan));
            }
        }
        plans
    });
    let first_three = digits.get(..3)?.parse::<usize>().ok()?;
    plans.get(first_three).copied().flatten()
}

/// The first three digits that a plan's numbers can have, the end exclusive, and the plan.
fn parse_plan(entry: &str) -> Option<(usize, usize, Plan)> {
    let (code, lengths) = entry.split_once(':')?;
    let (least, most) = lengths.split_once('-')?;
    let width = [100, 10, 1].get(code.len().checked_sub(1)?).copied()?;
    let first = code.parse::<usize>().ok()? * width;
    Some((first, first + width, Plan { code_len: code.len(), least: least.parse().ok()?, most: most.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_found_by_the_codes_they_have() {
        use Region::{Br, Ca, Cn, De, Fr, Gb, Il, In, Jp, Ph, Tr, Us};
        for region in [Us, Gb, De, Fr, Il, In, Br, Jp, Cn, Ph, Tr] {
            assert_eq!(Region::by_country_code(&format!("{}5", region.country_code())), Some(region));
        }
        assert_eq!(Region::by_country_code(Ca.country_code()), Some(Us));
        assert_eq!(["", "2", "40", "973"].map(Region::by_country_code), [None; 4]);
    }
}
