//! Check digits, each with the standard that defines it.

pub(crate) mod date;
pub(crate) mod digits;
pub(crate) mod iso7064;
pub(crate) mod luhn;
pub(crate) mod verhoeff;
pub(crate) mod weighted;

pub(crate) use digits::Digits;
