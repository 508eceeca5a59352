use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use jiff::SignedDuration;
use sluice_common::policy::CatalogStatistics::{Counts, Ranges};
use sluice_common::port::{Clock as _, Extent, StatisticsData};
use sluice_testkit::names::{bucket, key, path};
use sluice_testkit::{FaultPlan, Faulty, MemoryS3, SettableClock};

use super::*;
use crate::{Gauge, TableState};

const CURATED: &str = "curated-zone";
const EVIDENCE: &str = "evidence-zone";

struct Lake {
    s3: MemoryS3,
    clock: SettableClock,
}

impl Lake {
    fn new() -> Self {
        let clock = SettableClock::default();
        let s3 = MemoryS3::new(clock.clone());
        for name in [CURATED, EVIDENCE] {
            s3.create_versioned_bucket(&bucket(name)).unwrap();
        }
        Self { s3, clock }
    }

    /// Publishes an object of numbers, and keeps its state.
    fn publish(&self, at: &str, values: &[i64]) {
        self.s3.put(&path(CURATED, at), "data").unwrap();
        let state = state_key(&key(at), Ranges).unwrap();
        self.s3.put(&path(EVIDENCE, state.as_str()), state_of(values).to_bytes().unwrap()).unwrap();
    }

    async fn merged(&self, plan: &FaultPlan) -> (Inventory, Merged) {
        let store = Faulty::new(self.s3.clone(), plan.clone());
        let (curated, evidence) = (bucket(CURATED), bucket(EVIDENCE));
        let shelves =
            Shelves { reader: &store, writer: &store, versions: &store, curated: &curated, evidence: &evidence };
        let inventory = Inventory::take(&shelves, "orders", Ranges).await.unwrap();
        let merged = inventory.merge(&shelves, self.clock.now()).await.unwrap();
        (inventory, merged)
    }
}

fn state_of(values: &[i64]) -> TableState {
    let column: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
    let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
    let mut gauge = Gauge::new(true);
    gauge.add(&batch);
    gauge.finish(&batch.schema())
}

fn day(clock: &SettableClock) -> String {
    format!("orders/dt={}", clock.now().to_zoned(jiff::tz::TimeZone::UTC).date())
}

#[tokio::test]
async fn the_states_of_what_is_there_now_are_merged() {
    let lake = Lake::new();
    let today = day(&lake.clock);
    lake.publish(&format!("{today}/a.csv"), &[1, 2]);
    lake.publish(&format!("{today}/b.csv"), &[2, 9]);
    lake.publish("orders-of-others/dt=2026-01-01/c.csv", &[100]);
    let (inventory, merged) = lake.merged(&FaultPlan::new()).await;
    assert_eq!((inventory.objects(), inventory.bytes(), inventory.unmeasured()), (2, 8, 0));
    assert_eq!(merged, Merged { state: state_of(&[1, 2, 2, 9]), unusable: 0 });
    assert_eq!(inventory.newest().unwrap().key.as_str(), format!("{today}/a.csv"), "the clock stood still");

    // What is erased counts no more, and what comes without a state is counted as such.
    lake.s3.delete(&path(CURATED, &format!("{today}/b.csv"))).unwrap();
    lake.clock.advance(SignedDuration::from_secs(1));
    lake.s3.put(&path(CURATED, &format!("{today}/d.csv")), "data").unwrap();
    let before = inventory.digest();
    let (inventory, merged) = lake.merged(&FaultPlan::new()).await;
    assert_ne!(inventory.digest(), before);
    assert_eq!((inventory.objects(), inventory.unmeasured()), (2, 1));
    assert_eq!(merged.state, state_of(&[1, 2]));
    assert_eq!(inventory.newest().unwrap().key.as_str(), format!("{today}/d.csv"));
}

#[tokio::test]
async fn a_day_that_is_over_is_merged_once() {
    let lake = Lake::new();
    let today = day(&lake.clock);
    lake.publish(&format!("{today}/a.csv"), &[1]);
    lake.publish(&format!("{today}/b.csv"), &[2]);
    let rollups = || lake.s3.live_keys(&bucket(EVIDENCE)).into_iter().filter(|key| key.starts_with("rollup/")).count();
    let first = lake.merged(&FaultPlan::new()).await.1;
    assert_eq!(rollups(), 0);
    lake.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(lake.merged(&FaultPlan::new()).await.1, first);
    assert_eq!(rollups(), 1);
    let plan = FaultPlan::new();
    assert_eq!(lake.merged(&plan).await.1, first);
    assert_eq!(plan.calls("get"), 1, "the roll-up stands for its states");
    // An object that comes late makes another roll-up; the earlier one is of other objects.
    lake.publish(&format!("{today}/late.csv"), &[7]);
    assert_eq!(lake.merged(&FaultPlan::new()).await.1.state, state_of(&[1, 2, 7]));
    assert_eq!(rollups(), 2);
}

#[tokio::test]
async fn damaged_states_are_counted_and_roll_nothing_up() {
    let lake = Lake::new();
    let today = day(&lake.clock);
    lake.publish(&format!("{today}/a.csv"), &[1]);
    lake.s3.put(&path(CURATED, &format!("{today}/b.csv")), "data").unwrap();
    let state = state_key(&key(&format!("{today}/b.csv")), Ranges).unwrap();
    lake.s3.put(&path(EVIDENCE, state.as_str()), "SLCS?").unwrap();
    lake.clock.advance(SignedDuration::from_hours(48));
    let (inventory, merged) = lake.merged(&FaultPlan::new()).await;
    assert_eq!((inventory.unmeasured(), merged.unusable), (0, 1));
    assert_eq!(merged.state, state_of(&[1]));
    assert!(lake.s3.live_keys(&bucket(EVIDENCE)).iter().all(|key| !key.starts_with("rollup/")));
}

#[tokio::test]
async fn states_of_another_kind_do_not_serve() {
    let lake = Lake::new();
    lake.publish(&format!("{}/a.csv", day(&lake.clock)), &[1]);
    let (curated, evidence) = (bucket(CURATED), bucket(EVIDENCE));
    let s3 = &lake.s3;
    let shelves = Shelves { reader: s3, writer: s3, versions: s3, curated: &curated, evidence: &evidence };
    let counts = Inventory::take(&shelves, "orders", Counts).await.unwrap();
    assert_eq!((counts.objects(), counts.unmeasured()), (1, 1));
    assert_ne!(counts.digest(), Inventory::take(&shelves, "orders", Ranges).await.unwrap().digest());
    let told = counts.merge(&shelves, lake.clock.now()).await.unwrap().state.statistics();
    assert!(told.is_empty());
    let ranges = lake.merged(&FaultPlan::new()).await.1.state.statistics();
    assert_eq!(ranges[0].data, StatisticsData::Long(Extent { range: Some((1, 1)), nulls: 0, distinct: 1 }));
}
