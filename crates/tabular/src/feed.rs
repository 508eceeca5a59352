//! The bytes of a text format on their way into blocks.

use std::collections::VecDeque;

use arrow_buffer::Buffer;

use crate::error::{Limit, Place, TabularError};
use crate::inflate::Inflated;
use crate::options::ReadOptions;
use crate::text::{place_in, strip_bom};

/// Blocks whose memory is waited for: one with each side of a channel, and those in it.
const LENT: usize = 6;

/// Bytes of the input that no block has yet, and where they begin.
#[derive(Debug)]
pub(crate) struct Feed {
    input: Inflated,
    block_bytes: usize,
    row_bytes: usize,
    pending: Vec<u8>,
    at: Place,
    ended: bool,
    /// The bytes of the blocks given out last, oldest first, to be used again when their receivers have dropped them.
    lent: VecDeque<Buffer>,
}

impl Feed {
    /// Reads the first bytes and removes a byte order mark.
    pub(crate) fn open(input: Inflated, options: &ReadOptions) -> Result<Self, TabularError> {
        let mut feed = Self {
            input,
            block_bytes: options.clamped_block_bytes(),
            row_bytes: options.caps.row_bytes,
            pending: Vec::new(),
            at: Place { line: 1, byte_offset: 0 },
            ended: false,
            lent: VecDeque::with_capacity(LENT),
        };
        feed.fill(feed.block_bytes)?;
        feed.at.byte_offset += strip_bom(&mut feed.pending)?;
        Ok(feed)
    }

    pub(crate) fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// The first bytes of `pending`.
    pub(crate) fn first(&self, bytes: usize) -> &[u8] {
        self.pending.get(..bytes).unwrap_or(&self.pending)
    }

    /// Where `pending` begins.
    pub(crate) fn at(&self) -> Place {
        self.at
    }

    /// The place `at` bytes into `pending`.
    pub(crate) fn place(&self, at: usize) -> Place {
        place_in(&self.pending, at, self.at)
    }

    /// Whether the input has no more bytes than `pending`.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Fills `pending` up to a block. False: the input has ended and nothing is pending.
    pub(crate) fn fill_block(&mut self) -> Result<bool, TabularError> {
        self.fill(self.block_bytes)?;
        Ok(!self.pending.is_empty())
    }

    /// Reads more, because `pending` does not hold one whole row.
    pub(crate) fn fill_more(&mut self) -> Result<(), TabularError> {
        let pending = self.pending.len();
        if pending > self.row_bytes {
            return Err(self.limit(Limit::RowBytes, self.row_bytes, 0));
        }
        self.fill((pending * 2).min(self.row_bytes + 1).max(pending + 1))
    }

    /// Reads until `pending` holds `target` bytes. A last row without a line feed gets one.
    fn fill(&mut self, target: usize) -> Result<(), TabularError> {
        if self.ended || self.pending.len() >= target {
            return Ok(());
        }
        if self.pending.capacity() < target {
            let mut grown = self.take_back(target);
            grown.extend_from_slice(&self.pending);
            self.pending = grown;
        }
        self.ended = self.input.fill(&mut self.pending, target)?;
        if self.ended && self.pending.last().is_some_and(|last| *last != b'\n') {
            self.pending.push(b'\n');
        }
        Ok(())
    }

    /// The memory of an earlier block if its receiver has dropped it, else new memory.
    fn take_back(&mut self, capacity: usize) -> Vec<u8> {
        for _ in 0..self.lent.len() {
            let Some(oldest) = self.lent.pop_front() else { break };
            match oldest.into_vec::<u8>() {
                Ok(mut bytes) if (capacity..=capacity.saturating_mul(4)).contains(&bytes.capacity()) => {
                    bytes.clear();
                    return bytes;
                }
                Ok(_too_small_or_large) => {}
                Err(in_use) => self.lent.push_back(in_use),
            }
        }
        // One more than asked for: the line feed that `fill` may add.
        Vec::with_capacity(capacity + 1)
    }

    /// Hands out the first bytes of `pending` as a buffer.
    pub(crate) fn give(&mut self, bytes: usize) -> Buffer {
        self.at = self.place(bytes);
        let rest = self.pending.split_off(bytes.min(self.pending.len()));
        let buffer = Buffer::from_vec(std::mem::replace(&mut self.pending, rest));
        if self.lent.len() == LENT {
            self.lent.pop_front();
        }
        self.lent.push_back(buffer.clone());
        buffer
    }

    /// Forgets the first bytes of `pending`.
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.at = self.place(bytes);
        self.pending.drain(..bytes.min(self.pending.len()));
    }

    /// A cap crossed `at` bytes into `pending`.
    pub(crate) fn limit(&self, limit: Limit, allowed: usize, at: usize) -> TabularError {
        TabularError::Limit { limit, allowed: allowed as u64, place: Some(self.place(at)) }
    }
}
