//! The run: traffic and disturbances, then the comparison.

use crate::budgets;
use crate::clients::{SentRequest, Traffic, TrafficPlace};
use crate::compare;
use crate::database::{Database, DatabaseChoice};
use crate::disturbances::{self, Ballast, Disturbance};
use crate::ledger;
use crate::node::{Api, Node, PATIENCE, PAUSE};
use crate::providers::Providers;
use crate::report::{Budgets, Ledgers, Observed, Report};
use crate::setup::{self, CallerKey};
use anyhow::{Context, ensure};
use baton_servers::disk::SmallDisk;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The binary of Baton.
    pub binary: PathBuf,
    /// How many requests are sent.
    pub requests: u64,
    /// How often the process is killed.
    pub kills: u32,
    /// Chooses traffic, faults and disturbances.
    pub seed: u64,
    /// How many clients send at the same time.
    pub clients: usize,
    /// Where the ledger is.
    pub database: DatabaseChoice,
    /// The data folder is on a disk of so many MiB, which is full at times. Mounting it needs root or sudo.
    pub small_disk: Option<u32>,
    /// Where data, configuration and log are left for whoever looks into a difference; absent: a temporary folder.
    pub folder: Option<PathBuf>,
}

/// How far it is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Requests that have begun.
    pub begun: u64,
    /// All requests.
    pub requests: u64,
    /// Kills so far.
    pub kills: u32,
}

/// How often progress is told and bills are collected.
const TICK: Duration = Duration::from_millis(200);

/// Runs it to its end.
///
/// # Errors
/// If something can't be started or asked. Differences are no errors here: the report names them.
pub async fn run(options: &Options, progress: impl Fn(Progress) + Send + Sync + 'static) -> anyhow::Result<Report> {
    ensure!(options.requests > u64::from(options.kills) * 8, "each kill needs more than eight requests");
    let begun = Instant::now();
    let mut testbed = Testbed::start(options).await?;
    let place = TrafficPlace {
        api: testbed.api.subscribe(),
        gate: testbed.gate.subscribe(),
        keys: testbed.keys.clone(),
        providers: Arc::clone(&testbed.providers),
    };
    let traffic = Arc::new(Traffic::new(options.seed, options.requests, place));
    let mut clients = JoinSet::new();
    for _ in 0..options.clients {
        clients.spawn(Arc::clone(&traffic).send_all());
    }
    // In a set, so that it ends with this function, however that ends.
    let mut watcher = JoinSet::new();
    watcher.spawn(watch_traffic(Arc::clone(&traffic), Arc::clone(&testbed.kills), progress));
    testbed.disturb(options, &traffic).await?;
    let sent: Vec<SentRequest> = clients.join_all().await.into_iter().flatten().collect();
    watcher.shutdown().await;
    drop(traffic);
    testbed.compare(sent, begun.elapsed()).await
}

/// How long a database is away, or a disk full, if so many requests as were planned don't come meanwhile.
const LONGEST_AWAY: Duration = Duration::from_secs(3);

/// How long a look at a process takes at most: its requests go on meanwhile.
const LOOK: Duration = Duration::from_secs(1);

/// Tells how far it is, and collects bills.
async fn watch_traffic(traffic: Arc<Traffic>, kills: Arc<AtomicU32>, progress: impl Fn(Progress) + Send + Sync) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        traffic.providers.collect();
        let begun = *traffic.begun.borrow();
        progress(Progress { begun, requests: traffic.requests, kills: kills.load(Ordering::Relaxed) });
    }
}

/// Baton, and everything around it.
struct Testbed {
    // Dropped in this order: the process first, what it stands on last.
    node: Node,
    ballast: Option<Ballast>,
    database: Database,
    place: Place,
    binary: PathBuf,
    api: watch::Sender<Option<Api>>,
    /// The number of the first request that has to wait for the next kill.
    gate: watch::Sender<u64>,
    keys: Vec<CallerKey>,
    providers: Arc<Providers>,
    kills: Arc<AtomicU32>,
    observed: Observed,
}

/// Where the files are.
struct Place {
    folder: PathBuf,
    disk: Option<SmallDisk>,
    _temporary: Option<TempDir>,
}

