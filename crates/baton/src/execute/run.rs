//! The loop that takes commands from the bus.

use super::command::CommandCall;
use super::outcome::CommandOutcome;
use crate::port_paths::PortPaths;
use axum::body::Body;
use axum::extract::Request;
use baton_bus::{Bus, BusError, BusEvent, CommandDelivery, DeadLetter};
use baton_model::bounds::{self, Maximum};
use baton_model::{Caller, Clock};
use baton_store::{Claim, Store, StoreError};
use baton_tasks::supervised;
use baton_web::identify::Internal;
use futures::StreamExt;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use http_body_util::BodyExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The first wait before a command that could not be executed comes again; doubled each time, up to a minute.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often a reply is sent before it is left to the next delivery.
const REPLIES: u32 = 3;

/// How commands are executed.
#[derive(Debug, Clone)]
pub struct CommandSettings {
    /// The most at a time on this node.
    pub concurrency: usize,
    /// Deliveries after which a command that can't be executed is given up.
    pub attempts: u32,
    /// How long a command is this node's before another may take it over.
    pub lease: Duration,
    /// Who asks where a command carries no `apikey`; `None`: such commands are refused.
    pub identity: Option<Caller>,
}

/// Takes commands from the bus and executes them.
pub struct Executor {
    /// Where commands come from.
    pub bus: Arc<dyn Bus>,
    /// Where it is kept which were executed.
    pub store: Store,
    /// The API that they are calls of.
    pub paths: PortPaths,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How.
    pub settings: CommandSettings,
}

