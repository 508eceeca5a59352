//! `sluice verify trail`: CloudTrail's digests and log files, from a copy on a disk or from the bucket.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::json;
use sluice_audit::trail::{
    DirectoryTrail, LogScope, PublicKeys, Question, Scope, TrailBucket, TrailId, TrailReport, TrailSource as _,
    Verdict, day_prefixes, range_of, validate,
};
use sluice_aws::Aws;
use sluice_common::BucketName;
use sluice_common::config::Environment;
use sluice_common::port::{Clock as _, SystemClock};

use crate::args::VerifyTrail;
use crate::exit::Answer;

const QUESTIONS: [(Question, &str); 3] = [
    (Question::Integrity, "INTEGRITY"),
    (Question::Completeness, "COMPLETENESS"),
    (Question::Authenticity, "AUTHENTICITY"),
];

/// The most findings that are printed for people; `--json` has all.
const MAX_PRINTED: usize = 20;

pub(super) fn run(args: &VerifyTrail) -> anyhow::Result<Answer> {
    let name = args.keys.display();
    let keys = std::fs::read(&args.keys).with_context(|| format!("{name}"))?;
    let keys = PublicKeys::from_json(&keys).with_context(|| format!("{name}"))?;
    let trail = args.trail.as_deref().map(|arn| {
        TrailId::from_arn(arn)
            .with_context(|| format!("--trail: {arn} is not arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME"))
    });
    let trail = trail.transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(Box::pin(async {
        match args.location.strip_prefix("s3://") {
            Some(rest) => of_bucket(args, rest, &keys, trail).await,
            None => of_directory(args, &keys, trail).await,
        }
    }));
    let report = report.with_context(|| args.location.clone())?;
    let mut out = std::io::stdout().lock();
    if args.json {
        let verdicts: serde_json::Map<_, _> = QUESTIONS
            .iter()
            .map(|(question, name)| (name.to_ascii_lowercase(), json!(report.verdict(*question))))
            .collect();
        let answer = json!({"verdicts": verdicts, "firstBroken": report.first_broken(), "report": report});
        serde_json::to_writer_pretty(&mut out, &answer)?;
        writeln!(out)?;
    } else {
        print(&mut out, &report, args.to.is_some())?;
    }
    Ok(match report.overall() {
        Verdict::Holds => Answer::Pass,
        Verdict::Fails => Answer::Fail,
        Verdict::Unknown => Answer::Unknown,
    })
}

async fn of_directory(args: &VerifyTrail, keys: &PublicKeys, trail: Option<TrailId>) -> anyhow::Result<TrailReport> {
    let copy = DirectoryTrail::open(Path::new(&args.location), args.bucket.as_deref())?;
    let scope = scope(args, trail, range_of(&copy.files()))?;
    Ok(validate(&copy, keys, &scope).await?)
}

async fn of_bucket(
    args: &VerifyTrail,
    location: &str,
    keys: &PublicKeys,
    trail: Option<TrailId>,
) -> anyhow::Result<TrailReport> {
    let (bucket, prefix) = location.split_once('/').unwrap_or((location, ""));
    let bucket = BucketName::new(bucket)?;
    let prefix = if prefix.is_empty() || prefix.ends_with('/') { prefix.to_owned() } else { format!("{prefix}/") };
    let environment = Environment::from_process();
    let aws = Aws::connect(|name| environment.get(name).map(str::to_owned)).await?;
    let objects = aws.objects();
    let prefixes = match (&trail, args.from, args.to) {
        (Some(trail), Some(from), Some(to)) => {
            let regions = if args.region.is_empty() { vec![trail.home_region.clone()] } else { args.region.clone() };
            let of_region = |region| {
                let logs = LogScope { organization: None, account: trail.account.clone(), region };
                day_prefixes(&prefix, &logs, from, to)
            };
            regions.into_iter().flat_map(of_region).collect()
        }
        _ => vec![format!("{prefix}AWSLogs/")],
    };
    let source = TrailBucket::new(&objects, &objects, &bucket, prefixes);
    let range = if args.from.is_none() || args.to.is_none() { range_of(&source.list().await?) } else { None };
    let scope = scope(args, trail, range)?;
    Ok(validate(&source, keys, &scope).await?)
}

/// Without `--to` the newest digest is taken for the end: only who knows until when there should be digests can ask
/// whether the newest are missing.
fn scope(
    args: &VerifyTrail,
    trail: Option<TrailId>,
    range: Option<(jiff::Timestamp, jiff::Timestamp)>,
) -> anyhow::Result<Scope> {
    let (Some(from), Some(to)) = (args.from.or(range.map(|range| range.0)), args.to.or(range.map(|range| range.1)))
    else {
        bail!("there is no digest here; with --from and --to it can be judged whether there should be some");
    };
    let as_of = if args.to.is_some() { SystemClock.now() } else { to };
    Ok(Scope { trail, from, to, as_of })
}

fn print(out: &mut impl std::io::Write, report: &TrailReport, is_tail_judged: bool) -> std::io::Result<()> {
    for (question, name) in QUESTIONS {
        let answer = match report.verdict(question) {
            Verdict::Holds => "holds",
            Verdict::Fails => "FAILS",
            Verdict::Unknown => "could not tell",
        };
        writeln!(out, "{name:<13} {answer}")?;
    }
    let TrailReport { digests_valid, digests_invalid, logs_valid, logs_invalid, pending, .. } = report;
    writeln!(out, "\ndigests       {digests_valid} valid, {digests_invalid} invalid or missing")?;
    writeln!(out, "log files     {logs_valid} valid, {logs_invalid} invalid or missing")?;
    writeln!(out, "              {} listed by no valid digest, {pending} not due", report.uncovered.len())?;
    if !report.unverified.is_empty() {
        writeln!(out, "unverified    {} digests whose signature is not at hand", report.unverified.len())?;
    }
    if !report.unreadable.is_empty() {
        writeln!(out, "unreadable    {} files", report.unreadable.len())?;
    }
    if !is_tail_judged {
        writeln!(out, "tail          not judged: give --to, the time until when there should be digests")?;
    }
    if let Some(first) = report.first_broken() {
        let time = first.time.map_or_else(|| "no time".to_owned(), |time| time.to_string());
        writeln!(out, "\nfirst broken  {} at {time}", first.code.as_str())?;
    }
    for finding in report.findings.iter().take(MAX_PRINTED) {
        writeln!(out, "\n{}  {}", finding.code.as_str(), finding.code.meaning())?;
        if let Some(at) = &finding.at {
            writeln!(out, "  {at}")?;
        }
    }
    let more = report.findings.len().saturating_sub(MAX_PRINTED);
    if more > 0 {
        writeln!(out, "\nand {more} more: --json prints all")?;
    }
    Ok(())
}
