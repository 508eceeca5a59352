//! The way out of the text writers: compression that gives the same bytes for the same input.

use std::io::Write;

use crate::error::TabularError;
use crate::options::Compression;

/// Zstandard's default level.
const ZSTD_LEVEL: i32 = 3;

/// A sink behind a compressor. Gzip members carry no time and no name.
pub(crate) enum Deflated<W: Write> {
    Plain(W),
    Gzip(flate2::write::GzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Deflated<W> {
    pub(crate) fn new(sink: W, compression: Compression) -> Result<Self, TabularError> {
        Ok(match compression {
            Compression::Auto | Compression::None => Self::Plain(sink),
            Compression::Gzip => {
                Self::Gzip(flate2::GzBuilder::new().mtime(0).write(sink, flate2::Compression::default()))
            }
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(sink, ZSTD_LEVEL)
                    .map_err(|source| TabularError::Write { source })?;
                encoder.include_checksum(true).map_err(|source| TabularError::Write { source })?;
                Self::Zstd(encoder)
            }
        })
    }

    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> Result<(), TabularError> {
        let written = match self {
            Self::Plain(sink) => sink.write_all(bytes),
            Self::Gzip(sink) => sink.write_all(bytes),
            Self::Zstd(sink) => sink.write_all(bytes),
        };
        written.map_err(|source| TabularError::Write { source })
    }

    /// Ends the stream and gives the sink back.
    pub(crate) fn finish(self) -> Result<W, TabularError> {
        let finished = match self {
            Self::Plain(mut sink) => sink.flush().map(|()| sink),
            Self::Gzip(sink) => sink.finish(),
            Self::Zstd(sink) => sink.finish(),
        };
        finished.map_err(|source| TabularError::Write { source })
    }
}

impl<W: Write> std::fmt::Debug for Deflated<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Gzip(_) => "Gzip",
            Self::Zstd(_) => "Zstd",
        })
    }
}
