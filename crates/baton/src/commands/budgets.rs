//! `baton budgets`.

use super::audit::keep_given;
use super::output::Column;
use super::scope::{ScopeArguments, keep_fields, text};
use crate::client::{ExpectedField, ExpectedReply, Server, segment};
use crate::config::Environment;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Creates, lists, changes, raises, resets and deletes budgets: how much money requests may cost.
///
/// Example: baton budgets create search-monthly --scope project=search --amount 500 --period month
#[derive(Args)]
pub struct BudgetsCommand {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists budgets, and what is left of each.
    ///
    /// Example: baton budgets list
    List {
        /// Only `file`, `api` or `project`
        #[arg(long)]
        origin: Option<String>,
    },
    /// Shows a budget.
    ///
    /// Example: baton budgets get search-monthly
    Get {
        /// The budget's id
        id: String,
    },
    /// Creates a budget.
    ///
    /// Example: baton budgets create search-monthly --scope project=search --amount 500 --period month
    Create {
        /// Its id [default: one is made]
        id: Option<String>,
        #[command(flatten)]
        fields: BudgetArguments,
    },
    /// Changes the given fields of a budget.
    ///
    /// Example: baton budgets update search-monthly --amount 600 --alerts 0.5,0.9
    Update {
        /// The budget's id
        id: String,
        #[command(flatten)]
        fields: BudgetArguments,
    },
    /// Deletes a budget: requests are not held to it from then on.
    ///
    /// Example: baton budgets delete search-monthly
    Delete {
        /// The budget's id
        id: String,
    },
    /// Raises a budget for a while.
    ///
    /// Example: baton budgets raise search-monthly --amount 100 --until 2026-12-01
    Raise {
        /// The budget's id
        id: String,
        /// Dollars on top of its amount
        #[arg(long, value_name = "DOLLARS")]
        amount: String,
        /// Until when: a time, or a date, whose beginning in UTC is meant
        #[arg(long, value_name = "TIME")]
        until: String,
    },
    /// Resets a budget: what was spent before now does not count.
    ///
    /// Example: baton budgets reset search-monthly
    Reset {
        /// The budget's id
        id: String,
    },
    /// Compares the counters of a budget with the ledger.
    ///
    /// Example: baton budgets verify search-monthly
    Verify {
        /// The budget's id
        id: String,
        /// Reads counters that differ from the ledger anew
        #[arg(long)]
        repair: bool,
    },
    /// Lists what each counter of a budget says.
    ///
    /// Example: baton budgets counters each-user
    Counters {
        /// The budget's id
        id: String,
    },
}

#[derive(Args)]
struct BudgetArguments {
    #[command(flatten)]
    scope: ScopeArguments,
    /// Dollars in each period
    #[arg(long, value_name = "DOLLARS")]
    amount: Option<String>,
    /// hour, day, week, month or total
    #[arg(long)]
    period: Option<String>,
    /// The time zone of the calendar, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "NAME")]
    timezone: Option<String>,
    /// From when it counts, such as 2026-12-01T00:00:00Z [default: from the beginning of the period]
    #[arg(long, value_name = "TIME")]
    starts_at: Option<String>,
    /// hard (refuses) or soft (warns) [default: hard]
    #[arg(long)]
    mode: Option<String>,
    /// Parts of the amount at which the event budget.threshold is sent, such as 0.5,0.9
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    alerts: Option<Vec<serde_json::Number>>,
    /// What happens to models without a price: refuse, allow, or a price such as '{"price": {"input": 1, "output": 2}}' [default:
    /// refuse]
    #[arg(long, value_name = "WHAT", value_parser = when_unpriced)]
    when_unpriced: Option<Value>,
    /// Whether output limits are lowered to what is left, before a request is refused [default: false]
    #[arg(long, value_name = "true|false")]
    shrink: Option<bool>,
    /// Whether a stream that costs more than was reserved ends where the budget is spent [default: false]
    #[arg(long, value_name = "true|false")]
    cut_streams: Option<bool>,
    /// While shared counters can't be reached: closed (refuses) or local (each node has its share) [default: closed]
    #[arg(long)]
    fail: Option<String>,
}

