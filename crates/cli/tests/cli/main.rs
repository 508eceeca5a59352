//! The command as people run it: exit codes, what it prints, what it writes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what is not as it expects"
)]

mod bundle;
mod check;
mod keys;
mod mask;
mod policy;
mod profile;
mod release;
mod risk;
mod scan;
mod seal;
mod states;
mod suggest;
mod trail;
mod verify;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A directory of files to try the command on.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs `sluice` in the directory.
    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::new(Command::new(env!("CARGO_BIN_EXE_sluice")).args(arguments).current_dir(self.0.path()))
    }
}

/// What a run gave.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn new(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
    }

    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

#[test]
fn wrong_usage_is_2_and_a_missing_file_is_3() {
    let desk = Desk::new();
    desk.run(&[]).exits(2);
    desk.run(&["chekc"]).exits(2);
    let ran = desk.run(&["seal", "nowhere.csv"]).exits(3);
    assert!(ran.err.starts_with("sluice: nowhere.csv: "), "{}", ran.err);
    desk.run(&["seal", "."]).exits(3);
    desk.run(&["--help"]).exits(0);
}

fn exists(path: &Path) -> bool {
    std::fs::metadata(path).is_ok()
}
