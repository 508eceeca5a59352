//! DSSE v1: the envelope around a payload, and the bytes that its signatures cover.
//!
//! Specification: <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md> and `envelope.md` beside it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;

/// The payload type of in-toto statements.
pub const IN_TOTO_PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The largest envelope that is read, in bytes of JSON.
pub const MAX_ENVELOPE_BYTES: usize = 1 << 20;

/// The most signatures that an envelope may carry.
pub const MAX_SIGNATURES: usize = 16;

/// A signed payload. Decoding proves nothing: see [`crate::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What the payload is. Signed together with it.
    pub payload_type: String,
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// At least one signature.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// A hint which key made it; not authenticated, never trusted. Ours is the hex SHA-256 of the key's SPKI DER.
    pub key_id: Option<String>,
    /// The signature's bytes: ASN.1 DER for ECDSA.
    pub signature: Vec<u8>,
}

/// Why bytes are not a DSSE envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DsseError {
    /// Larger than any statement.
    #[error("envelope of {0} bytes; at most {MAX_ENVELOPE_BYTES} are read")]
    TooLarge(usize),
    /// Not the JSON of an envelope.
    #[error("not a DSSE envelope: {0}")]
    NotAnEnvelope(String),
    /// A field is not base64.
    #[error("not a DSSE envelope: `{0}` is neither standard nor URL-safe base64")]
    NotBase64(&'static str),
    /// None or too many signatures.
    #[error("envelope carries {0} signatures; expected 1 to {MAX_SIGNATURES}")]
    SignatureCount(usize),
}

#[derive(Serialize, Deserialize)]
struct WireEnvelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Serialize, Deserialize)]
struct WireSignature {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
    sig: String,
}

/// The pre-authentication encoding: `"DSSEv1" SP len(type) SP type SP len(payload) SP payload`.
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut pae = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    pae.extend_from_slice(payload);
    pae
}

impl Envelope {
    /// The bytes that every signature covers.
    pub fn pae(&self) -> Vec<u8> {
        pre_authentication_encoding(&self.payload_type, &self.payload)
    }

    /// SHA-256 of [`Self::pae`]: what is signed, and how other statements name this one.
    pub fn pae_sha256(&self) -> Sha256Digest {
        Sha256Digest::of(&self.pae())
    }

    /// The envelope as JSON.
    ///
    /// # Errors
    /// When it is larger than [`MAX_ENVELOPE_BYTES`] or has no signature: nobody could read it back.
    pub fn to_json(&self) -> Result<Vec<u8>, DsseError> {
        let wire = WireEnvelope {
            payload: STANDARD.encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self
                .signatures
                .iter()
                .map(|s| WireSignature { keyid: s.key_id.clone(), sig: STANDARD.encode(&s.signature) })
                .collect(),
        };
        check_count(self.signatures.len())?;
        let json = serde_json::to_vec(&wire).map_err(|error| DsseError::NotAnEnvelope(error.to_string()))?;
        if json.len() > MAX_ENVELOPE_BYTES { Err(DsseError::TooLarge(json.len())) } else { Ok(json) }
    }

    /// Reads an envelope. Unknown fields are ignored, both base64 alphabets are read, as the specification demands.
    ///
    /// # Errors
    /// When the bytes are too many, not an envelope, or carry no signature.
    pub fn from_json(json: &[u8]) -> Result<Self, DsseError> {
        if json.len() > MAX_ENVELOPE_BYTES {
            return Err(DsseError::TooLarge(json.len()));
        }
        let wire: WireEnvelope =
            serde_json::from_slice(json).map_err(|error| DsseError::NotAnEnvelope(error_place(&error)))?;
        check_count(wire.signatures.len())?;
        let payload = decode_base64(&wire.payload).ok_or(DsseError::NotBase64("payload"))?;
        let signatures = wire
            .signatures
            .into_iter()
            .map(|s| {
                let signature = decode_base64(&s.sig).ok_or(DsseError::NotBase64("sig"))?;
                Ok(EnvelopeSignature { key_id: s.keyid, signature })
            })
            .collect::<Result<_, DsseError>>()?;
        Ok(Self { payload_type: wire.payload_type, payload, signatures })
    }
}

