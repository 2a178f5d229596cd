//! A bus to test, as several nodes see it, and as a client that knows nothing of Baton does.

use baton_bus::{Bus, BusSettings, Local, Nats, RedisStreams};
use bytes::Bytes;
use std::sync::Arc;

pub enum Place {
    Local { bus: Local },
    Redis { url: String, settings: BusSettings },
    Nats { url: String, settings: BusSettings },
}

impl Place {
    pub fn local(settings: BusSettings) -> Self {
        Self::Local { bus: Local::new(settings) }
    }

    pub fn redis(url: String, settings: BusSettings) -> Self {
        let prefix = baton_servers::redis::prefix();
        Self::Redis { url, settings: BusSettings { prefix, ..settings } }
    }

    pub fn nats(url: String, settings: BusSettings) -> Self {
        let prefix = baton_servers::nats::prefix();
        Self::Nats { url, settings: BusSettings { prefix, ..settings } }
    }

    /// One more node.
    pub async fn node(&self) -> Arc<dyn Bus> {
        match self {
            Self::Local { bus } => Arc::new(bus.clone()),
            Self::Redis { url, settings } => Arc::new(RedisStreams::open(url, settings.clone()).unwrap()),
            Self::Nats { url, settings } => Arc::new(Nats::open(url, settings.clone()).await.unwrap()),
        }
    }

    /// Any bytes as a command, past all that a node checks.
    pub async fn raw(&self, bytes: &'static [u8]) {
        match self {
            Self::Local { bus } => bus.send_raw(Bytes::from_static(bytes)).unwrap(),
            Self::Redis { url, settings } => {
                let key = format!("{}:commands", settings.prefix);
                let mut add = redis::cmd("XADD");
                add.arg(key).arg("*").arg("event").arg(bytes);
                add.query_async::<()>(&mut redis(url).await).await.unwrap();
            }
            Self::Nats { url, settings } => {
                let client = async_nats::connect(url).await.unwrap();
                let subject = format!("{}.commands.any", settings.prefix);
                let context = async_nats::jetstream::new(client);
                context.publish(subject, Bytes::from_static(bytes)).await.unwrap().await.unwrap();
            }
        }
    }

    /// How many events are kept for later; `None`: this bus keeps none.
    pub async fn kept(&self) -> Option<u64> {
        match self {
            Self::Local { .. } => None,
            Self::Redis { url, settings } => {
                let key = format!("{}:events", settings.prefix);
                Some(redis::cmd("XLEN").arg(key).query_async(&mut redis(url).await).await.unwrap())
            }
            Self::Nats { url, settings } => {
                let context = async_nats::jetstream::new(async_nats::connect(url).await.unwrap());
                let name = format!("{}_EVENTS", settings.prefix.to_uppercase());
                Some(context.get_stream(name).await.unwrap().cached_info().state.messages)
            }
        }
    }

    /// A name for replies that belongs to nobody else.
    pub fn replyto(&self) -> String {
        match self {
            Self::Local { .. } => "somewhere".into(),
            Self::Redis { settings, .. } | Self::Nats { settings, .. } => format!("client_of_{}", settings.prefix),
        }
    }

    /// Names that Baton uses itself.
    pub fn own_names(&self) -> Vec<String> {
        match self {
            Self::Local { .. } => Vec::new(),
            Self::Redis { settings, .. } => vec![format!("{}:commands", settings.prefix), String::new()],
            Self::Nats { settings, .. } => [".commands.model.register", ".dead", ".events.x"]
                .map(|name| format!("{}{name}", settings.prefix))
                .into_iter()
                .chain(["$JS.API.INFO".into(), "a b".into(), "a.*".into(), String::new()])
                .collect(),
        }
    }
}

pub async fn redis(url: &str) -> redis::aio::MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}
