//! The `seal` function.
fn main() {}
