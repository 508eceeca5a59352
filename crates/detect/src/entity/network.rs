//! Addresses of machines, mailboxes and pages.

use super::{Entity, Family, Outcome, Site, Verdict};
use crate::options::Settings;
use crate::pattern::{Edges, within, word};
use crate::text::{after, before, extends_word, slice};
use std::collections::HashSet;
use std::net::Ipv6Addr;
use std::sync::OnceLock;

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new(
        "EMAIL_ADDRESS",
        Family::Personal,
        &[
            within(
                Edges::Free,
                0.5,
                concat!(
                    r"(?:[a-z0-9_]|(?u:[^\x00-\x7F]))(?:[a-z0-9._%+'&~-]|(?u:[^\x00-\x7F]))*",
                    r"@(?:[a-z0-9-]|(?u:[^\x00-\x7F]))+(?:\.(?:[a-z0-9-]|(?u:[^\x00-\x7F]))+)+"
                ),
            ),
            // Written to be read by people only.
            within(
                Edges::Free,
                0.2,
                concat!(
                    r"\b[a-z0-9_][a-z0-9._+-]*(?: at | ?[(\[]at[)\]] ?)[a-z0-9-]+",
                    r"(?:(?: dot | ?[(\[]dot[)\]] ?|\.)[a-z0-9-]+)+\b"
                ),
            ),
        ],
    )
    .site(email)
    .context(&["email", "e-mail", "mail", "mailbox", "contact"])
    .default_on(),
    Entity::new(
        "URL",
        Family::Network,
        &[
            within(Edges::Free, 0.6, r#"["']https?://[a-z0-9][!#-&(-;=?-~]+["']"#),
            within(Edges::Free, 0.6, r"https?://[a-z0-9][!#-&(-;=?-~]+"),
            within(Edges::Free, 0.5, r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+(?::\d{1,5})?(?:[/?#][!#-&(-;=?-~]*)?"),
        ],
    )
    .site(url)
    .context(&["url", "website", "link"]),
    Entity::new(
        "IP_ADDRESS",
        Family::Network,
        &[
            word(
                0.6,
                concat!(
                    r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)",
                    r"(?:/(?:3[0-2]|[12]\d|\d)\b)?"
                ),
            ),
            within(
                Edges::Free,
                0.6,
                concat!(
                    r"(?:(?:[0-9a-f]{1,4}:){6,7}[0-9a-f.]{1,15}|(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::[0-9a-f:.]*)",
                    r"(?:%[a-z0-9]{1,16})?(?:/\d{1,3})?"
                ),
            ),
        ],
    )
    .site(ip_address)
    .context(&["ip", "ipv4", "ipv6", "ip address", "host"])
    .default_on(),
    Entity::new(
        "MAC_ADDRESS",
        Family::Network,
        &[
            word(0.6, r"[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5})"),
            word(0.6, r"[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}"),
        ],
    )
    .value(mac_address)
    .context(&["mac", "mac address", "hardware address", "physical address", "ethernet"])
    .default_on(),
];

fn keep(start: usize, end: usize, score: f64) -> Outcome {
    Outcome::Keep { start, end, score: Some(score) }
}

/// The registered top-level domains, punycode included (IANA root zone, by way of the public suffix list).
fn is_top_level_domain(label: &str) -> bool {
    static DOMAINS: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let domains = DOMAINS.get_or_init(|| include_str!("top_level_domains.txt").lines().collect());
    domains.contains(label.to_ascii_lowercase().as_str())
}

/// An address with `@` is certain when its domain can be one: any top level of letters, since private and new ones
/// occur in real data. Punctuation that the pattern took along is cut off.
fn email(site: &Site<'_>) -> Outcome {
    let value = site.value();
    let Some(at) = value.bytes().position(|byte| byte == b'@') else {
        let named = value.rsplit(['.', ' ']).next().is_some_and(is_top_level_domain);
        return if named { keep(site.start, site.end, 0.2) } else { Outcome::Drop { resume: site.end } };
    };
    let foreign_punctuation = |character: char| !character.is_ascii() && !character.is_alphanumeric();
    if value.is_ascii() {
        let domain = mail_domain(slice(value, at + 1, value.len()));
        return match domain.filter(|_| is_dotted_well(slice(value, 0, at))) {
            Some(domain) => keep(site.start, site.start + at + 1 + domain.len(), 1.0),
            None => Outcome::Drop { resume: site.start + at + 1 },
        };
    }
    let local = slice(value, 0, at);
    let cut = local
        .rfind(foreign_punctuation)
        .map_or(0, |index| index + local.get(index..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8));
    let local = slice(value, cut, at);
    let domain = slice(value, at + 1, value.len());
    let domain = slice(domain, 0, domain.find(foreign_punctuation).unwrap_or(domain.len()));
    let domain = mail_domain(domain);
    let sound = !local.is_empty() && is_dotted_well(local);
    match domain {
        Some(domain) if sound => keep(site.start + cut, site.start + at + 1 + domain.len(), 1.0),
        _ => Outcome::Drop { resume: site.start + at + 1 },
    }
}

/// Whether full stops part something everywhere (RFC 5322, 3.2.3: `dot-atom-text`).
fn is_dotted_well(local: &str) -> bool {
    let mut previous = b'.';
    for byte in local.bytes() {
        if byte == b'.' && previous == b'.' {
            return false;
        }
        previous = byte;
    }
    previous != b'.'
}

/// The longest beginning of `domain` that ends in a top level of letters.
fn mail_domain(domain: &str) -> Option<&str> {
    let end = domain.bytes().rposition(|byte| !matches!(byte, b'.' | b'-'))?;
    let dot = domain.bytes().take(end).rposition(|byte| byte == b'.')?;
    let (host, top) = (slice(domain, 0, dot), slice(domain, dot + 1, end + 1));
    let letters_alone = top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    if letters_alone && !host.is_empty() && host.bytes().all(plain) {
        return domain.get(..host.len() + 1 + top.len());
    }
    let punycode = top.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--"));
    let letters = top.find(|character: char| !character.is_alphabetic()).unwrap_or(top.len());
    let label_is_sound = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    if !host.split('.').all(label_is_sound) {
        return None;
    }
    let top_len = if punycode { top.len() } else { letters };
    if slice(top, 0, top_len).chars().count() >= 2 {
        return domain.get(..host.len() + 1 + top_len);
    }
    mail_domain(host)
}

/// The host ends in a registered top-level domain or is an IP address behind a scheme. Quotes around a URL belong to it.
fn url(site: &Site<'_>) -> Outcome {
    let value = site.value();
    let drop = Outcome::Drop { resume: site.end };
    let quoted = value.starts_with(['"', '\'']);
    let bare = value.trim_matches(['"', '\'']);
    let quote_matches = !quoted || value.chars().next() == value.chars().next_back();
    let (scheme_len, score) = match bare.find("://") {
        Some(index) if index < 6 => (index + 3, 0.6),
        _ => (0, 0.5),
    };
    let preceded = before(site.text, site.start);
    if !quote_matches
        || (!quoted && preceded.is_some_and(|character| extends_word(character) || "@./-".contains(character)))
    {
        return drop;
    }
    let rest = slice(bare, scheme_len, bare.len());
    let host_len = rest.find(['/', '?', '#', ':']).unwrap_or(rest.len());
    let host = slice(rest, 0, host_len).trim_end_matches('.');
    let Some((domain, top)) = host.rsplit_once('.') else { return drop };
    if domain.eq_ignore_ascii_case("www") {
        return drop;
    }
    let address = scheme_len > 0 && host.parse::<std::net::Ipv4Addr>().is_ok();
    let followed_by_mailbox = scheme_len == 0 && after(site.text, site.start + host_len) == Some('@');
    if !(is_top_level_domain(top) || address) || followed_by_mailbox {
        return drop;
    }
    if quoted {
        return keep(site.start, site.end, score);
    }
    let end = if host_len == rest.len() || host.len() < host_len { scheme_len + host.len() } else { trimmed_len(bare) };
    keep(site.start, site.start + end, score)
}

/// Without the punctuation of the sentence, and without a closing bracket that nothing opened.
fn trimmed_len(url: &str) -> usize {
    let mut url = url;
    loop {
        let unopened =
            |open: char, close: char| url.ends_with(close) && url.matches(open).count() < url.matches(close).count();
        if url.ends_with(['.', ',', ';', ':', '!', '?'])
            || unopened('(', ')')
            || unopened('[', ']')
            || unopened('{', '}')
        {
            url = slice(url, 0, url.len() - 1);
        } else {
            return url.len();
        }
    }
}

/// RFC 4291 by the standard library's parser; zone and prefix length may follow. `::` alone is rarely an address.
fn ip_address(site: &Site<'_>) -> Outcome {
    const UNSPECIFIED_SCORE: f64 = 0.1;
    const LONGEST_PREFIX: u32 = 128;
    let value = site.value();
    if !value.contains(':') {
        return Outcome::Keep { start: site.start, end: site.end, score: None };
    }
    let drop = Outcome::Drop { resume: site.end };
    if before(site.text, site.start).is_some_and(|character| extends_word(character) || character == ':') {
        return drop;
    }
    let body_len = value.find(['%', '/']).unwrap_or(value.len());
    let body = slice(value, 0, body_len);
    let trimmed = if body_len == value.len() { body.trim_end_matches('.') } else { body };
    let trimmed =
        if trimmed.ends_with(':') && !trimmed.ends_with("::") { slice(trimmed, 0, trimmed.len() - 1) } else { trimmed };
    let Ok(address) = trimmed.parse::<Ipv6Addr>() else { return drop };
    let mut end = if trimmed.len() < body_len { trimmed.len() } else { value.len() };
    if let Some((rest, prefix)) = slice(value, 0, end).rsplit_once('/')
        && prefix.parse().is_ok_and(|prefix: u32| prefix > LONGEST_PREFIX)
    {
        end = rest.len();
    }
    let end = site.start + end;
    if after(site.text, end).is_some_and(extends_word) {
        return drop;
    }
    keep(site.start, end, if address.is_unspecified() { UNSPECIFIED_SCORE } else { 0.6 })
}

/// Neither nobody's nor everybody's (IEEE 802).
fn mac_address(value: &str, _: &Settings) -> Verdict {
    let digits: Vec<char> =
        value.chars().filter(char::is_ascii_hexdigit).map(|digit| digit.to_ascii_lowercase()).collect();
    let special = digits.iter().all(|digit| *digit == '0') || digits.iter().all(|digit| *digit == 'f');
    Verdict::plausible(digits.len() == 12 && !special)
}
