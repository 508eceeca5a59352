use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use p256::ecdsa::signature::hazmat::RandomizedPrehashSigner as _;
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::rand_core::{TryCryptoRng, TryRng};
use p256::pkcs8::EncodePublicKey as _;
use sha2::{Digest as _, Sha256};
use sluice_common::Sha256Digest;
use sluice_common::port::{
    DataKey, DataKeys, Ed25519Signature, EncryptionContext, KeyError, MessageSigner, SignatureDer, Signer, SpkiDer,
};
use zeroize::Zeroizing;

use crate::locked;

/// KMS in memory: a P-256 key that signs statements, an Ed25519 key that signs checkpoints, a key that wraps data keys.
///
/// Like ECDSA in KMS, signing the same digest twice gives two different signatures. All of it is a pure function of the
/// label and of the calls made, so tests repeat. Clones share the state.
#[derive(Clone)]
pub struct MemoryKms {
    signing: SigningKey,
    checkpoints: ed25519_dalek::SigningKey,
    wrapping: [u8; 32],
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    calls: u64,
    disabled: bool,
    signed: Vec<Sha256Digest>,
    unwrapped: Vec<EncryptionContext>,
}

impl fmt::Debug for MemoryKms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryKms([redacted])")
    }
}

impl MemoryKms {
    /// Keys that are told apart by a label.
    ///
    /// # Panics
    /// Never in practice: when SHA-256 of the label is no P-256 scalar, a chance of 2⁻³².
    #[expect(clippy::expect_used, reason = "a chance of 1 in 2^32, at the start of a test")]
    pub fn new(label: &str) -> Self {
        let secret = |purpose: &str| <[u8; 32]>::from(Sha256::digest(format!("{label} {purpose}")));
        let signing = SigningKey::from_slice(&secret("signs")).expect("a P-256 scalar");
        let checkpoints = ed25519_dalek::SigningKey::from_bytes(&secret("checkpoints"));
        Self { signing, checkpoints, wrapping: secret("wraps"), state: Arc::default() }
    }

    /// The key that verifies what this signs.
    pub fn verifying_key(&self) -> VerifyingKey {
        *self.signing.verifying_key()
    }

    /// Disables both keys, or enables them again.
    pub fn set_disabled(&self, disabled: bool) {
        locked(&self.state).disabled = disabled;
    }

    /// Every digest signed so far.
    pub fn signed(&self) -> Vec<Sha256Digest> {
        locked(&self.state).signed.clone()
    }

    /// The context of every data key opened so far.
    pub fn unwrapped(&self) -> Vec<EncryptionContext> {
        locked(&self.state).unwrapped.clone()
    }

    /// The id of the request that was the `call`-th, from 1, as KMS tells its caller and CloudTrail.
    pub fn request_id(call: u64) -> String {
        format!("00000000-0000-4000-8000-{call:012x}")
    }

    /// Counts a call.
    fn call(&self, operation: &'static str) -> Result<[u8; 8], KeyError> {
        let mut state = locked(&self.state);
        if state.disabled {
            return Err(KeyError::Unusable { operation, code: "DisabledException".into() });
        }
        state.calls += 1;
        Ok(state.calls.to_be_bytes())
    }

    /// A keyed hash: SHA-256 over length-prefixed parts, the wrapping key first.
    fn keyed(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.wrapping);
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            hasher.update(part.len().to_be_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    fn tag(&self, nonce: &[u8], sealed: &[u8], context: &EncryptionContext) -> [u8; 32] {
        let pairs = context.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        let parts: Vec<&[u8]> = [nonce, sealed].into_iter().chain(pairs).collect();
        self.keyed("tag", &parts)
    }
}

/// Repeatable "randomness" of one call: a hash chain.
struct CallEntropy([u8; 32]);

impl TryRng for CallEntropy {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        for chunk in target.chunks_mut(32) {
            self.0 = Sha256::digest(self.0).into();
            chunk.iter_mut().zip(self.0).for_each(|(byte, fresh)| *byte = fresh);
        }
        Ok(())
    }
}

impl TryCryptoRng for CallEntropy {}

const NONCE_BYTES: usize = 8;
const KEY_BYTES: usize = 32;

fn xor(left: &[u8; KEY_BYTES], right: &[u8; KEY_BYTES]) -> [u8; KEY_BYTES] {
    let mut out = *left;
    out.iter_mut().zip(right).for_each(|(byte, mask)| *byte ^= mask);
    out
}

#[async_trait]
impl Signer for MemoryKms {
    async fn sign(&self, digest: &Sha256Digest) -> Result<SignatureDer, KeyError> {
        Ok(self.sign_on_record(digest).await?.0)
    }

    async fn sign_on_record(&self, digest: &Sha256Digest) -> Result<(SignatureDer, Option<String>), KeyError> {
        let operation = "Sign";
        let call = self.call(operation)?;
        let failed = |error: p256::ecdsa::Error| KeyError::Other {
            operation,
            code: "signing".into(),
            source: Some(error.to_string().into()),
        };
        let mut entropy = CallEntropy(self.keyed("entropy", &[&call]));
        let signature: Signature =
            self.signing.sign_prehash_with_rng(&mut entropy, digest.as_bytes()).map_err(failed)?;
        locked(&self.state).signed.push(*digest);
        Ok((SignatureDer(signature.to_der().as_bytes().to_vec()), Some(Self::request_id(u64::from_be_bytes(call)))))
    }

