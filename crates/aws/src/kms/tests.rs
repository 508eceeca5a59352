use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use sluice_common::Sha256Digest;
use sluice_common::port::{DataKeys as _, EncryptionContext, KeyError, MessageSigner as _, Signer as _};

use crate::replay::{Answer, Replay};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn refusal(code: &str) -> Answer {
    Answer::new(400, json!({ "__type": code, "message": "words that nobody reads" }).to_string())
}

#[tokio::test]
async fn signing_sends_the_digest_as_a_digest() {
    let answer = json!({ "KeyId": KEY, "Signature": BASE64.encode([0x30, 0x06]), "SigningAlgorithm": "ECDSA_SHA_256" });
    let replay = Replay::new([Answer::new(200, answer.to_string())]);
    let digest = Sha256Digest::of(b"statement");
    assert_eq!(replay.aws().signer(KEY).sign(&digest).await.unwrap().0, [0x30, 0x06]);
    let expected = json!({
        "KeyId": KEY,
        "Message": digest.to_base64(),
        "MessageType": "DIGEST",
        "SigningAlgorithm": "ECDSA_SHA_256",
    });
    assert_eq!(replay.sent()[0].json(), expected);
}

#[tokio::test]
async fn a_checkpoint_is_sent_as_a_message() {
    let answer = json!({ "KeyId": KEY, "Signature": BASE64.encode([7; 64]), "SigningAlgorithm": "ED25519_SHA_512" });
    let replay = Replay::new([Answer::new(200, answer.to_string())]);
    assert_eq!(replay.aws().signer(KEY).sign_message(b"origin\n1\n").await.unwrap().0, [7; 64]);
    let expected = json!({
        "KeyId": KEY,
        "Message": BASE64.encode("origin\n1\n"),
        "MessageType": "RAW",
        "SigningAlgorithm": "ED25519_SHA_512",
    });
    assert_eq!(replay.sent()[0].json(), expected);
}

#[tokio::test]
async fn unwrapping_names_the_key_and_the_context() {
    let answer = json!({ "KeyId": KEY, "Plaintext": BASE64.encode([7; 32]) });
    let replay = Replay::new([Answer::new(200, answer.to_string())]);
    let context = EncryptionContext::from([("domain".to_owned(), "customers".to_owned())]);
    let key = replay.aws().data_keys(KEY).unwrap_key(b"wrapped", &context).await.unwrap();
    assert_eq!(*key, [7; 32]);
    let sent = replay.sent()[0].json();
    assert_eq!(sent["KeyId"], KEY);
    assert_eq!(sent["EncryptionContext"], json!({ "domain": "customers" }));
}

#[tokio::test]
async fn a_key_of_another_length_is_refused() {
    let answer = json!({ "KeyId": KEY, "Plaintext": BASE64.encode([7; 16]), "CiphertextBlob": BASE64.encode(b"w") });
    let replay = Replay::new([Answer::new(200, answer.to_string())]);
    let error = replay.aws().data_keys(KEY).generate(&EncryptionContext::new()).await.unwrap_err();
    assert!(matches!(error, KeyError::Other { code, .. } if code == "UnexpectedKeyLength"));
}

#[tokio::test]
async fn refusals_are_told_apart_without_their_words() {
    let replay = Replay::new(["InvalidCiphertextException", "AccessDeniedException", "DisabledException"].map(refusal));
    let keys = replay.aws().data_keys(KEY);
    let context = EncryptionContext::new();
    let altered = keys.unwrap_key(b"w", &context).await.unwrap_err();
    let denied = keys.unwrap_key(b"w", &context).await.unwrap_err();
    let disabled = keys.unwrap_key(b"w", &context).await.unwrap_err();
    assert!(matches!(altered, KeyError::InvalidCiphertext { .. }));
    assert!(matches!(denied, KeyError::Denied { .. }));
    assert!(matches!(&disabled, KeyError::Unusable { code, .. } if code == "DisabledException"));
    assert!(!format!("{altered:?}{denied:?}{disabled:?}").contains("words"));
}
