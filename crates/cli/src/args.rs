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
    /// Find personal data in a table: exit code 0 when none counts, 1 when some does
    Scan(Scan),
    /// Say how easily people are found again in a table: exit code 1 when k-anonymity is below --min-k
    Risk(Risk),
    /// Answer questions about a dataset with differential privacy, within its budget
    Release(Release),
    /// Work with the keys of pseudonyms
    #[command(subcommand)]
    Keys(KeysCommand),
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
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct Scan {
    /// The table, or plain text (.txt, .log, .md) as rows of one column
    pub(crate) file: String,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Show a few of the values found
    #[arg(long)]
    pub(crate) reveal: bool,
    /// Print a policy with a transform for each column and why; exit code 0
    #[arg(long, conflicts_with_all = ["json", "reveal"])]
    pub(crate) suggest_policy: bool,
    /// Least share of filled cells that makes an entity count, 0 to 1
    #[arg(long, default_value_t = 0.01, value_parser = share)]
    pub(crate) share: f64,
    /// Leave out values that only tests and documents contain, such as issuers' test cards
    #[arg(long)]
    pub(crate) ignore_test_values: bool,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Seal {
    /// The file
    pub(crate) file: String,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Risk {
    /// The table
    pub(crate) file: String,
    /// Columns that others may know of a person, with commas between
    #[arg(long, short, required = true, value_delimiter = ',')]
    pub(crate) quasi_identifiers: Vec<String>,
    /// Columns that they must not learn, with commas between
    #[arg(long, short, value_delimiter = ',')]
    pub(crate) sensitive: Vec<String>,
    /// The least rows that must agree in all quasi-identifiers
    #[arg(long, default_value_t = 5)]
    pub(crate) min_k: u64,
    /// Print the figures as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Release {
    /// The dataset's tables
    #[arg(required = true)]
    pub(crate) files: Vec<String>,
    /// The pipeline policy; the dataset's `release` section holds bounds and budget
    #[arg(long, short)]
    pub(crate) policy: PathBuf,
    /// The dataset of the policy
    #[arg(long, short)]
    pub(crate) dataset: String,
    /// The questions, JSON
    #[arg(long, short)]
    pub(crate) request: PathBuf,
    /// Directory of the budget's account; made when absent. Keep it: what is spent stays spent
    #[arg(long, short)]
    pub(crate) budget: PathBuf,
    /// Print the answers as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List the epochs of a domain, or of every domain; no key is opened
    List(KeysList),
    /// Begin a new epoch: new pseudonyms are made with its key, old ones still open
    Rotate(KeysRotate),
    /// Bring what encrypt and fpe made in one epoch into another, by streaming
    Retokenise(KeysRetokenise),
    /// Destroy the key of an epoch, with a signed statement; its pseudonyms can then never be opened
    Shred(KeysShred),
    /// Say whether the pseudonyms of two columns can be joined: exit code 1 when they are of different keys
    Joinable(KeysJoinable),
}

/// Where keys are kept.
#[derive(Debug, ClapArgs)]
pub(crate) struct VaultArgs {
    /// The vault: s3://bucket, or a directory of one's own, made when absent
    #[arg(long, value_name = "S3_URI|DIR")]
    pub(crate) vault: String,
    /// With s3://: ARN of the KMS key that wraps the vault's domain keys
    #[arg(long, value_name = "ARN")]
    pub(crate) kms_key: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct KeysList {
    /// The domain [default: all]
    pub(crate) domain: Option<String>,
    #[command(flatten)]
    pub(crate) vault: VaultArgs,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct KeysRotate {
    /// The domain
    pub(crate) domain: String,
    #[command(flatten)]
    pub(crate) vault: VaultArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct KeysRetokenise {
    /// The published table
    pub(crate) file: String,
    /// The pipeline policy it was published under
    #[arg(long, short)]
    pub(crate) policy: PathBuf,
    /// The dataset of the policy
    #[arg(long, short)]
    pub(crate) dataset: String,
    /// The epoch of the table
    #[arg(long)]
    pub(crate) from: u32,
    /// The epoch to bring it into [default: the newest]
    #[arg(long)]
    pub(crate) to: Option<u32>,
    /// Leave columns that cannot be turned back, such as tokens, as they are
    #[arg(long)]
    pub(crate) leave_tokens: bool,
    /// Where to write
    #[arg(long, short)]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) vault: VaultArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct KeysShred {
    /// The domain
    pub(crate) domain: String,
    /// The epoch
    #[arg(long)]
    pub(crate) epoch: u32,
    /// Who asks
    #[arg(long)]
    pub(crate) requester: String,
    /// Who approved: someone else
    #[arg(long)]
    pub(crate) approver: String,
    /// Why, 10 characters at least
    #[arg(long)]
    pub(crate) reason: String,
    /// The domain's name again: what is shredded never comes back
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) confirm: String,
    /// What signs the statement: a P-256 key in PEM (PKCS #8), or the ARN of a KMS key
    #[arg(long, value_name = "PEM|ARN")]
    pub(crate) signing_key: String,
    /// Where to write the statement
    #[arg(long)]
    pub(crate) statement: PathBuf,
    #[command(flatten)]
    pub(crate) vault: VaultArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct KeysJoinable {
    /// One column: FILE:COLUMN
    pub(crate) left: String,
    /// The other: FILE:COLUMN
    pub(crate) right: String,
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
    /// Verify CloudTrail's files: digest chain, signatures, log files, and files that no digest lists
    Trail(VerifyTrail),
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
pub(crate) struct VerifyTrail {
    /// A copy of the trail bucket, or s3://bucket/prefix; the prefix is what stands before AWSLogs/
    pub(crate) location: String,
    /// CloudTrail's public keys: the answer of `aws cloudtrail list-public-keys` for the time in question
    #[arg(long, short)]
    pub(crate) keys: PathBuf,
    /// ARN of the trail [default: every trail that delivered something]
    #[arg(long)]
    pub(crate) trail: Option<String>,
    /// Region of the events, for s3:// with --trail; several may be given [default: the trail's own]
    #[arg(long)]
    pub(crate) region: Vec<String>,
    /// The beginning, such as 2026-05-10T00:00:00Z [default: the first digest's]
    #[arg(long)]
    pub(crate) from: Option<jiff::Timestamp>,
    /// Until when there should be digests [default: the newest digest's end, and then a missing tail cannot be seen]
    #[arg(long)]
    pub(crate) to: Option<jiff::Timestamp>,
    /// Name of the bucket that a directory is a copy of [default: as its digests say]
    #[arg(long)]
    pub(crate) bucket: Option<String>,
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
