use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::cohort::Cohort;
use super::domain::{Domain, Epoch};
use crate::crypto::hkdf_sha256;

/// The secret of one domain and epoch, in clear; or that of a cohort of subjects within them. Wiped when dropped.
pub struct DomainKey {
    domain: Domain,
    epoch: Epoch,
    cohort: Option<Cohort>,
    secret: Zeroizing<[u8; 32]>,
}

/// What a derived key is for. Each purpose has its own key, so that none gives another away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// HMAC-SHA-256 of [`crate::transform::Token`].
    Token,
    /// AES-SIV of [`crate::transform::Encrypt`].
    Encrypt,
    /// Names the key without giving it away.
    Identity,
    /// Blinds the digest of a re-identification's answer.
    Answer,
    /// [`crate::transform::Hash`].
    Hash,
    /// FF1 of [`crate::transform::Fpe`].
    Fpe,
    /// How far the dates of a subject move: [`crate::transform::ShiftDate`].
    ShiftDate,
    /// [`crate::transform::Noise`].
    Noise,
    /// [`crate::transform::Surrogate`].
    Surrogate,
    /// Wraps the secrets of cohorts.
    Cohorts,
}

impl KeyPurpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Encrypt => "encrypt",
            Self::Identity => "identity",
            Self::Answer => "answer",
            Self::Hash => "hash",
            Self::Fpe => "fpe",
            Self::ShiftDate => "shift_date",
            Self::Noise => "noise",
            Self::Surrogate => "surrogate",
            Self::Cohorts => "cohorts",
        }
    }
}

impl DomainKey {
    /// A key whose secret is 256 random bits. Functions get theirs from a [`super::Keyring`].
    pub fn new(domain: Domain, epoch: Epoch, secret: Zeroizing<[u8; 32]>) -> Self {
        Self { domain, epoch, cohort: None, secret }
    }

    /// The key of a cohort of the domain's subjects, whose secret is 256 random bits of its own.
    pub fn of_cohort(domain: Domain, epoch: Epoch, cohort: Cohort, secret: Zeroizing<[u8; 32]>) -> Self {
        Self { domain, epoch, cohort: Some(cohort), secret }
    }

    /// Whose it is; none when it is the whole domain's.
    pub fn cohort(&self) -> Option<Cohort> {
        self.cohort
    }

    /// The domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The epoch.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Names this very secret, in 32 hexadecimal digits that give nothing of it away: 128 bits derived from it. Statements
    /// carry it, so that a key that was replaced shows.
    pub fn id(&self) -> String {
        hex::encode(*self.derive::<16>(KeyPurpose::Identity))
    }

    /// `sluice/v1/<purpose>/<domain>/<epoch>`, and `/cohort/<number>` for a cohort's: the label of a derived key, and what is
    /// authenticated with each ciphertext. No part can hold a slash, so no two labels are equal.
    pub fn label(&self, purpose: KeyPurpose) -> String {
        let label = format!("sluice/v1/{}/{}/{}", purpose.as_str(), self.domain, self.epoch);
        match self.cohort {
            Some(cohort) => format!("{label}/cohort/{cohort}"),
            None => label,
        }
    }

    /// A key of `N` bytes for one purpose: HKDF-SHA-256 with [`Self::label`] as info and no salt (the secret is uniformly
    /// random, RFC 5869 §3.1).
    ///
    /// A key belongs to a domain, not to a column: that is what makes tokens joinable across the columns and datasets of
    /// a domain, and lets a token be opened without knowing where it stood. The price is that equal values show as equal
    /// across them. Columns that must not be joinable belong in different domains.
    pub fn derive<const N: usize>(&self, purpose: KeyPurpose) -> Zeroizing<[u8; N]> {
        self.derive_labelled(&self.label(purpose))
    }

    fn derive_labelled<const N: usize>(&self, label: &str) -> Zeroizing<[u8; N]> {
        const { assert!(N <= crate::crypto::HKDF_MAX_BYTES) };
        let mut derived = Zeroizing::new([0; N]);
        match hkdf_sha256(&[], self.secret.as_slice(), label.as_bytes(), derived.as_mut_slice()) {
            Ok(()) => derived,
            Err(crate::crypto::OutputTooLong) => unreachable!("the length is checked when this is compiled"),
        }
    }

    /// The keys of one kind of personal data within this domain, such as `EMAIL_ADDRESS`: for what is found in free text,
    /// so that an address there has the pseudonym of the address in a column of its own kind, and no other.
    pub fn of_entity<'k>(&'k self, entity: &'k str) -> ScopedKey<'k> {
        ScopedKey { key: self, scope: Scope::Entity(entity) }
    }

    /// The keys of one column within this domain: its pseudonyms join those of columns of the same name only.
    pub fn of_column<'k>(&'k self, column: &'k str) -> ScopedKey<'k> {
        ScopedKey { key: self, scope: Scope::Column(column) }
    }
}

/// A domain's secret and the part of the domain that keys are derived for.
#[derive(Debug, Clone, Copy)]
pub struct ScopedKey<'k> {
    key: &'k DomainKey,
    scope: Scope<'k>,
}

#[derive(Debug, Clone, Copy)]
enum Scope<'k> {
    Domain,
    Column(&'k str),
    Entity(&'k str),
}

impl<'k> From<&'k DomainKey> for ScopedKey<'k> {
    fn from(key: &'k DomainKey) -> Self {
        Self { key, scope: Scope::Domain }
    }
}

