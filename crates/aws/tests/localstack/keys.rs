use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;
use sluice_common::Sha256Digest;
use sluice_common::port::{DataKeys as _, EncryptionContext, KeyError, Signer as _};

use super::setup::{aws, kms_admin};

async fn symmetric_key() -> String {
    let answer = kms_admin().create_key().send().await.unwrap();
    answer.key_metadata().unwrap().arn().unwrap().to_owned()
}

fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn signatures_verify_under_the_published_key() {
    let request = kms_admin().create_key().key_spec(KeySpec::EccNistP256).key_usage(KeyUsageType::SignVerify);
    let arn = request.send().await.unwrap().key_metadata().unwrap().arn().unwrap().to_owned();
    let signer = aws().await.signer(&arn);
    let key = VerifyingKey::from_public_key_der(&signer.public_key().await.unwrap().0).unwrap();
    let digest = Sha256Digest::of(b"statement");
    let signature = DerSignature::from_bytes(&signer.sign(&digest).await.unwrap().0).unwrap();
    assert!(key.verify_prehash(digest.as_bytes(), &signature).is_ok());
    assert!(key.verify_prehash(Sha256Digest::of(b"other").as_bytes(), &signature).is_err());
}

#[tokio::test]
async fn a_data_key_opens_under_its_own_key_and_context_only() {
    let aws = aws().await;
    let (arn, other) = (symmetric_key().await, symmetric_key().await);
    let keys = aws.data_keys(&arn);
    let made_with = context(&[("domain", "customers"), ("version", "1")]);
    let key = keys.generate(&made_with).await.unwrap();
    assert_eq!(*keys.unwrap_key(&key.wrapped, &made_with).await.unwrap(), *key.plaintext);
    for wrong in [context(&[]), context(&[("domain", "customers")]), context(&[("domain", "x"), ("version", "1")])] {
        let refused = keys.unwrap_key(&key.wrapped, &wrong).await;
        assert!(matches!(refused, Err(KeyError::InvalidCiphertext { .. })), "{refused:?}");
    }
    let mut altered = key.wrapped.clone();
    *altered.last_mut().unwrap() ^= 1;
    let refused = keys.unwrap_key(&altered, &made_with).await;
    assert!(matches!(refused, Err(KeyError::InvalidCiphertext { .. })), "{refused:?}");
    let refused = aws.data_keys(&other).unwrap_key(&key.wrapped, &made_with).await;
    assert!(matches!(refused, Err(KeyError::InvalidCiphertext { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_disabled_or_unknown_key_is_unusable() {
    let aws = aws().await;
    let arn = symmetric_key().await;
    kms_admin().disable_key().key_id(&arn).send().await.unwrap();
    let refused = aws.data_keys(&arn).generate(&context(&[])).await;
    assert!(matches!(refused, Err(KeyError::Unusable { .. })), "{refused:?}");
    let unknown = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000000";
    let refused = aws.data_keys(unknown).generate(&context(&[])).await;
    assert!(matches!(refused, Err(KeyError::Unusable { .. })), "{refused:?}");
}
