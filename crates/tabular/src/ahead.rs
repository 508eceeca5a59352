//! Bytes that are read, and hashed, on a thread of their own while the ones before them are looked at.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Bytes handed over at a time.
const PIECE_BYTES: usize = 256 * 1024;
/// Pieces that may wait.
const PIECES_AHEAD: usize = 2;

/// Has `input` read, and hashed if that is what reading it does, on a thread of its own where there are two cores or more.
/// Dropping what this returns ends the thread after the bytes that are under way.
pub(crate) fn read_ahead(input: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    if thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) {
        Box::new(Ahead::start(input))
    } else {
        Box::new(input)
    }
}

/// Reads what another thread has read.
struct Ahead {
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// Pieces on their way back, to be filled again.
    empty: SyncSender<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Ahead {
    fn start(input: impl Read + Send + 'static) -> Self {
        let (sender, pieces) = sync_channel(PIECES_AHEAD);
        let (empty, returned) = sync_channel(PIECES_AHEAD + 2);
        thread::spawn(move || read_all(input, &sender, &returned));
        Self { pieces, empty, piece: Vec::new(), at: 0, ended: false }
    }
}

fn read_all(mut input: impl Read, pieces: &SyncSender<io::Result<Vec<u8>>>, returned: &Receiver<Vec<u8>>) {
    loop {
        let mut piece = returned.try_recv().unwrap_or_default();
        piece.resize(PIECE_BYTES, 0);
        let read = loop {
            match input.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => break done,
            }
        };
        let is_last = !matches!(read, Ok(length) if length > 0);
        let piece = read.map(|length| {
            piece.truncate(length);
            piece
        });
        if pieces.send(piece).is_err() || is_last {
            return;
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            if self.ended {
                return Ok(0);
            }
            // A thread that is gone without having said so must not make the beginning look like the whole.
            let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the thread that reads ahead has stopped");
            let next = self.pieces.recv().map_err(gone)??;
            self.ended = next.is_empty();
            let used = std::mem::replace(&mut self.piece, next);
            self.at = 0;
            // Nobody to take it back: the thread has ended.
            drop(self.empty.try_send(used));
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let length = rest.len().min(into.len());
        if let (Some(from), Some(to)) = (rest.get(..length), into.get_mut(..length)) {
            to.copy_from_slice(from);
        }
        self.at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives some bytes at a time, and at the end an error.
    struct Dripping(io::Cursor<Vec<u8>>, usize);

    impl Read for Dripping {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(into.len());
            match self.0.read(&mut into[..most])? {
                0 => Err(io::ErrorKind::ConnectionReset.into()),
                length => Ok(length),
            }
        }
    }

    #[test]
    fn every_byte_arrives_in_order_and_the_end_is_seen() {
        for length in [0, 1, PIECE_BYTES, 3 * PIECE_BYTES + 17] {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            let mut ahead = Ahead::start(io::Cursor::new(bytes.clone()));
            let mut found = Vec::new();
            ahead.read_to_end(&mut found).unwrap();
            assert!(found == bytes, "{length} bytes");
            assert_eq!(ahead.read(&mut [0; 8]).unwrap(), 0);
        }
    }

    struct Panicking;

    impl Read for Panicking {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("a source that is broken")
        }
    }

    #[test]
    fn a_thread_that_panics_is_not_the_end() {
        let error = Ahead::start(Panicking).read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn an_error_comes_after_the_bytes_before_it() {
        let mut ahead = Ahead::start(Dripping(io::Cursor::new(vec![7; 1000]), 300));
        let mut found = Vec::new();
        let error = ahead.read_to_end(&mut found).unwrap_err();
        assert_eq!((error.kind(), found.len()), (io::ErrorKind::ConnectionReset, 1000));
    }
}
