//! An engine's output, hashed on its way into a write-once upload.

use std::io::{self, Write};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use sluice_common::Sha256Digest;
use sluice_common::port::{StoreError, WriteOnceUpload};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::input::Received;

/// Bytes gathered before they are handed over.
const CHUNK_BYTES: usize = 256 * 1024;
/// Chunks under way between the engine and the network.
const CHUNKS_UNDER_WAY: usize = 8;

/// The engine's end of the pipe. Dropping it ends the output; [`HashedWriter::finish`] says what was written.
#[derive(Debug)]
pub struct HashedWriter {
    chunks: mpsc::Sender<Bytes>,
    gathered: Vec<u8>,
    hasher: Sha256,
    size_bytes: u64,
}

/// The sending task. [`Sending::finish`] waits until every part is sent and gives the upload back, not yet completed:
/// whether it may become visible is the caller's decision. Dropping it stops the task; the bucket's lifecycle rule removes the
/// parts.
pub struct Sending(JoinHandle<Sent>);

/// An upload with all parts sent, or one that failed and is still to be aborted.
type Sent = Result<Box<dyn WriteOnceUpload>, (Box<dyn WriteOnceUpload>, StoreError)>;

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts sending into an upload. Write on a blocking thread.
pub fn send(upload: Box<dyn WriteOnceUpload>) -> (HashedWriter, Sending) {
    let (chunks, receiver) = mpsc::channel(CHUNKS_UNDER_WAY);
    let task = tokio::spawn(forward(receiver, upload));
    let writer =
        HashedWriter { chunks, gathered: Vec::with_capacity(CHUNK_BYTES), hasher: Sha256::new(), size_bytes: 0 };
    (writer, Sending(task))
}

async fn forward(mut chunks: mpsc::Receiver<Bytes>, mut upload: Box<dyn WriteOnceUpload>) -> Sent {
    while let Some(bytes) = chunks.recv().await {
        if let Err(error) = upload.write(bytes).await {
            return Err((upload, error));
        }
    }
    Ok(upload)
}

impl std::fmt::Debug for Sending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sending")
    }
}

impl Sending {
    /// The upload with all parts sent.
    ///
    /// # Errors
    /// When a part could not be sent; the upload is aborted then.
    pub async fn finish(mut self) -> Result<Box<dyn WriteOnceUpload>, StoreError> {
        match (&mut self.0).await {
            Ok(Ok(upload)) => Ok(upload),
            Ok(Err((upload, error))) => {
                if let Err(left_behind) = upload.abort().await {
                    tracing::warn!(error = %left_behind, "parts of a failed upload stay until the lifecycle rule");
                }
                Err(error)
            }
            Err(stopped) => Err(StoreError::Other {
                operation: "UploadPart",
                code: "the sending task stopped".to_owned(),
                source: Some(Box::new(stopped)),
            }),
        }
    }
}

impl HashedWriter {
    /// Hands the rest over and says what was written.
    ///
    /// # Errors
    /// When the sending task stopped; its own error says why.
    pub fn finish(mut self) -> io::Result<Received> {
        self.hand_over()?;
        let sha256 = Sha256Digest::from_bytes(self.hasher.clone().finalize().into());
        Ok(Received { sha256, size_bytes: self.size_bytes })
    }

    fn hand_over(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.gathered, Vec::with_capacity(CHUNK_BYTES));
        self.hasher.update(&chunk);
        self.size_bytes = self.size_bytes.saturating_add(chunk.len() as u64);
        self.chunks.blocking_send(chunk.into()).map_err(|_closed| io::Error::other("the upload stopped"))
    }
}

impl Write for HashedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= CHUNK_BYTES {
            self.hand_over()?;
        }
        Ok(bytes.len())
    }

    /// Does nothing: a format's writer flushes often, and small parts cost requests.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
