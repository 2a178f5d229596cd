//! Tasks whose panics are seen.

use futures::FutureExt;
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};

// One process has one set of tasks, like one panic hook; a registry handed to every crate would say nothing more.
static PANICS: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());

/// Runs work on a thread where it may block; `None` if it panicked, which is counted and logged under the task's name.
pub async fn blocking<T: Send + 'static>(task: &'static str, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let work = tokio::task::spawn_blocking(move || std::panic::catch_unwind(AssertUnwindSafe(work)));
    match work.await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(panic)) => {
            count(task, &*panic);
            None
        }
        // Only a runtime that shuts down refuses or cancels such work.
        Err(_) => None,
    }
}

/// Runs a future to its end; `None` if it panicked, which is counted and logged under the task's name.
pub async fn supervised<T>(task: &'static str, work: impl Future<Output = T>) -> Option<T> {
    // The future is dropped after a panic and never polled again, so nobody sees what it left half done inside. What it
    // shares with others is behind locks whose poisoning is looked through on purpose.
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => Some(done),
        Err(panic) => {
            count(task, &*panic);
            None
        }
    }
}

fn count(task: &'static str, panic: &(dyn Any + Send)) {
    *PANICS.lock().unwrap_or_else(PoisonError::into_inner).entry(task).or_default() += 1;
    tracing::error!(task, panic = message(panic), "a background task panicked");
}

/// How many panics each task had since the process began.
pub fn panics() -> Vec<(&'static str, u64)> {
    PANICS.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(task, count)| (*task, *count)).collect()
}

/// What `panic!` was given; its payload is one of these two types unless somebody chose another.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown")
}

/// Runs a supervised task whose end nobody asks about: for sets of tasks that return nothing.
pub async fn run_supervised(task: &'static str, work: impl Future<Output = ()>) {
    supervised(task, work).await;
}

#[cfg(test)]
#[expect(clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_counted_and_does_not_spread() {
        let held = std::sync::Arc::new(());
        let inside = std::sync::Arc::clone(&held);
        let outcome = supervised("supervise_test", async move {
            let _inside = inside;
            panic!("on purpose");
        });
        assert_eq!(outcome.await, None::<()>);
        assert_eq!(std::sync::Arc::strong_count(&held), 1, "what the task held is free again");
        assert_eq!(supervised("supervise_test", async { 7 }).await, Some(7));
        assert!(panics().contains(&("supervise_test", 1)));
        assert_eq!(blocking("blocking_test", || 7).await, Some(7));
        assert_eq!(blocking("blocking_test", || panic!("on purpose")).await, None::<()>);
        assert!(panics().contains(&("blocking_test", 1)));
    }
}
