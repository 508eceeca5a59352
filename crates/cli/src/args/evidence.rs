//! Arguments of `verify` and `evidence`.
#![allow(clippy::doc_markdown, reason = "clap prints these comments as they are")]

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

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

/// Whom to believe.
#[derive(Debug, ClapArgs)]
pub(crate) struct TrustedKeyFiles {
    /// Public keys of the statements' signers (PEM or a key set)
    #[arg(long, short)]
    pub(crate) key: PathBuf,
    /// The log's verifier keys (name+id+base64), one a line
    #[arg(long)]
    pub(crate) log_key: PathBuf,
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
    #[command(flatten)]
    pub(crate) keys: TrustedKeyFiles,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct VerifyAll {
    /// The bundle
    pub(crate) folder: PathBuf,
    /// Public keys of the statements' signers (PEM or a key set); rotations lead on from them [default: the bundle's own, which prove nothing of who made it]
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
    #[command(flatten)]
    pub(crate) keys: TrustedKeyFiles,
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
    /// Public key of the signer (PEM, SubjectPublicKeyInfo); several may stand in the file; or a key set in JSON
    #[arg(long, short)]
    pub(crate) key: PathBuf,
    /// A statement of `keys rotate-signing` that leads from a given key to the one that signed; may be given several times
    #[arg(long, value_name = "STATEMENT")]
    pub(crate) rotation: Vec<PathBuf>,
    /// When S3 wrote the statement (Last-Modified), by which the validity of its key is judged
    #[arg(long, value_name = "TIME")]
    pub(crate) written: Option<jiff::Timestamp>,
    /// The file that the statement should be about
    #[arg(long, short)]
    pub(crate) file: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
