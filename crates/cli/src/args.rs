//! The command line.
#![allow(clippy::doc_markdown, reason = "clap prints these comments as they are")]

mod evidence;
mod keys;

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub(crate) use evidence::{
    EvidenceCommand, EvidenceExport, VerifyAll, VerifyCommand, VerifyLog, VerifyObject, VerifyStatement, VerifyTrail,
};
pub(crate) use keys::{
    KeysCommand, KeysJoinable, KeysList, KeysRetokenise, KeysRotate, KeysRotateSigning, KeysShred, VaultArgs,
};

/// Check, mask, seal and verify tables the way the Sluice pipeline does.
#[derive(Debug, Parser)]
#[command(
    name = "sluice",
    version,
    about,
    after_help = "Exit codes: 0 pass, 1 fail, 2 wrong usage, 3 could not tell, 4 too early to tell (verify all).\nFiles are local paths, s3://bucket/key, or s3://bucket/key?versionId=ID with the key percent-encoded, as statements name them."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    /// What is wrong with arguments that are each right by themselves, and that clap has no words for.
    pub(crate) fn wrong_usage(&self) -> Option<&'static str> {
        let Command::Mask(mask) = &self.command else { return None };
        let is_bucket = mask.vault.as_ref().is_some_and(|vault| vault.starts_with("s3://"));
        (is_bucket && mask.kms_key.is_none())
            .then_some("--vault s3://… needs --kms-key: the ARN of the KMS key that wraps the vault's domain keys")
    }
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

/// A reference dataset: the alias by which rules know it, and its file or table.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub(crate) alias: String,
    pub(crate) file: String,
}

impl FromStr for Reference {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (alias, file) = text.split_once('=').ok_or("expected ALIAS=FILE")?;
        let is_plain = |character: char| character.is_alphanumeric() || character == '_';
        if alias.is_empty() || file.is_empty() || !alias.chars().all(is_plain) {
            return Err("expected ALIAS=FILE, the alias made of letters, digits and _");
        }
        if alias.eq_ignore_ascii_case("primary") {
            return Err("queries know the table that is checked as `primary`; choose another alias");
        }
        Ok(Self { alias: alias.to_owned(), file: file.to_owned() })
    }
}

/// How a table is written; what is not said is told from the file's name.
#[derive(Debug, Clone, Default, ClapArgs)]
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
    /// A reference dataset for rules on two datasets and CustomSql, such as customers=customers.csv, or a table of the Glue
    /// Data Catalog, such as products=glue://sales/products; may be given several times
    #[arg(long, value_name = "ALIAS=FILE")]
    pub(crate) reference: Vec<Reference>,
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
    /// The vault: s3://bucket with the domain key that the pseudonymize function uses, so that tokens are the same; or a
    /// directory of one's own, made when absent
    #[arg(long, value_name = "S3_URI|DIR")]
    pub(crate) vault: Option<String>,
    /// With s3://: ARN of the KMS key that wraps the vault's domain keys
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
    /// Write a page for people
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Args::command().debug_assert();
    }
}
