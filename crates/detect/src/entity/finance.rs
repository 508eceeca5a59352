//! Money: payment cards, accounts, wallets.

use super::{Entity, Family, Outcome, Site, Verdict};
use crate::options::Settings;
use crate::pattern::{Edges, within, word};
use crate::text::{after, before, extends_word, slice};
use crate::validate::{Digits, iso7064, luhn};
use sha2::{Digest, Sha256};

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new(
        "CREDIT_CARD",
        Family::Financial,
        &[word(0.3, concat!(
            r"\d{12,19}|\d{4}(?: \d{4}){3}|\d{4}(?:-\d{4}){3}|\d{4} \d{6} \d{4,5}|\d{4}-\d{6}-\d{4,5}",
            r"|\d{4}(?: \d{4}){2} \d{1,3}|\d{4}(?:-\d{4}){2}-\d{1,3}|\d{4}(?: \d{4}){3} \d{1,3}|\d{4}(?:-\d{4}){3}-\d{1,3}"
        ))],
    )
    .value(card)
    .context(&["credit", "card", "credit card", "visa", "mastercard", "cc", "amex", "american express", "discover",
        "jcb", "diners", "maestro", "instapayment", "debit", "pan", "union pay", "card number", "dankort"])
    .samples(ISSUERS_TEST_CARDS)
    .default_on(),
    Entity::new("IBAN_CODE", Family::Financial, &[within(Edges::Free, 0.5, r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}")])
        .site(iban)
        .context(&["iban", "bank", "transaction", "account", "sepa", "bban"])
        .default_on(),
    Entity::new(
        "CRYPTO",
        Family::Financial,
        &[word(0.5, r"(?-i:[13][1-9A-HJ-NP-Za-km-z]{25,34})"), word(0.5, r"bc1[02-9ac-hj-np-z]{11,71}")],
    )
    .value(bitcoin_address)
    .context(&["wallet", "btc", "bitcoin", "crypto"])
    .default_on(),
    Entity::new("BANK_ACCOUNT_NUMBER", Family::Financial, &[word(0.4, r"\d{9,17}")]).keyword(&[
        "bank account", "bank acct", "checking account", "checking acct", "deposit account", "deposit acct",
        "savings account", "savings acct", "chequing account", "chequing acct",
    ]),
    Entity::new("FRANCE_BANK_ACCOUNT_NUMBER", Family::Financial, &[word(0.4, r"\d{5}[ -]?\d{5}[ -]?[A-Z0-9]{11}[ -]?\d{2}")])
        .value(rib)
        .keyword(BBAN_KEYWORDS),
    Entity::new("GERMANY_BANK_ACCOUNT_NUMBER", Family::Financial, &[word(0.4, r"[1-8]\d{17}|[1-8]\d{7}[ -]\d{10}")])
        .keyword(BBAN_KEYWORDS),
    Entity::new("ITALY_BANK_ACCOUNT_NUMBER", Family::Financial, &[word(0.4, r"[A-Z][ -]?\d{5}[ -]?\d{5}[ -]?[A-Z0-9]{12}")])
        .keyword(BBAN_KEYWORDS),
    Entity::new("SPAIN_BANK_ACCOUNT_NUMBER", Family::Financial, &[word(0.4, r"\d{4}[ -]?\d{4}[ -]?\d{2}[ -]?\d{10}")])
        .value(ccc)
        .keyword(BBAN_KEYWORDS),
    Entity::new(
        "UK_BANK_ACCOUNT_NUMBER",
        Family::Financial,
        &[word(0.4, r"[A-Z]{4}\d{14}|\d{2}-\d{2}-\d{2} ?\d{8}|\d{6} \d{8}")],
    )
    .keyword(BBAN_KEYWORDS),
    Entity::new(
        "CREDIT_CARD_EXPIRATION",
        Family::Financial,
        &[word(0.4, r"(?:0[1-9]|1[0-2])(?:[/-]| / )(?:20)?[2-4]\d"), word(0.4, r"20[2-4]\d[/-](?:0[1-9]|1[0-2])")],
    )
    .keyword(&["exp d", "exp date", "exp m", "exp y", "exp", "expiration", "expiration date", "expiry", "expiry date",
        "valid thru", "good thru"]),
    Entity::new("CREDIT_CARD_SECURITY_CODE", Family::Financial, &[word(0.4, r"\d{3,4}")]).keyword(&[
        "card id", "card identification code", "card security code", "card validation code", "card verification value",
        "cvc", "cvc2", "cvv", "cvv2", "elo verification code", "security code",
    ]),
    Entity::new(
        "CREDIT_CARD_MAGNETIC_STRIPE",
        Family::Financial,
        &[
            within(Edges::Free, 0.6, r"%?B\d{12,19}\^[ -\]_-~]{2,26}\^\d{7}[0-9A-Z ]{0,40}\??"),
            within(Edges::Free, 0.6, r";\d{12,19}=\d{7}\d{0,20}\?"),
        ],
    )
    .keyword(&["card data", "iso7813", "mag", "magstripe", "stripe", "swipe", "track"]),
];

const BBAN_KEYWORDS: &[&str] = &[
    "account code",
    "account number",
    "account no",
    "accountno#",
    "accountnumber#",
    "bban",
    "customer account id",
    "customer account number",
    "iban",
    "sepa",
    "sort code",
    "numéro de compte",
    "kontonummer",
    "conto corrente",
    "número de cuenta",
    "rib",
];

/// Numbers that card networks and gateways publish for tests; Amazon Macie never reports them.
const ISSUERS_TEST_CARDS: &[&str] = &[
    "122000000000003",
    "2222405343248877",
    "2222990905257051",
    "2223007648726984",
    "2223577120017656",
    "30569309025904",
    "34343434343434",
    "3528000700000000",
    "3530111333300000",
    "3566002020360505",
    "36148900647913",
    "36700102000000",
    "371449635398431",
    "378282246310005",
    "378734493671000",
    "38520000023237",
    "4012888888881881",
    "4111111111111111",
    "4222222222222",
    "4444333322221111",
    "4462030000000000",
    "4484070000000000",
    "4911830000000",
    "4917300800000000",
    "4917610000000000",
    "4917610000000000003",
    "5019717010103742",
    "5105105105105100",
    "5111010030175156",
    "5185540810000019",
    "5200828282828210",
    "5204230080000017",
    "5204740009900014",
    "5420923878724339",
    "5454545454545454",
    "5455330760000018",
    "5506900490000436",
    "5506900490000444",
    "5506900510000234",
    "5506920809243667",
    "5506922400634930",
    "5506927427317625",
    "5553042241984105",
    "5555553753048194",
    "5555555555554444",
    "5610591081018250",
    "6011000990139424",
    "6011000400000000",
    "6011111111111117",
    "630490017740292441",
    "630495060000000000",
    "6331101999990016",
    "6759649826438453",
    "6799990100000000019",
    "76009244561",
];

/// Issuer ranges and lengths (ISO/IEC 7812, the networks' published ranges) and the Luhn digit.
fn card(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::of(value, " -").filter(|digits| (12..=19).contains(&digits.len())) else {
        return Verdict::Invalid;
    };
    let grouped_like_its_network = value.len() == digits.len() || grouping_fits(value, digits.len());
    let issued = is_issued(digits.number(0, 6), digits.len()) && !digits.all_same();
    Verdict::decided(issued && grouped_like_its_network && luhn::holds(digits.as_slice()))
}

fn is_issued(prefix: u32, len: usize) -> bool {
    let (two, three, four) = (prefix / 10_000, prefix / 1000, prefix / 100);
    match len {
        15 if matches!(two, 34 | 37) || prefix / 100_000 == 1 => true,
        14..=19 if matches!(three, 300..=305 | 309) || matches!(two, 36 | 38 | 39) => true,
        16..=19
            if matches!(four, 3528..=3589 | 2200..=2204)
                || matches!(two, 62 | 65 | 81)
                || matches!(three, 644..=649) =>
        {
            true
        }
        13 | 16 | 19 if prefix / 100_000 == 4 => true,
        16..=19 if four == 6011 => true,
        16 if matches!(two, 51..=55 | 60 | 82)
            || matches!(four, 2221..=2720 | 5019 | 9792)
            || matches!(three, 353 | 356 | 508) =>
        {
            true
        }
        12..=19 => matches!(two, 50 | 56..=59 | 61 | 63..=64 | 66..=69) || two == 60 && len == 16,
        _ => false,
    }
}

/// Fours, or 4-6-5 and 4-6-4 on cards of fifteen and fourteen digits.
fn grouping_fits(value: &str, len: usize) -> bool {
    let groups: Vec<usize> = value.split([' ', '-']).map(str::len).collect();
    match groups.as_slice() {
        [4, 6, 5] => len == 15,
        [4, 6, 4] => len == 14,
        [fours @ .., last] => fours.iter().all(|group| *group == 4) && *last <= 4,
        [] => false,
    }
}

/// ISO 13616: country, length, and the classes of the BBAN's characters (n digit, a letter, c either). SWIFT registry.
const IBAN_REGISTRY: &str = "AD n8c12|AE n19|AL n8c16|AT n16|AZ a4c20|BA n16|BE n12|BG a4n6c8|BH a4c14|BI n23|BR n23a1c1\
|BY c4n4c16|CH n5c12|CR n18|CY n8c16|CZ n20|DE n18|DJ n23|DK n14|DO c4n20|EE n16|EG n25|ES n20|FI n14|FK a2n12|FO n14\
|FR n10c11n2|GB a4n14|GE a2n16|GI a4c15|GL n14|GR n7c16|GT c4c20|HN a4n20|HR n17|HU n24|IE a4n14|IL n19|IQ a4n15|IS n22\
|IT a1n10c12|JO a4n4c18|KW a4c22|KZ n3c13|LB n4c20|LC a4c24|LI n5c12|LT n16|LU n3c13|LV a4c13|LY n21|MC n10c11n2\
|MD c2c18|ME n18|MK n3c10n2|MN n16|MR n23|MT a4n5c18|MU a4n19a3|NI a4n20|NL a4n10|NO n11|OM n3c16|PK a4c16|PL n24\
|PS a4c21|PT n21|QA a4c21|RO a4c16|RS n18|RU n14c15|SA n2c18|SC a4n20a3|SD n14|SE n20|SI n15|SK n20|SM a1n10c12|SN a2n22\
|SO n19|ST n21|SV a4n20|TL n19|TN n20|TR n5n1c16|UA n6c19|VA n18|VG a4n16|XK n16|YE a4n4c18|BJ a2n22|BF a2n22|CI a2n22\
|ML a2n22|NE a2n22|TG a2n22|CM n23|DZ n22|AO n21|CV n21|MZ n21|MG n23|IR n22";

/// The structure of a country's BBAN.
fn bban_structure(country: &str) -> Option<&'static str> {
    IBAN_REGISTRY
        .split('|')
        .find_map(|entry| entry.split_once(' ').filter(|(code, _)| code.eq_ignore_ascii_case(country)))
        .map(|(_, structure)| structure)
}

