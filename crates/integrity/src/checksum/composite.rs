use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sluice_common::digest::ChecksumAlgorithm;

use super::running::Running;

/// Checksums of checksums: each part is hashed alone, the parts' values are hashed together.
#[derive(Debug)]
pub(super) struct Composite {
    /// Sizes of the parts that are not yet begun, last first.
    parts_to_come: Vec<u64>,
    left_in_part: u64,
    states: Vec<State>,
}

#[derive(Debug)]
struct State {
    algorithm: ChecksumAlgorithm,
    part: Running,
    whole: Running,
}

impl Composite {
    pub(super) fn new(algorithms: &[ChecksumAlgorithm], part_sizes: &[u64]) -> Self {
        let mut parts_to_come: Vec<u64> = part_sizes.iter().rev().copied().collect();
        let left_in_part = parts_to_come.pop().unwrap_or(0);
        let state = |&algorithm: &ChecksumAlgorithm| State {
            algorithm,
            part: Running::new(algorithm),
            whole: Running::new(algorithm),
        };
        Self { parts_to_come, left_in_part, states: algorithms.iter().map(state).collect() }
    }

    /// Takes the next bytes. Bytes beyond the last part count to it; the caller compares the sizes.
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            while self.left_in_part == 0
                && let Some(next) = self.parts_to_come.pop()
            {
                self.end_part();
                self.left_in_part = next;
            }
            let fits = usize::try_from(self.left_in_part).unwrap_or(usize::MAX);
            let length = if self.left_in_part == 0 { bytes.len() } else { fits.min(bytes.len()) };
            let (now, later) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
            for state in &mut self.states {
                state.part.update(now);
            }
            self.left_in_part = self.left_in_part.saturating_sub(now.len() as u64);
            bytes = later;
        }
    }

    fn end_part(&mut self) {
        for state in &mut self.states {
            let part = std::mem::replace(&mut state.part, Running::new(state.algorithm));
            state.whole.update(&part.finish());
        }
    }

    /// The composite values in base64.
    pub(super) fn finish(mut self) -> Vec<(ChecksumAlgorithm, String)> {
        self.end_part();
        // Parts of no bytes at the end.
        while self.parts_to_come.pop().is_some() {
            self.end_part();
        }
        self.states.into_iter().map(|state| (state.algorithm, BASE64.encode(state.whole.finish()))).collect()
    }
}
