//! The audit of who touched what, from CloudTrail's files.
//!
//! Two questions, each answered by a pure engine without AWS:
//!
//! | module | question |
//! |---|---|
//! | [`trail`] | is the record genuine and complete: digest chain, signatures, log files? |
//! | [`access`] | did anyone do what the access policy does not allow? |
//! | [`signing`] | does every use of a signing key belong to a statement that is kept? |
//!
//! AWS's own validator passes several classes of tampering: forged log files that no digest lists, deleted newest digests,
//! all digests deleted, restarted chains, wrong links. Here files are reconciled both ways, and what could not be read is
//! never reported as damaged.

pub mod access;
pub mod signing;
pub mod trail;
