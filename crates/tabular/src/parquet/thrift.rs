//! As much of the Thrift compact protocol as the guards need: integers, and stepping over everything else.
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>

/// Levels of structs and lists that are stepped into.
const NESTING: usize = 32;

/// Bytes that are not the expected structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotThrift;

impl From<std::num::TryFromIntError> for NotThrift {
    fn from(_: std::num::TryFromIntError) -> Self {
        Self
    }
}

/// The wire type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    True,
    False,
    Byte,
    Integer,
    Double,
    Binary,
    List,
    Map,
    Struct,
}

impl Wire {
    fn of(nibble: u8) -> Result<Self, NotThrift> {
        Ok(match nibble {
            1 => Self::True,
            2 => Self::False,
            3 => Self::Byte,
            4..=6 => Self::Integer,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            _ => return Err(NotThrift),
        })
    }
}

/// A position in a structure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thrift<'a> {
    rest: &'a [u8],
}

impl<'a> Thrift<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not read yet.
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    fn byte(&mut self) -> Result<u8, NotThrift> {
        let (first, rest) = self.rest.split_first().ok_or(NotThrift)?;
        self.rest = rest;
        Ok(*first)
    }

    fn unsigned(&mut self) -> Result<u64, NotThrift> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(NotThrift)
    }

    /// A zigzag integer.
    pub(crate) fn integer(&mut self) -> Result<i64, NotThrift> {
        let raw = self.unsigned()?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    /// The next field of a struct, given the last one's number: its number and type. `None`: the struct ends.
    pub(crate) fn field(&mut self, last: i64) -> Result<Option<(i64, Wire)>, NotThrift> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let delta = i64::from(head >> 4);
        let id = if delta == 0 { self.integer()? } else { last.checked_add(delta).ok_or(NotThrift)? };
        Ok(Some((id, Wire::of(head & 0xf)?)))
    }

    /// The head of a list: its length and the type of its elements.
    pub(crate) fn list(&mut self) -> Result<(u64, Wire), NotThrift> {
        let head = self.byte()?;
        let length = if head >> 4 == 15 { self.unsigned()? } else { u64::from(head >> 4) };
        // Every element takes a byte at least.
        if length > self.rest.len() as u64 {
            return Err(NotThrift);
        }
        Ok((length, Wire::of(head & 0xf)?))
    }

    fn advance(&mut self, bytes: u64) -> Result<(), NotThrift> {
        let bytes = usize::try_from(bytes)?;
        self.rest = self.rest.get(bytes..).ok_or(NotThrift)?;
        Ok(())
    }

    /// Steps over the value of a field.
    pub(crate) fn skip(&mut self, wire: Wire) -> Result<(), NotThrift> {
        self.skip_within(wire, NESTING, false)
    }

    /// `element`: of a list, where a boolean takes a byte.
    fn skip_within(&mut self, wire: Wire, depth: usize, element: bool) -> Result<(), NotThrift> {
        let depth = depth.checked_sub(1).ok_or(NotThrift)?;
        match wire {
            Wire::True | Wire::False if !element => Ok(()),
            Wire::True | Wire::False | Wire::Byte => self.advance(1),
            Wire::Integer => self.unsigned().map(|_| ()),
            Wire::Double => self.advance(8),
            Wire::Binary => {
                let length = self.unsigned()?;
                self.advance(length)
            }
            Wire::List => {
                let (length, element) = self.list()?;
                (0..length).try_for_each(|_| self.skip_within(element, depth, true))
            }
            Wire::Map => {
                let length = self.unsigned()?;
                if length == 0 {
                    return Ok(());
                }
                let types = self.byte()?;
                let (key, value) = (Wire::of(types >> 4)?, Wire::of(types & 0xf)?);
                if length > self.rest.len() as u64 {
                    return Err(NotThrift);
                }
                (0..length).try_for_each(|_| {
                    self.skip_within(key, depth, true)?;
                    self.skip_within(value, depth, true)
                })
            }
            Wire::Struct => {
                let mut last = 0;
                while let Some((id, wire)) = self.field(last)? {
                    self.skip_within(wire, depth, false)?;
                    last = id;
                }
                Ok(())
            }
        }
    }
}
