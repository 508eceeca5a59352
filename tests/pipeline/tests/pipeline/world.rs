//! Buckets, keys, catalog, clock, queues and the three functions.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use pseudonymize::PseudonymizeFunction;
use quality::{QualityFunction, Sql};
use seal::SealFunction;
use serde_json::Value;
use sluice_common::policy::RetentionSpec;
use sluice_common::port::{Clock, Deadline, LockSetting, RetentionMode};
use sluice_common::runner::{InvocationError, Runner};
use sluice_common::{BucketName, ObjectVersion};
use sluice_privacy::keyring::{Domain, Keyring};
use sluice_stage::context::Ports;
use sluice_stage::{OnStatement, Signing, StageConfig};
use sluice_testkit::names::{bucket, key, path};
use sluice_testkit::{
    FaultPlan, Faulty, MemoryCatalog, MemoryKms, MemoryMetrics, MemoryQualityRuns, MemoryS3, MemoryTextEntities,
    SettableClock,
};

use crate::events;
use crate::queues::{Function, Message, Queues};

pub(crate) const RAW: &str = "raw-zone";
pub(crate) const CURATED: &str = "curated-zone";
pub(crate) const EVIDENCE: &str = "evidence-zone";
pub(crate) const VAULT: &str = "vault-zone";
pub(crate) const POLICY_KEY: &str = "policy/pipeline.yaml";
pub(crate) const DATABASE: &str = "lake";
/// The domain of every dataset here.
pub(crate) const DOMAIN: &str = "people";

/// What an invocation has.
const TIME: SignedDuration = SignedDuration::from_mins(15);

pub(crate) struct World {
    pub(crate) s3: MemoryS3,
    pub(crate) signing: MemoryKms,
    pub(crate) wrapping: MemoryKms,
    pub(crate) catalog: MemoryCatalog,
    pub(crate) metrics: MemoryMetrics,
    pub(crate) runs: MemoryQualityRuns,
    pub(crate) texts: MemoryTextEntities,
    pub(crate) clock: SettableClock,
    pub(crate) queues: Queues,
    /// How much of its time the quality function has used up before it looks at the clock.
    quality_delay: SignedDuration,
    /// What becomes of rulesets that need an SQL engine.
    sql: Sql,
    functions: Functions,
}

/// One warm sandbox a function.
struct Functions {
    seal: Runner<SealFunction>,
    quality: Runner<OnStatement<QualityFunction>>,
    pseudonymize: Runner<OnStatement<PseudonymizeFunction>>,
}

impl World {
    /// A world in which this policy holds and nothing has been uploaded.
    pub(crate) fn new(policy: &str) -> Self {
        let clock = SettableClock::default();
        let s3 = MemoryS3::new(clock.clone());
        let lock = LockSetting { default_mode: Some(RetentionMode::Governance), default_days: Some(1) };
        s3.create_locked_bucket(&bucket(RAW), lock).unwrap();
        for name in [CURATED, EVIDENCE, VAULT] {
            s3.create_versioned_bucket(&bucket(name)).unwrap();
        }
        let signing = MemoryKms::new("statements");
        let wrapping = MemoryKms::new("domains");
        let catalog = MemoryCatalog::new([DATABASE]);
        let metrics = MemoryMetrics::new();
        let runs = MemoryQualityRuns::new();
        let texts = MemoryTextEntities::default();
        let parts = Parts {
            s3: &s3,
            signing: &signing,
            wrapping: &wrapping,
            catalog: &catalog,
            metrics: &metrics,
            runs: &runs,
            texts: &texts,
            quality_delay: SignedDuration::ZERO,
            sql: &Sql::default(),
        };
        let functions = parts.functions(&clock, &FaultPlan::new());
        let queues = Queues::default();
        let world = Self {
            functions,
            s3,
            signing,
            wrapping,
            catalog,
            metrics,
            runs,
            texts,
            clock,
            queues,
            quality_delay: SignedDuration::ZERO,
            sql: Sql::default(),
        };
        world.put_policy(policy);
        world
    }

    /// The same with the domain's key made, so that no two runs differ by when they make it.
    pub(crate) async fn with_key(policy: &str) -> Self {
        let world = Self::new(policy);
        let s3 = || Arc::new(world.s3.clone());
        let keyring = Keyring::new(bucket(VAULT), s3(), s3(), s3(), Arc::new(world.wrapping.clone()));
        keyring.current(&Domain::new(DOMAIN).unwrap()).await.unwrap();
        world
    }

