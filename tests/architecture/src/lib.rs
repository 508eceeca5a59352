//! Holds the arrows between crates.
