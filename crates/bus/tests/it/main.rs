//! The same cases for every bus, against real servers; and what becomes of a server that is away.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod away;
mod commands;
mod events;
mod faults;
mod place;

use baton_bus::{BusEvent, CommandDelivery};
use futures::StreamExt;
use futures::stream::BoxStream;
use std::time::Duration;

/// Longer than anything takes here, however busy the machine is.
const LONG: Duration = Duration::from_secs(60);

fn event(id: &str, kind: &str) -> BusEvent {
    BusEvent::new(id, "test", kind)
}

async fn next(stream: &mut BoxStream<'static, BusEvent>) -> BusEvent {
    tokio::time::timeout(LONG, stream.next()).await.expect("an event comes").expect("the stream goes on")
}

async fn take_delivery(stream: &mut BoxStream<'static, CommandDelivery>) -> CommandDelivery {
    tokio::time::timeout(LONG, stream.next()).await.expect("a command comes").expect("the stream goes on")
}

fn id(delivery: &CommandDelivery) -> &str {
    &delivery.event.as_ref().expect("it can be read").id
}

/// Runs a case on every bus, side by side.
macro_rules! on_every_bus {
    ($($case:ident $settings:expr;)*) => {
        $(mod $case {
            use super::*;

            #[tokio::test]
            async fn in_this_process() {
                super::$case(&Place::local($settings)).await;
            }

            #[tokio::test]
            async fn on_redis() {
                super::$case(&Place::redis(baton_servers::redis::url(), $settings)).await;
            }

            #[tokio::test]
            async fn on_nats() {
                super::$case(&Place::nats(baton_servers::nats::url(), $settings)).await;
            }
        })*
    };
}
pub(crate) use on_every_bus;
