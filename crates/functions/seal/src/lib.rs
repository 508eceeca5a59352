//! The `seal` function.
