//! The one thread pool of the process.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

static POOL: OnceLock<ThreadPool> = OnceLock::new();

/// Sets the number of threads. Returns the number in force, which differs if the pool runs already.
pub fn set_threads(threads: usize) -> usize {
    pool_of(threads).current_num_threads()
}

/// Whether the pool has more than one thread: else work is done faster where it is.
pub fn is_parallel() -> bool {
    pool_of(0).current_num_threads() > 1
}

/// Runs work in the pool.
pub fn run<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    pool_of(0).install(work)
}

/// Zero threads mean one a core.
fn pool_of(threads: usize) -> &'static ThreadPool {
    POOL.get_or_init(|| {
        ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("evald-score-{index}"))
            .build()
            // Without threads the process cannot score at all; the caller's panic guard reports it.
            .expect("the operating system refuses to start threads")
    })
}
