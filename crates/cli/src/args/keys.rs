//! Arguments of `keys`.
#![allow(clippy::doc_markdown, reason = "clap prints these comments as they are")]

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

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
    /// Let another key sign statements from now on: a statement that the present key signs names it
    RotateSigning(KeysRotateSigning),
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
    /// The keys of one cohort of the domain's subjects
    #[arg(long, value_name = "NUMBER", requires = "domain", conflicts_with = "subject")]
    pub(crate) cohort: Option<u64>,
    /// The keys of the cohort that this subject is in
    #[arg(long, value_name = "VALUE", requires = "domain")]
    pub(crate) subject: Option<String>,
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
    /// The epoch whose key is destroyed
    #[arg(long, required_unless_present_any = ["cohort", "subject"])]
    pub(crate) epoch: Option<u32>,
    /// The cohort of subjects that is forgotten in all epochs; a ciphertext tells it: enc1_EPOCH.COHORT_…
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["epoch", "subject"])]
    pub(crate) cohort: Option<u64>,
    /// The subject whose cohort is forgotten in all epochs, as the table names it
    #[arg(long, value_name = "VALUE", conflicts_with = "epoch")]
    pub(crate) subject: Option<String>,
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

#[derive(Debug, ClapArgs)]
pub(crate) struct KeysRotateSigning {
    /// The present signing key: a P-256 key in PEM (PKCS #8), or the ARN of a KMS key
    #[arg(long, value_name = "PEM|ARN")]
    pub(crate) from: String,
    /// The key that follows, likewise
    #[arg(long, value_name = "PEM|ARN")]
    pub(crate) to: String,
    /// The last instant at which S3 may write statements of the present key, such as 2026-12-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) until: jiff::Timestamp,
    /// The first instant for the key that follows [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<jiff::Timestamp>,
    /// Keep the statement in this evidence bucket, s3://BUCKET, where the log takes it in
    #[arg(long, value_name = "S3_URI", required_unless_present = "output")]
    pub(crate) evidence: Option<String>,
    /// Write the statement into this file
    #[arg(long, short)]
    pub(crate) output: Option<PathBuf>,
}
