//! The keyring against S3 and KMS in memory.

use sluice_common::port::VersionLister as _;
use sluice_common::{Dispose as _, Disposition, ObjectVersion, VersionId};
use sluice_testkit::{Fault, FaultPlan, names};

use super::test_world::{VAULT, World, customers};
use super::*;

impl World {
    /// The only version of a key.
    async fn version(&self, key: &str) -> ObjectVersion {
        let page = self.s3.list_versions(&names::bucket(VAULT), key, None).await.unwrap();
        let id = page.entries[0].version_id.clone();
        names::path(VAULT, key).version(VersionId::new(id).unwrap())
    }
}

fn secret(key: &DomainKey) -> String {
    key.id()
}

#[tokio::test]
async fn the_first_call_makes_the_key_and_all_later_ones_open_it() {
    let world = World::new();
    let made = world.ring().current(&customers()).await.unwrap();
    assert_eq!(made.epoch(), Epoch::FIRST);
    assert_eq!(world.s3.live_keys(&names::bucket(VAULT)), ["domains/customers/1.json"]);
    let opened = world.ring().current(&customers()).await.unwrap();
    assert_eq!(secret(&made), secret(&opened));
    assert_eq!(secret(&made), secret(&world.unwrapper().open(&customers(), Epoch::FIRST).await.unwrap()));
    let other = world.ring().current(&Domain::new("staff").unwrap()).await.unwrap();
    assert_ne!(secret(&made), secret(&other));
}

