//! The threads of the process. Whoever has work does it, too: a pool of N threads is N - 1 helpers, so that work begins
//! at once, and a single thread needs no pool at all.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::available_parallelism;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::Result;

static POOL: OnceLock<Pool> = OnceLock::new();

struct Pool {
    threads: usize,
    helpers: Option<ThreadPool>,
    /// Helpers without work.
    idle: AtomicUsize,
}

/// Sets the number of threads. Returns the number in force, which differs if the pool runs already.
pub fn set_threads(threads: usize) -> usize {
    pool_of(threads).threads
}

/// Hands tasks to this thread and to helpers that have nothing to do, until none is left or one fails. Returns what
/// each thread made of its tasks, in no order.
///
/// A call never waits for helpers of another call: it takes those that are idle, or does its work alone.
pub fn share<I: ExactSizeIterator + Send, S: Send>(
    tasks: I,
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, I::Item) -> Result<()> + Sync,
) -> Result<Vec<S>> {
    let pool = pool_of(0);
    let taken = Taken::of(pool, tasks.len().saturating_sub(1));
    let tasks = Mutex::new(Some(tasks));
    let outcome = Mutex::new(Ok(Vec::new()));
    let take_part = || match take_all(&tasks, start(), &work) {
        Ok(made) => {
            if let Ok(all) = &mut *lock(&outcome) {
                all.push(made);
            }
        }
        Err(error) => {
            *lock(&tasks) = None;
            *lock(&outcome) = Err(error);
        }
    };
    match &pool.helpers {
        Some(helpers) if taken.count > 0 => helpers.in_place_scope(|scope| {
            for _ in 0..taken.count {
                scope.spawn(|_| take_part());
            }
            take_part();
        }),
        _ => take_part(),
    }
    outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Works until no task is left.
fn take_all<I: Iterator, S>(
    tasks: &Mutex<Option<I>>,
    mut made: S,
    work: &impl Fn(&mut S, I::Item) -> Result<()>,
) -> Result<S> {
    let next = || lock(tasks).as_mut().and_then(Iterator::next);
    while let Some(task) = next() {
        work(&mut made, task)?;
    }
    Ok(made)
}

/// A panic of another thread ends the call once all threads are done; until then its tasks are as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Helpers that work for one call.
struct Taken<'p> {
    pool: &'p Pool,
    count: usize,
}

impl<'p> Taken<'p> {
    /// As many idle helpers as there are, but not more than this.
    fn of(pool: &'p Pool, most: usize) -> Self {
        let mut count = 0;
        let take = |idle: usize| {
            count = idle.min(most);
            Some(idle - count)
        };
        // An update that always has a value cannot fail.
        let _ = pool
            .idle
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        Self { pool, count }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.pool.idle.fetch_add(self.count, Ordering::Relaxed);
    }
}

/// Zero threads mean one a core.
fn pool_of(threads: usize) -> &'static Pool {
    POOL.get_or_init(|| {
        let threads = match threads {
            0 => available_parallelism().map_or(1, NonZero::get),
            threads => threads,
        };
        let start = || {
            ThreadPoolBuilder::new()
                .num_threads(threads - 1)
                .thread_name(|index| format!("evald-score-{index}"))
                .build()
                // Without threads the process cannot score at all; the caller's panic guard reports it.
                .expect("the operating system refuses to start threads")
        };
        Pool {
            threads,
            helpers: (threads > 1).then(start),
            idle: AtomicUsize::new(threads - 1),
        }
    })
}
