//! The `quality` function.