impl<'k> From<&'k Arc<DomainKey>> for ScopedKey<'k> {
    fn from(key: &'k Arc<DomainKey>) -> Self {
        Self::from(key.as_ref())
    }
}

impl ScopedKey<'_> {
    /// The epoch.
    pub fn epoch(&self) -> Epoch {
        self.key.epoch
    }

    /// [`DomainKey::label`]; `/column/<name>` or `/entity/<name>` follows when the keys are not the whole domain's. The name
    /// may hold slashes, but nothing comes after it.
    pub fn label(&self, purpose: KeyPurpose) -> String {
        let label = self.key.label(purpose);
        match self.scope {
            Scope::Domain => label,
            Scope::Column(name) => format!("{label}/column/{name}"),
            Scope::Entity(name) => format!("{label}/entity/{name}"),
        }
    }

    /// As [`DomainKey::derive`] with this label.
    pub fn derive<const N: usize>(&self, purpose: KeyPurpose) -> Zeroizing<[u8; N]> {
        self.key.derive_labelled(&self.label(purpose))
    }

    /// What names the key in a pseudonym: its epoch, and when it is not the whole domain's, 40 bits that follow from the
    /// secret and the scope and give neither away.
    pub fn key_ref(&self) -> KeyRef {
        match self.scope {
            Scope::Domain => KeyRef { epoch: self.key.epoch, scope: None, cohort: self.key.cohort },
            Scope::Column(_) | Scope::Entity(_) => self.fingerprint(),
        }
    }

    /// As [`Self::key_ref`], with the forty bits for the whole domain's key too: for what names its key beside its values.
    pub fn fingerprint(&self) -> KeyRef {
        let scope = Some(*self.derive::<5>(KeyPurpose::Identity));
        KeyRef { epoch: self.key.epoch, scope, cohort: self.key.cohort }
    }
}

/// What names a key in a pseudonym.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyRef {
    /// The generation of the domain's secret.
    pub epoch: Epoch,
    /// Which part of the domain the key is for; none for the whole.
    pub scope: Option<[u8; 5]>,
    /// Whose it is; none when it is everybody's.
    pub cohort: Option<Cohort>,
}

impl fmt::Debug for DomainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { domain, epoch, .. } = self;
        match self.cohort {
            Some(cohort) => write!(f, "DomainKey({domain}/{epoch}/{cohort}, [redacted])"),
            None => write!(f, "DomainKey({domain}/{epoch}, [redacted])"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(domain: &str, epoch: u32) -> DomainKey {
        DomainKey::new(Domain::new(domain).unwrap(), Epoch::new(epoch).unwrap(), Zeroizing::new([7; 32]))
    }

    #[test]
    fn derived_keys_differ_by_purpose_domain_and_epoch() {
        let base = key("customers", 1);
        let token = base.derive::<32>(KeyPurpose::Token);
        assert_ne!(*token, *base.derive::<32>(KeyPurpose::Encrypt));
        assert_ne!(*token, *key("customers", 2).derive::<32>(KeyPurpose::Token));
        assert_ne!(*token, *key("staff", 1).derive::<32>(KeyPurpose::Token));
        assert_eq!(*token, *key("customers", 1).derive::<32>(KeyPurpose::Token));
    }

    #[test]
    fn scopes_have_keys_and_names_of_their_own() {
        let base = key("customers", 1);
        let whole = ScopedKey::from(&base);
        assert_eq!(*whole.derive::<32>(KeyPurpose::Token), *base.derive::<32>(KeyPurpose::Token));
        assert_eq!(whole.key_ref(), KeyRef { epoch: Epoch::FIRST, scope: None, cohort: None });
        let scoped = [base.of_column("a"), base.of_column("b"), base.of_entity("a")];
        for (i, one) in scoped.iter().enumerate() {
            assert_ne!(*one.derive::<32>(KeyPurpose::Token), *whole.derive::<32>(KeyPurpose::Token));
            for other in &scoped[..i] {
                assert_ne!(*one.derive::<32>(KeyPurpose::Token), *other.derive::<32>(KeyPurpose::Token));
                assert_ne!(one.key_ref(), other.key_ref());
            }
        }
        assert_ne!(base.of_column("a").key_ref().scope, key("staff", 1).of_column("a").key_ref().scope);
    }

    #[test]
    fn a_cohort_s_keys_are_its_own_and_named() {
        let whole = key("customers", 1);
        let of = |number: u64| {
            let (domain, cohort) = (Domain::new("customers").unwrap(), Cohort::new(number).unwrap());
            DomainKey::of_cohort(domain, Epoch::FIRST, cohort, Zeroizing::new([7; 32]))
        };
        assert_ne!(*of(1).derive::<32>(KeyPurpose::Encrypt), *of(2).derive::<32>(KeyPurpose::Encrypt));
        assert_ne!(*of(1).derive::<32>(KeyPurpose::Encrypt), *whole.derive::<32>(KeyPurpose::Encrypt));
        assert_eq!(ScopedKey::from(&of(17)).key_ref().cohort, Cohort::new(17));
        assert!(of(17).label(KeyPurpose::Encrypt).ends_with("customers/1/cohort/17"));
    }

    #[test]
    fn derivation_is_pinned() {
        // Python: HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sluice/v1/token/customers/1").derive(b"\7"*32)
        let token = key("customers", 1).derive::<32>(KeyPurpose::Token);
        assert_eq!(hex::encode(*token), "8545f646168ed6ff58b7ad52f3af93cddc428404b704cfa182aacd2fc1ec1596");
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", key("customers", 3)), "DomainKey(customers/3, [redacted])");
    }
}
