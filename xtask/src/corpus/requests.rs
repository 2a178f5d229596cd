//! Requests: read in their format, written in every format, and read again there.

use super::exchange::{Exchange, chat};
use super::losses::Losses;
use baton_dialect::{Dropped, fidelity};
use baton_model::{Capability, ChatRequest, Dialect, Model, ModelSource, Operation, Target};
use std::sync::Arc;

/// A request as it arrived, and what is listed as dropped.
type Arrived = (Box<ChatRequest>, Vec<Dropped>);

/// Checks one request in every format.
pub fn check(exchange: &Exchange, losses: &mut Losses) {
    let Some(from) = exchange.dialect() else { return };
    let Some(codec) = chat(from) else { return };
    let asked = match codec.read_request(exchange.request.as_bytes()) {
        Ok(Operation::Chat(request)) => request,
        Ok(_) => return,
        // What the provider refused may well be wrong.
        Err(_) if exchange.status >= 400 => return,
        Err(error) => return losses.add(format!("{from} request refused"), &exchange.id, &error.to_string()),
    };
    for to in Dialect::ALL {
        let pair = format!("{from} request to {to}");
        match through(to, &asked) {
            None => {}
            Some(Err(problem)) => losses.add(format!("{pair}: not written"), &exchange.id, &problem),
            Some(Ok((arrived, dropped))) => {
                losses.checked(&pair);
                for said in fidelity::find_lost(&asked, &arrived, to, &dropped) {
                    let what = format!("{} {}", said.path, said.value);
                    losses.add(format!("{pair}: {}", said.field.name()), &exchange.id, &what);
                }
            }
        }
    }
}

/// What arrives of a request in a format; `None` without a codec.
fn through(to: Dialect, asked: &ChatRequest) -> Option<Result<Arrived, String>> {
    let codec = chat(to)?;
    let operation = Operation::Chat(Box::new(asked.clone()));
    let read = || {
        let written = codec.write_request(&operation, &target()).map_err(|error| error.to_string())?;
        match codec.read_request(&written.body) {
            Ok(Operation::Chat(arrived)) => Ok((arrived, written.dropped)),
            Ok(_) => Err("no chat".to_owned()),
            Err(error) => Err(format!("what was written can't be read: {error}")),
        }
    };
    Some(read())
}

/// A model without peculiarities.
pub fn target() -> Target {
    Target::new(Arc::new(Model {
        capabilities: Capability::ALL.to_vec(),
        source: ModelSource::Config,
        ..Model::new("m", "p")
    }))
}
