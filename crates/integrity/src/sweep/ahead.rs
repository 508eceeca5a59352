//! Looking at many things at a time and judging them in their order.

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;

/// Things under examination at a time: each waits for some ten answers in turn.
const CONCURRENCY: usize = 16;

/// What is under examination, in order.
pub(super) struct Ahead<'a, T> {
    under_way: FuturesOrdered<BoxFuture<'a, T>>,
}

impl<'a, T> Ahead<'a, T> {
    pub(super) fn new() -> Self {
        Self { under_way: FuturesOrdered::new() }
    }

    /// Begins with as many as there is room for.
    pub(super) fn fill<E>(&mut self, rest: &mut impl Iterator<Item = E>, begin: impl Fn(E) -> BoxFuture<'a, T>) {
        while self.under_way.len() < CONCURRENCY {
            match rest.next() {
                Some(one) => self.under_way.push_back(begin(one)),
                None => return,
            }
        }
    }

    /// The next in order; `None` when nothing is under examination.
    pub(super) async fn next(&mut self) -> Option<T> {
        self.under_way.next().await
    }
}
