//! The way into every reader: decompression, with the caps that stop bombs and the separation of a bad input from a
//! failing source.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Limit, TabularError};
use crate::options::{Caps, Compression};

/// Bytes asked of the source at once.
const SOURCE_BUFFER_BYTES: usize = 256 << 10;
/// Largest zstd window, as a power of two: 128 MiB, what `zstd -d` accepts by default.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// What the source said last, kept apart from what a decoder makes of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SourceFault(Arc<Mutex<Option<io::Error>>>);

impl SourceFault {
    pub(crate) fn record(&self, error: io::Error) -> io::Error {
        if error.kind() == io::ErrorKind::Interrupted {
            return error;
        }
        let kind = error.kind();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        io::Error::new(kind, "the source failed")
    }

    pub(crate) fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The source as it arrives: counted, its errors remembered.
struct Raw {
    source: Box<dyn Read + Send>,
    fault: SourceFault,
    bytes: Arc<AtomicU64>,
}

impl Read for Raw {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(out).map_err(|error| self.fault.record(error))?;
        self.bytes.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// A decompressed stream that stops at its caps.
pub(crate) struct Inflated {
    decoder: Box<dyn Read + Send>,
    codec: Option<&'static str>,
    fault: SourceFault,
    bytes_in: Arc<AtomicU64>,
    bytes_out: u64,
    caps: Caps,
}

impl fmt::Debug for Inflated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflated")
            .field("codec", &self.codec)
            .field("bytes_out", &self.bytes_out)
            .finish_non_exhaustive()
    }
}

impl Inflated {
    /// Wraps `source`; with [`Compression::Auto`] its first bytes decide.
    pub(crate) fn open(
        source: Box<dyn Read + Send>,
        compression: Compression,
        caps: &Caps,
    ) -> Result<Self, TabularError> {
        let fault = SourceFault::default();
        let bytes_in = Arc::new(AtomicU64::new(0));
        let raw = Raw { source, fault: fault.clone(), bytes: Arc::clone(&bytes_in) };
        let (magic, raw) = Magic::read(raw).map_err(|error| read_error(&fault, error))?;
        let compression = match compression {
            Compression::Auto => magic.compression(),
            chosen => chosen,
        };
        let (decoder, codec): (Box<dyn Read + Send>, _) = match compression {
            Compression::Auto | Compression::None => (Box::new(raw), None),
            Compression::Gzip => {
                let buffered = BufReader::with_capacity(SOURCE_BUFFER_BYTES, raw);
                (Box::new(GzipOrEmpty::new(buffered)), Some("gzip"))
            }
            Compression::Zstd => {
                let buffered = BufReader::with_capacity(SOURCE_BUFFER_BYTES, raw);
                let mut decoder = zstd::stream::read::Decoder::with_buffer(buffered)
                    .map_err(|source| TabularError::Read { source })?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|source| TabularError::Read { source })?;
                (Box::new(decoder), Some("zstd"))
            }
        };
        Ok(Self { decoder, codec, fault, bytes_in, bytes_out: 0, caps: caps.clone() })
    }

    /// Appends to `out` until it holds `target` bytes or the stream ends. True: the stream has ended.
    pub(crate) fn fill(&mut self, out: &mut Vec<u8>, target: usize) -> Result<bool, TabularError> {
        while out.len() < target {
            let wanted = (target - out.len()).min(FILL_STEP_BYTES);
            let got =
                (&mut self.decoder).take(wanted as u64).read_to_end(out).map_err(|error| self.decode_error(error))?;
            self.bytes_out = self.bytes_out.saturating_add(got as u64);
            self.check_caps()?;
            if got < wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Fills `out`, or what the stream still has of it; says how many bytes that are.
    pub(crate) fn read_into(&mut self, out: &mut [u8]) -> Result<usize, TabularError> {
        let mut filled = 0;
        while let Some(part) = out.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let wanted = part.len().min(FILL_STEP_BYTES);
            let read = self.decoder.read(part.get_mut(..wanted).unwrap_or_default());
            let got = match read {
                Ok(0) => break,
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.decode_error(error)),
            };
            filled += got;
            self.bytes_out = self.bytes_out.saturating_add(got as u64);
            self.check_caps()?;
        }
        Ok(filled)
    }

    fn check_caps(&self) -> Result<(), TabularError> {
        let crossed = |limit, allowed| Err(TabularError::Limit { limit, allowed, place: None });
        if self.bytes_out > self.caps.inflated_bytes {
            return crossed(Limit::InflatedBytes, self.caps.inflated_bytes);
        }
        let compressed_bytes = self.bytes_in.load(Ordering::Relaxed);
        let suspicious = self.codec.is_some() && self.bytes_out > self.caps.ratio_floor_bytes;
        if suspicious && self.bytes_out > self.caps.ratio.saturating_mul(compressed_bytes) {
            return crossed(Limit::Ratio, self.caps.ratio);
        }
        Ok(())
    }

    fn decode_error(&self, error: io::Error) -> TabularError {
        match (self.fault.take(), self.codec) {
            (Some(source), _) => TabularError::Read { source },
            (None, Some(codec)) => TabularError::Compression { codec, inflated_bytes: self.bytes_out, source: error },
            (None, None) => TabularError::Read { source: error },
        }
    }
}