    pub(crate) fn put_policy(&self, text: &str) {
        self.s3.put(&path(EVIDENCE, POLICY_KEY), text.to_owned()).unwrap();
    }

    pub(crate) fn upload(&self, at: &str, body: impl Into<bytes::Bytes>) -> ObjectVersion {
        self.s3.put(&path(RAW, at), body).unwrap()
    }

    /// Ends every sandbox; new ones begin with a plan of faults.
    pub(crate) fn restart(&mut self, plan: &FaultPlan) {
        let Self { s3, signing, wrapping, catalog, metrics, runs, texts, quality_delay, sql, .. } = &*self;
        let quality_delay = *quality_delay;
        let parts = Parts { s3, signing, wrapping, catalog, metrics, runs, texts, quality_delay, sql };
        self.functions = parts.functions(&self.clock, plan);
    }

    /// The same sandboxes, but that the quality function answers otherwise to rulesets that need an SQL engine.
    pub(crate) fn judge_sql(&mut self, sql: Sql) {
        self.sql = sql;
        self.restart(&FaultPlan::new());
    }

    /// The same where the quality function has no time left for any object.
    pub(crate) fn without_time(policy: &str) -> Self {
        let mut world = Self::new(policy);
        world.quality_delay = TIME;
        world.restart(&FaultPlan::new());
        world
    }

    /// Announces what was created since.
    pub(crate) fn announce(&mut self) {
        for at in self.s3.drain_created() {
            if at.bucket == bucket(RAW) {
                self.queues.send(Function::Seal, events::notification(&at));
            } else if at.bucket == bucket(EVIDENCE) && at.key.as_str().starts_with("att/seal/") {
                self.queues.send(Function::Quality, events::bridged(&at));
            } else if at.bucket == bucket(EVIDENCE) && at.key.as_str().starts_with("att/quality/") {
                self.queues.send(Function::Pseudonymize, events::bridged(&at));
            }
        }
    }

    /// One invocation over one batch. Returns how many of its messages were given back.
    pub(crate) async fn step(&mut self, function: Function) -> usize {
        self.announce();
        let batch = self.queues.receive(function);
        if batch.is_empty() {
            return 0;
        }
        let payload = events::batch(batch.iter().map(|message| (message.id.as_str(), message.body.as_str())));
        let answer = self.invoke(function, &payload).await.expect("a batch is always answered");
        let failed: Vec<&str> = answer["batchItemFailures"]
            .as_array()
            .unwrap()
            .iter()
            .map(|failure| failure["itemIdentifier"].as_str().unwrap())
            .collect();
        let given_back: Vec<Message> =
            batch.iter().filter(|message| failed.contains(&message.id.as_str())).cloned().collect();
        let many = given_back.len();
        assert_eq!(many, failed.len(), "an unknown message was given back");
        for message in given_back {
            self.queues.give_back(function, message);
        }
        self.announce();
        many
    }

    /// The same batch in two sandboxes at once. Both must acknowledge it.
    pub(crate) async fn step_twice_at_once(&mut self, function: Function) {
        self.announce();
        let batch = self.queues.receive(function);
        let payload = events::batch(batch.iter().map(|message| (message.id.as_str(), message.body.as_str())));
        let (first, second) = tokio::join!(self.invoke(function, &payload), self.invoke(function, &payload));
        for answer in [first.unwrap(), second.unwrap()] {
            assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 0, "{function:?}: {answer}");
        }
    }

    async fn invoke(&self, function: Function, payload: &Value) -> Result<Value, InvocationError> {
        let deadline = Deadline::at(self.clock.now() + TIME);
        match function {
            Function::Seal => self.functions.seal.answer(payload, deadline).await.0,
            Function::Quality => self.functions.quality.answer(payload, deadline).await.0,
            Function::Pseudonymize => self.functions.pseudonymize.answer(payload, deadline).await.0,
        }
    }

    /// Until a function has nothing to do.
    pub(crate) async fn drain(&mut self, function: Function) {
        self.announce();
        while self.queues.waiting(function) > 0 {
            self.step(function).await;
        }
    }

    /// Until nobody has anything to do.
    pub(crate) async fn run(&mut self) {
        self.announce();
        while Function::ALL.iter().any(|&function| self.queues.waiting(function) > 0) {
            for function in Function::ALL {
                self.drain(function).await;
            }
        }
    }

    /// Until the next to work is this function.
    pub(crate) async fn run_before(&mut self, function: Function) {
        for earlier in Function::ALL.into_iter().filter(|&earlier| earlier < function) {
            self.drain(earlier).await;
        }
    }

    /// Keys and bytes of all curated objects.
    pub(crate) fn curated(&self) -> Vec<(String, bytes::Bytes)> {
        let name = bucket(CURATED);
        let keys = self.s3.live_keys(&name);
        keys.into_iter().map(|key| (key.clone(), self.s3.current_bytes(&name, &key).unwrap())).collect()
    }
}

