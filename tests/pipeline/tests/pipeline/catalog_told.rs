//! Glue is told what the curated tables hold.

use std::sync::Arc;

use catalog::{CatalogFunction, CatalogFunctionError, DIGEST, State};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sluice_common::port::{Clock as _, Deadline, Extent, StatisticsData, TableName};
use sluice_common::telemetry::Tally;
use sluice_stage::Signing;
use sluice_stage::context::Ports;
use sluice_testkit::names::{bucket, key, path};
use sluice_testkit::{Fault, FaultPlan, Faulty};

use crate::queues::Function;
use crate::world::{CURATED, DATABASE, EVIDENCE, POLICY_KEY, World};

fn policy(statistics: &str) -> String {
    format!(
        "version: 1
datasets:
  - name: visits
    match: 'visits/**/*.csv'
    format: {{ type: csv }}
    quality: {{ ruleset: 'Rules = [ IsComplete \"id\", RowCount > 1 ]', on_fail: publish }}
    privacy:
      domain: people
      columns: {{ id: {{ transform: token }}, city: {{ transform: keep }} }}
    catalog: {{ database: {DATABASE}, table: visits{statistics} }}
"
    )
}

fn table() -> TableName {
    TableName { database: DATABASE.to_owned(), table: "visits".to_owned() }
}

impl World {
    fn catalog_function(&self, plan: &FaultPlan) -> CatalogFunction {
        let s3 = Arc::new(Faulty::new(self.s3.clone(), plan.clone()));
        let ports = Ports::new(&s3, Arc::new(self.signing.clone()), Arc::new(self.metrics.clone()));
        let config = catalog::Config {
            curated_bucket: bucket(CURATED),
            evidence_bucket: bucket(EVIDENCE),
            signing: Signing::by("arn:aws:kms:eu-central-1:111122223333:key/statements"),
            policy_key: key(POLICY_KEY),
            catalog_database: DATABASE.to_owned(),
            metrics_namespace: "Sluice".to_owned(),
        };
        let glue = Arc::new(Faulty::new(self.catalog.clone(), plan.clone()));
        CatalogFunction::new(config, ports, glue, Arc::new(self.clock.clone()))
    }

    async fn tell(&self, payload: Value, plan: &FaultPlan) -> Result<Vec<State>, CatalogFunctionError> {
        let deadline = Deadline::at(self.clock.now() + SignedDuration::from_mins(15));
        let answer = self.catalog_function(plan).answer(&payload, deadline, &mut Tally::default()).await?;
        Ok(answer.tables.iter().map(|table| table.state).collect())
    }

    async fn told(&self) -> State {
        self.tell(json!({ "scheduled": true }), &FaultPlan::new()).await.unwrap()[0]
    }

    fn parameter(&self, name: &str) -> Option<String> {
        self.catalog.parameters(&table()).get(name).cloned()
    }
}

#[tokio::test]
async fn a_table_is_told_by_merging_what_was_kept_of_its_objects() {
    let mut world = World::new(&policy(", statistics: ranges"));
    assert_eq!(world.told().await, State::UnknownTable);
    world.upload("visits/a.csv", "id,city\n1,Ulm\n2,Köln\n");
    world.run().await;
    world.clock.advance(SignedDuration::from_hours(30));
    world.upload("visits/b.csv", "id,city\n1,Ulm\n");
    world.run().await;
    assert_eq!(world.told().await, State::Updated);

    let statistics = world.catalog.statistics(&table());
    let (city, analyzed_at) = &statistics["city"];
    let expected = StatisticsData::Text { max_length: 4, average_length: 10.0 / 3.0, nulls: 0, distinct: 2 };
    assert_eq!((&city.data, *analyzed_at), (&expected, world.clock.now()));
    // The table holds tokens, so its statistics are of tokens: equal ids have equal ones.
    let StatisticsData::Text { max_length, distinct, .. } = statistics["id"].0.data else { panic!("tokens are text") };
    assert_eq!(distinct, 2);
    assert!(max_length > 20, "{max_length}");

    let bytes: usize = world.curated().iter().map(|(_, bytes)| bytes.len()).sum();
    for (name, value) in [
        ("recordCount", "3".to_owned()),
        ("objectCount", "2".to_owned()),
        ("sizeKey", bytes.to_string()),
        ("averageRecordSize", (bytes / 3).to_string()),
        ("numRows", "3".to_owned()),
        ("sluice.statistics.unmeasuredObjects", "0".to_owned()),
        // The newest object has one row, and its policy publishes it all the same.
        ("sluice.verdict.result", "FAILED".to_owned()),
        ("sluice.verdict.score", "0.500".to_owned()),
        ("sluice.verdict.rulesFailed", "1".to_owned()),
    ] {
        assert_eq!(world.parameter(name), Some(value), "{name}");
    }
    let statement = world.parameter("sluice.verdict.statement").unwrap();
    assert!(statement.starts_with(&format!("s3://{EVIDENCE}/att/quality/")), "{statement}");
    for (name, value) in world.catalog.parameters(&table()) {
        assert!(!value.contains("visits/a") && !value.contains("visits/b"), "{name} names an upload: {value}");
    }
}

