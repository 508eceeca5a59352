//! One file a command.

mod check;
mod evidence;
mod keys;
mod mask;
mod merge_states;
mod policy;
mod profile;
mod release;
mod risk;
mod scan;
mod seal;
mod suggest;
mod verdicts;
mod verify;
mod verify_log;
mod verify_trail;

use crate::args::{Args, Command, EvidenceCommand, PolicyCommand, VerifyCommand};
use crate::exit::Answer;

/// Runs what was asked.
///
/// # Errors
/// When the question could not be answered.
pub(crate) fn run(args: Args) -> anyhow::Result<Answer> {
    match args.command {
        Command::Check(args) => check::run(&args),
        Command::MergeStates(args) => merge_states::run(&args),
        Command::Profile(args) => profile::run(&args),
        Command::Suggest(args) => suggest::run(&args),
        Command::Mask(args) => mask::run(&args),
        Command::Release(args) => release::run(&args),
        Command::Risk(args) => risk::run(&args),
        Command::Seal(args) => seal::run(&args),
        Command::Scan(args) => scan::run(&args),
        Command::Keys(command) => keys::run(&command),
        Command::Policy(PolicyCommand::Check { file, json }) => policy::check(&file, json),
        Command::Verify(VerifyCommand::Statement(args)) => verify::statement(&args),
        Command::Verify(VerifyCommand::Trail(args)) => verify_trail::run(&args),
        Command::Verify(VerifyCommand::Log(args)) => verify_log::log(&args),
        Command::Verify(VerifyCommand::Object(args)) => verify_log::object(&args),
        Command::Verify(VerifyCommand::All(args)) => verify_log::all(&args),
        Command::Evidence(EvidenceCommand::Export(args)) => evidence::export(&args),
    }
}