fn check_count(signatures: usize) -> Result<(), DsseError> {
    if (1..=MAX_SIGNATURES).contains(&signatures) { Ok(()) } else { Err(DsseError::SignatureCount(signatures)) }
}

/// Where JSON broke and how, without quoting it.
pub(crate) fn error_place(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Io => "unreadable",
        serde_json::error::Category::Syntax => "broken JSON",
        serde_json::error::Category::Data => "a missing, unknown or wrongly typed field",
        serde_json::error::Category::Eof => "the JSON ends early",
    };
    format!("{kind} at line {}, column {}", error.line(), error.column())
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD_ALPHABET: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    const URL_ALPHABET: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
    let engine = if text.contains(['-', '_']) { URL_ALPHABET } else { STANDARD_ALPHABET };
    engine.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pae_of_the_specification() {
        // protocol.md, "Test Vectors".
        let pae = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(pae, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        assert_eq!(pre_authentication_encoding("", b""), b"DSSEv1 0  0 ");
        // Lengths count bytes, not characters.
        assert_eq!(pre_authentication_encoding("é", "ü".as_bytes()), "DSSEv1 2 é 2 ü".as_bytes());
    }

    #[test]
    fn hostile_envelopes_are_refused() {
        type Case = (&'static [u8], fn(&DsseError) -> bool);
        let cases: [Case; 8] = [
            (b"", |e| matches!(e, DsseError::NotAnEnvelope(_))),
            (b"[]", |e| matches!(e, DsseError::NotAnEnvelope(_))),
            (br#"{"payload":"","payloadType":"t"}"#, |e| matches!(e, DsseError::NotAnEnvelope(_))),
            (br#"{"payload":"","payloadType":"t","signatures":[]}"#, |e| *e == DsseError::SignatureCount(0)),
            (br#"{"payload":"%","payloadType":"t","signatures":[{"sig":""}]}"#, |e| {
                *e == DsseError::NotBase64("payload")
            }),
            (br#"{"payload":"+_aa","payloadType":"t","signatures":[{"sig":""}]}"#, |e| {
                *e == DsseError::NotBase64("payload")
            }),
            (br#"{"payload":"","payloadType":"t","signatures":[{"sig":"*"}]}"#, |e| *e == DsseError::NotBase64("sig")),
            (br#"{"payload":"","payload":"","payloadType":"t","signatures":[{"sig":""}]}"#, |e| {
                matches!(e, DsseError::NotAnEnvelope(_))
            }),
        ];
        for (json, expected) in cases {
            let error = Envelope::from_json(json).unwrap_err();
            assert!(expected(&error), "{error}");
        }
        let nested = [b'['].repeat(100_000);
        assert!(Envelope::from_json(&nested).is_err());
        assert_eq!(
            Envelope::from_json(&vec![b' '; MAX_ENVELOPE_BYTES + 1]),
            Err(DsseError::TooLarge(MAX_ENVELOPE_BYTES + 1))
        );
    }

    #[test]
    fn unknown_fields_are_ignored_and_url_safe_base64_is_read() {
        let json = br#"{"payload":"-_-_","payloadType":"t","signatures":[{"sig":"_w","keyid":"k","x":1}],"more":{}}"#;
        let envelope = Envelope::from_json(json).unwrap();
        assert_eq!(envelope.payload, [0xfb, 0xff, 0xbf]);
        assert_eq!(envelope.signatures[0].signature, [0xff]);
    }

    proptest! {
        #[test]
        fn json_round_trips(payload in prop::collection::vec(any::<u8>(), 0..300), payload_type in any::<String>(),
                            sigs in prop::collection::vec((prop::option::of(any::<String>()), prop::collection::vec(any::<u8>(), 0..80)), 1..4)) {
            let signatures = sigs.into_iter().map(|(key_id, signature)| EnvelopeSignature { key_id, signature }).collect();
            let envelope = Envelope { payload_type, payload, signatures };
            prop_assert_eq!(Envelope::from_json(&envelope.to_json().unwrap()), Ok(envelope));
        }

        #[test]
        fn any_bytes_decode_or_fail_in_peace(json in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(Envelope::from_json(&json));
        }
    }
}