const BUDGET: &[ExpectedField] = &[ExpectedField::Text("/budget_id"), ExpectedField::Number("/amount")];
const COLUMNS: [Column<'_>; 9] = [
    ("id", "/budget_id"),
    ("scope", "/scope"),
    ("amount", "/amount"),
    ("period", "/period"),
    ("spent", "/spent"),
    ("remaining", "/remaining"),
    ("resets", "/resets_at"),
    ("mode", "/mode"),
    ("origin", "/origin"),
];
/// What a counter says, of a budget or a limit.
pub const COUNTERS: [Column<'_>; 6] = [
    ("values", "/values"),
    ("amount", "/amount"),
    ("spent", "/spent"),
    ("reserved", "/reserved"),
    ("remaining", "/remaining"),
    ("resets", "/resets_at"),
];

const VERIFICATION: [Column<'_>; 5] = [
    ("values", "/values"),
    ("spent", "/spent"),
    ("ledger", "/ledger"),
    ("consistent", "/consistent"),
    ("repaired", "/repaired"),
];

impl BudgetsCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let output = &self.server.output;
        let path = |id: &str| format!("/api/budgets/{}", segment(id));
        match self.action {
            Action::List { origin } => {
                let filters = [("origin", &origin)];
                output.print_list(&COLUMNS, &client.all("/api/budgets", &keep_given(&filters)).await?);
            }
            Action::Get { id } => output.print_object(&client.get(&path(&id), &[], &ExpectedReply::ok(BUDGET)).await?),
            Action::Create { id, fields } => {
                let mut body = fields.body();
                body.extend(text(id).map(|id| ("budget_id".to_owned(), id)));
                let created = client.post("/api/budgets", &body.into(), &ExpectedReply::created(BUDGET)).await?;
                let id = created.get("budget_id").and_then(Value::as_str).unwrap_or_default();
                output.print_done(&format!("budget `{id}` created"), &created);
            }
            Action::Update { id, fields } => {
                let changed = client.put(&path(&id), &fields.body().into(), &ExpectedReply::ok(BUDGET)).await?;
                output.print_done(&format!("budget `{id}` changed"), &changed);
            }
            Action::Delete { id } => {
                client.delete(&path(&id), &[]).await?;
                output.print_gone("budget", "deleted", "budget_id", &id);
            }
            Action::Raise { id, amount, until } => {
                let body = json!({ "amount": amount, "until": until });
                let raised = client.post(&format!("{}/raise", path(&id)), &body, &ExpectedReply::ok(BUDGET)).await?;
                output.print_done(&format!("budget `{id}` raised by {amount} until {until}"), &raised);
            }
            Action::Reset { id } => {
                let reset =
                    client.post(&format!("{}/reset", path(&id)), &json!({}), &ExpectedReply::ok(BUDGET)).await?;
                output.print_done(&format!("budget `{id}` reset"), &reset);
            }
            Action::Verify { id, repair } => {
                let query = if repair { "?repair=true" } else { "" };
                let path = format!("{}/verify{query}", path(&id));
                let verified = client.post(&path, &json!({}), &ExpectedReply::LIST).await?;
                output.print_list(&VERIFICATION, &verified);
                // For scripts: what differs and was not repaired is a failure.
                if !repair && verified.get("consistent") == Some(&json!(false)) {
                    return Ok(ExitCode::FAILURE);
                }
            }
            Action::Counters { id } => {
                output.print_list(&COUNTERS, &client.all(&format!("{}/counters", path(&id)), &[]).await?);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl BudgetArguments {
    fn body(self) -> Map<String, Value> {
        keep_fields([
            ("scope", self.scope.value()),
            ("amount", text(self.amount)),
            ("period", text(self.period)),
            ("timezone", text(self.timezone)),
            ("starts_at", text(self.starts_at)),
            ("mode", text(self.mode)),
            ("alerts", self.alerts.map(|alerts| json!(alerts))),
            ("when_unpriced", self.when_unpriced),
            ("shrink", self.shrink.map(Value::from)),
            ("cut_streams", self.cut_streams.map(Value::from)),
            ("fail", text(self.fail)),
        ])
    }
}

/// A word, or an object as JSON.
fn when_unpriced(given: &str) -> Result<Value, String> {
    if given.starts_with('{') {
        serde_json::from_str(given).map_err(|_| "must be refuse, allow or JSON such as {\"price\": {…}}".to_owned())
    } else {
        Ok(given.into())
    }
}
