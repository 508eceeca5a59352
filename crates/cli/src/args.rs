//! The command line.
#![allow(clippy::doc_markdown, reason = "clap prints these comments as they are")]

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Check, mask, seal and verify tables the way the Sluice pipeline does.
#[derive(Debug, Parser)]
#[command(
    name = "sluice",
    version,
    about,
    after_help = "Exit codes: 0 pass, 1 fail, 2 wrong usage, 3 could not tell.\nFiles are local paths, s3://bucket/key, or s3://bucket/key?versionId=ID with the key percent-encoded, as statements name them."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Evaluate a DQDL ruleset over a table
    Check(Check),
    /// Judge a dataset from the states of its files, without reading them again
    MergeStates(MergeStates),
    /// Say what a table holds: types, missing values, distributions, frequent values, outliers
    Profile(Profile),
    /// Suggest a DQDL ruleset that the table passes, with the reason for each rule
    Suggest(Suggest),
    /// Write a table with the transforms that a policy names for a dataset
    Mask(Mask),
    /// Hash a file as the seal function does; with s3://, compare with the checksums that S3 holds
    Seal(Seal),
    /// Work with pipeline policies
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Verify evidence offline
    #[command(subcommand)]
    Verify(VerifyCommand),
    /// Take evidence out of its bucket
    #[command(subcommand)]
    Evidence(EvidenceCommand),
}

