//! Runs the peers' cases against our engines: `cargo run --release -p conformance [-- [--require] NAMES…]`.
//!
//! The cases are facts taken from other projects and are not part of this repository. The folder that holds them is
//! named by `SLUICE_CONFORMANCE`, by default `../shared/conformance` beside the workspace. For each file the runner
//! prints `NAME: passed N of M` and below it, indented, each failing case with the reason.
//!
//! Exit status: 0 when the cases ran, whatever their outcome; 1 when `--require` was given and a suite passed a smaller
//! share than its floor; 2 on a wrong argument or a broken file; 3 when the folder is absent.

mod analyzers;
mod anomaly;
mod cloudtrail_access;
mod cloudtrail_digests;
mod cloudtrail_published;
mod condition;
mod crypto;
mod deid;
mod detect;
mod evaluation;
mod integrity;
mod merkle;
mod parse;
mod s3_recorded;
mod suggestion;
mod suite;
mod table;

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use suite::{Report, Suite};

/// Every suite, one file of cases each. A new suite is a module and one line here.
const SUITES: &[Suite] = &[
    Suite { name: "dqdl-parse", file: "dqdl/dqdl-parse.jsonl", floor: 1.0, run: parse::run },
    Suite { name: "dqdl-condition", file: "dqdl/dqdl-condition.jsonl", floor: 1.0, run: condition::run },
    Suite { name: "merkle-rfc6962", file: "integrity/merkle-rfc6962.json", floor: 1.0, run: integrity::run },
    Suite {
        name: "cloudtrail-digests",
        file: "integrity/cloudtrail-digests.json",
        floor: 1.0,
        run: cloudtrail_digests::run,
    },
    Suite {
        name: "cloudtrail-access-events",
        file: "integrity/cloudtrail-access-events.json",
        floor: 1.0,
        run: cloudtrail_access::run,
    },
    Suite { name: "s3-conformance", file: "integrity/s3-conformance.json", floor: 1.0, run: s3_recorded::run },
    Suite {
        name: "cloudtrail-published",
        file: "integrity/cloudtrail-published.json",
        floor: 1.0,
        run: cloudtrail_published::run,
    },
    Suite { name: "dqdl-eval", file: "dqdl/dqdl-eval.jsonl", floor: 0.9, run: evaluation::run },
    Suite { name: "analyzers", file: "dqdl/analyzers.jsonl", floor: 0.99, run: analyzers::run },
    Suite { name: "suggestion", file: "dqdl/analyzers.jsonl", floor: 1.0, run: suggestion::run },
    Suite { name: "anomaly", file: "dqdl/anomaly.jsonl", floor: 1.0, run: anomaly::run },
    Suite { name: "hmac-sha256", file: "crypto/hmac-sha256.json", floor: 1.0, run: crypto::hmac },
    Suite { name: "hkdf-sha256", file: "crypto/hkdf-sha256.json", floor: 1.0, run: crypto::hkdf },
    Suite { name: "aes-siv", file: "crypto/aes-siv.json", floor: 1.0, run: crypto::siv },
    Suite { name: "aes-gcm-siv", file: "crypto/aes-gcm-siv.json", floor: 1.0, run: crypto::gcm_siv },
    Suite { name: "fpe-ff1", file: "crypto/fpe-ff1.json", floor: 1.0, run: crypto::ff1 },
    Suite { name: "deid-operator-vectors", file: "pii/deid-operator-vectors.jsonl", floor: 1.0, run: deid::run },
    Suite { name: "pii-recognizers", file: "pii/pii-recognizers.jsonl", floor: 0.97, run: detect::recognizers },
    Suite { name: "pii-validators", file: "pii/pii-validators.jsonl", floor: 1.0, run: detect::validators },
    Suite { name: "pii-context", file: "pii/pii-context.jsonl", floor: 0.95, run: detect::context },
    Suite { name: "pii-crosscheck", file: "pii/pii-crosscheck.jsonl", floor: 0.9, run: detect::crosscheck },
];

const ABSENT: u8 = 3;
const BROKEN: u8 = 2;
const BELOW_FLOOR: u8 = 1;

#[expect(clippy::print_stderr, reason = "a program for people at a terminal")]
fn main() -> ExitCode {
    let folder = folder();
    if !folder.is_dir() {
        eprintln!("NO CONFORMANCE CASES: {} is not a folder, so nothing was checked.", folder.display());
        eprintln!("Set SLUICE_CONFORMANCE to the folder that holds dqdl/dqdl-parse.jsonl.");
        return ExitCode::from(ABSENT);
    }
    match run(&folder, std::env::args().skip(1).collect()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(BELOW_FLOOR),
        Err(error) => {
            eprintln!("conformance: {error:#}");
            ExitCode::from(BROKEN)
        }
    }
}

fn folder() -> PathBuf {
    // As `cargo run` says it: checkouts that share a build directory share this binary.
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("tests/conformance"), PathBuf::from);
    let default = || package.join("../../../shared/conformance");
    std::env::var_os("SLUICE_CONFORMANCE").map_or_else(default, PathBuf::from)
}

/// Runs the suites that `arguments` name, or all; false when one is below its floor and floors are required.
fn run(folder: &Path, arguments: Vec<String>) -> Result<bool> {
    let (options, names): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|argument| argument.starts_with("--"));
    let unknown_option = options.iter().find(|option| *option != "--require");
    let unknown_name = names.iter().find(|name| SUITES.iter().all(|suite| suite.name != **name));
    if let Some(unknown) = unknown_option.or(unknown_name) {
        let known: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
        anyhow::bail!("unknown argument {unknown}; use --require or one of {}", known.join(", "));
    }
    let mut all_reach_their_floor = true;
    for suite in SUITES.iter().filter(|suite| names.is_empty() || names.iter().any(|name| name == suite.name)) {
        let path = folder.join(suite.file);
        let cases = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let report = (suite.run)(&cases).with_context(|| format!("in {}", path.display()))?;
        print(suite, &report);
        all_reach_their_floor &= report.reaches(suite.floor);
    }
    Ok(all_reach_their_floor || options.is_empty())
}

#[expect(clippy::print_stdout, reason = "the report is this program's output")]
fn print(suite: &Suite, report: &Report) {
    println!("{}: passed {} of {}", suite.name, report.passed, report.total());
    for failure in &report.failures {
        println!("    {}  {}", failure.id, failure.reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_is_named_after_its_file() {
        for suite in SUITES {
            let stem = Path::new(suite.file).file_stem().and_then(|stem| stem.to_str());
            // Two suites share a file.
            assert_eq!(stem, Some(if suite.name == "suggestion" { "analyzers" } else { suite.name }));
            assert!((0.0..=1.0).contains(&suite.floor));
        }
    }
}
