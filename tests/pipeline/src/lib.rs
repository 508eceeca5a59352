//! The whole pipeline in one process, driven the way AWS drives it; see `tests/pipeline`.