#[tokio::test]
async fn nothing_is_done_twice_and_what_goes_is_forgotten() {
    let mut world = World::new(&policy(", statistics: counts"));
    for name in ["a", "b"] {
        world.upload(&format!("visits/{name}.csv"), format!("id,city\n1,Ulm\n2,{name}\n"));
    }
    world.run().await;
    assert_eq!(world.told().await, State::Updated);
    let plan = FaultPlan::new();
    assert_eq!(world.tell(json!({ "dataset": "visits" }), &plan).await.unwrap(), [State::Unchanged]);
    assert_eq!((plan.calls("put_statistics"), plan.calls("put_parameters")), (0, 0));

    let (gone, _) = world.curated().remove(0);
    world.s3.delete(&path(CURATED, &gone)).unwrap();
    assert_eq!(world.told().await, State::Updated);
    assert_eq!(
        (world.parameter("objectCount").unwrap(), world.parameter("recordCount").unwrap()),
        ("1".into(), "2".into())
    );
}

#[tokio::test]
async fn objects_of_before_are_counted_and_measured_by_publishing_them_again() {
    let mut world = World::new(&policy(""));
    world.upload("visits/a.csv", "id,city\n1,Ulm\n2,Ulm\n");
    world.run().await;
    assert_eq!(world.tell(json!({}), &FaultPlan::new()).await.unwrap(), []);
    let error = world.tell(json!({ "dataset": "visits" }), &FaultPlan::new()).await.unwrap_err();
    assert!(matches!(error, CatalogFunctionError::NoDataset));
    let published = world.curated();

    world.put_policy(&policy(", statistics: counts"));
    assert_eq!(world.told().await, State::Incomplete);
    assert_eq!(world.parameter("objectCount").as_deref(), Some("1"));
    assert_eq!(world.parameter("sluice.statistics.unmeasuredObjects").as_deref(), Some("1"));
    assert_eq!(world.parameter("recordCount"), None);
    assert!(world.catalog.statistics(&table()).is_empty());

    let verdict = world.only("quality").await.at;
    world.queues.send(Function::Pseudonymize, crate::events::bridged(&verdict));
    world.run().await;
    assert_eq!(world.curated(), published, "the same object, measured this time");
    assert_eq!(world.told().await, State::Updated);
    assert_eq!(world.parameter("recordCount").as_deref(), Some("2"));
}

#[tokio::test]
async fn a_catalog_that_is_down_holds_up_no_statement_and_is_told_later() {
    let mut world = World::new(&policy(", statistics: counts"));
    world.upload("visits/a.csv", "id,city\n1,Ulm\n2,Ulm\n");
    world.run().await;
    for operation in ["known", "put_statistics", "put_parameters"] {
        let plan = FaultPlan::new().always(operation, Fault::Throttle);
        assert!(world.tell(json!({}), &plan).await.is_err(), "{operation}");
        assert_eq!(world.parameter(DIGEST), None, "{operation}");
    }
    assert_eq!(world.told().await, State::Updated);
    assert_eq!(world.curated().len(), 1);
}

#[tokio::test]
async fn wherever_it_dies_the_next_attempt_tells_the_same() {
    let mut world = World::new(&policy(", statistics: ranges"));
    world.upload("visits/a.csv", "id,city\n1,Ulm\n2,Köln\n");
    world.upload("visits/b.csv", "id,city\n3,Ulm\n2,Bonn\n");
    world.run().await;
    world.clock.advance(SignedDuration::from_hours(30));
    for dies_at in 1.. {
        let plan = FaultPlan::new().dies_at(dies_at);
        if world.tell(json!({}), &plan).await.is_ok() {
            break;
        }
        assert_eq!(world.parameter(DIGEST), None, "call {dies_at} was not the last");
    }
    let (parameters, statistics) = (world.catalog.parameters(&table()), world.catalog.statistics(&table()));
    assert_eq!(world.told().await, State::Unchanged);
    assert_eq!(parameters["recordCount"], "4");
    let distinct = |name: &str| match &statistics[name].0.data {
        StatisticsData::Text { distinct, .. } => *distinct,
        StatisticsData::Long(Extent { distinct, .. }) => *distinct,
        other => panic!("{other:?}"),
    };
    assert_eq!((distinct("id"), distinct("city")), (3, 3));
}

#[tokio::test]
async fn the_state_of_an_object_comes_after_its_statement_and_survives_a_crash_between() {
    let mut world = World::new(&policy(", statistics: counts"));
    world.upload("visits/a.csv", "id,city\n1,Ulm\n2,Ulm\n");
    world.run_before(Function::Pseudonymize).await;
    // The state is kept, then the table cannot be registered, and the message comes again.
    let states = |world: &World| {
        let keys = world.s3.live_keys(&bucket(EVIDENCE));
        keys.into_iter().filter(|key| key.starts_with("statistics/")).collect::<Vec<_>>()
    };
    let plan = FaultPlan::new().on("register", 1, Fault::Fail);
    world.restart(&plan);
    assert_eq!(world.step(Function::Pseudonymize).await, 1);
    assert_eq!(states(&world).len(), 1);
    world.run().await;
    assert_eq!(states(&world).len(), 1);
    assert_eq!(world.told().await, State::Updated);
}
