//! Work that is spread over all cores.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many cores there are for this program. Asked once, for the answer stands in files.
pub fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// What `work` makes of each of these, in their order. So many of them are worth a thread.
pub fn on_all_cores<T: Sync, R: Send>(
    all: &[T],
    worth: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    on_cores(cores(), all, worth, work)
}

fn on_cores<T: Sync, R: Send>(
    cores: usize,
    all: &[T],
    worth: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let threads = cores.min(all.len() / worth.max(1));
    if threads < 2 {
        return all.iter().map(work).collect();
    }
    // Several shares for each, since some take longer than others.
    let share = all.len().div_ceil(threads * 4);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut made = Vec::new();
        loop {
            let start = next.fetch_add(share, Ordering::Relaxed);
            let Some(rest) = all.get(start..).filter(|rest| !rest.is_empty()) else {
                return made;
            };
            let ones = rest.iter().take(share).map(&work);
            made.push((start, ones.collect::<Vec<R>>()));
        }
    };
    let mut made = thread::scope(|scope| {
        // Where no thread can be had, this one does the work alone.
        let others: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut made = work();
        for other in others {
            made.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        made
    });
    made.sort_unstable_by_key(|(start, _)| *start);
    made.into_iter().flat_map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::{Barrier, Mutex};

    use super::*;

    #[test]
    fn each_is_done_once_and_in_order_however_many_cores_there_are() {
        for count in [0, 1, 7, 64, 1000] {
            let all: Vec<usize> = (0..count).collect();
            let doubled: Vec<usize> = all.iter().map(|one| one * 2).collect();
            for cores in [1, 2, 3, 16] {
                for worth in [0, 1, 10] {
                    assert_eq!(on_cores(cores, &all, worth, |one| one * 2), doubled);
                }
            }
        }
    }

    #[test]
    fn several_threads_are_at_it_where_there_is_enough_to_do() {
        let both = Barrier::new(2);
        let threads = Mutex::new(HashSet::new());
        // Neither goes on before the other has come, which one thread alone never would.
        on_cores(2, &[(); 2], 1, |()| {
            both.wait();
            threads.lock().unwrap().insert(thread::current().id());
        });
        assert_eq!(threads.lock().unwrap().len(), 2);

        let alone = thread::current().id();
        let here = on_cores(2, &[(); 9], 5, |()| thread::current().id() == alone);
        assert_eq!(here, [true; 9]);
    }
}
