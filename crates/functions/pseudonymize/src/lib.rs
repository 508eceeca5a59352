//! The `pseudonymize` function.
