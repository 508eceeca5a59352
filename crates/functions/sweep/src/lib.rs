//! The `sweep` function.
