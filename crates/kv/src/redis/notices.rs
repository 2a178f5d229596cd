//! Notices over Redis: what is published on one node is heard on all.

use super::Redis;
use super::link::Link;
use crate::{Notice, Notices};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use redis::RedisResult;
use redis::aio::{MultiplexedConnection, PubSub};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often a silent subscription is asked whether it is still there, and how long it has for its reply.
const SILENCE: Duration = Duration::from_secs(10);
const REPLY_TIMEOUT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(500);

impl Notices for Redis {
    fn publish<'a>(&'a self, topic: &'a str, text: &'a str) -> BoxFuture<'a, ()> {
        let publish = async move |mut connection: MultiplexedConnection| {
            let channel = format!("{}{topic}", channels(&self.link));
            redis::cmd("PUBLISH").arg(channel).arg(text).query_async::<()>(&mut connection).await
        };
        async move {
            self.link.run("publish", publish).await;
        }
        .boxed()
    }

    fn subscribe(&self) -> BoxFuture<'_, BoxStream<'static, Notice>> {
        let link = Arc::clone(&self.link);
        async move {
            // Subscribed before the stream is returned, so that a notice published next is not missed.
            let first = timeout(REPLY_TIMEOUT, subscription(&link)).await.ok().and_then(Result::ok);
            listen_on(link, first).boxed()
        }
        .boxed()
    }
}

fn channels(link: &Link) -> String {
    format!("{}:notices:", link.settings.prefix)
}

async fn subscription(link: &Link) -> RedisResult<PubSub> {
    // A connection of its own: one that is subscribed can do nothing else in the older protocol.
    let mut subscription = link.client.get_async_pubsub().await?;
    // `*`, `?` and `[` in a prefix would match more than it; the configuration has neither.
    subscription.psubscribe(format!("{}*", channels(link))).await?;
    Ok(subscription)
}

/// Everything that is heard, over as many subscriptions as it takes.
fn listen_on(link: Arc<Link>, first: Option<PubSub>) -> impl futures::Stream<Item = Notice> + Send {
    async_stream::stream! {
        let mut next = first;
        loop {
            if let Some(subscription) = next.take() {
                let (mut sink, mut messages) = subscription.split();
                loop {
                    match timeout(SILENCE, messages.next()).await {
                        Ok(Some(message)) => {
                            let topic = message.get_channel_name().strip_prefix(&channels(&link)).unwrap_or_default();
                            let text = String::from_utf8_lossy(message.get_payload_bytes()).into_owned();
                            yield Notice::Published { topic: topic.to_owned(), text };
                        }
                        Ok(None) => break,
                        // A dead connection is silent too, so silence alone says nothing.
                        Err(_) => match timeout(REPLY_TIMEOUT, sink.ping::<redis::Value>()).await {
                            Ok(Ok(_)) => {}
                            Ok(Err(_)) | Err(_) => break,
                        },
                    }
                }
            }
            sleep(PAUSE).await;
            next = timeout(REPLY_TIMEOUT, subscription(&link)).await.ok().and_then(Result::ok);
            if next.is_some() {
                // Redis keeps no notices, so whatever was published in between is gone.
                yield Notice::Missed;
            }
        }
    }
}