/// Pairs of class and count.
fn runs(structure: &str) -> impl Iterator<Item = (char, usize)> + '_ {
    let starts = structure.char_indices().filter(|(_, character)| character.is_ascii_alphabetic());
    starts.map(|(index, class)| {
        let count = slice(structure, index + 1, structure.len());
        let digits = count.find(|character: char| !character.is_ascii_digit()).unwrap_or(count.len());
        (class, slice(count, 0, digits).parse().unwrap_or(0))
    })
}

/// Reads as many characters as the country's IBAN has, over single spaces or hyphens, and checks structure and MOD 97-10.
fn iban(site: &Site<'_>) -> Outcome {
    let drop = Outcome::Drop { resume: site.start + 2 };
    let rest = slice(site.text, site.start, site.text.len());
    let Some(structure) = rest.get(..2).and_then(bban_structure) else { return drop };
    let len = 4 + runs(structure).map(|(_, count)| count).sum::<usize>();
    let mut compact = String::with_capacity(len);
    let mut end = 0;
    for (index, character) in rest.char_indices() {
        match character {
            _ if compact.len() == len => break,
            ' ' | '-' if end == index && index > 0 => {}
            _ if character.is_ascii_alphanumeric() => {
                compact.push(character.to_ascii_uppercase());
                end = index + 1;
            }
            _ => return drop,
        }
    }
    // The standard writes capitals only. Small letters throughout are a habit, a mixture is not an IBAN.
    let written = slice(rest, 0, end);
    let mixed =
        written.bytes().any(|byte| byte.is_ascii_lowercase()) && written.bytes().any(|byte| byte.is_ascii_uppercase());
    let alone = !mixed
        && !after(rest, end).is_some_and(extends_word)
        && !before(site.text, site.start).is_some_and(extends_word);
    let rotated = compact.chars().skip(4).chain(compact.chars().take(4));
    let structured = fits(slice(&compact, 4, compact.len()), structure);
    if compact.len() == len && alone && structured && iso7064::mod_97(rotated) {
        Outcome::Keep { start: site.start, end: site.start + end, score: Some(1.0) }
    } else {
        drop
    }
}