/// Caps are checked after each step, so that a bomb is stopped within one step.
const FILL_STEP_BYTES: usize = 1 << 20;

fn read_error(fault: &SourceFault, error: io::Error) -> TabularError {
    TabularError::Read { source: fault.take().unwrap_or(error) }
}

/// A source whose first bytes were looked at.
type Reread = io::Chain<io::Cursor<Vec<u8>>, Raw>;

/// The first four bytes of the source.
struct Magic(Vec<u8>);

impl Magic {
    fn read(mut raw: Raw) -> io::Result<(Self, Reread)> {
        let mut head = Vec::with_capacity(4);
        (&mut raw).take(4).read_to_end(&mut head)?;
        Ok((Self(head.clone()), io::Cursor::new(head).chain(raw)))
    }

    fn compression(&self) -> Compression {
        match self.0.as_slice() {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            // A zstd stream may begin with a skippable frame (RFC 8878 §3.1.2).
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Compression::Zstd,
            _ => Compression::None,
        }
    }
}

/// Whether the first bytes of an object are those of gzip or zstd.
pub(crate) fn is_compressed(head: &[u8]) -> bool {
    Magic(head.to_vec()).compression() != Compression::None
}

/// Gzip, where an object of zero bytes is an empty table and not a truncated stream.
struct GzipOrEmpty<R> {
    decoder: Option<flate2::bufread::MultiGzDecoder<R>>,
    unopened: Option<R>,
}

impl<R: BufRead> GzipOrEmpty<R> {
    fn new(source: R) -> Self {
        Self { decoder: None, unopened: Some(source) }
    }
}

impl<R: BufRead> Read for GzipOrEmpty<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(source) = &mut self.unopened
            && source.fill_buf()?.is_empty()
        {
            return Ok(0);
        }
        if let Some(source) = self.unopened.take() {
            self.decoder = Some(flate2::bufread::MultiGzDecoder::new(source));
        }
        self.decoder.as_mut().map_or(Ok(0), |decoder| decoder.read(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of a MiB of valid short rows, with so many incompressible bytes between them.
    fn inflate(frames: usize, padding_bytes: u32) -> Result<u64, TabularError> {
        let mut frame = zstd::encode_all("1,2,3,4\n".repeat(1 << 17).as_bytes(), 1).unwrap();
        // A skippable frame (RFC 8878 §3.1.2).
        frame.extend([0x50, 0x2a, 0x4d, 0x18]);
        frame.extend(padding_bytes.to_le_bytes());
        frame.resize(frame.len() + padding_bytes as usize, 0);
        let source = io::Cursor::new(frame.repeat(frames));
        let mut input = Inflated::open(Box::new(source), Compression::Auto, &Caps::default()).unwrap();
        let mut out = Vec::new();
        while !input.fill(&mut out, 1 << 20)? {
            out.clear();
        }
        Ok(input.bytes_out)
    }

    #[test]
    fn a_bomb_of_valid_rows_ends_at_the_floor_and_a_repetitive_table_does_not() {
        assert_eq!(inflate(1_000, 0).unwrap(), 1_000 << 20, "below a GiB no ratio is judged");
        let bomb = inflate(1_100, 0).unwrap_err();
        assert!(matches!(bomb, TabularError::Limit { limit: Limit::Ratio, allowed: 200, .. }), "{bomb:?}");
        // 128 to 1.
        assert_eq!(inflate(1_100, 8_192).unwrap(), 1_100 << 20);
    }
}