    async fn public_key(&self) -> Result<SpkiDer, KeyError> {
        self.call("GetPublicKey")?;
        let failed = |error: p256::pkcs8::spki::Error| KeyError::Other {
            operation: "GetPublicKey",
            code: "encoding".into(),
            source: Some(error.to_string().into()),
        };
        let der = self.verifying_key().to_public_key_der().map_err(failed)?;
        Ok(SpkiDer(der.into_vec()))
    }
}

#[async_trait]
impl MessageSigner for MemoryKms {
    async fn sign_message(&self, message: &[u8]) -> Result<Ed25519Signature, KeyError> {
        self.call("Sign")?;
        Ok(Ed25519Signature(ed25519_dalek::Signer::sign(&self.checkpoints, message).to_bytes().to_vec()))
    }

    async fn message_key(&self) -> Result<SpkiDer, KeyError> {
        self.call("GetPublicKey")?;
        // RFC 8410 §4.
        let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        Ok(SpkiDer([prefix.as_slice(), self.checkpoints.verifying_key().as_bytes()].concat()))
    }
}

#[async_trait]
impl DataKeys for MemoryKms {
    async fn generate(&self, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        let nonce = self.call("GenerateDataKey")?;
        let plaintext = self.keyed("data key", &[&nonce]);
        let sealed = xor(&plaintext, &self.keyed("mask", &[&nonce]));
        let tag = self.tag(&nonce, &sealed, context);
        let wrapped = [nonce.as_slice(), &sealed, &tag].concat();
        Ok(DataKey { plaintext: Zeroizing::new(plaintext), wrapped })
    }

    async fn unwrap_key(&self, wrapped: &[u8], context: &EncryptionContext) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let operation = "Decrypt";
        self.call(operation)?;
        let opened = || {
            let (nonce, rest) = wrapped.split_at_checked(NONCE_BYTES)?;
            let (sealed, tag) = rest.split_at_checked(KEY_BYTES)?;
            let sealed: &[u8; KEY_BYTES] = sealed.try_into().ok()?;
            (self.tag(nonce, sealed, context) == tag)
                .then(|| Zeroizing::new(xor(sealed, &self.keyed("mask", &[nonce]))))
        };
        let key = opened().ok_or(KeyError::InvalidCiphertext { operation })?;
        locked(&self.state).unwrapped.push(context.clone());
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::DerSignature;
    use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
    use p256::pkcs8::DecodePublicKey as _;
    use proptest::prelude::*;

    use super::*;

    fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[tokio::test]
    async fn signatures_verify_under_the_published_key_and_differ_each_time() {
        let kms = MemoryKms::new("statements");
        let digest = Sha256Digest::of(b"statement");
        let first = kms.sign(&digest).await.unwrap();
        let second = kms.sign(&digest).await.unwrap();
        assert_ne!(first, second);
        let key = VerifyingKey::from_public_key_der(&kms.public_key().await.unwrap().0).unwrap();
        for SignatureDer(der) in [first, second] {
            let signature = DerSignature::from_bytes(&der).unwrap();
            assert!(key.verify_prehash(digest.as_bytes(), &signature).is_ok());
            assert!(key.verify_prehash(Sha256Digest::of(b"other").as_bytes(), &signature).is_err());
        }
    }

    #[tokio::test]
    async fn a_data_key_opens_under_its_own_context_and_key_only() {
        let kms = MemoryKms::new("vault");
        let made_with = context(&[("domain", "customers"), ("version", "1")]);
        let key = kms.generate(&made_with).await.unwrap();
        assert_eq!(*kms.unwrap_key(&key.wrapped, &made_with).await.unwrap(), *key.plaintext);
        for other in
            [context(&[]), context(&[("domain", "customers")]), context(&[("domain", "orders"), ("version", "1")])]
        {
            let refused = kms.unwrap_key(&key.wrapped, &other).await;
            assert!(matches!(refused, Err(KeyError::InvalidCiphertext { .. })));
        }
        let stranger = MemoryKms::new("another").unwrap_key(&key.wrapped, &made_with).await;
        assert!(matches!(stranger, Err(KeyError::InvalidCiphertext { .. })));
        assert_eq!(kms.unwrapped(), [made_with]);
    }

    #[tokio::test]
    async fn a_disabled_key_is_unusable() {
        let kms = MemoryKms::new("statements");
        kms.set_disabled(true);
        assert!(matches!(kms.sign(&Sha256Digest::of(b"")).await, Err(KeyError::Unusable { .. })));
    }

    proptest! {
        #[test]
        fn every_changed_byte_is_noticed(at in 0usize..72, bit in 0u8..8, cut in 0usize..72) {
            let kms = MemoryKms::new("vault");
            let context = context(&[("domain", "customers")]);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let key = runtime.block_on(kms.generate(&context)).unwrap();
            let mut changed = key.wrapped.clone();
            changed[at] ^= 1 << bit;
            prop_assert!(runtime.block_on(kms.unwrap_key(&changed, &context)).is_err());
            prop_assert!(runtime.block_on(kms.unwrap_key(&key.wrapped[..cut], &context)).is_err());
        }
    }
}
