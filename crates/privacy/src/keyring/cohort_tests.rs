//! Cohorts against S3 and KMS in memory.

use std::sync::Arc;

use sluice_common::policy::CohortSize;
use sluice_common::{Dispose as _, Disposition, Sha256Digest};
use sluice_testkit::{Fault, FaultPlan, names};

use super::test_world::{VAULT, World, customers};
use super::*;

const SHARED: CohortSize = CohortSize::Shared(8);

impl World {
    async fn cohorts(&self) -> Cohorts {
        let ring = self.ring();
        ring.cohorts(ring.current(&customers()).await.unwrap(), SHARED).await.unwrap()
    }
}

fn cohort(number: u64) -> Cohort {
    Cohort::new(number).unwrap()
}

async fn note(ring: &Keyring, number: u64) -> CohortNote {
    let state = ring.cohort_state(&customers(), cohort(number)).await.unwrap();
    CohortNote {
        domain: customers(),
        cohort: cohort(number),
        keys: state.keys,
        requester: "a@example.org".to_owned(),
        approver: "b@example.org".to_owned(),
        reason: "asked to be forgotten".to_owned(),
        statement: Sha256Digest::of(b"statement"),
    }
}

#[tokio::test]
async fn cohorts_have_keys_of_their_own_that_all_processes_share() {
    let world = World::new();
    let opened = world.cohorts().await.open(&[cohort(1), cohort(2)]).await.unwrap();
    let ids = |keys: &[Option<Arc<DomainKey>>]| keys.iter().map(|key| key.as_ref().unwrap().id()).collect::<Vec<_>>();
    let again = world.cohorts().await.open(&[cohort(1), cohort(2)]).await.unwrap();
    assert_eq!(ids(&opened), ids(&again));
    assert_ne!(ids(&opened)[0], ids(&opened)[1]);
    let ring = world.ring();
    let domain = ring.current(&customers()).await.unwrap();
    let unwrapped = world.unwrapper().open_cohort(&domain, cohort(2)).await.unwrap();
    assert_eq!(unwrapped.id(), ids(&opened)[1]);
    assert!(matches!(world.unwrapper().open_cohort(&domain, cohort(3)).await, Err(KeyringError::CohortUnknown { .. })));
}

#[tokio::test]
async fn two_that_make_a_key_at_once_end_with_one() {
    let world = World::new();
    let (one, other) = (world.cohorts().await, world.cohorts().await);
    let asked = [cohort(5)];
    let (one, other) = futures::join!(one.open(&asked), other.open(&asked));
    assert_eq!(one.unwrap()[0].as_ref().unwrap().id(), other.unwrap()[0].as_ref().unwrap().id());
    // A race that is lost between the look and the write.
    let world = World::new();
    let slow = world.faulty_ring(&FaultPlan::new());
    let slow = slow.cohorts(slow.current(&customers()).await.unwrap(), SHARED).await.unwrap();
    let first = world.cohorts().await.open(&[cohort(5)]).await.unwrap();
    assert_eq!(slow.open(&[cohort(5)]).await.unwrap()[0].as_ref().unwrap().id(), first[0].as_ref().unwrap().id());
}

#[tokio::test]
async fn the_assignment_holds_in_every_epoch_and_the_size_for_ever() {
    let world = World::new();
    let before = world.cohorts().await;
    let ring = world.ring();
    let rotated = ring.rotate(&customers()).await.unwrap();
    let after = ring.cohorts(rotated.clone(), SHARED).await.unwrap();
    for subject in 0..100 {
        let subject = subject.to_string();
        assert_eq!(before.assignment().cohort(&subject), after.assignment().cohort(&subject));
    }
    let old = before.open(&[cohort(1)]).await.unwrap();
    let new = after.open(&[cohort(1)]).await.unwrap();
    assert_ne!(old[0].as_ref().unwrap().id(), new[0].as_ref().unwrap().id());
    let error = ring.cohorts(rotated, CohortSize::Each).await.unwrap_err();
    assert!(matches!(error, KeyringError::OtherCohorts { kept: SHARED, .. }), "{error}");
    assert_eq!(error.disposition(), Disposition::Retry);
}