fn fits(bban: &str, structure: &str) -> bool {
    let classes = runs(structure).flat_map(|(class, count)| std::iter::repeat_n(class, count));
    bban.chars().zip(classes).all(|(character, class)| match class {
        'n' => character.is_ascii_digit(),
        'a' => character.is_ascii_alphabetic(),
        _ => character.is_ascii_alphanumeric(),
    })
}

/// `Base58Check` (Bitcoin), or Bech32 and Bech32m (BIP 173, BIP 350).
fn bitcoin_address(value: &str, _: &Settings) -> Verdict {
    let witness = value.get(..3).is_some_and(|prefix| prefix.eq_ignore_ascii_case("bc1"));
    Verdict::decided(if witness { bech32_holds(value) } else { base58_check_holds(value) })
}

/// Version and 20 bytes of hash, then four bytes of their double SHA-256.
fn base58_check_holds(value: &str) -> bool {
    const ALPHABET: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0_u8; 25];
    for character in value.chars() {
        let Some(mut carry) = ALPHABET.find(character) else { return false };
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry % 256).unwrap_or(0);
            carry /= 256;
        }
        if carry > 0 {
            return false;
        }
    }
    let Some((payload, check)) = bytes.split_last_chunk::<4>() else { return false };
    let zeros = payload.iter().take_while(|byte| **byte == 0).count();
    let ones = value.chars().take_while(|character| *character == '1').count();
    zeros == ones && Sha256::digest(Sha256::digest(payload)).starts_with(check)
}

