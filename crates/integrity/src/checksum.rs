//! Every checksum that S3 can keep, recomputed over an object's bytes in one pass.
//!
//! SHA-256 and CRC-64/NVME are always computed: the first is what we sign, the second is what S3 computes over whole
//! objects whatever the way of upload. Others only when S3 shows them. Memory is a few hundred bytes an algorithm.
//!
//! Source: "Checking object integrity in Amazon S3", Amazon S3 User Guide; values are big-endian and in base64.

mod composite;
mod running;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};
use sluice_common::Sha256Digest;
use sluice_common::digest::{ChecksumAlgorithm, ChecksumType, S3Checksum};
use sluice_evidence::predicate::{ChecksumCheck, ChecksumVerdict};

use composite::Composite;
use running::Running;

/// Bytes that all algorithms take in turn while they are in the processor's cache.
const BLOCK_BYTES: usize = 64 * 1024;

/// Computes the checksums of one object while its bytes pass.
#[derive(Debug)]
pub struct ObjectHasher {
    sha256: Sha256,
    crc64: Running,
    others: Vec<(ChecksumAlgorithm, Running)>,
    composite: Option<Composite>,
    shown: Vec<S3Checksum>,
    part_bytes_total: u64,
    size_bytes: u64,
}

/// What the bytes gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    /// SHA-256 of all bytes.
    pub sha256: Sha256Digest,
    /// CRC-64/NVME of all bytes, big-endian, in base64.
    pub crc64nvme_base64: String,
    /// Their number.
    pub size_bytes: u64,
    /// Every checksum that S3 shows beside ours, sorted by algorithm.
    pub checks: Vec<ChecksumCheck>,
}

impl Hashed {
    /// One verdict over all checksums: a mismatch outweighs all, a match outweighs what cannot be compared.
    pub fn verdict(&self) -> ChecksumVerdict {
        verdict_over(&self.checks)
    }
}

/// One verdict over all checksums: a mismatch outweighs all, a match outweighs what cannot be compared.
pub(crate) fn verdict_over(checks: &[ChecksumCheck]) -> ChecksumVerdict {
    let any = |verdict| checks.iter().any(|check| check.verdict == verdict);
    if any(ChecksumVerdict::Mismatch) {
        ChecksumVerdict::Mismatch
    } else if any(ChecksumVerdict::Match) {
        ChecksumVerdict::Match
    } else if any(ChecksumVerdict::NotComparable) {
        ChecksumVerdict::NotComparable
    } else {
        ChecksumVerdict::Absent
    }
}

impl ObjectHasher {
    /// Prepares for what S3 shows. `part_sizes` in bytes and in order are needed for composite checksums only; without
    /// them such a checksum is [`ChecksumVerdict::NotComparable`].
    pub fn new(shown: &[S3Checksum], part_sizes: &[u64]) -> Self {
        let of_type = |wanted| {
            let mut algorithms: Vec<_> =
                shown.iter().filter(|one| one.checksum_type == wanted).map(|one| one.algorithm).collect();
            algorithms.sort_unstable();
            algorithms.dedup();
            algorithms
        };
        let always = |one: &ChecksumAlgorithm| matches!(one, ChecksumAlgorithm::Sha256 | ChecksumAlgorithm::Crc64Nvme);
        let others = of_type(ChecksumType::FullObject).into_iter().filter(|one| !always(one));
        let composites = of_type(ChecksumType::Composite);
        let mut shown = shown.to_vec();
        shown.sort_by(|a, b| a.algorithm.cmp(&b.algorithm).then_with(|| a.value_base64.cmp(&b.value_base64)));
        Self {
            sha256: Sha256::new(),
            crc64: Running::new(ChecksumAlgorithm::Crc64Nvme),
            others: others.map(|algorithm| (algorithm, Running::new(algorithm))).collect(),
            composite: (!composites.is_empty() && !part_sizes.is_empty())
                .then(|| Composite::new(&composites, part_sizes)),
            shown,
            part_bytes_total: part_sizes.iter().fold(0, |sum, size| sum.saturating_add(*size)),
            size_bytes: 0,
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        for block in bytes.chunks(BLOCK_BYTES) {
            self.sha256.update(block);
            self.crc64.update(block);
            for (_, running) in &mut self.others {
                running.update(block);
            }
            if let Some(composite) = &mut self.composite {
                composite.update(block);
            }
        }
        self.size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
    }

    /// Compares with what S3 shows.
    pub fn finish(self) -> Hashed {
        let sha256 = Sha256Digest::from_bytes(self.sha256.finalize().into());
        let crc64nvme_base64 = BASE64.encode(self.crc64.finish());
        let others: Vec<_> =
            self.others.into_iter().map(|(algorithm, running)| (algorithm, BASE64.encode(running.finish()))).collect();
        // Parts that do not add up to the object are not its parts.
        let composites = self.composite.filter(|_| self.part_bytes_total == self.size_bytes).map(Composite::finish);
        let recomputed = |shown: &S3Checksum| match (shown.checksum_type, shown.algorithm) {
            (ChecksumType::FullObject, ChecksumAlgorithm::Sha256) => Some(sha256.to_base64()),
            (ChecksumType::FullObject, ChecksumAlgorithm::Crc64Nvme) => Some(crc64nvme_base64.clone()),
            (ChecksumType::FullObject, other) => find(&others, other),
            (ChecksumType::Composite, other) => composites.as_ref().and_then(|known| find(known, other)),
        };
        let checks = self.shown.iter().map(|shown| compare(shown, recomputed(shown))).collect();
        Hashed { sha256, crc64nvme_base64, size_bytes: self.size_bytes, checks }
    }
}

fn find(known: &[(ChecksumAlgorithm, String)], wanted: ChecksumAlgorithm) -> Option<String> {
    known.iter().find(|(algorithm, _)| *algorithm == wanted).map(|(_, value)| value.clone())
}

/// S3's checksum beside ours; `recomputed` is nothing where the bytes do not tell.
pub(crate) fn compare(shown: &S3Checksum, recomputed: Option<String>) -> ChecksumCheck {
    let verdict = match &recomputed {
        None => ChecksumVerdict::NotComparable,
        Some(ours) if *ours == shown.value_base64 => ChecksumVerdict::Match,
        Some(_) => ChecksumVerdict::Mismatch,
    };
    ChecksumCheck {
        algorithm: shown.algorithm,
        checksum_type: shown.checksum_type,
        value: shown.value_base64.clone(),
        recomputed,
        verdict,
    }
}

#[cfg(test)]
mod tests;
