//! Finding personal data. So far: what a value's own check digits and structure say.
//!
//! | module | idea |
//! |---|---|
//! | [`checksum`] | check digit schemes that several countries and industries share |
//! | [`mod@validate`] | identifiers by entity, one file a country, each after its issuer's rules |

pub mod checksum;
pub mod validate;

pub use validate::{Verdict, validate};
