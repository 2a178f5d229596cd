//! Who is to be served while others attack: a load balancer that asks for health, and a client with small requests.

use super::attacks::Target;
use anyhow::{Context, ensure};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The two, until they are stopped.
pub struct Watch {
    over: Arc<AtomicBool>,
    health: JoinHandle<anyhow::Result<Vec<Duration>>>,
    client: JoinHandle<anyhow::Result<Vec<Duration>>>,
}

/// How long each reply took, in order of length.
pub struct Seen {
    /// Of health.
    pub health: Vec<Duration>,
    /// Of the client's requests.
    pub client: Vec<Duration>,
}

impl Watch {
    /// Begins to ask.
    pub fn start(target: Target) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let again = |pause: u64, ask: fn(&Target) -> anyhow::Result<()>| {
            let (over, target) = (Arc::clone(&over), target.clone());
            std::thread::spawn(move || {
                let mut times = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    // The first that is not served ends it: during an attack, one failure is one too many.
                    ask(&target)?;
                    times.push(begun.elapsed());
                    std::thread::sleep(Duration::from_millis(pause));
                }
                times.sort();
                Ok(times)
            })
        };
        let (health, client) = (again(50, Target::health), again(200, Target::chat));
        Self { over, health, client }
    }

    /// Stops, and says what was seen.
    ///
    /// # Errors
    /// If one of the two was not served.
    pub fn stop(self) -> anyhow::Result<Seen> {
        self.over.store(true, Ordering::Relaxed);
        let joined = |who: JoinHandle<anyhow::Result<Vec<Duration>>>, name: &str| {
            let times = who.join().map_err(|_| anyhow::anyhow!("{name} panicked"))?;
            times.with_context(|| format!("{name} was not served"))
        };
        let seen = Seen { health: joined(self.health, "health")?, client: joined(self.client, "the client")? };
        ensure!(!seen.health.is_empty() && !seen.client.is_empty(), "nothing was asked");
        Ok(seen)
    }
}
