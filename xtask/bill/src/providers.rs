//! The simulated providers, the faults that are meant for each request, and the bills.

use crate::prices::{self, Classes};
use crate::traffic;
use baton_sim::{Kind, RecordedRequest, Sim, SimFault, SimOptions};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The providers' names in Baton, and their APIs.
const PROVIDERS: [(&str, Kind); 3] =
    [("openai", Kind::OpenAi), ("anthropic", Kind::Anthropic), ("backup", Kind::OpenAi)];
/// How long a token takes: requests must be under way when a process is killed.
const TOKEN: Duration = Duration::from_millis(1);

/// All providers.
pub struct Providers {
    sims: Vec<(&'static str, Sim)>,
    faults: Arc<Mutex<PlannedFaults>>,
    bills: Mutex<Vec<Bill>>,
}

/// The faults that are still to come, by the mark of the prompt.
type PlannedFaults = HashMap<u64, VecDeque<SimFault>>;

/// What a provider has billed for one call.
#[derive(Debug, Clone)]
pub struct Bill {
    pub provider: &'static str,
    /// The provider's own id of the call.
    pub id: String,
    /// The mark of the prompt.
    pub prompt: Option<u64>,
    /// What it calls the model.
    pub upstream: String,
    pub status: Option<u16>,
    /// What it has produced, whether or not somebody was told.
    pub amounts: Classes,
    /// Whether its reply said so, to its regular end.
    pub reported: bool,
}

impl Providers {
    /// Starts all of them.
    ///
    /// # Errors
    /// If a port can't be had.
    pub async fn start() -> std::io::Result<Self> {
        let faults = Arc::<Mutex<PlannedFaults>>::default();
        let mut sims = Vec::new();
        for (name, kind) in PROVIDERS {
            let sim = Sim::start(kind, SimOptions::of(kind).token_delay(TOKEN)).await?;
            let faults = Arc::clone(&faults);
            sim.choose(move |body| {
                let mut faults = lock(&faults);
                // Not looked for in every body: most have none.
                if faults.is_empty() {
                    return None;
                }
                let planned = traffic::find_mark(body).and_then(|mark| faults.get_mut(&mark));
                planned.and_then(VecDeque::pop_front)
            });
            sims.push((name, sim));
        }
        Ok(Self { sims, faults, bills: Mutex::default() })
    }

    /// Name, kind and address of each.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, &'static str, String)> + '_ {
        self.sims.iter().map(|(name, sim)| (*name, sim.kind().name(), sim.base_url()))
    }

    /// The next calls with that prompt fail in these ways.
    pub fn plan_faults(&self, prompt: u64, planned: &[SimFault]) {
        if !planned.is_empty() {
            lock(&self.faults).insert(prompt, planned.iter().copied().collect());
        }
    }

    /// The request is over; faults that no call has met are for nobody.
    pub fn forget_faults(&self, prompt: u64) {
        lock(&self.faults).remove(&prompt);
    }

    /// Takes over the bills of the calls that are over. To be called often: a provider remembers whole requests.
    pub fn collect(&self) {
        for (name, sim) in &self.sims {
            let finished = sim.take_finished();
            lock(&self.bills).extend(finished.into_iter().map(|(number, call)| Bill::new(name, number, &call)));
        }
    }

    /// All bills, and how many calls have not ended.
    pub fn into_bills(self) -> (Vec<Bill>, usize) {
        self.collect();
        let open = self.sims.iter().map(|(_, sim)| sim.requests().len()).sum();
        (self.bills.into_inner().unwrap_or_else(PoisonError::into_inner), open)
    }
}

impl Bill {
    fn new(provider: &'static str, number: usize, call: &RecordedRequest) -> Self {
        let upstream = call.json()["model"].as_str().unwrap_or_default().to_owned();
        Self {
            provider,
            id: format!("req_sim_{number}"),
            prompt: traffic::find_mark(&call.body),
            upstream,
            status: call.status,
            amounts: prices::classes(provider, &call.billed),
            reported: call.reported,
        }
    }

    /// Whether the provider refused the call.
    pub fn is_refusal(&self) -> bool {
        self.status.is_some_and(|status| status >= 400)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
