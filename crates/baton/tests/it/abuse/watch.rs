//! Who is to be served while others attack: a load balancer that asks for health, and a client with small requests.

use super::attacks::Target;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The two, until they are stopped.
pub struct Watch {
    over: Arc<AtomicBool>,
    health: JoinHandle<std::io::Result<Vec<Duration>>>,
    client: JoinHandle<std::io::Result<Vec<Duration>>>,
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
        let again = |pause: u64, ask: fn(&Target) -> std::io::Result<()>| {
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

    /// Stops, and says what was seen during that attack.
    pub fn stop(self, attack: &str) -> Seen {
        self.over.store(true, Ordering::Relaxed);
        let served = |thread: JoinHandle<std::io::Result<Vec<Duration>>>, who: &str| {
            let times =
                thread.join().unwrap().unwrap_or_else(|error| panic!("{attack}: {who} was not served: {error}"));
            assert!(!times.is_empty(), "{attack}: {who} was not served");
            times
        };
        Seen { health: served(self.health, "health"), client: served(self.client, "the client") }
    }
}
