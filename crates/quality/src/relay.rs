//! A table taken in by several threads, in the order of its blocks.
//!
//! Each thread carries one block all the way: it reads the block (one at a time, since bytes come in order), decodes it beside
//! the others, and takes it in when its turn comes. So whatever is measured, sums of floats included, is what one thread
//! would have measured, and a block stays near the core that has read it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use arrow_array::RecordBatch;
use sluice_tabular::{RawBlock, Reader, TabularError};

use crate::check::CheckError;
use crate::evaluate::Evaluation;
use crate::value::count;

/// Threads that are of use: a block is decoded by each, and one of them reads or takes in.
const MOST_THREADS: usize = 4;

/// Threads for a table on this machine.
pub(crate) fn threads() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_THREADS))
}

/// Takes in all of a table.
pub(crate) fn take_in_all(reader: Reader, evaluation: &mut Evaluation, threads: usize) -> Result<(), CheckError> {
    let relay = Relay {
        source: Mutex::new(Source { reader, next: 0 }),
        sink: Mutex::new(Sink { evaluation, turn: 0, rows: 0, stopped: false, error: None }),
        turned: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| relay.run());
        }
        relay.run();
    });
    relay.sink.into_inner().unwrap_or_else(PoisonError::into_inner).error.map_or(Ok(()), Err)
}

#[derive(Debug)]
struct Relay<'e> {
    source: Mutex<Source>,
    sink: Mutex<Sink<'e>>,
    turned: Condvar,
}

/// Where blocks come from.
#[derive(Debug)]
struct Source {
    reader: Reader,
    /// Number of the block that is read next.
    next: u64,
}

/// Where blocks go.
#[derive(Debug)]
struct Sink<'e> {
    evaluation: &'e mut Evaluation,
    /// Number of the block that is taken in next.
    turn: u64,
    /// Rows taken in.
    rows: u64,
    /// Nobody is to wait for a turn any more.
    stopped: bool,
    error: Option<CheckError>,
}

impl Sink<'_> {
    fn take_in(&mut self, block: Result<RecordBatch, TabularError>) -> Result<(), CheckError> {
        let block = block?;
        if block.num_rows() > 0 {
            self.evaluation.update(&block, self.rows)?;
            self.rows += count(block.num_rows());
        }
        self.turn += 1;
        Ok(())
    }
}

impl Relay<'_> {
    fn run(&self) {
        let _stopper = StopOnPanic(self);
        while let Some((number, raw)) = self.read() {
            if !self.take_in(number, raw.and_then(RawBlock::decode)) {
                break;
            }
        }
    }

    fn read(&self) -> Option<(u64, Result<RawBlock, TabularError>)> {
        let mut source = lock(&self.source);
        let raw = source.reader.next_raw()?;
        let number = source.next;
        source.next += 1;
        Some((number, raw))
    }

    /// Waits for the block's turn. False: there is no sense in going on.
    fn take_in(&self, number: u64, block: Result<RecordBatch, TabularError>) -> bool {
        let waiting = lock(&self.sink);
        let not_yet = |sink: &mut Sink<'_>| sink.turn != number && !sink.stopped;
        let mut sink = self.turned.wait_while(waiting, not_yet).unwrap_or_else(PoisonError::into_inner);
        if sink.stopped {
            return false;
        }
        let taken = sink.take_in(block);
        let goes_on = taken.is_ok();
        sink.stopped = !goes_on;
        sink.error = taken.err();
        drop(sink);
        self.turned.notify_all();
        goes_on
    }
}

/// A thread that panics takes no turn, and nobody shall wait for it.
struct StopOnPanic<'r, 'e>(&'r Relay<'e>);

impl Drop for StopOnPanic<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            lock(&self.0.sink).stopped = true;
            self.0.turned.notify_all();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
