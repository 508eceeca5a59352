//! `cargo run --release -p sluice-integrity --example sweep_figures [UPLOADS]`: how fast a lake in memory is swept, and in how much
//! memory beside the lake's own.
//!
//! Every upload went the whole way, so it is five versions: the raw one, three statements and the curated one. The first sweep
//! checks every signature; the second relies on the first one's account and checks those of what came after it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints figures"
)]
#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sluice_common::policy::RetentionSpec;
use sluice_common::port::{Clock as _, LockSetting, Notification, RetentionMode, UserMetadata};
use sluice_common::{BucketName, Sha256Digest};
use sluice_evidence::predicate::{
    ConfigRef, Input, Outcome, PolicyRef, Pseudonymize, PseudonymizeStats, Quality, QualityResult, RuleCounts,
};
use sluice_evidence::{Archive, Ledger, ResourceDescriptor, Statement, TrustedKeys};
use sluice_integrity::sweep::{Desired, DesiredBucket, SweepPorts, SweepRequest, sweep};
use sluice_integrity::{SealPorts, seal};
use sluice_testkit::names::{bucket, path};
use sluice_testkit::{MemoryKms, MemoryMetrics, MemoryQueue, MemoryS3, SettableClock};

const WISH: RetentionSpec = RetentionSpec { mode: RetentionMode::Governance, days: 30 };
const LOCK: LockSetting = LockSetting { default_mode: Some(RetentionMode::Governance), default_days: Some(1) };
/// Versions of one upload: the raw one, three statements, the curated one.
const VERSIONS: u64 = 5;

struct Lake {
    s3: MemoryS3,
    clock: SettableClock,
    ledger: Ledger,
    desired: Desired,
}

fn main() {
    let uploads: u64 = std::env::args().nth(1).map_or(200_000, |text| text.parse().expect("a number of uploads"));
    let single = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let lake = single().block_on(lake());
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for numbers in [0..uploads / 2, uploads / 2..uploads] {
            let lake = &lake;
            scope.spawn(move || {
                single().block_on(async {
                    for number in numbers {
                        lake.publish(number).await;
                    }
                });
            });
        }
    });
    println!(
        "lake: {uploads} uploads, {} versions, made in {:.0} s",
        uploads * VERSIONS,
        begun.elapsed().as_secs_f64()
    );
    lake.clock.advance(SignedDuration::from_hours(48));
    single().block_on(figures(&lake, uploads, None, "first sweep, every signature checked"));
    let first = lake.clock.now();
    lake.clock.advance(SignedDuration::from_hours(1));
    single().block_on(figures(&lake, uploads, Some(first), "next sweep, after a clean one"));
}

async fn figures(lake: &Lake, uploads: u64, verified_before: Option<Timestamp>, title: &str) {
    let (metrics, queue) = (MemoryMetrics::new(), MemoryQueue::new());
    let s3 = &lake.s3;
    let ports = SweepPorts {
        objects: s3,
        versions: s3,
        raw_versions: None,
        locks: s3,
        buckets: s3,
        keys: None,
        trails: None,
        ledger: &lake.ledger,
        seal_queue: &queue,
        quality_queue: Some(&queue),
        pseudonymize_queue: Some(&queue),
        metrics: &metrics,
        clock: &lake.clock,
    };
    let request = SweepRequest { verified_before, ..SweepRequest::new(lake.clock.now()) };
    forget_peak();
    let before = memory_mib("VmRSS");
    let (begun, cpu_begun) = (Instant::now(), cpu_seconds());
    let report = sweep(ports, &lake.desired, &request).await.unwrap();
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu_begun);
    let peak = memory_mib("VmHWM") - before;
    let account = &report.statement;
    assert!(account.findings == 0 && account.unreadable == 0 && account.coverage.complete, "{account:?}");
    let coverage = &account.coverage;
    let judged = coverage.versions_seen + coverage.statements_seen + coverage.curated_versions;
    assert!(coverage.versions_seen == uploads && judged >= uploads * VERSIONS, "{coverage:?}");
    println!(
        "sweep: {title}: {judged} versions in {seconds:.2} s ({cpu:.2} CPU s), {:.0} versions a second ({:.0} a CPU second), \
         {peak:.0} MiB above the lake's own",
        judged as f64 / seconds,
        judged as f64 / cpu,
    );
}

