//! Whether the database replies, for those who ask often.

use baton_store::StoreError;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long the database may take to reply: a little less than the second that Kubernetes' probes wait.
const PATIENCE: Duration = Duration::from_millis(800);
/// How long a reply of the database counts. Probes need no key, so without that anyone could keep it busy.
const FRESH: Duration = Duration::from_secs(1);

/// How the database was when it was last asked. All who want to know share one question at a time.
#[derive(Default)]
pub struct DatabaseCheck {
    last: Mutex<Option<Known>>,
}

struct Known {
    asked: Instant,
    /// What is wrong with it.
    trouble: Option<String>,
}

impl DatabaseCheck {
    /// What is wrong with it, as far as is known or can be asked now.
    pub async fn find_problem<F>(&self, ask: impl FnOnce() -> F) -> Option<String>
    where
        F: Future<Output = Result<(), StoreError>>,
    {
        // Held while it is asked: others wait for the same reply.
        let mut last = self.last.lock().await;
        if let Some(known) = last.as_ref().filter(|known| known.asked.elapsed() < FRESH) {
            return known.trouble.clone();
        }
        let asked = Instant::now();
        let trouble = match timeout(PATIENCE, ask()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                // Probes need no key, so they are not told what the database said.
                tracing::warn!(error = &error as &dyn std::error::Error, "the database is unavailable");
                Some("see the log".to_owned())
            }
            Err(_) => Some(format!(
                "no response within {} ms: it is unreachable, busy, or out of connections",
                PATIENCE.as_millis()
            )),
        };
        *last = Some(Known { asked, trouble: trouble.clone() });
        trouble
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::time::{advance, sleep};

    /// A database that counts how often it is asked.
    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl Counted {
        async fn run_check(&self, takes: Duration) -> Result<(), StoreError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            sleep(takes).await;
            Ok(())
        }

        fn asked(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_want_to_know_ask_once_a_second() {
        let (database, counted) = (DatabaseCheck::default(), Counted::default());
        let quick = Duration::from_millis(10);
        for second in 1..4 {
            let replies = join_all((0..100).map(|_| database.find_problem(|| counted.run_check(quick)))).await;
            assert!(replies.iter().all(Option::is_none), "{replies:?}");
            assert_eq!(counted.asked(), second);
            assert!(database.find_problem(|| counted.run_check(quick)).await.is_none());
            assert_eq!(counted.asked(), second);
            advance(FRESH).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_hangs_is_asked_no_more_often() {
        let (database, counted) = (DatabaseCheck::default(), Counted::default());
        let replies = join_all((0..100).map(|_| database.find_problem(|| counted.run_check(Duration::MAX)))).await;
        assert!(replies.iter().flatten().all(|trouble| trouble.contains("800 ms")), "{replies:?}");
        assert_eq!((replies.iter().flatten().count(), counted.asked()), (100, 1));
    }
}