fn bech32_holds(value: &str) -> bool {
    const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    const BECH32: u32 = 1;
    const BECH32M: u32 = 0x2bc8_30a3;
    let mixed =
        value.bytes().any(|byte| byte.is_ascii_lowercase()) && value.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = value.to_ascii_lowercase();
    let Some(data) = lower.strip_prefix("bc1") else { return false };
    let values: Option<Vec<u32>> =
        data.chars().map(|character| ALPHABET.find(character).and_then(|index| u32::try_from(index).ok())).collect();
    let Some(values) = values.filter(|_| !mixed) else { return false };
    let human_part = [3, 3, 0, 2, 3];
    let checksum = human_part.iter().chain(&values).fold(1_u32, |checksum, value| {
        let top = checksum >> 25;
        let shifted = (checksum & 0x01ff_ffff) << 5 ^ value;
        GENERATORS
            .iter()
            .enumerate()
            .filter(|(bit, _)| top >> bit & 1 == 1)
            .fold(shifted, |sum, (_, generator)| sum ^ generator)
    });
    matches!(checksum, BECH32 | BECH32M)
}

/// French RIB: bank, branch and account with weights 89, 15 and 3, key to 97; letters count as digits by a table.
fn rib(value: &str, _: &Settings) -> Verdict {
    let digit = |character: char| match character.to_ascii_uppercase() {
        letter @ 'A'..='I' => Some(u32::from(letter) - u32::from('A') + 1),
        letter @ 'J'..='R' => Some(u32::from(letter) - u32::from('J') + 1),
        letter @ 'S'..='Z' => Some(u32::from(letter) - u32::from('S') + 2),
        other => other.to_digit(10),
    };
    let digits: Vec<u32> = value.chars().filter_map(digit).collect();
    let remainder = digits.iter().fold(0, |remainder, digit| (remainder * 10 + digit) % 97);
    Verdict::decided(digits.len() == 23 && remainder == 0)
}

/// Spanish CCC: two control digits with weights 1, 2, 4, 8, 5, 10, 9, 7, 3, 6, modulus 11.
fn ccc(value: &str, _: &Settings) -> Verdict {
    const WEIGHTS: [u32; 10] = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];
    let Some(digits) = Digits::exactly(20, value, " -") else { return Verdict::Invalid };
    let control = |body: &mut dyn Iterator<Item = u32>| {
        let sum: u32 = body.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
        match 11 - sum % 11 {
            11 => 0,
            10 => 1,
            digit => digit,
        }
    };
    let bank = control(&mut [0, 0].into_iter().chain((0..8).map(|index| digits.at(index))));
    let account = control(&mut (10..20).map(|index| digits.at(index)));
    Verdict::decided(bank == digits.at(8) && account == digits.at(9) && digits.number(0, 8) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_bitcoin_proposals_hold() {
        let settings = Settings::default();
        for address in [
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ] {
            assert_eq!(bitcoin_address(address, &settings), Verdict::Valid, "{address}");
            let last = address.chars().next_back().unwrap();
            let changed =
                format!("{}{}", address.get(..address.len() - 1).unwrap(), if last == '3' { '2' } else { '3' });
            assert_eq!(bitcoin_address(&changed, &settings), Verdict::Invalid, "{changed}");
        }
    }

    #[test]
    fn accounts_carry_their_national_check_digits() {
        let settings = Settings::default();
        assert_eq!(ccc("2100 0418 45 0200051332", &settings), Verdict::Valid);
        assert_eq!(ccc("2100 0418 54 0200051332", &settings), Verdict::Invalid);
        assert_eq!(rib("20041010050500013M02606", &settings), Verdict::Valid);
        assert_eq!(rib("20041010050500013M02607", &settings), Verdict::Invalid);
    }

    #[test]
    fn a_card_needs_an_issuer_a_grouping_and_its_check_digit() {
        let settings = Settings::default();
        assert_eq!(card("4242424242424242", &settings), Verdict::Valid);
        assert_eq!(card("4242424242424241", &settings), Verdict::Invalid);
        assert_eq!(card("4242-4242-4242-4242", &settings), Verdict::Valid);
        assert_eq!(card("4242-424242-42424-2", &settings), Verdict::Invalid);
        assert_eq!(card("0000000000000000", &settings), Verdict::Invalid);
    }
}
