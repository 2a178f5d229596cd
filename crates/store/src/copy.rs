//! Moves an installation from one database to another, whichever they are.
//!
//! Rows go over in batches, in the order of their ids, and each batch is compared once it is there. What is there
//! already and the same is passed over, so a copy that was interrupted can be run again. What is there and different is
//! refused by name: nothing in the target is ever changed.

use crate::entity::{
    attempt, audit, command, correction, counter, delivery, event, feedback, key, model, policy, price, project,
    provider, provider_object, request, setting, stored_response, user, webhook,
};
use crate::ledger::{UsageQuery, UsageRow};
use crate::{Store, StoreError, StoredPolicy, connection};
use baton_model::Timestamp;
use baton_model::entity::{Budget, RateLimit};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, IdenStatic,
    IntoActiveModel, Iterable, ModelTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use std::collections::{BTreeMap, HashMap};

/// Rows in a batch.
const ROWS: u64 = 500;

/// What has been copied of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedTable {
    /// The table.
    pub name: &'static str,
    /// Rows in the source.
    pub source: u64,
    /// Rows that this run has written.
    pub written: u64,
    /// Rows in the target. It may have more.
    pub target: u64,
}

/// What a copy has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyReport {
    /// The tables, in the order in which they were copied.
    pub tables: Vec<CopiedTable>,
    /// Requests, tokens and costs of all time, in the source.
    pub source: UsageRow,
    /// The same in the target.
    pub target: UsageRow,
}

impl CopyReport {
    /// What is missing in the target, or sums up to something else.
    pub fn faults(&self) -> Vec<String> {
        let short = self.tables.iter().filter(|table| table.target < table.source);
        let mut faults = short
            .map(|table| format!("`{}` has {} rows of {}", table.name, table.target, table.source))
            .collect::<Vec<_>>();
        let (source, target) = (&self.source, &self.target);
        // A target with requests of its own has other sums, and its rows were compared one by one.
        if source.requests == target.requests
            && (&source.tokens, source.spent.cost) != (&target.tokens, target.spent.cost)
        {
            faults.push("the tokens or costs of the same requests differ".to_owned());
        }
        faults
    }
}

/// Copies everything that is kept from one database to the other, which gets its tables first. Leases stay behind, and what was
/// learned of counts: it is learned anew.
/// `progress` is told the table, how many rows of it are done, and how many there are.
///
/// # Errors
///
/// [`StoreError::Newer`] if a newer program has changed either's tables; [`StoreError::Conflict`] if the source's are
/// older, or the target holds something else under an id of the source's.
pub async fn copy(
    from: &Store,
    to: &Store,
    mut progress: impl FnMut(&'static str, u64, u64),
) -> Result<CopyReport, StoreError> {
    // Not migrated here: nothing is ever written to the source.
    if !from.is_migrated().await? {
        let what = "the source has no tables, or the tables of an older version: run `baton migrate` on it first";
        return Err(StoreError::conflict(what));
    }
    to.migrate().await?;
    let mut copy = Copy { from, to, progress: &mut progress, tables: Vec::new() };
    // First: the pepper of the key hashes is among them. A target with another one is refused before anything is
    // copied.
    copy.copy_table::<setting::Entity>("settings", setting::Column::Name, |row| &row.name, |_| {}).await?;
    copy.copy_table::<model::Entity>("models", model::Column::Id, |row| &row.id, |_| {}).await?;
    // A key may have been used in the target since, or in the source.
    copy.copy_table::<key::Entity>("api_keys", key::Column::Id, |row| &row.id, |row| row.last_used_at = None).await?;
    copy.copy_table::<provider::Entity>("providers", provider::Column::Name, |row| &row.name, |_| {}).await?;
    copy.copy_table::<project::Entity>("projects", project::Column::Id, |row| &row.id, |_| {}).await?;
    copy.copy_table::<user::Entity>("users", user::Column::Id, |row| &row.id, |_| {}).await?;
    copy.copy_table::<webhook::Entity>("webhooks", webhook::Column::Id, |row| &row.id, |_| {}).await?;
    copy.copy_table::<price::Entity>("prices", price::Column::Id, |row| &row.id, |_| {}).await?;
    for (name, kind) in [("budgets", Budget::KIND), ("limits", RateLimit::KIND)] {
        let of_kind = Condition::all().add(policy::Column::Kind.eq(kind));
        copy.copy_rows::<policy::Entity>(name, of_kind, policy::Column::Id, |row| &row.id, |_| {}).await?;
    }
    copy.ledger().await?;
    copy.corrections().await?;
    copy.copy_table::<provider_object::Entity>("holdings", provider_object::Column::Id, |row| &row.id, |_| {}).await?;
    copy.copy_table::<stored_response::Entity>("kept_responses", stored_response::Column::Id, |row| &row.id, |_| {})
        .await?;
    copy.copy_table::<feedback::Entity>("feedback", feedback::Column::Id, |row| &row.id, |_| {}).await?;
    // An event is placed later than it is written, and a delivery or command goes on: how far each is may differ.
    copy.copy_table::<event::Entity>("events", event::Column::Id, |row| &row.id, |row| row.position = None).await?;
    let sent = |row: &mut delivery::Model| {
        (row.state, row.attempts, row.next_at, row.updated_at) = (String::new(), 0, 0, 0);
        (row.last_status, row.last_error) = (None, None);
    };
    // Behind webhooks and events, because it refers to both.
    copy.copy_table::<delivery::Entity>("deliveries", delivery::Column::Id, |row| &row.id, sent).await?;
    copy.copy_table::<audit::Entity>("audit", audit::Column::Id, |row| &row.id, |_| {}).await?;
    let executed = |row: &mut command::Model| {
        (row.done, row.effect, row.reply) = (false, false, None);
        (row.node, row.claimed_at, row.lease_until) = (String::new(), 0, 0);
    };
    copy.copy_table::<command::Entity>("commands", command::Column::Id, |row| &row.id, executed).await?;
    copy.counters().await?;
    Ok(CopyReport { tables: copy.tables, source: total(from).await?, target: total(to).await? })
}

/// A copy under way.
struct Copy<'c> {
    from: &'c Store,
    to: &'c Store,
    progress: &'c mut dyn FnMut(&'static str, u64, u64),
    tables: Vec<CopiedTable>,
}

