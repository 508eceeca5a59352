//! The `reidentify` function.
