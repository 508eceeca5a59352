//! The `quality` function.
fn main() {}
