//! One file a command.

mod check;
mod mask;
mod merge_states;
mod policy;
mod profile;
mod seal;
mod suggest;
mod verify;

use crate::args::{Args, Command, PolicyCommand, VerifyCommand};
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
        Command::Seal(args) => seal::run(&args),
        Command::Policy(PolicyCommand::Check { file, json }) => policy::check(&file, json),
        Command::Verify(VerifyCommand::Statement(args)) => verify::statement(&args),
    }
}
