//! The `reidentify` function.
fn main() {}