/// How a table is written; what is not said is told from the file's name.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct FormatArgs {
    /// Format of the table [default: by the file's name]
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatName>,
    /// CSV: the character between cells [default: a comma; a tab for .tsv]
    #[arg(long)]
    pub(crate) delimiter: Option<char>,
    /// CSV: the first line is data; columns are col_0, col_1, …
    #[arg(long)]
    pub(crate) no_header: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    Csv,
    Tsv,
    Jsonl,
    Parquet,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Check {
    /// The table
    pub(crate) file: String,
    /// The DQDL ruleset
    #[arg(long, short)]
    pub(crate) rules: PathBuf,
    /// Print the result as JSON, in the shape of Glue's GetDataQualityResult
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the rows that fail, with their numbers and the rules they fail, as a table; the file is read twice
    #[arg(long, value_name = "FILE")]
    pub(crate) rows: Option<PathBuf>,
    /// Write what was measured, for merge-states
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Metrics of earlier runs, for last() and DetectAnomalies; those of this run are added
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) history: Option<PathBuf>,
    /// Also write the verdict and what the table holds as one HTML page
    #[arg(long, value_name = "PAGE")]
    pub(crate) html: Option<PathBuf>,
    /// For the page's history: what `check --json` printed earlier, the oldest first; may be given several times
    #[arg(long, value_name = "RESULT", requires = "html")]
    pub(crate) earlier: Vec<PathBuf>,
    /// Leave out of the page what cells hold
    #[arg(long, requires = "html")]
    pub(crate) hide_values: bool,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct MergeStates {
    /// What `check --state` wrote under the same ruleset
    #[arg(required = true)]
    pub(crate) states: Vec<String>,
    /// The DQDL ruleset
    #[arg(long, short)]
    pub(crate) rules: PathBuf,
    /// Metrics of earlier runs, for last() and DetectAnomalies
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) history: Option<PathBuf>,
    /// Print the result as JSON, in the shape of Glue's GetDataQualityResult
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Profile {
    /// The table
    pub(crate) file: String,
    /// Print the profile as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Also write it as one HTML page
    #[arg(long, value_name = "PAGE")]
    pub(crate) html: Option<PathBuf>,
    /// Also write statistics.json and constraints.json of SageMaker Model Monitor into this directory
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) sagemaker: Option<PathBuf>,
    /// Leave out what cells hold: least and greatest, quantiles, frequent values, shapes
    #[arg(long)]
    pub(crate) hide_values: bool,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Suggest {
    /// The table; it is read twice
    pub(crate) file: String,
    /// Where to write the ruleset [default: standard output]
    #[arg(long, short)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Mask {
    /// The table
    pub(crate) file: String,
    /// The pipeline policy
    #[arg(long, short)]
    pub(crate) policy: PathBuf,
    /// The dataset of the policy whose transforms apply
    #[arg(long, short)]
    pub(crate) dataset: String,
    /// Where to write, a local path or s3://bucket/key, where nothing may be yet; .gz and .zst compress
    #[arg(long, short)]
    pub(crate) output: String,
    /// File with the domain key, 64 hexadecimal digits; made when absent. Without any key one is drawn for this run alone
    #[arg(long, conflicts_with = "vault")]
    pub(crate) key_file: Option<PathBuf>,
    /// The vault, s3://bucket: the domain key that the pseudonymize function uses, so that tokens are the same
    #[arg(long, requires = "kms_key", value_name = "S3_URI")]
    pub(crate) vault: Option<String>,
    /// ARN of the KMS key that wraps the vault's domain keys
    #[arg(long, requires = "vault", value_name = "ARN")]
    pub(crate) kms_key: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Seal {
    /// The file
    pub(crate) file: String,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// List every problem of a pipeline policy at once
    Check {
        /// The policy
        file: PathBuf,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum VerifyCommand {
    /// Verify a signed statement: who signed, what it says, whether a file is the one it speaks of
    Statement(VerifyStatement),
    /// Verify the Merkle log: every entry, tile and checkpoint of a copy or of the evidence bucket
    Log(VerifyLog),
    /// Verify a file by its statement and the statement's proof from the log
    Object(VerifyObject),
    /// Verify a bundle of `evidence export`: statements, log, proofs and what S3 said of versions and locks
    All(VerifyAll),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct VerifyLog {
    /// A folder that holds log/, or s3://BUCKET
    pub(crate) location: String,
    /// The log's verifier keys (name+id+base64), one a line [default: keys/log.vkey of the folder]
    #[arg(long)]
    pub(crate) log_key: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere; may be given several times
    #[arg(long, value_name = "NOTE")]
    pub(crate) anchor: Vec<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct VerifyObject {
    /// The file
    pub(crate) file: String,
    /// Its statement, a DSSE envelope
    #[arg(long, short)]
    pub(crate) statement: String,
    /// The statement's proof (.tlog-proof)
    #[arg(long, short)]
    pub(crate) proof: PathBuf,
    /// A checkpoint that was kept elsewhere, to which the proof must lead
    #[arg(long, value_name = "NOTE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Public keys of the statements' signers (PEM)
    #[arg(long, short)]
    pub(crate) key: PathBuf,
    /// The log's verifier keys (name+id+base64), one a line
    #[arg(long)]
    pub(crate) log_key: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct VerifyAll {
    /// The bundle
    pub(crate) folder: PathBuf,
    /// Public keys of the statements' signers (PEM) [default: the bundle's own, which prove nothing of who made it]
    #[arg(long, short)]
    pub(crate) key: Option<PathBuf>,
    /// The log's verifier keys, one a line [default: the bundle's own, likewise]
    #[arg(long)]
    pub(crate) log_key: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere; may be given several times
    #[arg(long, value_name = "NOTE")]
    pub(crate) anchor: Vec<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Copy all evidence of a bucket into a folder that sha256sum, openssl and DSSE libraries can verify, too
    Export(EvidenceExport),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct EvidenceExport {
    /// The evidence bucket, s3://BUCKET
    pub(crate) location: String,
    /// An empty or new folder
    #[arg(long, short)]
    pub(crate) output: PathBuf,
    /// Public keys of the statements' signers (PEM)
    #[arg(long, short)]
    pub(crate) key: PathBuf,
    /// The log's verifier keys (name+id+base64), one a line
    #[arg(long)]
    pub(crate) log_key: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct VerifyStatement {
    /// The statement, a DSSE envelope
    pub(crate) statement: String,
    /// Public key of the signer (PEM, SubjectPublicKeyInfo); several may stand in the file
    #[arg(long, short)]
    pub(crate) key: PathBuf,
    /// The file that the statement should be about
    #[arg(long, short)]
    pub(crate) file: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Args::command().debug_assert();
    }
}
