//! `GET /v1/responses` as a WebSocket (OpenAI API reference, responses, `ResponsesClientEvent` and
//! `ResponsesServerEvent`): each `response.create` is served like a request of `POST /v1/responses`, and its events come
//! as messages.
//!
//! What is special here: a response can be gone on from on its own connection although nothing stores it, so the
//! connection remembers the last ones ([`memory`]); requests of one `stream_id` wait for each other, others run side by
//! side.

mod memory;
mod turn;

use crate::HttpState;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use baton_engine::Hold;
use baton_model::bounds::MESSAGE;
use baton_model::{Code, PublicError};
use baton_tasks::run_supervised;
use baton_web::{Inbound, Refused, UpgradedConnection};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{BoxStream, SelectAll};
use memory::Memory;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use turn::{Create, Output};

/// The most requests that a connection may have waiting; more are not read.
const WAITING: usize = 4;
/// The most that run side by side.
const RUNNING: usize = 8;
/// How many silences in a row without any sign of the client end a connection.
const SILENCES: u32 = 4;

/// Begins a connection.
///
/// # Errors
/// `method_not_allowed` to a request that asks for no WebSocket; `overloaded` if there is no memory for one.
pub async fn connect(
    State(state): State<HttpState>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    inbound: Inbound,
) -> Result<Response, Refused> {
    let Ok(upgrade) = upgrade else {
        let message = "GET is allowed only to open a WebSocket (`upgrade: websocket`); send requests by POST";
        return Err(PublicError::new(Code::MethodNotAllowed, message).into());
    };
    // For the message that is being read: its size is not known before all of it is in memory.
    let hold = state.web.engine.limits().hold_bytes(&inbound.caller, MESSAGE as u64)?;
    // A server that gives none, as in some tests, never closes.
    let kept = inbound.parts.extensions.get::<UpgradedConnection>().cloned();
    let kept = kept.unwrap_or_else(|| UpgradedConnection::new(Default::default()).0);
    let upgrade = upgrade.max_message_size(MESSAGE).max_frame_size(MESSAGE);
    Ok(upgrade.on_upgrade(move |socket| {
        let connection = Connection::new(state, inbound, kept, hold);
        async move {
            run_supervised("websocket", connection.run(socket)).await;
        }
    }))
}

/// One client's connection.
struct Connection {
    state: HttpState,
    /// The request that opened it, whose head all others share.
    opened: Arc<Inbound>,
    kept: UpgradedConnection,
    memory: Arc<Memory>,
    /// What is being replied.
    running: SelectAll<BoxStream<'static, Output>>,
    /// The lanes of these.
    busy: HashSet<Option<String>>,
    waiting: VecDeque<Create>,
    _hold: Hold,
}

/// Why a connection ends.
enum End {
    /// The client has gone.
    Gone,
    /// It is told why.
    Close(u16, &'static str),
}

impl Connection {
    fn new(state: HttpState, opened: Inbound, kept: UpgradedConnection, hold: Hold) -> Self {
        Self {
            state,
            opened: Arc::new(opened),
            kept,
            memory: Arc::default(),
            running: SelectAll::new(),
            busy: HashSet::new(),
            waiting: VecDeque::new(),
            _hold: hold,
        }
    }

    async fn run(mut self, mut socket: WebSocket) {
        let end = self.serve(&mut socket).await;
        if let End::Close(code, reason) = end {
            // A client that has gone meanwhile is told nothing.
            let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
        }
    }

    async fn serve(&mut self, socket: &mut WebSocket) -> End {
        let mut silence = every(self.state.web.keep_alive);
        let mut unheard = 0;
        let closing = self.kept.closing().clone();
        loop {
            if closing.is_cancelled() && self.running.is_empty() {
                return End::Close(close_code::AWAY, "the server is stopping");
            }
            let reads = self.waiting.len() < WAITING && !closing.is_cancelled();
            tokio::select! {
                Some(output) = self.running.next() => {
                    if let Some(end) = self.forward(socket, output).await {
                        return end;
                    }
                }
                message = socket.recv(), if reads => {
                    unheard = 0;
                    let Some(Ok(message)) = message else { return End::Gone };
                    if let Some(end) = self.receive(message) {
                        return end;
                    }
                }
                _ = silence.tick() => {
                    // Whoever is not read from can't be heard.
                    unheard = if reads { unheard + 1 } else { 0 };
                    if unheard > SILENCES {
                        return End::Close(close_code::POLICY, "the client does not reply to pings");
                    }
                    if socket.send(Message::Ping(Bytes::new())).await.is_err() {
                        return End::Gone;
                    }
                }
                () = closing.cancelled(), if !closing.is_cancelled() => {}
            }
            self.begin_waiting();
        }
    }

    /// Takes a message of the client's.
    fn receive(&mut self, message: Message) -> Option<End> {
        let bytes: Bytes = match message {
            Message::Text(text) => text.into(),
            Message::Binary(bytes) => bytes,
            // The library replies to pings. A pong has done its work by coming.
            Message::Ping(_) | Message::Pong(_) => return None,
            Message::Close(_) => return Some(End::Gone),
        };
        match Create::read(bytes) {
            Ok(create) => self.waiting.push_back(create),
            Err((lane, error)) => self.running.push(turn::refused(lane, error)),
        }
        None
    }

    /// Begins what waits and has its lane to itself.
    fn begin_waiting(&mut self) {
        while self.busy.len() < RUNNING && !self.kept.closing().is_cancelled() {
            let free = |create: &Create| !self.busy.contains(&create.lane);
            // Not the first that waits: its lane may be busy, and that is no reason to hold up the others.
            let Some(place) = self.waiting.iter().position(free) else { return };
            let Some(create) = self.waiting.remove(place) else { return };
            self.busy.insert(create.lane.clone());
            let (state, opened, memory) = (self.state.clone(), Arc::clone(&self.opened), Arc::clone(&self.memory));
            self.running.push(turn::run(state, opened, memory, create));
        }
    }

    /// Gives the client what a request came to.
    async fn forward(&mut self, socket: &mut WebSocket, output: Output) -> Option<End> {
        let message = match output {
            Output::Event(text) => Message::Text(text),
            Output::Alive => Message::Ping(Bytes::new()),
            Output::Ended(lane) => {
                self.busy.remove(&lane);
                return None;
            }
        };
        socket.send(message).await.is_err().then_some(End::Gone)
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    // After a pause one ping is enough.
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
