//! S3 and KMS in memory, and keyrings on them.

use std::sync::Arc;

use sluice_testkit::{FaultPlan, Faulty, MemoryKms, MemoryS3, names};

use super::{Domain, KeyUnwrapper, Keyring};

pub(super) const VAULT: &str = "lake-vault";

pub(super) struct World {
    pub(super) s3: MemoryS3,
    pub(super) kms: MemoryKms,
}

impl World {
    pub(super) fn new() -> Self {
        let s3 = MemoryS3::default();
        s3.create_versioned_bucket(&names::bucket(VAULT)).unwrap();
        Self { s3, kms: MemoryKms::new("vault") }
    }

    pub(super) fn ring(&self) -> Keyring {
        self.faulty_ring(&FaultPlan::new())
    }

    pub(super) fn faulty_ring(&self, plan: &FaultPlan) -> Keyring {
        let s3 = Arc::new(Faulty::new(self.s3.clone(), plan.clone()));
        let kms = Arc::new(Faulty::new(self.kms.clone(), plan.clone()));
        Keyring::new(names::bucket(VAULT), s3.clone(), s3.clone(), s3, kms)
    }

    pub(super) fn unwrapper(&self) -> KeyUnwrapper {
        KeyUnwrapper::new(names::bucket(VAULT), Arc::new(self.s3.clone()), Arc::new(self.kms.clone()))
    }
}

pub(super) fn customers() -> Domain {
    Domain::new("customers").unwrap()
}
