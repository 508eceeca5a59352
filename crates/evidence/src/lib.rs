//! Evidence: signed statements about object versions, kept where nobody can rewrite them, verifiable by anyone offline.
//!
//! | module | idea |
//! |---|---|
//! | [`statement`] | in-toto Statement v1: subjects, and a typed predicate about them |
//! | [`predicate`] | what each stage states |
//! | [`canonical`] | RFC 8785 JSON: equal statements are equal bytes |
//! | [`dsse`] | the envelope and the bytes that are signed |
//! | [`sign`], [`verify`] | ECDSA P-256 over `SHA-256(PAE)`; [`Verified`] is the only way to a statement's content |
//! | [`layout`] | a statement's key in the evidence bucket is a pure function of its content |
//! | [`archive`] | reading statements back: verified, from the key that their content demands |
//! | [`any`] | statements of any kind |
//! | [`ledger`] | recording them, each once |
//! | [`offline`] | verification of files on a disk, with separate verdicts |
//!
//! Specifications: [in-toto Statement v1](https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md),
//! [DSSE](https://github.com/secure-systems-lab/dsse/blob/master/protocol.md), RFC 8785.

pub mod any;
pub mod archive;
mod beside;
pub mod canonical;
pub mod dsse;
pub mod layout;
pub mod ledger;
mod memo;
pub mod offline;
pub mod predicate;
pub mod sign;
pub mod statement;
pub mod verify;

pub use any::Genuine;
pub use archive::{Archive, EvidenceError, Kept};
pub use layout::{RunId, Stage, StatementKey, SubjectId};
pub use ledger::{Ledger, Recorded, SIGN_REQUEST_METADATA};
pub use statement::{Predecessor, Predicate, ResourceDescriptor, Statement, StatementError};
pub use verify::{TrustedKeys, Verified, VerifyError};

#[cfg(test)]
mod tests;