impl Place {
    fn make(options: &Options) -> anyhow::Result<Self> {
        let (folder, temporary) = match &options.folder {
            Some(folder) => (std::path::absolute(folder)?, None),
            None => {
                let temporary = TempDir::new()?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        let data = folder.join("data");
        std::fs::create_dir_all(&folder)?;
        // What an earlier run has left would be compared with this one's bills.
        ensure!(!data.exists(), "{} is there already", data.display());
        let disk = options.small_disk.map(SmallDisk::mount);
        match &disk {
            Some(disk) => link(disk.path(), &data)?,
            None => std::fs::create_dir(&data)?,
        }
        Ok(Self { folder, disk, _temporary: temporary })
    }
}

#[cfg(unix)]
fn link(target: &std::path::Path, link: &std::path::Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn link(_target: &std::path::Path, _link: &std::path::Path) -> std::io::Result<()> {
    Err(std::io::Error::other("small disks are mounted on Unix alone"))
}

impl Testbed {
    async fn start(options: &Options) -> anyhow::Result<Self> {
        let place = Place::make(options)?;
        let providers = Arc::new(Providers::start().await?);
        std::fs::write(place.folder.join("baton.toml"), setup::configuration(&providers))?;
        let database = Database::open(&options.database, &place.folder.join("data")).await?;
        let binary = std::path::absolute(&options.binary)?;
        let node = Node::start(&binary, &place.folder, database.url()).await?;
        let keys = setup::register(&node.api, options.requests).await?;
        let ((api, _), (gate, _)) = (watch::channel(Some(node.api.clone())), watch::channel(0));
        let observed = Observed::default();
        let kills = Arc::default();
        Ok(Self { node, ballast: None, database, place, binary, api, gate, keys, providers, kills, observed })
    }

    /// Does what is planned, each when so many requests have begun.
    async fn disturb(&mut self, options: &Options, traffic: &Traffic) -> anyhow::Result<()> {
        let Options { seed, requests, kills, small_disk, .. } = options;
        let mut begun = traffic.begun.subscribe();
        let plan = disturbances::plan(*seed, *requests, *kills, small_disk.is_some());
        for (place, (at, disturbance)) in plan.iter().enumerate() {
            // A kill that came late would leave the last process without requests, and its counters without any work. The
            // requests beyond it are those that are under way when it comes.
            let next_kill = plan.iter().skip(place).find(|(_, next)| *next == Disturbance::Kill);
            self.gate.send_replace(next_kill.map_or(*requests, |(at, _)| at + 2 * options.clients as u64));
            if *disturbance == Disturbance::Kill {
                // Looked at shortly before: a look takes a while, in which what is to be interrupted would end.
                begun.wait_for(|begun| *begun + 6 * options.clients as u64 >= *at).await?;
                self.observe().await;
            }
            let come = begun.wait_for(|begun| begun >= at);
            match disturbance {
                // Requests may wait for what is away, so that their number would come late.
                Disturbance::DatabaseBack | Disturbance::DiskFree => {
                    let _ = timeout(LONGEST_AWAY, come).await;
                }
                _ => drop(come.await?),
            }
            match disturbance {
                Disturbance::Kill => self.kill_and_restart().await?,
                Disturbance::DatabaseAway => {
                    self.database.take_away().await.context("taking the database away")?;
                    self.observed.times_away += 1;
                }
                Disturbance::DatabaseBack => self.database.give_back().await.context("giving the database back")?,
                Disturbance::DiskFull => {
                    let disk = self.place.disk.as_ref().context("there is no small disk")?;
                    self.ballast = Some(Ballast::fill(disk.path())?);
                    self.observed.times_full += 1;
                }
                Disturbance::DiskFree => self.ballast = None,
            }
        }
        self.gate.send_replace(*requests);
        Ok(())
    }

    async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        // Clients wait from here on; those who have sent something see their connection break.
        self.api.send_replace(None);
        self.node.kill()?;
        self.observed.kills += 1;
        self.kills.fetch_add(1, Ordering::Relaxed);
        // A start needs database and disk, as the documents say.
        self.database.give_back().await.context("giving the database back")?;
        self.ballast = None;
        self.node = Node::start(&self.binary, &self.place.folder, self.database.url()).await?;
        self.api.send_replace(Some(self.node.api.clone()));
        Ok(())
    }

    /// Looks at a process that is about to go. While the database is away it may not be able to say anything.
    async fn observe(&mut self) {
        if let Ok(Ok(overruns)) = timeout(LOOK, self.node.api.metric("baton_policy_overruns_total")).await {
            self.observed.overruns += overruns;
        }
        if let Ok(Ok(counters)) = timeout(LOOK, budgets::counters(&self.node.api, &self.keys)).await {
            self.observed.looks += 1;
            self.observed.exceeded.extend(budgets::exceeded(&counters));
        }
    }

    /// Waits until nothing is under way, and compares.
    async fn compare(mut self, sent: Vec<SentRequest>, sending: Duration) -> anyhow::Result<Report> {
        let deadline = Instant::now() + PATIENCE;
        while self.node.api.metric("baton_requests_in_flight").await? > 0 {
            ensure!(Instant::now() < deadline, "requests are still in flight though all clients are gone");
            tokio::time::sleep(PAUSE).await;
        }
        self.observe().await;
        let api = self.node.api.clone();
        let counters = budgets::counters(&api, &self.keys).await?;
        // Before the ledger is read: it waits until everything that was recorded is in the database.
        let (unverified, verified) = budgets::verify(&api).await?;
        let records = ledger::read(&api).await?;
        let mut wrong_budgets = budgets::compare(&counters, &records);
        wrong_budgets.extend(unverified);
        let totals = ledger::totals(&api).await?;
        // A new process knows nothing but the ledger.
        self.node.kill()?;
        self.node = Node::start(&self.binary, &self.place.folder, self.database.url()).await?;
        let restarted = budgets::counters(&self.node.api, &self.keys).await?;
        let after = budgets::compare(&restarted, &records);
        wrong_budgets.extend(after.into_iter().map(|wrong| format!("after a restart: {wrong}")));
        // The providers' own calls end with the connections of the process.
        self.node.kill()?;
        let providers = Arc::into_inner(self.providers).context("somebody still has the providers")?;
        let (bills, open) = providers.into_bills();
        let comparison = compare::compare(&sent, &bills, &records);
        let ledgers = Ledgers { records: &records, totals };
        let budgets = Budgets { counters, wrong: wrong_budgets, verified };
        Ok(Report::new(comparison, &self.observed, &ledgers, budgets, open, sending))
    }
}
