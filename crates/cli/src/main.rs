//! `sluice`: try on a laptop what the functions do in the cloud.
//!
//! The same engines, on local files and on `s3://` URIs. Exit codes: 0 pass, 1 fail, 2 usage, 3 could not tell.

mod args;
mod cloud;
mod command;
mod exit;
mod format;
mod input;
mod paint;
mod progress;
mod terminal;
mod vault;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

fn main() -> ExitCode {
    let args = args::Args::parse(); // exits with 2 on wrong usage
    if let Some(problem) = args.wrong_usage() {
        args::Args::command().error(ErrorKind::MissingRequiredArgument, problem).exit();
    }
    exit::report(command::run(args))
}
