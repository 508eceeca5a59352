//! The `pseudonymize` function.
fn main() {}