impl Copy<'_> {
    /// One table. `passing` makes what may differ between a row and its copy the same in both.
    async fn copy_table<E>(
        &mut self,
        name: &'static str,
        column: E::Column,
        key: fn(&E::Model) -> &str,
        passing: impl Fn(&mut E::Model),
    ) -> Result<(), StoreError>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel> + Clone + PartialEq + Send + Sync,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        self.copy_rows::<E>(name, Condition::all(), column, key, passing).await
    }

    /// Those rows of a table that are `wanted`, among which `column` tells one from the other.
    async fn copy_rows<E>(
        &mut self,
        name: &'static str,
        wanted: Condition,
        column: E::Column,
        key: fn(&E::Model) -> &str,
        passing: impl Fn(&mut E::Model),
    ) -> Result<(), StoreError>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel> + Clone + PartialEq + Send + Sync,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        let find = || E::find().filter(wanted.clone());
        let source = find().count(self.from.reader()).await?;
        let (mut after, mut done, mut written) = (String::new(), 0, 0);
        loop {
            (self.progress)(name, done, source);
            let query = find().filter(column.gt(after.as_str())).order_by_asc(column).limit(ROWS);
            let rows = query.all(self.from.reader()).await?;
            let Some(last) = rows.last() else { break };
            after = key(last).to_owned();
            done += rows.len() as u64;
            // Written and compared in one transaction: a batch that differs leaves nothing behind.
            let transaction = connection::begin(self.to.writer()).await?;
            written += insert::<E>(&transaction, &rows).await?;
            compare(find(), &transaction, name, column, key, &passing, rows).await?;
            transaction.commit().await?;
        }
        let target = find().count(self.to.reader()).await?;
        self.tables.push(CopiedTable { name, source, written, target });
        Ok(())
    }

    /// Corrections of costs. Their key has several columns, and nothing in them ever changes.
    async fn corrections(&mut self) -> Result<(), StoreError> {
        let find = || {
            correction::Entity::find()
                .order_by_asc(correction::Column::RequestId)
                .order_by_asc(correction::Column::Number)
                .order_by_asc(correction::Column::Version)
        };
        let (source, mut page, mut written) = (find().count(self.from.reader()).await?, 0, 0);
        loop {
            (self.progress)("corrections", page * ROWS, source);
            let rows = find().offset(page * ROWS).limit(ROWS).all(self.from.reader()).await?;
            if rows.is_empty() {
                break;
            }
            let transaction = connection::begin(self.to.writer()).await?;
            written += insert::<correction::Entity>(&transaction, &rows).await?;
            transaction.commit().await?;
            page += 1;
        }
        let target = find().count(self.to.reader()).await?;
        self.tables.push(CopiedTable { name: "corrections", source, written, target });
        Ok(())
    }

    /// Requests, each with its attempts.
    async fn ledger(&mut self) -> Result<(), StoreError> {
        let source = request::Entity::find().count(self.from.reader()).await?;
        let (mut after, mut done, mut written, mut attempts_written) = (String::new(), 0, 0, 0);
        loop {
            (self.progress)("requests", done, source);
            let query = request::Entity::find()
                .filter(request::Column::Id.gt(after.as_str()))
                .order_by_asc(request::Column::Id)
                .limit(ROWS);
            let rows = query.all(self.from.reader()).await?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.id);
            done += rows.len() as u64;
            let ids = rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
            let attempts = attempts_of(self.from.reader(), &ids).await?;
            let transaction = connection::begin(self.to.writer()).await?;
            written += insert::<request::Entity>(&transaction, &rows).await?;
            // A request may have several attempts, so those of a batch can be too many for one statement.
            for attempts in attempts.chunks(usize::try_from(ROWS).unwrap_or(usize::MAX)) {
                attempts_written += insert::<attempt::Entity>(&transaction, attempts).await?;
            }
            let column = request::Column::Id;
            // An event may have been written out as a row since, in the source or in the target.
            let told = |row: &mut request::Model| row.event_number = None;
            compare(request::Entity::find(), &transaction, "requests", column, |row| &row.id, &told, rows).await?;
            // Both lists as a whole: the target could have attempts of a request that the source does not have.
            let there = attempts_of(&transaction, &ids).await?;
            if let Some(other) = first_difference(&attempts, &there) {
                let what = format!(
                    "the target has other attempts for the request `{other}`, because it has been used separately; copy into an empty database"
                );
                return Err(StoreError::conflict(what));
            }
            transaction.commit().await?;
        }
        let target = request::Entity::find().count(self.to.reader()).await?;
        self.tables.push(CopiedTable { name: "requests", source, written, target });
        let source = attempt::Entity::find().count(self.from.reader()).await?;
        let target = attempt::Entity::find().count(self.to.reader()).await?;
        self.tables.push(CopiedTable { name: "attempts", source, written: attempts_written, target });
        Ok(())
    }

    /// Counters only go up: the larger of both holds.
    async fn counters(&mut self) -> Result<(), StoreError> {
        let rows = counter::Entity::find().all(self.from.reader()).await?;
        let held = Expr::col((counter::Entity, counter::Column::Number));
        for row in &rows {
            let number = Expr::case(held.clone().gt(row.number), held.clone());
            let larger = OnConflict::column(counter::Column::Name)
                .value(counter::Column::Number, number.finally(row.number))
                .to_owned();
            let insert = counter::Entity::insert(row.clone().into_active_model()).on_conflict(larger);
            insert.exec_without_returning(self.to.writer()).await?;
        }
        Ok(())
    }
}

