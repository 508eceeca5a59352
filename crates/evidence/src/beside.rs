//! Work for the processor, beside whoever waits for it.

use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::thread;

use tokio::sync::Semaphore;

/// Pieces of work that may be with other threads: one for each core but the caller's. More would only wait for a core.
static ELSEWHERE: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Semaphore::new(cores - 1)
});

/// Does `work` on another thread while the caller's goes on with its other tasks, or here when the others have enough to do.
/// Needs a Tokio runtime.
pub(crate) async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let Ok(permit) = ELSEWHERE.try_acquire() else { return work() };
    let under_way = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(permit);
        done
    });
    match under_way.await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down, and with it whoever waits.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}