impl Executor {
    /// Executes commands until stopped, then waits for those under way.
    pub async fn run(self, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.settings.concurrency.max(1)));
        let (executor, tasks) = (Arc::new(self), TaskTracker::new());
        let mut deliveries = executor.bus.commands();
        loop {
            // The place first: a command that was taken and has to wait here would be kept from a node that has room.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
            let delivery = tokio::select! {
                // Otherwise a node that stops could take one more command whenever both are ready.
                biased;
                () = stop.cancelled() => None,
                delivery = deliveries.next() => delivery,
            };
            let Some(delivery) = delivery else { break };
            let executor = Arc::clone(&executor);
            // The place comes back however the command ends; one that panicked is delivered again by the bus.
            tasks.spawn(supervised("command", async move {
                executor.serve(delivery).await;
                drop(place);
            }));
        }
        tasks.close();
        tasks.wait().await;
    }

    /// One delivery, from its arrival to its acknowledgement.
    async fn serve(&self, delivery: CommandDelivery) {
        let taken = match &delivery.event {
            Ok(event) => match check(event) {
                Ok(()) => self.claim(&delivery, event).await,
                Err(problem) => self.give_up(&delivery, &problem).await,
            },
            // What is no event has no id to claim and no sender to tell; it would come again for ever.
            Err(fault) => self.give_up(&delivery, &fault.to_string()).await,
        };
        let told = match taken {
            Ok(Next::Acknowledge) => delivery.ack().await,
            Ok(Next::Again(wait)) => delivery.retry(wait).await,
            Ok(Next::Nothing) => Ok(()),
            // The bus gives it out again when this node's time with it is over.
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::warn!(delivery.place, delivery.attempt, %error, "the bus did not accept the reply to a command; the command will be delivered again");
        }
    }

    async fn claim(&self, delivery: &CommandDelivery, event: &BusEvent) -> Result<Next, BusError> {
        let claim = match self.store.commands().claim(&event.id, &event.kind, self.settings.lease).await {
            Ok(claim) => claim,
            // Without a claim it must not be executed: another node may have done so already.
            Err(error) => return Ok(self.retry_later(delivery, event, &error)),
        };
        match claim {
            Claim::Run => self.execute(delivery, event).await,
            Claim::Repeat { reply } => {
                // A reply that can't be read any more is left out: the command was done, and must not come again.
                let reply = reply.and_then(|text| BusEvent::read(text.as_bytes()).ok());
                Ok(self.send(event, reply).await)
            }
            // Not acknowledged: if the other node dies with it, this delivery is what is left of the command.
            Claim::Elsewhere { until } => {
                let wait = until.since(self.clock.now()).clamp(FIRST_WAIT, LONGEST_WAIT);
                Ok(Next::Again(wait))
            }
            Claim::Effected => {
                self.finish(delivery, event, &CommandOutcome::repeated("the command was executed; its reply was lost"))
                    .await
            }
        }
    }

    async fn execute(&self, delivery: &CommandDelivery, event: &BusEvent) -> Result<Next, BusError> {
        let outcome = tokio::select! {
            outcome = self.call(event) => outcome,
            // The call is dropped, and a change that it has begun with it: the other node may be executing the same
            // command now.
            () = self.keep_claim(delivery, event) => return Ok(Next::Nothing),
        };
        if let CommandOutcome::Later(reason) = &outcome
            && delivery.attempt < self.settings.attempts
        {
            tracing::info!(command.id = event.id, command.kind = event.kind, reason, "a command will be tried again");
            // The claim goes back first. Otherwise the next delivery would find it claimed until the lease is over.
            return Ok(match self.store.commands().release(&event.id).await {
                Ok(()) => Next::Again(redelivery_wait(delivery.attempt)),
                Err(error) => self.retry_later(delivery, event, &error),
            });
        }
        self.finish(delivery, event, &outcome).await
    }

    /// The call that the command stands for, with the rights of who sent it.
    async fn call(&self, event: &BusEvent) -> CommandOutcome {
        let call = match CommandCall::read(event) {
            Ok(call) => call,
            Err(problem) => return CommandOutcome::from_refusal(problem),
        };
        let mut request = Request::new(Body::from(call.body));
        *request.method_mut() = call.method;
        match call.path.parse() {
            Ok(uri) => *request.uri_mut() = uri,
            Err(_) => return CommandOutcome::from_refusal("data: does not form a valid path".to_owned()),
        }
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = event.text("apikey") {
            let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {key}")) else {
                return CommandOutcome::from_refusal(
                    "apikey: must not contain characters that no header can carry".to_owned(),
                );
            };
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        // An id or a trace that no header can carry is left out: neither is worth a failure.
        let tag = HeaderValue::from_str(&format!("command:{}", event.id)).ok();
        let trace = event.text("traceparent").and_then(|trace| HeaderValue::from_str(trace).ok());
        for (name, value) in [("x-baton-tags", tag), ("traceparent", trace)] {
            headers.extend(value.map(|value| (HeaderName::from_static(name), value)));
        }
        // In the extensions and not in a header: nothing that comes over the network can set them.
        let internal = Internal { caller: self.settings.identity.clone(), command: Some(event.id.clone()) };
        request.extensions_mut().insert(internal);
        // Replies are of known length but for streams, which commands can't ask for.
        let response = self.paths.clone().serve(request).await;
        let status = response.status();
        match response.into_body().collect().await {
            Ok(body) => CommandOutcome::from_reply(status, &body.to_bytes()),
            Err(error) => CommandOutcome::Later(format!("the reply was interrupted: {error}")),
        }
    }

    /// Keeps the command this node's for as long as it is executed. Ends if it can't be kept: another node has it then.
    async fn keep_claim(&self, delivery: &CommandDelivery, event: &BusEvent) {
        let mut failures = 0;
        loop {
            // A third, so that two renewals may fail before another node takes the command over.
            tokio::time::sleep(self.settings.lease / 3).await;
            if let Err(error) = delivery.extend().await {
                tracing::debug!(command.id = event.id, %error, "the bus could not be told that a command is still running");
            }
            match self.store.commands().extend(&event.id, self.settings.lease).await {
                Ok(true) => failures = 0,
                Ok(false) => return tracing::warn!(command.id = event.id, "a command was taken over by another node"),
                // While the database is away nobody can take it over.
                Err(error) => {
                    failures += 1;
                    tracing::debug!(command.id = event.id, failures, %error, "a command's claim can't be renewed at the moment");
                }
            }
        }
    }

    /// Notes the outcome, tells the sender, and puts failures with the dead letters.
    async fn finish(
        &self,
        delivery: &CommandDelivery,
        event: &BusEvent,
        outcome: &CommandOutcome,
    ) -> Result<Next, BusError> {
        let reply = outcome.reply(event, self.store.node(), self.clock.now());
        let mut kept = reply.write();
        // The sender gets the whole reply now. Only a repetition gets the short one.
        if kept.len() > bounds::COMMAND_REPLY {
            kept = outcome.shorten().reply(event, self.store.node(), self.clock.now()).write();
        }
        // Before anything leaves: a reply that was sent and not noted would be sent for an execution that another
        // node repeats.
        if !self.note_reply(delivery, event, &kept).await {
            return Ok(Next::Nothing);
        }
        match outcome {
            CommandOutcome::Done(_) => {
                tracing::info!(command.id = event.id, command.kind = event.kind, "a command was executed")
            }
            // Before the acknowledgement, so that a failure is in one of the two places at any moment.
            CommandOutcome::Failed { reason, .. } | CommandOutcome::Later(reason) => {
                self.put_dead_letter(delivery, reason).await?
            }
        }
        Ok(self.send(event, Some(reply)).await)
    }

    /// Notes what was replied, for as long as it takes: a command that was executed must not be given back, or it would
    /// be executed again. Whether the command still was this node's.
    async fn note_reply(&self, delivery: &CommandDelivery, event: &BusEvent, reply: &str) -> bool {
        let mut failures = 0;
        loop {
            match self.store.commands().finish(&event.id, Some(reply)).await {
                Ok(ours) => return ours,
                Err(error) if failures == 0 => {
                    tracing::warn!(command.id = event.id, %error, "the result of a command can't be stored yet; this node tries until it can");
                }
                Err(_) => {}
            }
            failures += 1;
            if let Err(error) = delivery.extend().await {
                tracing::debug!(command.id = event.id, %error, "the bus could not be told that a command stays with this node");
            }
            tokio::time::sleep(FIRST_WAIT).await;
        }
    }

    /// Sends the reply where the sender wants one.
    async fn send(&self, event: &BusEvent, reply: Option<BusEvent>) -> Next {
        let (Some(to), Some(reply)) = (event.text("replyto"), reply) else { return Next::Acknowledge };
        for attempt in 1..=REPLIES {
            match self.bus.reply(to, &reply).await {
                Ok(()) => return Next::Acknowledge,
                // A `replyto` that the bus takes from nobody: another try would end alike, and the command would come
                // for ever.
                Err(error @ BusError::Refused(_)) => {
                    tracing::warn!(command.id = event.id, %error, "the reply address of a command is invalid");
                    return Next::Acknowledge;
                }
                Err(error) => {
                    tracing::debug!(command.id = event.id, attempt, %error, "a reply could not be sent");
                    tokio::time::sleep(FIRST_WAIT).await;
                }
            }
        }
        // It is kept with the command: the next delivery sends it.
        Next::Again(FIRST_WAIT)
    }

    async fn give_up(&self, delivery: &CommandDelivery, reason: &str) -> Result<Next, BusError> {
        self.put_dead_letter(delivery, reason).await?;
        Ok(Next::Acknowledge)
    }

    async fn put_dead_letter(&self, delivery: &CommandDelivery, reason: &str) -> Result<(), BusError> {
        tracing::warn!(delivery.place, delivery.attempt, reason, "a command failed and became a dead letter");
        self.bus.put_dead_letter(&DeadLetter::new(delivery, reason, self.store.node(), self.clock.now())).await
    }

    /// The database is away: the command waits with the bus, for as long as it takes.
    fn retry_later(&self, delivery: &CommandDelivery, event: &BusEvent, error: &StoreError) -> Next {
        tracing::warn!(command.id = event.id, %error, "the database is unavailable; a command waits");
        // Without a limit of attempts, unlike where there is no capacity: nothing is known to be wrong with the
        // command.
        Next::Again(redelivery_wait(delivery.attempt))
    }
}

/// Whether what is kept of a command can be kept: its id, and what it is.
fn check(event: &BusEvent) -> Result<(), String> {
    if event.id.is_empty() {
        return Err("id: is empty".to_owned());
    }
    Maximum::Bytes(bounds::COMMAND).check(&event.id).map_err(|problem| format!("id: {problem}"))?;
    Maximum::Bytes(bounds::ID).check(&event.kind).map_err(|problem| format!("type: {problem}"))
}

/// What the bus is told of a delivery.
enum Next {
    /// It is done.
    Acknowledge,
    /// It shall come again after that time.
    Again(Duration),
    /// Nothing: another node has it.
    Nothing,
}

/// The wait before the delivery after that one.
fn redelivery_wait(attempt: u32) -> Duration {
    // Six at most, so that the shift can't overflow: a minute is reached before.
    FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(6)).min(LONGEST_WAIT)
}