struct Parts<'a> {
    s3: &'a MemoryS3,
    signing: &'a MemoryKms,
    wrapping: &'a MemoryKms,
    catalog: &'a MemoryCatalog,
    metrics: &'a MemoryMetrics,
    runs: &'a MemoryQualityRuns,
    texts: &'a MemoryTextEntities,
    quality_delay: SignedDuration,
    sql: &'a Sql,
}

/// A clock that is ahead of another.
struct Ahead(SettableClock, SignedDuration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.0.now() + self.1
    }
}

impl Parts<'_> {
    fn functions(&self, clock: &SettableClock, plan: &FaultPlan) -> Functions {
        let clock = || Arc::new(clock.clone());
        let locks = || Arc::new(Faulty::new(self.s3.clone(), plan.clone()));
        let catalog = || Arc::new(Faulty::new(self.catalog.clone(), plan.clone()));
        let data_keys = Arc::new(Faulty::new(self.wrapping.clone(), plan.clone()));
        let seal = SealFunction::new(seal_config(), self.ports(plan), locks(), clock(), None);
        let runs = Arc::new(Faulty::new(self.runs.clone(), plan.clone()));
        let quality = QualityFunction::new(stage_config(), self.ports(plan), catalog(), catalog());
        let quality = quality
            .with_sql(self.sql.clone())
            .with_runs(runs)
            .with_clock(Arc::new(Ahead(clock().as_ref().clone(), self.quality_delay)));
        let pseudonymize = PseudonymizeFunction::new(pseudonymize_config(), self.ports(plan), data_keys, catalog());
        let pseudonymize = pseudonymize.asking(Arc::new(self.texts.clone()));
        Functions {
            seal: Runner::new("seal", seal, clock(), "Sluice"),
            quality: Runner::new("quality", OnStatement(quality), clock(), "Sluice"),
            pseudonymize: Runner::new("pseudonymize", OnStatement(pseudonymize), clock(), "Sluice"),
        }
    }

    fn ports(&self, plan: &FaultPlan) -> Ports {
        let s3 = Arc::new(Faulty::new(self.s3.clone(), plan.clone()));
        Ports {
            reader: Arc::clone(&s3) as _,
            writer: Arc::clone(&s3) as _,
            versions: s3,
            signer: Arc::new(Faulty::new(self.signing.clone(), plan.clone())),
            metrics: Arc::new(Faulty::new(self.metrics.clone(), plan.clone())),
        }
    }
}

fn zone(name: &str) -> BucketName {
    bucket(name)
}

fn stage_config() -> StageConfig {
    StageConfig {
        raw_bucket: zone(RAW),
        evidence_bucket: zone(EVIDENCE),
        signing: Signing::by("arn:aws:kms:eu-central-1:111122223333:key/statements"),
        policy_key: key(POLICY_KEY),
        metrics_namespace: "Sluice".to_owned(),
    }
}

fn seal_config() -> seal::Config {
    seal::Config {
        stage: stage_config(),
        default_retention: RetentionSpec { mode: RetentionMode::Governance, days: 30 },
        handover: None,
    }
}

fn pseudonymize_config() -> pseudonymize::Config {
    pseudonymize::Config {
        stage: stage_config(),
        curated_bucket: zone(CURATED),
        vault_bucket: zone(VAULT),
        pseudonym_key_arn: "arn:aws:kms:eu-central-1:111122223333:key/domains".to_owned(),
        catalog_database: DATABASE.to_owned(),
    }
}
