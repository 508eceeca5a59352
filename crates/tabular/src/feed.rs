//! The bytes of a text format on their way into blocks.

use std::collections::VecDeque;

use arrow_buffer::Buffer;

use crate::error::{Limit, Place, TabularError};
use crate::inflate::Inflated;
use crate::options::ReadOptions;
use crate::text::{bom_length, place_in};

/// Blocks whose memory is waited for: one with each side of a channel, and those in it.
const LENT: usize = 6;

/// Bytes of the input that no block has yet, and where they begin.
#[derive(Debug)]
pub(crate) struct Feed {
    input: Inflated,
    block_bytes: usize,
    row_bytes: usize,
    /// Room for the input, of which the first `filled` bytes are pending. The rest is of no meaning, but initialised once and
    /// for all: zeros are not written again before each read.
    room: Vec<u8>,
    filled: usize,
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
            room: Vec::new(),
            filled: 0,
            at: Place { line: 1, byte_offset: 0 },
            ended: false,
            lent: VecDeque::with_capacity(LENT),
        };
        feed.fill(feed.block_bytes)?;
        let bom = bom_length(feed.pending())?;
        if bom > 0 {
            feed.consume(bom);
        }
        Ok(feed)
    }

    pub(crate) fn pending(&self) -> &[u8] {
        self.first(self.filled)
    }

    /// The first bytes of `pending`.
    pub(crate) fn first(&self, bytes: usize) -> &[u8] {
        self.room.get(..bytes.min(self.filled)).unwrap_or_default()
    }

    /// Where `pending` begins.
    pub(crate) fn at(&self) -> Place {
        self.at
    }

    /// The place `at` bytes into `pending`.
    pub(crate) fn place(&self, at: usize) -> Place {
        place_in(self.pending(), at, self.at)
    }

    /// Whether the input has no more bytes than `pending`.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Fills `pending` up to a block. False: the input has ended and nothing is pending.
    pub(crate) fn fill_block(&mut self) -> Result<bool, TabularError> {
        self.fill(self.block_bytes)?;
        Ok(self.filled > 0)
    }

    /// Reads more, because `pending` does not hold one whole row.
    pub(crate) fn fill_more(&mut self) -> Result<(), TabularError> {
        if self.filled > self.row_bytes {
            return Err(self.limit(Limit::RowBytes, self.row_bytes, 0));
        }
        self.fill((self.filled * 2).min(self.row_bytes + 1).max(self.filled + 1))
    }

    /// Reads until `target` bytes are pending. A last row without a line feed gets one.
    fn fill(&mut self, target: usize) -> Result<(), TabularError> {
        if self.ended || self.filled >= target {
            return Ok(());
        }
        // One more than asked for: the line feed that may be added.
        if self.room.len() <= target {
            let mut larger = self.take_back(target + 1);
            if let Some(start) = larger.get_mut(..self.filled) {
                start.copy_from_slice(self.pending());
            }
            self.room = larger;
        }
        let free = self.room.get_mut(self.filled..target).unwrap_or_default();
        self.filled += self.input.read_into(free)?;
        self.ended = self.filled < target;
        if self.ended
            && self.pending().last().is_some_and(|last| *last != b'\n')
            && let Some(end) = self.room.get_mut(self.filled)
        {
            *end = b'\n';
            self.filled += 1;
        }
        Ok(())
    }

    /// The memory of an earlier block if its receiver has dropped it, else new memory; at least so many bytes.
    fn take_back(&mut self, bytes: usize) -> Vec<u8> {
        for _ in 0..self.lent.len() {
            let Some(oldest) = self.lent.pop_front() else { break };
            match oldest.into_vec::<u8>() {
                Ok(room) if (bytes..=bytes.saturating_mul(4)).contains(&room.len()) => return room,
                Ok(_too_small_or_large) => {}
                Err(in_use) => self.lent.push_back(in_use),
            }
        }
        vec![0; bytes]
    }

    /// Hands out the first bytes of `pending`, which hold so many line feeds, as a buffer.
    pub(crate) fn give(&mut self, bytes: usize, line_feeds: u64) -> Buffer {
        let bytes = bytes.min(self.filled);
        self.at = Place { line: self.at.line + line_feeds, byte_offset: self.at.byte_offset + bytes as u64 };
        let rest = self.pending().get(bytes..).unwrap_or_default().to_vec();
        self.filled = rest.len();
        let whole = Buffer::from_vec(std::mem::replace(&mut self.room, rest));
        if self.lent.len() == LENT {
            self.lent.pop_front();
        }
        let given = whole.slice_with_length(0, bytes);
        self.lent.push_back(whole);
        given
    }

    /// Forgets the first bytes of `pending`.
    pub(crate) fn consume(&mut self, bytes: usize) {
        let bytes = bytes.min(self.filled);
        self.at = self.place(bytes);
        self.room.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
    }

    /// A cap crossed `at` bytes into `pending`.
    pub(crate) fn limit(&self, limit: Limit, allowed: usize, at: usize) -> TabularError {
        TabularError::Limit { limit, allowed: allowed as u64, place: Some(self.place(at)) }
    }
}
