//! What models cost, and from where that is known: built into the program, taken over from a newer list, or set by the
//! operator. A registration's own price wins over all of that.
//!
//! - [`book`]: what is in force, as an immutable value;
//! - [`update`]: takes over a list of prices, [`source`] fetches one;
//! - [`reprice`]: prices requests anew that are recorded already.
//!
//! What was taken over and set stands in the database, so that all nodes have it: each reads it again with the models.

mod book;
mod reprice;
mod source;
mod update;

pub use book::{ListedPrice, PriceBook, PriceOrigin};
pub use reprice::{Repriced, RepricedModel, reprice};
pub use source::PriceSource;
pub use update::{PriceUpdate, UpdateOptions};

use crate::faults::Faults;
use crate::vendor_info::VendorInfo;
use arc_swap::ArcSwap;
use baton_engine::PriceLookup;
use baton_meter::catalogue::Catalogue;
use baton_model::entity::PriceOverride;
use baton_model::{Actor, Clock, Code, Price, ProviderId, PublicError, Timestamp, bounds};
use baton_store::{Change, NewAudit, Store, StoreError};
use std::sync::Arc;

/// Where the list that was taken over is kept, and a word that changes with it: the list has a megabyte, and is read
/// only when the word is another one.
const KEPT: &str = "prices.update";
const KEPT_VERSION: &str = "prices.update.version";

/// The prices at one moment, for models that are not registered.
pub(crate) struct UnregisteredPrices {
    pub(crate) book: Arc<PriceBook>,
    pub(crate) vendors: Arc<VendorInfo>,
}

impl PriceLookup for UnregisteredPrices {
    fn price(&self, provider: &ProviderId, upstream: &str) -> Option<Price> {
        self.book.price_of(provider, upstream, &self.vendors)
    }
}

/// The prices of one node.
pub struct PriceDirectory {
    store: Store,
    clock: Arc<dyn Clock>,
    book: ArcSwap<PriceBook>,
    /// One change at a time: each reads, writes and reads again.
    change: tokio::sync::Mutex<()>,
}

impl PriceDirectory {
    /// The prices that are built in; [`Self::refresh`] reads the others.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        let book = ArcSwap::from_pointee(PriceBook::default());
        Self { store, clock, book, change: tokio::sync::Mutex::default() }
    }

    /// What is in force.
    pub fn book(&self) -> Arc<PriceBook> {
        self.book.load_full()
    }

    /// Reads what the database has.
    ///
    /// # Errors
    /// If the database can't be read; what is in force stays.
    pub async fn refresh(&self) -> Result<(), PublicError> {
        let overrides = self.store.prices().list().await?;
        let version = self.store.settings().lookup(KEPT_VERSION).await?;
        let before = self.book();
        let kept = if version == before.kept_version() { before.kept() } else { self.read_kept().await? };
        self.book.store(Arc::new(PriceBook::new(version, kept, overrides)));
        Ok(())
    }

    /// The list that was taken over last. One that can't be read is as none: a node must start all the same.
    async fn read_kept(&self) -> Result<Option<Arc<Catalogue>>, PublicError> {
        let Some(json) = self.store.settings().lookup(KEPT).await? else { return Ok(None) };
        match Catalogue::read(json.as_bytes()) {
            Ok(kept) => Ok(Some(Arc::new(kept))),
            Err(faults) => {
                let first = faults.first().map(|fault| format!("{}: {}", fault.path, fault.problem));
                tracing::error!(
                    fault = first,
                    "the prices that were taken over can't be read; the built-in ones are in force"
                );
                Ok(None)
            }
        }
    }

    /// Sets a price.
    ///
    /// # Errors
    /// `conflict` if its id is taken; `validation_error` if it says nothing, or there are too many.
    pub async fn set(&self, price: PriceOverride, by: &Actor) -> Result<PriceOverride, PublicError> {
        check(&price)?;
        let _one = self.change.lock().await;
        let number = self.store.prices().count().await?;
        if number >= bounds::PRICES as u64 {
            let message = format!("there are {number} prices, the maximum is {}: remove some", bounds::PRICES);
            return Err(PublicError::new(Code::ValidationError, message));
        }
        let now = self.clock.now();
        let price = PriceOverride { created_at: now, updated_at: now, ..price };
        let change = self.store.change(by).await?;
        change.prices().insert(&price).await?;
        note(&change, "price.set", None, Some(&price)).await?;
        change.commit().await?;
        Ok(price)
    }

    /// Changes a price.
    ///
    /// # Errors
    /// `not_found`; `conflict` if someone else has changed it at the same time; `validation_error` as for [`Self::set`].
    pub async fn alter(
        &self,
        id: &str,
        by: &Actor,
        alter: impl FnOnce(&mut PriceOverride),
    ) -> Result<PriceOverride, PublicError> {
        let _one = self.change.lock().await;
        let before = self.store.prices().get(id).await?;
        let mut after = before.clone();
        alter(&mut after);
        check(&after)?;
        // The time is the version too, so it always moves.
        after.updated_at = self.clock.now().max(Timestamp(before.updated_at.0.saturating_add(1)));
        let change = self.store.change(by).await?;
        change.prices().update(&after, before.updated_at).await?;
        note(&change, "price.update", Some(&before), Some(&after)).await?;
        change.commit().await?;
        Ok(after)
    }

    /// Removes a price that was set.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn remove(&self, id: &str, by: &Actor) -> Result<(), PublicError> {
        let _one = self.change.lock().await;
        let before = self.store.prices().get(id).await?;
        let change = self.store.change(by).await?;
        change.prices().delete(id).await?;
        note(&change, "price.remove", Some(&before), None).await?;
        change.commit().await?;
        Ok(())
    }

    /// The price of that id, as it was set.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn get(&self, id: &str) -> Result<PriceOverride, PublicError> {
        Ok(self.store.prices().get(id).await?)
    }
}

/// Whether a price says which models it is for and what they cost, each in one way.
fn check(price: &PriceOverride) -> Result<(), PublicError> {
    let problem = match (&price.provider, &price.model, &price.price, price.factor) {
        (None, None, ..) => Some(("model", "is required, or `provider`: which models is the price for?")),
        (_, _, Some(_), Some(_)) => Some(("factor", "can't be combined with `price`")),
        (_, _, None, None) => Some(("price", "is required, or `factor`")),
        // All models of a provider hardly cost the same; a factor is what a contract says of them.
        (_, None, Some(_), None) => Some(("model", "is required with `price`; with `factor` it may be left out")),
        _ => None,
    };
    let mut faults = Faults::default();
    if let Some((field, problem)) = problem {
        faults.add(field, problem);
    }
    faults.check()
}

/// Adds the entry of the audit log.
async fn note(
    change: &Change,
    action: &'static str,
    before: Option<&PriceOverride>,
    after: Option<&PriceOverride>,
) -> Result<(), StoreError> {
    let subject = before.or(after).map(|price| price.price_id.clone()).unwrap_or_default();
    // Texts and exact numbers always serialise.
    let text = |price: &PriceOverride| serde_json::to_string(price).unwrap_or_default();
    change.audit(NewAudit { action, kind: "price", subject, before: before.map(text), after: after.map(text) }).await
}
