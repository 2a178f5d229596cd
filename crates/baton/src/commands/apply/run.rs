//! Carries a plan out, call by call.

use super::kinds::{Creation, Kind};
use super::step::{Action, Plan, Step};
use crate::client::{ApiCall, ApiClient, ExpectedField, ExpectedReply, segment};
use http::Method;
use serde_json::{Map, Value, json};

/// What became of a plan.
#[derive(Default)]
pub struct Outcome {
    /// How many of its steps are done, from the first.
    pub done: usize,
    /// Secrets that were made, each with what it is of.
    pub secrets: Vec<Value>,
    /// Why the step after those is not.
    pub failure: Option<String>,
}

/// Who gets a secret the moment that it is made: nobody can ask for it again, and the next call may fail.
pub trait SecretSink {
    /// Keeps or prints one.
    ///
    /// # Errors
    /// If it can't be written.
    fn put(&mut self, secret: &Value) -> anyhow::Result<()>;
}

/// Carries it out until a call fails.
pub async fn carry_out(client: &ApiClient, plan: &Plan, sink: &mut dyn SecretSink) -> Outcome {
    let mut outcome = Outcome::default();
    for (place, step) in plan.steps.iter().enumerate() {
        if let Err(error) = carry_out_step(client, step, sink, &mut outcome).await {
            outcome.failure = Some(format!("{}: {error:#}", place_of(step)));
            return outcome;
        }
        outcome.done += 1;
        // With the last of the things that are made of this kind: now all that they name is there.
        let is_last = plan
            .steps
            .get(place + 1)
            .is_none_or(|next| next.action != Action::Create || !std::ptr::eq(next.kind, step.kind));
        if is_last && step.action == Action::Create {
            let of_kind = plan.steps.iter().filter(|other| std::ptr::eq(other.kind, step.kind));
            for late in of_kind.filter(|other| !other.later.is_empty()) {
                if let Err(error) = change(client, late.kind, &late.name, &late.later).await {
                    outcome.failure = Some(format!("{}: {error:#}", place_of(late)));
                    return outcome;
                }
            }
        }
    }
    outcome
}

/// Where a step comes from, for an error.
fn place_of(step: &Step) -> String {
    step.place.clone().unwrap_or_else(|| format!("{} `{}`", step.kind.noun, step.name))
}

async fn carry_out_step(
    client: &ApiClient,
    step: &Step,
    sink: &mut dyn SecretSink,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    match &step.action {
        Action::Create => {
            let made = create(client, step).await?;
            if let Some(field) = step.kind.secret {
                let secret = secret(step, field, &made);
                outcome.secrets.push(secret.clone());
                sink.put(&secret)?;
            }
        }
        Action::Change { id } => change(client, step.kind, id, &step.body).await?,
        Action::Delete { id } => client.delete(&path(step.kind, id), step.kind.removal).await?,
    }
    Ok(())
}

async fn create(client: &ApiClient, step: &Step) -> anyhow::Result<Value> {
    let kind = step.kind;
    if kind.creation == Creation::Put {
        change(client, kind, &step.name, &step.body).await?;
        return Ok(Value::Null);
    }
    match client.post(kind.path, &step.body.clone().into(), &ExpectedReply::created(kind.reply)).await {
        // A provider that was just registered may list the model before it is made here.
        Err(_) if kind.name == "models" && was_discovered(client, step).await => {
            change(client, kind, &step.name, &step.body).await?;
            Ok(Value::Null)
        }
        made => made,
    }
}

/// Whether a model of that name has been found meanwhile at its provider.
async fn was_discovered(client: &ApiClient, step: &Step) -> bool {
    let model =
        client.get(&path(step.kind, &step.name), &[], &ExpectedReply::ok(&[ExpectedField::Text("/source")])).await;
    model.is_ok_and(|model| model.get("source") == Some(&json!("discovered")))
}

async fn change(client: &ApiClient, kind: &Kind, id: &str, fields: &Map<String, Value>) -> anyhow::Result<()> {
    let mut body = fields.clone();
    if kind.creation == Creation::Put {
        // The path says it.
        body.shift_remove(kind.id);
    }
    // A new user is replied to with 201, a changed thing with 200: both carry its fields.
    let (path, body) = (path(kind, id), Value::Object(body));
    let call = ApiCall { body: Some(&body), ..ApiCall::new(Method::PUT, &path) };
    client.call(call, &ExpectedReply::created_or_changed(&[])).await.map(drop)
}

fn path(kind: &Kind, id: &str) -> String {
    format!("{}/{}", kind.path, segment(id))
}

/// What is said of a secret: of which thing it is.
fn secret(step: &Step, field: &str, made: &Value) -> Value {
    let mut said = Map::from_iter([("kind".to_owned(), json!(step.kind.name))]);
    for name in step.kind.matched_by {
        said.extend(step.body.get(*name).map(|value| ((*name).to_owned(), value.clone())));
    }
    for name in [step.kind.id, field] {
        said.insert(name.to_owned(), made.get(name).cloned().unwrap_or_default());
    }
    said.into()
}
