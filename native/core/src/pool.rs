//! The one thread pool of the process. A single thread needs no pool: work is then done where it is.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{available_parallelism, yield_now};
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::Result;

/// How long threads wait for each other before they sleep: longer than between two batches of a call.
const AWAKE: Duration = Duration::from_micros(200);

static POOL: OnceLock<Pool> = OnceLock::new();

struct Pool {
    size: usize,
    /// Those beside the callers' own; none for a single thread.
    threads: Option<ThreadPool>,
    /// Threads that work for no call.
    idle: AtomicUsize,
    /// Number of calls that shared tasks.
    calls: AtomicUsize,
}

/// Sets the number of threads. Returns the number in force, which differs if the pool runs already.
pub fn set_threads(threads: usize) -> usize {
    pool_of(threads).size
}

/// Number of threads that score, those of callers included.
pub fn threads() -> usize {
    pool_of(0).size
}

/// Hands tasks to this thread and to those that are idle, until none is left or one fails. Returns what each thread made
/// of its tasks, in no order.
///
/// Calls never wait for each other: one that finds no idle threads does its work itself. This thread takes tasks too: it
/// stays where it runs, while two threads that are woken at once may be put on one core.
pub fn share<I: ExactSizeIterator + Send, S: Send>(
    tasks: I,
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, I::Item) -> Result<()> + Sync,
) -> Result<Vec<S>> {
    share_while(|| (), tasks, start, work)
}

/// The same, but this thread does something else first.
pub fn share_while<I: ExactSizeIterator + Send, S: Send>(
    meanwhile: impl FnOnce(),
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
    let working = AtomicUsize::new(taken.count);
    match &pool.threads {
        Some(threads) if taken.count > 0 => threads.in_place_scope(|scope| {
            pool.calls.fetch_add(1, Ordering::Relaxed);
            for _ in 0..taken.count {
                scope.spawn(|_| {
                    take_part();
                    working.fetch_sub(1, Ordering::Relaxed);
                });
            }
            meanwhile();
            take_part();
            wait_for(|| working.load(Ordering::Relaxed) == 0);
        }),
        _ => {
            meanwhile();
            take_part();
        }
    }
    outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps idle threads awake for a moment, for a caller that soon has more tasks.
pub fn stay_awake() {
    let pool = pool_of(0);
    let Some(threads) = &pool.threads else {
        return;
    };
    let calls = pool.calls.load(Ordering::Relaxed);
    for _ in 0..pool.idle.load(Ordering::Relaxed) {
        threads.spawn(move || wait_for(|| pool.calls.load(Ordering::Relaxed) != calls));
    }
}

/// Waits a moment at most, without sleep: where all cores are in use, Linux looks for no idle one for a thread that it
/// wakes, and two threads of a call may then share a core for milliseconds.
fn wait_for(is_over: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_over() && start.elapsed() < AWAKE {
        yield_now();
    }
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

/// Threads that work for one call beside its own.
struct Taken<'p> {
    pool: &'p Pool,
    count: usize,
}

impl<'p> Taken<'p> {
    /// As many idle threads as there are, but not more than this.
    fn of(pool: &'p Pool, most: usize) -> Self {
        let idle = |idle: usize| Some(idle - idle.min(most));
        let order = Ordering::Relaxed;
        let before = pool.idle.fetch_update(order, order, idle);
        // An update that always has a value cannot fail.
        let count = before.map_or(0, |before| before.min(most));
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
        let size = match threads {
            0 => available_parallelism().map_or(1, NonZero::get),
            threads => threads,
        };
        let start = || {
            ThreadPoolBuilder::new()
                .num_threads(size - 1)
                .thread_name(|index| format!("evald-score-{index}"))
                .build()
                // Without threads the process cannot score at all; the caller's panic guard reports it.
                .expect("the operating system refuses to start threads")
        };
        Pool {
            size,
            threads: (size > 1).then(start),
            idle: AtomicUsize::new(size - 1),
            calls: AtomicUsize::new(0),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn sum(numbers: std::ops::Range<usize>) -> usize {
        let add = |sum: &mut usize, number: usize| {
            *sum += number;
            Ok(())
        };
        let parts = share(numbers, || 0, add).unwrap();
        parts.into_iter().sum()
    }

    #[test]
    fn every_task_is_done_once() {
        for tasks in [0, 1, 2, 10_000] {
            assert_eq!(sum(0..tasks), (0..tasks).sum::<usize>());
        }
    }

    #[test]
    fn calls_do_not_wait_for_each_other() {
        let inner = |total: &mut usize, task: usize| {
            *total += sum(0..task);
            Ok(())
        };
        let parts = share(0..100, || 0, inner).unwrap();
        let expected: usize = (0..100_usize).map(|task| (0..task).sum::<usize>()).sum();
        assert_eq!(parts.into_iter().sum::<usize>(), expected);
    }

    #[test]
    fn an_error_ends_the_call() {
        let done = AtomicUsize::new(0);
        let outcome = share(
            0..1_000_000,
            || (),
            |(), task| {
                done.fetch_add(1, Ordering::Relaxed);
                if task == 5 {
                    Err(Error::cancelled())
                } else {
                    Ok(())
                }
            },
        );
        assert!(outcome.is_err());
        assert!(done.into_inner() < 1_000_000);
        assert_eq!(sum(0..10), 45);
    }
}