#[tokio::test]
async fn a_destroyed_cohort_is_gone_in_all_epochs_and_the_others_stay() {
    let world = World::new();
    world.cohorts().await.open(&[cohort(1), cohort(2)]).await.unwrap();
    let ring = world.ring();
    let first = ring.current(&customers()).await.unwrap();
    let second = ring.rotate(&customers()).await.unwrap();
    let cohorts = ring.cohorts(second.clone(), SHARED).await.unwrap();
    cohorts.open(&[cohort(1)]).await.unwrap();
    let note = note(&ring, 1).await;
    assert_eq!(note.keys.iter().map(|key| key.epoch.number()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(ring.shred_cohort(&note, &world.s3).await.unwrap(), 2);

    // Both epochs' keys are gone, with the reason; the neighbour opens.
    for key in [&first, &second] {
        let error = world.unwrapper().open_cohort(key, cohort(1)).await.unwrap_err();
        let KeyringError::CohortShredded { shredded, .. } = &error else { panic!("{error}") };
        assert_eq!(shredded.statement, Sha256Digest::of(b"statement"));
        assert!(error.to_string().contains("by statement"), "{error}");
    }
    assert!(world.unwrapper().open_cohort(&first, cohort(2)).await.is_ok());
    let live = world.s3.live_keys(&names::bucket(VAULT));
    assert!(!live.iter().any(|key| key.starts_with("cohorts/customers/keys/1/")), "{live:?}");

    // What is made later has no key of it, also in a process that had used it; a third epoch neither.
    let third = ring.rotate(&customers()).await.unwrap();
    let cohorts = ring.cohorts(third, SHARED).await.unwrap();
    assert_eq!(cohorts.shredded(), 1);
    let opened = cohorts.open(&[cohort(1), cohort(2)]).await.unwrap();
    assert!(opened[0].is_none() && opened[1].is_some());

    // Again is no error, another note is.
    assert_eq!(ring.shred_cohort(&note, &world.s3).await.unwrap(), 0);
    let other = CohortNote { reason: "another one".to_owned(), ..note };
    assert!(ring.shred_cohort(&other, &world.s3).await.is_err());
}

#[tokio::test]
async fn a_subject_that_never_came_can_be_forgotten_too() {
    let world = World::new();
    let ring = world.ring();
    let note = note(&ring, 4).await;
    assert!(note.keys.is_empty());
    assert_eq!(ring.shred_cohort(&note, &world.s3).await.unwrap(), 0);
    assert!(world.cohorts().await.open(&[cohort(4)]).await.unwrap()[0].is_none());
}

#[tokio::test]
async fn a_run_that_began_before_a_destruction_begins_again() {
    let world = World::new();
    let running = world.cohorts().await;
    let ring = world.ring();
    let note = note(&ring, 1).await;
    ring.shred_cohort(&note, &world.s3).await.unwrap();
    let error = running.open(&[cohort(1)]).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry, "{error}");
    // What the run made meanwhile does not open, and goes with the next attempt to destroy it.
    let domain = ring.current(&customers()).await.unwrap();
    assert!(matches!(
        world.unwrapper().open_cohort(&domain, cohort(1)).await,
        Err(KeyringError::CohortShredded { .. })
    ));
    assert_eq!(ring.shred_cohort(&note, &world.s3).await.unwrap(), 1);
}

#[tokio::test]
async fn what_was_changed_in_the_vault_is_an_alarm() {
    let world = World::new();
    world.cohorts().await.open(&[cohort(1)]).await.unwrap();
    let path = names::path(VAULT, "cohorts/customers/keys/1/1.json");
    world.s3.put(&path, b"{}".to_vec()).unwrap();
    let error = world.cohorts().await.open(&[cohort(1)]).await.unwrap_err();
    assert_eq!((error.disposition(), error.reason()), (Disposition::Alarm, "cohort_altered"));
    world.s3.put(&names::path(VAULT, "cohorts/customers/plan.json"), b"{}".to_vec()).unwrap();
    let ring = world.ring();
    let key = ring.current(&customers()).await.unwrap();
    assert_eq!(ring.cohorts(key, SHARED).await.unwrap_err().disposition(), Disposition::Alarm);
}

#[tokio::test]
async fn faults_are_retried_not_taken_for_absence() {
    for (operation, fault) in [("list_versions", Fault::Throttle), ("put_new", Fault::Deny), ("current", Fault::Fail)] {
        let world = World::new();
        let ring = world.ring();
        let key = ring.current(&customers()).await.unwrap();
        ring.cohorts(key.clone(), SHARED).await.unwrap();
        let faulty = world.faulty_ring(&FaultPlan::new().always(operation, fault));
        let error = match faulty.cohorts(key, SHARED).await {
            Ok(cohorts) => cohorts.open(&[cohort(1)]).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.disposition(), Disposition::Retry, "{operation}: {error}");
    }
}