async fn lake() -> Lake {
    let clock = SettableClock::default();
    let s3 = MemoryS3::new(clock.clone());
    let desired_bucket = |name: &str, lock: Option<LockSetting>| {
        let bucket: BucketName = bucket(name);
        match lock {
            Some(lock) => s3.create_locked_bucket(&bucket, lock).unwrap(),
            None => s3.create_versioned_bucket(&bucket).unwrap(),
        }
        let to_bus = Notification { target: "eventbridge".to_owned(), events: Vec::new(), prefix: None, suffix: None };
        s3.force_posture(&bucket, |posture| {
            let arns = [format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")];
            let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arns,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
            posture.policy = Some(json!({"Version": "2012-10-17", "Statement": [deny]}).to_string());
            posture.notifications.push(to_bus.clone());
        });
        DesiredBucket { object_lock: lock, notifications: vec![to_bus], ..DesiredBucket::new(bucket) }
    };
    let desired = Desired {
        raw: desired_bucket("raw", Some(LOCK)),
        evidence: desired_bucket("evidence", Some(LOCK)),
        others: vec![desired_bucket("curated", None)],
        curated: Some(bucket("curated")),
        keys: Vec::new(),
        trail: None,
        raw_prefix: String::new(),
        raw_excluded: Vec::new(),
    };
    let kms = MemoryKms::new("bench");
    let shared = Arc::new(s3.clone());
    let keys = TrustedKeys::of_signer(&kms).await.unwrap();
    let archive = Archive::new(bucket("evidence"), shared.clone(), shared.clone(), keys);
    let ledger = Ledger::new(archive, shared, Arc::new(kms));
    Lake { s3, clock, ledger, desired }
}

impl Lake {
    /// An upload that went the whole way.
    async fn publish(&self, number: u64) {
        let raw =
            self.s3.put(&path("raw", &format!("inbox/{:03}/{number:012}.csv", number % 1000)), "id\n1\n").unwrap();
        let s3 = &self.s3;
        let ports = SealPorts { objects: s3, locks: s3, buckets: s3, ledger: &self.ledger, clock: &self.clock };
        let sealed = seal(ports, &raw, Some(WISH), &UserMetadata::new()).await.unwrap().statement;
        let sha256 = sealed.sha256().unwrap();
        let policy = PolicyRef { version_id: None, digest: Sha256Digest::of(b"policy"), dataset: None };
        let verdict = Quality {
            result: QualityResult::Passed,
            ruleset: None,
            policy: policy.clone(),
            engine: "bench".to_owned(),
            counts: RuleCounts::default(),
            report_sha256: None,
            inputs_sha256: None,
            state_sha256: None,
            failing_rows: None,
            external: None,
            rows: None,
            bytes: 5,
            predecessor: sealed.link(),
        };
        let verdict = Statement::new(vec![ResourceDescriptor::object(&raw, sha256)], verdict).unwrap();
        let verdict = self.ledger.record(&verdict, &UserMetadata::new()).await.unwrap().into_kept();
        let id: String = raw.id().to_string().chars().take(32).collect();
        let at = path("curated", &format!("orders/dt=2026-01-01/{id}-0123456789abcdef.csv"));
        let curated = self.s3.put(&at, "id\n1\n").unwrap();
        let published = Pseudonymize {
            outcome: Outcome::Published,
            inputs: vec![Input { uri: raw.uri(), sha256 }],
            policy,
            config: ConfigRef { digest: Sha256Digest::of(b"config") },
            engine: "bench".to_owned(),
            keys: Vec::new(),
            format_preserving: Vec::new(),
            stats: PseudonymizeStats::default(),
            dropped: None,
            text_detection: None,
            predecessor: verdict.link(),
        };
        let subject = ResourceDescriptor::object(&curated, Sha256Digest::of(b"id\n1\n"));
        let published = Statement::new(vec![subject], published).unwrap();
        self.ledger.record(&published, &UserMetadata::new()).await.unwrap();
    }
}

/// CPU seconds of all threads (`proc(5)`: user and system time in hundredths, 12 fields after the name in brackets).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

/// Begins a new peak of resident memory (`proc(5)`).
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// A figure of `/proc/self/status` in MiB.
fn memory_mib(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
