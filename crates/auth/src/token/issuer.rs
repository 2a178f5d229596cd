//! How the public keys of an issuer are fetched, kept and renewed.
//!
//! They are fetched in the background every so often, and at once when a token names a key that is not among them, but
//! then not more often than [`IssuerSettings::pause`] allows, whoever sends such tokens. While the issuer is away the
//! last keys are used, for [`IssuerSettings::max_stale`] at most.

use super::TokenFault;
use super::signers::Signers;
use arc_swap::ArcSwapOption;
use baton_fetch::{FetchClient, FetchLimits, FetchRequest};
use baton_model::{Clock, Timestamp};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Where the keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningKeySource {
    /// At this address.
    Keys(String),
    /// Where the issuer of this name says (OpenID Connect Discovery).
    Discovery(String),
}

/// How the keys are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuerSettings {
    /// How often they are fetched.
    pub refresh: Duration,
    /// How old they may get while the issuer can't be reached.
    pub max_stale: Duration,
    /// The least time between two fetches for the sake of unknown keys.
    pub pause: Duration,
    /// The most time that a fetch may take.
    pub timeout: Duration,
}

impl Default for IssuerSettings {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(15 * 60),
            max_stale: Duration::from_secs(24 * 60 * 60),
            pause: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
        }
    }
}

/// The most pause between two tries while the issuer is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// An issuer of tokens.
pub struct Issuer {
    source: SigningKeySource,
    settings: IssuerSettings,
    client: FetchClient,
    clock: Arc<dyn Clock>,
    signers: ArcSwapOption<Signers>,
    /// Why the last fetch failed; empty if it did not.
    failure: ArcSwapOption<String>,
    /// When the last fetch began. Held while one is under way, so that there is one at a time.
    last: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    /// An issuer whose keys have not been fetched yet.
    pub fn new(source: SigningKeySource, settings: IssuerSettings, clock: Arc<dyn Clock>) -> Self {
        let limits = FetchLimits { time: settings.timeout, ..FetchLimits::default() };
        Self {
            source,
            settings,
            // Trusted, because the operator names the issuer: it may be on an internal network.
            client: FetchClient::trusted().with_limits(limits),
            clock,
            signers: ArcSwapOption::empty(),
            failure: ArcSwapOption::empty(),
            last: tokio::sync::Mutex::new(None),
        }
    }

    /// Fetches the keys; how many there are.
    ///
    /// # Errors
    ///
    /// What kept it from it; then the keys stay as they were.
    pub async fn fetch(&self) -> Result<usize, String> {
        let mut last = self.last.lock().await;
        self.fetch_now(&mut last).await
    }

    /// Fetches the keys if there was no try within the pause; waits for one that is under way.
    pub async fn renew(&self) {
        // Whoever waits here finds the fetch done by the one before, and does not fetch again.
        let mut last = self.last.lock().await;
        if last.is_none_or(|last| last.elapsed() >= self.settings.pause) {
            // The failure is logged and kept; the request is told by `signers`.
            let _ = self.fetch_now(&mut last).await;
        }
    }

    /// Fetches the keys again and again, for ever.
    pub async fn refresh_forever(&self) {
        let mut pause = self.settings.pause;
        loop {
            let outcome = self.fetch().await;
            // After a failure the pause grows from the shortest, so that a short outage is over soon.
            let wait = if outcome.is_ok() { self.settings.refresh } else { pause };
            pause = if outcome.is_ok() { self.settings.pause } else { (pause * 2).min(LONGEST_PAUSE) };
            tokio::time::sleep(wait).await;
        }
    }

    /// The keys in force.
    pub(super) fn signers(&self, now: Timestamp) -> Result<Arc<Signers>, TokenFault> {
        let failure = || self.failure.load().as_ref().map_or_else(String::new, |failure| format!(": {failure}"));
        let Some(signers) = self.signers.load_full() else {
            return Err(TokenFault::NoSigners(format!("they have not been fetched yet{}", failure())));
        };
        // Old keys are refused at some point: the issuer may have revoked one while it could not be reached.
        if signers.fetched.plus(self.settings.max_stale) < now {
            let age = Duration::from_micros(now.0.abs_diff(signers.fetched.0)).as_secs();
            let bound = self.settings.max_stale.as_secs();
            return Err(TokenFault::NoSigners(format!(
                "they were last fetched {age} s ago, and auth.jwt.max_stale allows {bound} s{}",
                failure()
            )));
        }
        Ok(signers)
    }

    async fn fetch_now(&self, last: &mut Option<Instant>) -> Result<usize, String> {
        // Noted before the try: a fetch that fails or times out counts towards the pause too.
        *last = Some(Instant::now());
        match self.published().await {
            Ok(signers) => {
                let count = signers.count();
                self.signers.store(Some(Arc::new(signers)));
                if self.failure.swap(None).is_some() {
                    tracing::info!(keys = count, "the signing keys of the token issuer can be fetched again");
                }
                Ok(count)
            }
            Err(failure) => {
                // Once an outage, not once a try.
                if self.failure.swap(Some(Arc::new(failure.clone()))).is_none() {
                    tracing::warn!(error = failure, "the signing keys of the token issuer could not be fetched");
                }
                Err(failure)
            }
        }
    }

    async fn published(&self) -> Result<Signers, String> {
        let address = match &self.source {
            SigningKeySource::Keys(address) => address.clone(),
            SigningKeySource::Discovery(issuer) => self.discover(issuer).await?,
        };
        let body = self.get(&address).await?;
        Signers::read(&body, self.clock.now())
            .map_err(|problem| format!("invalid response from `{address}`: {problem}"))
    }

    /// Where an issuer has its keys.
    async fn discover(&self, issuer: &str) -> Result<String, String> {
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let body = self.get(&address).await?;
        let useless = |problem: &str| format!("invalid response from `{address}`: {problem}");
        let found: Discovered = serde_json::from_slice(&body)
            .map_err(|_| useless("expected the JSON of OpenID Connect Discovery with `issuer` and `jwks_uri`"))?;
        // Tokens hold the issuer's own spelling, so a difference would have each of them refused.
        if found.issuer != issuer {
            return Err(useless("its `issuer` differs from auth.jwt.issuer; a slash at the end counts"));
        }
        // Keys fetched in clear could be anybody's, and with them every token.
        if issuer.starts_with("https://") && !found.jwks_uri.starts_with("https://") {
            return Err(useless("its `jwks_uri` must begin with https://"));
        }
        Ok(found.jwks_uri)
    }

    async fn get(&self, address: &str) -> Result<bytes::Bytes, String> {
        let reply = self.client.send(FetchRequest::get(address)).await.map_err(|error| error.to_string())?;
        if reply.status.is_success() {
            return Ok(reply.body);
        }
        Err(format!("`{address}` replied with the status {}", reply.status.as_u16()))
    }
}
