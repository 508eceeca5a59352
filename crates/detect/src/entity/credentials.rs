//! Secrets: keys, tokens, headers. What Amazon Macie calls credentials, and the identifiers that come with them.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::{Edges, within, word};

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new(
        "AWS_ACCESS_KEY_ID",
        Family::Credential,
        &[word(0.8, r"(?-i:(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z2-7]{16})")],
    )
    .context(&["access key", "aws access key id", "aws"])
    .samples(&["AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE", "ASIAIOSFODNN7EXAMPLE"])
    .default_on(),
    Entity::new("AWS_CREDENTIALS", Family::Credential, &[within(Edges::Free, 0.5, r"[A-Za-z0-9/+]{40}")])
        .site(aws_secret)
        .keyword(&[
            "aws_secret_access_key",
            "credentials",
            "secret access key",
            "secret key",
            "set-awscredential",
            "aws secret",
        ])
        .samples(&["je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]),
    Entity::new(
        "GCP_API_KEY",
        Family::Credential,
        &[within(Edges::Word, 0.8, r"(?-i:AIza)[0-9A-Za-z_-]{34}[0-9A-Za-z_]")],
    )
    .context(&[
        "g_places_key",
        "gcp api key",
        "gcp key",
        "google cloud key",
        "google-api-key",
        "google-cloud-apikeys",
        "googlekey",
        "x-goog-api-key",
    ])
    .default_on(),
    Entity::new(
        "HTTP_BASIC_AUTH_HEADER",
        Family::Credential,
        &[within(
            Edges::Free,
            0.9,
            r"\b(?:proxy-)?authorization[ \t]{0,4}:[ \t]{0,4}basic[ \t]{1,4}[A-Za-z0-9+/]{4}[A-Za-z0-9+/]*={0,2}",
        )],
    )
    .default_on(),
    // RFC 7519: the header is a JSON object in base64url, so it starts with eyJ; the signature may be empty.
    Entity::new(
        "JSON_WEB_TOKEN",
        Family::Credential,
        &[within(
            Edges::Free,
            0.9,
            r"\b(?-i:eyJ)[A-Za-z0-9_-]{8}[A-Za-z0-9_-]*\.(?-i:eyJ)[A-Za-z0-9_-]{4}[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*",
        )],
    )
    .default_on(),
    Entity::new(
        "OPENSSH_PRIVATE_KEY",
        Family::Credential,
        &[within(Edges::Free, 1.0, r"-----BEGIN OPENSSH PRIVATE KEY-----")],
    )
    .site(key_block)
    .default_on(),
    Entity::new(
        "PGP_PRIVATE_KEY",
        Family::Credential,
        &[within(Edges::Free, 1.0, r"-----BEGIN PGP PRIVATE KEY BLOCK-----")],
    )
    .site(key_block)
    .default_on(),
    Entity::new(
        "PKCS",
        Family::Credential,
        &[within(Edges::Free, 1.0, r"-----BEGIN (?:(?:RSA|EC|DSA|ENCRYPTED) )?PRIVATE KEY-----")],
    )
    .site(key_block)
    .default_on(),
    Entity::new(
        "PUTTY_PRIVATE_KEY",
        Family::Credential,
        &[within(Edges::Free, 1.0, r"PuTTY-User-Key-File-[23]: ?[a-z0-9-]{3,40}")],
    )
    .site(key_block)
    .default_on(),
    Entity::new(
        "STRIPE_CREDENTIALS",
        Family::Credential,
        &[word(0.9, r"(?-i:[spr]k_(?:live|test)_)[0-9A-Za-z]{10}[0-9A-Za-z]*")],
    )
    .samples(&["sk_test_4eC39HqLyjWDarjtT1zdp7dc", "pk_test_TYooMQauvdEDq54NiTphI7jx"])
    .default_on(),
    Entity::new(
        "GITHUB_TOKEN",
        Family::Credential,
        &[word(0.9, r"(?-i:gh[pousr]_[0-9A-Za-z]{36}[0-9A-Za-z]*|github_pat_[0-9A-Za-z_]{22}[0-9A-Za-z_]*)")],
    )
    .default_on(),
    Entity::new(
        "SLACK_TOKEN",
        Family::Credential,
        &[within(Edges::Word, 0.9, r"(?-i:xox[abeoprs])-[0-9A-Za-z-]{9}[0-9A-Za-z-]*[0-9A-Za-z]")],
    )
    .default_on(),
    Entity::new(
        "HTTP_COOKIE",
        Family::Credential,
        &[within(Edges::Free, 0.8, r"\b(?:set-)?cookie[ \t]{0,4}:[ \t]{0,4}[!#$%&'*+.^_`|~0-9a-z-]+=[ -~]*")],
    )
    .default_on(),
    Entity::new(
        "PASSWORD",
        Family::Credential,
        &[within(Edges::Free, 0.4, r"\b(?:password|passwd|passphrase|pwd)[ \t]{0,2}[:=][ \t]{0,2}[!-~]{4}[!-~]*")],
    )
    .value(password)
    .default_on(),
];

/// From the first line of a private key to its last, if that follows within what such a key can measure.
fn key_block(site: &super::Site<'_>) -> super::Outcome {
    const MAX_BYTES: usize = 16 * 1024;
    let limit = crate::text::floor_boundary(site.text, site.end + MAX_BYTES);
    let body = crate::text::slice(site.text, site.end, limit);
    let armoured = body.find("-----END ").and_then(|start| {
        const DASHES: &str = "-----";
        let label = start + DASHES.len();
        body.get(label..)?.find(DASHES).map(|len| label + len + DASHES.len())
    });
    let putty = || {
        body.find("Private-MAC:").map(|start| {
            body.get(start..).and_then(|rest| rest.find(['\n', '\r'])).map_or(body.len(), |len| start + len)
        })
    };
    let end = site.end + armoured.or_else(putty).unwrap_or(0);
    super::Outcome::Keep { start: site.start, end, score: None }
}

/// Forty characters of base64 that are no path, no hexadecimal digest and no word.
fn aws_secret(site: &super::Site<'_>) -> super::Outcome {
    let in_alphabet = |beside: Option<char>| {
        beside.is_some_and(|character| character.is_ascii_alphanumeric() || "/+=".contains(character))
    };
    let value = site.value();
    let mixed = value.bytes().any(|byte| byte.is_ascii_lowercase())
        && value.bytes().any(|byte| byte.is_ascii_uppercase())
        && value.bytes().any(|byte| byte.is_ascii_digit());
    let assigned = crate::text::before(site.text, site.start) == Some('=');
    let alone = (assigned || !in_alphabet(crate::text::before(site.text, site.start)))
        && !in_alphabet(crate::text::after(site.text, site.end));
    if mixed && alone {
        super::Outcome::Keep { start: site.start, end: site.end, score: None }
    } else {
        super::Outcome::Drop { resume: site.end }
    }
}

/// References to a password held elsewhere and masked ones are none.
fn password(value: &str, _: &Settings) -> Verdict {
    let secret = value.rsplit([':', '=']).next().unwrap_or_default().trim();
    let first = secret.chars().next().unwrap_or(' ');
    Verdict::plausible(!"$%{<".contains(first) && !secret.chars().all(|character| "*xX.•".contains(character)))
}
