//! Takes over a list of prices.

use super::{KEPT, KEPT_VERSION, PriceDirectory};
use baton_meter::catalogue::import::{self, Form};
use baton_meter::catalogue::{Catalogue, CatalogueFault, Effective, UpdateReport};
use baton_model::schema::time;
use baton_model::{Actor, Code, PublicError, bounds};
use baton_store::NewAudit;
use baton_tasks::compute;
use sha2::{Digest, Sha256};

/// How a list is taken over.
#[derive(Debug, Clone)]
pub struct UpdateOptions {
    /// Where it is from: noted with each price.
    pub source: String,
    /// `sha256:` and 64 hexadecimal digits that the list must have.
    pub checksum: Option<String>,
    /// From when its prices hold; by default from now on.
    pub effective: Option<Effective>,
    /// Whether only to say what it would change.
    pub dry_run: bool,
}

/// What an update has done, or would do.
#[derive(Debug, Clone)]
pub struct PriceUpdate {
    /// Whose shape the list has.
    pub form: Form,
    /// The list's checksum.
    pub checksum: String,
    /// What it changes.
    pub report: UpdateReport,
    /// Models of the list that were passed over: of vendors that are not known, or without a price by a class.
    pub skipped: u64,
}

impl PriceDirectory {
    /// Takes over a list in any of the known shapes. What the operator has set stays.
    ///
    /// # Errors
    /// `validation_error` with each fault of the list, or if its checksum is another one.
    pub async fn update(&self, list: &[u8], options: &UpdateOptions, by: &Actor) -> Result<PriceUpdate, PublicError> {
        let checksum = checksum(list);
        if let Some(expected) = &options.checksum
            && !expected.eq_ignore_ascii_case(&checksum)
        {
            return Err(refuse(vec![CatalogueFault {
                path: "checksum".to_owned(),
                problem: format!("the list has {checksum}, not {expected}"),
            }]));
        }
        let _one = self.change.lock().await;
        // What another node has taken over meanwhile is what this one goes on from.
        self.refresh().await?;
        let now = self.clock.now();
        let today = time::write(now);
        let today = today.get(..10).unwrap_or_default();
        let read = || import::read(list, &options.source, today);
        let import = compute(list.len(), read).map_err(refuse)?;
        let effective = options.effective.unwrap_or(Effective::From(now));
        let known = self.book().catalogue().clone();
        let merge = || known.updated(&import.catalogue, import.completes(), effective, now);
        let (after, report) = compute(list.len(), merge);
        let done = PriceUpdate { form: import.form, checksum, report, skipped: import.skipped };
        let changes = !done.report.added.is_empty() || !done.report.changed.is_empty();
        if !options.dry_run && changes {
            self.keep(&after, &done, options, by).await?;
        }
        Ok(done)
    }

    async fn keep(
        &self,
        after: &Catalogue,
        done: &PriceUpdate,
        options: &UpdateOptions,
        by: &Actor,
    ) -> Result<(), PublicError> {
        // Only what differs: the rest comes with the program, and with its next version newer.
        let kept = Catalogue::of_entries(after.date(), after.differing_from(&Catalogue::built_in())).write();
        let version = format!("{} {}", time::write(self.clock.now()), done.checksum);
        let told = serde_json::json!({
            "source": options.source, "checksum": done.checksum, "added": done.report.added.len(),
            "changed": done.report.changed.len(),
        });
        let change = self.store.change(by).await?;
        change.settings().set(KEPT, &kept).await?;
        change.settings().set(KEPT_VERSION, &version).await?;
        let (subject, after) = (options.source.clone(), Some(told.to_string()));
        change.audit(NewAudit { action: "price.take_over", kind: "price", subject, before: None, after }).await?;
        change.commit().await?;
        Ok(())
    }
}

fn checksum(list: &[u8]) -> String {
    let digest = Sha256::digest(list);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn refuse(faults: Vec<CatalogueFault>) -> PublicError {
    let mut all = crate::faults::Faults::default();
    for CatalogueFault { path, problem } in faults.into_iter().take(bounds::FAULTS) {
        let field = if path.is_empty() { "list".to_owned() } else { path };
        all.add(field, problem);
    }
    all.check().err().unwrap_or_else(|| PublicError::new(Code::ValidationError, "the list can't be read"))
}