#[tokio::test]
async fn kms_sees_domain_epoch_and_purpose() {
    let world = World::new();
    world.ring().current(&customers()).await.unwrap();
    world.ring().current(&customers()).await.unwrap();
    let expected = [("domain", "customers"), ("epoch", "1"), ("purpose", "pseudonymize")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(world.kms.unwrapped(), [expected]);
}

#[tokio::test]
async fn a_key_is_unwrapped_once_a_process() {
    let world = World::new();
    world.ring().current(&customers()).await.unwrap();
    let plan = FaultPlan::new();
    let ring = world.faulty_ring(&plan);
    for _ in 0..5 {
        ring.current(&customers()).await.unwrap();
        ring.open(&customers(), Epoch::FIRST).await.unwrap();
    }
    assert_eq!(plan.calls("unwrap_key"), 1);
    assert_eq!(plan.calls("generate"), 0);
}

#[tokio::test]
async fn the_newest_epoch_is_current_by_number_not_by_text() {
    let world = World::new();
    for epoch in [9, 10, 2] {
        world.ring().create(&customers(), Epoch::new(epoch).unwrap()).await.unwrap();
    }
    world.s3.set_page_size(1);
    assert_eq!(world.ring().current(&customers()).await.unwrap().epoch().number(), 10);
}

#[tokio::test]
async fn the_loser_of_a_race_takes_the_winners_key() {
    let world = World::new();
    // The loser listed an empty vault; the winner wrote before the loser did.
    let winner = world.ring().current(&customers()).await.unwrap();
    let loser = world.ring();
    assert!(loser.create(&customers(), Epoch::FIRST).await.unwrap().is_none());
    assert_eq!(secret(&loser.current(&customers()).await.unwrap()), secret(&winner));
}

#[tokio::test]
async fn a_lost_answer_is_followed_by_the_key_that_was_written() {
    let world = World::new();
    let ring = world.faulty_ring(&FaultPlan::new().on("put_new", 1, Fault::LoseAnswer));
    let error = ring.current(&customers()).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
    let retried = ring.current(&customers()).await.unwrap();
    assert_eq!(secret(&retried), secret(&world.ring().current(&customers()).await.unwrap()));
    assert_eq!(world.s3.live_keys(&names::bucket(VAULT)).len(), 1);
}

#[tokio::test]
async fn an_altered_wrapped_key_raises_the_alarm() {
    let world = World::new();
    world.ring().current(&customers()).await.unwrap();
    let at = world.version("domains/customers/1.json").await;
    let record = String::from_utf8(world.s3.stored_bytes(&at).unwrap().to_vec()).unwrap();
    let begins = record.find(r#""wrapped":""#).unwrap() + 11;
    let swapped = if record.as_bytes()[begins] == b'A' { "B" } else { "A" };
    let mut altered = record.clone();
    altered.replace_range(begins..=begins, swapped);
    for body in [altered.as_str(), "", "{}", &"x".repeat(100_000), &record.replace("customers", "staff")] {
        assert!(world.s3.tamper_body(&at, body.as_bytes()));
        for result in
            [world.ring().current(&customers()).await, world.unwrapper().open(&customers(), Epoch::FIRST).await]
        {
            let error = result.unwrap_err();
            assert_eq!((error.disposition(), error.reason()), (Disposition::Alarm, "wrapped_key_altered"));
        }
    }
}

#[tokio::test]
async fn the_key_of_another_domain_under_this_name_does_not_open() {
    let world = World::new();
    world.ring().current(&Domain::new("staff").unwrap()).await.unwrap();
    let staff = world.version("domains/staff/1.json").await;
    let body = String::from_utf8(world.s3.stored_bytes(&staff).unwrap().to_vec()).unwrap();
    // Even with every name in the record exchanged, KMS binds the key to the domain it was made for.
    let forged = body.replace("staff", "customers");
    world.s3.put(&names::path(VAULT, "domains/customers/1.json"), forged).unwrap();
    let error = world.ring().current(&customers()).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Alarm);
}

#[tokio::test]
async fn a_deleted_or_overwritten_key_is_never_replaced() {
    let deleted = World::new();
    deleted.ring().current(&customers()).await.unwrap();
    deleted.s3.delete(&names::path(VAULT, "domains/customers/1.json")).unwrap();

    let marker_only = World::new();
    marker_only.ring().current(&customers()).await.unwrap();
    let first = marker_only.version("domains/customers/1.json").await;
    marker_only.s3.delete(&names::path(VAULT, "domains/customers/1.json")).unwrap();
    assert!(marker_only.s3.force_delete(&first));

    let overwritten = World::new();
    overwritten.ring().current(&customers()).await.unwrap();
    overwritten.s3.put(&names::path(VAULT, "domains/customers/1.json"), "{}").unwrap();

    for world in [deleted, marker_only, overwritten] {
        let error = world.ring().current(&customers()).await.unwrap_err();
        assert_eq!((error.disposition(), error.reason()), (Disposition::Alarm, "wrapped_key_overwritten"));
    }
}

#[tokio::test]
async fn a_shredded_epoch_says_so() {
    let world = World::new();
    world.ring().current(&customers()).await.unwrap();
    let at = world.version("domains/customers/1.json").await;
    world.s3.put(&names::path(VAULT, "domains/customers/1.shredded.json"), "{}").unwrap();
    assert!(world.s3.force_delete(&at));
    let current = world.ring().current(&customers()).await.unwrap_err();
    assert!(matches!(current, KeyringError::Shredded { .. }), "{current}");
    let opened = world.unwrapper().open(&customers(), Epoch::FIRST).await.unwrap_err();
    let KeyringError::Shredded { shredded, .. } = &opened else { panic!("{opened}") };
    assert_eq!(shredded.statement, None, "a note that says nothing still counts");
    assert!(opened.to_string().contains(&shredded.on.to_string()), "{opened}");
    assert_eq!(world.s3.live_keys(&names::bucket(VAULT)), ["domains/customers/1.shredded.json"]);
}

fn note(domain: &Domain, epoch: Epoch, wrapped_sha256: sluice_common::Sha256Digest) -> ShredNote {
    ShredNote {
        domain: domain.clone(),
        epoch,
        wrapped_sha256,
        requester: "anna".to_owned(),
        approver: "ben".to_owned(),
        reason: "retention ended".to_owned(),
        statement: Some(sluice_common::Sha256Digest::of(b"the statement")),
    }
}

#[tokio::test]
async fn a_new_epoch_is_current_and_the_old_one_still_opens() {
    let world = World::new();
    let ring = world.ring();
    let first = ring.current(&customers()).await.unwrap();
    let second = ring.rotate(&customers()).await.unwrap();
    assert_eq!((first.epoch().number(), second.epoch().number()), (1, 2));
    assert_ne!(secret(&first), secret(&second));
    assert_eq!(secret(&world.ring().current(&customers()).await.unwrap()), secret(&second));
    assert_eq!(secret(&world.ring().open(&customers(), Epoch::FIRST).await.unwrap()), secret(&first));
    ring.rotate(&Domain::new("staff").unwrap()).await.unwrap();
    assert_eq!(ring.domains().await.unwrap(), [customers(), Domain::new("staff").unwrap()]);
    let records = ring.records(&customers()).await.unwrap();
    let shown: Vec<_> = records.iter().map(|r| (r.epoch.number(), r.status, r.is_current)).collect();
    assert_eq!(shown, [(1, EpochStatus::Kept, false), (2, EpochStatus::Kept, true)]);
}

#[tokio::test]
async fn two_rotations_at_once_give_two_epochs() {
    let world = World::new();
    world.ring().current(&customers()).await.unwrap();
    let (one, other) = (world.ring(), world.ring());
    let domain = customers();
    let (one, other) = tokio::join!(one.rotate(&domain), other.rotate(&domain));
    let mut epochs = [one.unwrap().epoch().number(), other.unwrap().epoch().number()];
    epochs.sort_unstable();
    assert_eq!(epochs, [2, 3]);
}

#[tokio::test]
async fn what_is_shredded_is_gone_and_says_so() {
    let world = World::new();
    let ring = world.ring();
    ring.current(&customers()).await.unwrap();
    let digest = ring.wrapped_digest(&customers(), Epoch::FIRST).await.unwrap();
    let note = note(&customers(), Epoch::FIRST, digest);
    // Another process has used the key and still holds it.
    let warm = world.ring();
    warm.open(&customers(), Epoch::FIRST).await.unwrap();
    let shredded = ring.shred(note.clone(), &world.s3).await.unwrap();
    assert_eq!(shredded.erased, 1);
    assert_eq!(world.s3.live_keys(&names::bucket(VAULT)), ["domains/customers/1.shredded.json"]);
    for ring in [&ring, &world.ring(), &warm] {
        let error = ring.open(&customers(), Epoch::FIRST).await.unwrap_err();
        let KeyringError::Shredded { shredded, .. } = &error else { panic!("{error}") };
        assert_eq!(shredded.statement, note.statement);
        assert!(error.to_string().contains(&note.statement.unwrap().to_string()), "{error}");
        assert!(ring.wrapped_digest(&customers(), Epoch::FIRST).await.is_err());
    }
    // Again is no error, for another reason is.
    assert_eq!(ring.shred(note.clone(), &world.s3).await.unwrap().erased, 0);
    let other = ShredNote { reason: "another one".to_owned(), ..note };
    assert!(matches!(ring.shred(other, &world.s3).await, Err(KeyringError::Shredded { .. })));
    // A new epoch goes on where the destroyed one ended.
    assert_eq!(ring.rotate(&customers()).await.unwrap().epoch().number(), 2);
    assert_eq!(ring.current(&customers()).await.unwrap().epoch().number(), 2);
}

#[tokio::test]
async fn a_destruction_that_was_cut_off_is_finished() {
    let world = World::new();
    let ring = world.ring();
    ring.current(&customers()).await.unwrap();
    let note = note(&customers(), Epoch::FIRST, ring.wrapped_digest(&customers(), Epoch::FIRST).await.unwrap());
    world.s3.put(&names::path(VAULT, "domains/customers/1.shredded.json"), serde_json::to_vec(&note).unwrap()).unwrap();
    assert!(matches!(world.ring().current(&customers()).await, Err(KeyringError::Shredded { .. })));
    assert_eq!(ring.shred_note(&customers(), Epoch::FIRST).await.unwrap().as_ref(), Some(&note));
    assert_eq!(ring.shred(note.clone(), &world.s3).await.unwrap().erased, 1);
    let unknown = ShredNote { epoch: Epoch::new(7).unwrap(), ..note };
    assert!(matches!(ring.shred(unknown, &world.s3).await, Err(KeyringError::Unknown { .. })));
}

#[tokio::test]
async fn an_unknown_epoch_is_not_made() {
    let world = World::new();
    for result in
        [world.ring().open(&customers(), Epoch::FIRST).await, world.unwrapper().open(&customers(), Epoch::FIRST).await]
    {
        assert!(matches!(result.unwrap_err(), KeyringError::Unknown { .. }));
    }
    assert!(world.s3.live_keys(&names::bucket(VAULT)).is_empty());
}

#[tokio::test]
async fn faults_of_the_world_are_retried_not_taken_for_absence() {
    for (operation, fault) in [
        ("list_versions", Fault::Throttle),
        ("list_versions", Fault::Deny),
        ("generate", Fault::Fail),
        ("put_new", Fault::Deny),
    ] {
        let world = World::new();
        let error =
            world.faulty_ring(&FaultPlan::new().always(operation, fault)).current(&customers()).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::Retry, "{operation}");
        assert!(world.s3.live_keys(&names::bucket(VAULT)).is_empty(), "{operation}");
    }
    for operation in ["get", "unwrap_key"] {
        let world = World::new();
        world.ring().current(&customers()).await.unwrap();
        let ring = world.faulty_ring(&FaultPlan::new().always(operation, Fault::Fail));
        assert_eq!(ring.current(&customers()).await.unwrap_err().disposition(), Disposition::Retry, "{operation}");
    }
}

#[tokio::test]
async fn no_debug_or_error_shows_a_key() {
    let world = World::new();
    let ring = world.ring();
    let key = ring.current(&customers()).await.unwrap();
    let derived = hex::encode(*key.derive::<32>(KeyPurpose::Token));
    let shown = format!("{ring:?} {key:?} {:?}", world.unwrapper());
    assert!(!shown.contains(derived.split_at(8).0) && shown.contains("redacted"), "{shown}");
}
