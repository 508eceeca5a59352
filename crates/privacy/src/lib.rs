//! Pseudonyms for the columns of a table, under keys that KMS wraps, and the way back for those who may.
//!
//! | module | idea |
//! |---|---|
//! | [`pseudonymize`] | a table in, the same table with pseudonyms out, in one streaming pass |
//! | [`transform`] | what can be done to the values of a column, one file a transform |
//! | [`detection`] | what counts as personal data, from the policy to the detector |
//! | [`keyring`] | domain keys: made and wrapped by KMS, kept write-once, wiped after use |
//! | [`reidentify`] | turning pseudonyms back, for a reason, with an approver |
//! | [`crypto`] | the primitives with their parameters fixed |

pub mod crypto;
pub mod detection;
pub mod keyring;
pub mod pseudonymize;
pub mod reidentify;
pub mod transform;