/// Writes the rows that are not there yet. How many.
async fn insert<E>(transaction: &DatabaseTransaction, rows: &[E::Model]) -> Result<u64, StoreError>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel> + Clone,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    if rows.is_empty() {
        return Ok(0);
    }
    let insert = E::insert_many(rows.iter().cloned().map(IntoActiveModel::into_active_model));
    Ok(insert.on_conflict(crate::keep_existing()).exec_without_returning(transaction).await?)
}

/// Whether what the target has under the ids of these rows is these rows.
async fn compare<E>(
    find: Select<E>,
    transaction: &DatabaseTransaction,
    name: &str,
    column: E::Column,
    key: fn(&E::Model) -> &str,
    passing: &impl Fn(&mut E::Model),
    rows: Vec<E::Model>,
) -> Result<(), StoreError>
where
    E: EntityTrait,
    E::Model: PartialEq + Send + Sync,
{
    let query = find.filter(column.is_in(rows.iter().map(key)));
    let there = query.all(transaction).await?;
    let mut there = there.into_iter().map(|row| (key(&row).to_owned(), row)).collect::<HashMap<_, _>>();
    for mut row in rows {
        let mut copy = there.remove(key(&row));
        copy.iter_mut().for_each(passing);
        passing(&mut row);
        if copy.as_ref() != Some(&row) {
            let (key, difference) =
                (key(&row), copy.map_or_else(|| "is missing".to_owned(), |copy| columns(&row, &copy)));
            return Err(StoreError::conflict(format!(
                "the target differs from the source at `{key}` in `{name}` ({difference}), because it has been used separately; copy into an empty database"
            )));
        }
    }
    Ok(())
}

/// The columns in which two rows differ. Their values stay where they are: some are secrets.
fn columns<M: ModelTrait>(row: &M, copy: &M) -> String {
    let columns = <M::Entity as EntityTrait>::Column::iter();
    let names =
        columns.filter(|column| row.get(*column) != copy.get(*column)).map(|column| format!("`{}`", column.as_str()));
    names.collect::<Vec<_>>().join(", ")
}

async fn attempts_of(database: &impl ConnectionTrait, ids: &[String]) -> Result<Vec<attempt::Model>, StoreError> {
    let query = attempt::Entity::find().filter(attempt::Column::RequestId.is_in(ids.iter().map(String::as_str)));
    // Sorted here: databases don't agree on the order of text.
    let rows = query.all(database).await?.into_iter().map(|row| ((row.request_id.clone(), row.number), row));
    Ok(rows.collect::<BTreeMap<_, _>>().into_values().collect())
}

/// The request of the first attempt that is in one of two sorted lists alone, or differs.
fn first_difference<'a>(ours: &'a [attempt::Model], theirs: &'a [attempt::Model]) -> Option<&'a str> {
    let same = ours.iter().zip(theirs).take_while(|(ours, theirs)| ours == theirs).count();
    let of = |attempts: &'a [attempt::Model]| attempts.get(same).map(|attempt| attempt.request_id.as_str());
    of(ours).into_iter().chain(of(theirs)).min()
}

async fn total(store: &Store) -> Result<UsageRow, StoreError> {
    let (from, to) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
    let query = UsageQuery { from, to, group_by: Vec::new(), project: None, key: None, user: None };
    Ok(store.ledger().usage(&query).await?.into_iter().next().unwrap_or_default())
}
