//! Holds the arrows between crates; see `tests/arrows.rs`.
