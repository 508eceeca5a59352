//! An object's bytes, hashed on their way into an engine that reads synchronously.
//!
//! One task receives and hashes every byte, whether or not the engine still wants it: the digest decides between "the
//! upload is bad" and "someone changed it", so it must be known even when the engine gave up in the first row.

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};
use sluice_common::Sha256Digest;
use sluice_common::port::{ByteStream, StoreError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Chunks under way between the network and the engine. The SDK's are at most some hundred KiB each.
const CHUNKS_UNDER_WAY: usize = 8;

/// The engine's end of the pipe. It ends where the object ends; a receiving task that stopped before is an error, so that
/// no engine takes the beginning of an object for the whole.
#[derive(Debug)]
pub struct HashedReader {
    chunks: mpsc::Receiver<Piece>,
    current: Bytes,
    is_whole: bool,
}

/// What goes through the pipe.
#[derive(Debug)]
enum Piece {
    Bytes(Bytes),
    End,
    Broken(io::Error),
}

/// What was received, once all of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Digest of all bytes.
    pub sha256: Sha256Digest,
    /// Their number.
    pub size_bytes: u64,
}

/// The receiving task. [`Receiving::finish`] waits for the last byte; dropping it stops the task, so that work that was cut
/// off at its deadline does not go on beside the next message's.
#[derive(Debug)]
pub struct Receiving(JoinHandle<Result<Received, StoreError>>);

impl Drop for Receiving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts receiving. Read from the reader on a blocking thread; then ask [`Receiving::finish`] for the digest.
pub fn receive(stream: ByteStream) -> (HashedReader, Receiving) {
    let (sender, chunks) = mpsc::channel(CHUNKS_UNDER_WAY);
    let task = tokio::spawn(forward(stream, sender));
    (HashedReader { chunks, current: Bytes::new(), is_whole: false }, Receiving(task))
}

async fn forward(mut stream: ByteStream, sender: mpsc::Sender<Piece>) -> Result<Received, StoreError> {
    let mut hasher = Sha256::new();
    let mut size_bytes = 0u64;
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(bytes) => {
                hasher.update(&bytes);
                size_bytes = size_bytes.saturating_add(bytes.len() as u64);
                // A closed channel means that the engine has seen enough; the digest still needs the rest.
                drop(sender.send(Piece::Bytes(bytes)).await);
            }
            Err(error) => {
                drop(sender.send(Piece::Broken(unfinished())).await);
                return Err(error);
            }
        }
    }
    drop(sender.send(Piece::End).await);
    Ok(Received { sha256: Sha256Digest::from_bytes(hasher.finalize().into()), size_bytes })
}

fn unfinished() -> io::Error {
    io::Error::other("the object could not be read to its end")
}

impl Receiving {
    /// The digest of all bytes.
    ///
    /// # Errors
    /// When the object could not be read to its end.
    pub async fn finish(mut self) -> Result<Received, StoreError> {
        (&mut self.0).await.unwrap_or_else(|stopped| {
            Err(StoreError::Other {
                operation: "GetObject",
                code: "the receiving task stopped".to_owned(),
                source: Some(Box::new(stopped)),
            })
        })
    }
}

impl HashedReader {
    /// The first bytes, left in place: at least `least` of them unless the object is shorter.
    ///
    /// # Errors
    /// When the object could not be read so far.
    pub async fn peek(&mut self, least: usize) -> io::Result<&[u8]> {
        while self.current.len() < least && !self.is_whole {
            let piece = self.chunks.recv().await;
            let bytes = self.take(piece)?;
            self.current =
                if self.current.is_empty() { bytes } else { [self.current.as_ref(), bytes.as_ref()].concat().into() };
        }
        Ok(&self.current)
    }

    /// The bytes of a piece; none at the end of the object.
    fn take(&mut self, piece: Option<Piece>) -> io::Result<Bytes> {
        match piece {
            Some(Piece::Bytes(bytes)) => Ok(bytes),
            Some(Piece::End) => {
                self.is_whole = true;
                Ok(Bytes::new())
            }
            Some(Piece::Broken(error)) => Err(error),
            None => Err(unfinished()),
        }
    }
}

impl Read for HashedReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.is_whole {
            let piece = self.chunks.blocking_recv();
            self.current = self.take(piece)?;
        }
        let length = self.current.len().min(into.len());
        self.current.copy_to_slice(into.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use proptest::prelude::*;

    use super::*;

    fn in_runtime<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    fn chunked(bytes: &[u8], size: usize) -> ByteStream {
        let chunks: Vec<_> = bytes.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        Box::pin(stream::iter(chunks))
    }

    proptest! {
        #[test]
        fn reader_gives_the_stream_and_its_digest(bytes in prop::collection::vec(any::<u8>(), 0..2000), size in 1usize..300) {
            in_runtime(async {
                let (mut reader, receiving) = receive(chunked(&bytes, size));
                let read = tokio::task::spawn_blocking(move || {
                    let mut all = Vec::new();
                    reader.read_to_end(&mut all).map(|_| all)
                });
                assert_eq!(read.await.unwrap().unwrap(), bytes);
                let received = receiving.finish().await.unwrap();
                assert_eq!(received, Received { sha256: Sha256Digest::of(&bytes), size_bytes: bytes.len() as u64 });
            });
        }
    }

    #[test]
    fn peeking_takes_nothing_away() {
        in_runtime(async {
            let (mut reader, _receiving) = receive(chunked(b"abcdef", 2));
            assert_eq!(reader.peek(3).await.unwrap(), b"abcd");
            assert_eq!(reader.peek(99).await.unwrap(), b"abcdef");
            let read = tokio::task::spawn_blocking(move || io::read_to_string(reader));
            assert_eq!(read.await.unwrap().unwrap(), "abcdef");
        });
    }

    #[test]
    fn digest_covers_all_bytes_when_the_engine_stops_early() {
        let bytes = vec![7u8; 100_000];
        in_runtime(async {
            let (reader, receiving) = receive(chunked(&bytes, 1000));
            drop(reader);
            assert_eq!(receiving.finish().await.unwrap().sha256, Sha256Digest::of(&bytes));
        });
    }

    #[test]
    fn nobody_waiting_stops_the_receiving() {
        in_runtime(async {
            let (mut reader, receiving) = receive(Box::pin(stream::pending()));
            drop(receiving);
            // Without the stop this would wait for ever.
            let read = tokio::task::spawn_blocking(move || reader.read(&mut [0; 1]));
            assert!(read.await.unwrap().is_err());
        });
    }

    #[test]
    fn a_broken_stream_is_an_error_on_both_ends() {
        in_runtime(async {
            let broken: Vec<Result<Bytes, StoreError>> = vec![
                Ok(Bytes::from_static(b"abc")),
                Err(StoreError::Truncated { operation: "GetObject", got: 3, expected: 9 }),
            ];
            let (mut reader, receiving) = receive(Box::pin(stream::iter(broken)));
            let read = tokio::task::spawn_blocking(move || reader.read_to_end(&mut Vec::new()));
            assert!(read.await.unwrap().is_err());
            assert!(matches!(receiving.finish().await, Err(StoreError::Truncated { got: 3, .. })));
        });
    }
}
