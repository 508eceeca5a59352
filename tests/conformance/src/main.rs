//! Runs the conformance cases.
fn main() {}
