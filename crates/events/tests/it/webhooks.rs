//! Every event that a webhook wants reaches it, signed; what does not is tried again, and then kept.

use crate::setup::{ManualClock, NOON, memory, relay_all, store, tell, until};
use crate::target::{ScriptedReplies, WebhookTarget};
use baton_bus::{BusEvent, Local};
use baton_events::webhooks::{WebhookSecret, WebhookSecrets, WebhookSettings, sealed_row, send_test};
use baton_events::{Relay, WebhookSender};
use baton_model::entity::WebhookFormat;
use baton_model::{EventKind, Timestamp, Webhook};
use baton_seal::Keyring;
use baton_store::Store;
use baton_store::audit::AuditFilter;
use baton_store::webhooks::{DeliveryState, WebhookDelivery};
use std::sync::Arc;
use std::time::Duration;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER_KEY: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A store, its relay and its webhooks.
struct Hub {
    clock: Arc<ManualClock>,
    store: Store,
    relay: Relay,
    webhooks: WebhookSender,
}

fn allowing(networks: &[&str]) -> WebhookSettings {
    WebhookSettings {
        allow: networks.iter().map(|network| network.parse().unwrap()).collect(),
        ..WebhookSettings::default()
    }
}

impl Hub {
    async fn new(settings: WebhookSettings) -> Self {
        let clock = ManualClock::at_noon();
        let store = memory(&clock).await;
        Self::over(store, clock, settings, KEY)
    }

    fn over(store: Store, clock: Arc<ManualClock>, settings: WebhookSettings, key: &str) -> Self {
        let relay = Relay::new(store.clone(), Arc::new(Local::new(baton_bus::BusSettings::default())));
        let keyring = Some(Keyring::parse(key).unwrap());
        let webhooks = WebhookSender::new(store.clone(), keyring, settings, Arc::clone(&clock) as _, 1);
        Self { clock, store, relay, webhooks }
    }

    async fn register(&self, id: &str, url: &str, types: Option<Vec<EventKind>>) {
        self.register_as(WebhookFormat::CloudEvents, id, url, types).await;
    }

    async fn register_as(&self, format: WebhookFormat, id: &str, url: &str, types: Option<Vec<EventKind>>) {
        let secrets = WebhookSecrets::of(WebhookSecret::parse(SECRET).unwrap());
        let sealed = Keyring::parse(KEY).unwrap().seal(&sealed_row(id), secrets.write().as_bytes()).unwrap();
        let times = Webhook { created_at: NOON, updated_at: NOON, ..Webhook::new(id, url) };
        let webhook = Webhook { types, format, sealed_secret: sealed, ..times };
        self.store.webhooks().insert(&webhook).await.unwrap();
    }

    /// Tells of that many new models, and makes deliveries of it.
    async fn happen(&self, count: usize) {
        for n in 0..count {
            tell(&self.store, EventKind::ModelRegistered, &format!("model-{n}")).await;
        }
        relay_all(&self.relay).await;
    }

    /// Delivers until nothing more is due or under way.
    async fn deliver(&self) {
        until("the deliveries end", async || !self.webhooks.round().await).await;
    }

    async fn deliveries(&self, webhook: &str, state: DeliveryState) -> Vec<WebhookDelivery> {
        self.store.webhooks().deliveries(Some(webhook), Some(state), None, 1_000).await.unwrap().items
    }

    async fn only(&self, state: DeliveryState) -> WebhookDelivery {
        let deliveries = self.deliveries("wh", state).await;
        assert_eq!(deliveries.len(), 1, "{deliveries:?}");
        deliveries[0].clone()
    }
}

async fn what_is_wanted_arrives_signed(store: Store, clock: Arc<ManualClock>) {
    let hub = Hub::over(store, clock, allowing(&["127.0.0.0/8"]), KEY);
    let target = WebhookTarget::start(ScriptedReplies::Status(204)).await;
    hub.register("wh", &target.url, Some(vec![EventKind::ModelDeleted])).await;
    tell(&hub.store, EventKind::ModelRegistered, "fast").await;
    let wanted = tell(&hub.store, EventKind::ModelDeleted, "fast").await;
    relay_all(&hub.relay).await;
    hub.deliver().await;
    let received = target.received();
    assert_eq!(received.len(), 1);
    let message = &received[0];
    assert_eq!(message.header("content-type"), "application/cloudevents+json");
    assert_eq!(message.header("webhook-id"), wanted);
    assert_eq!(message.header("webhook-timestamp"), NOON.seconds().to_string());
    let signatures = message.header("webhook-signature");
    assert!(
        WebhookSecret::parse(SECRET).unwrap().verify(&wanted, NOON.seconds(), &message.body, signatures),
        "{signatures}"
    );
    let event = BusEvent::read(&message.body).unwrap();
    assert_eq!((event.id.as_str(), event.kind.as_str(), event.source.as_str()), (&*wanted, "model.deleted", "node-1"));
    assert_eq!(event.data.unwrap().0, r#"{"model_id":"fast"}"#);
    let delivery = hub.only(DeliveryState::Delivered).await;
    assert_eq!((delivery.attempts, delivery.last_status, delivery.last_error), (1, Some(204), None));
}

#[tokio::test]
async fn a_webhook_for_slack_gets_sentences() {
    let hub = Hub::new(allowing(&["127.0.0.0/8"])).await;
    let target = WebhookTarget::start(ScriptedReplies::Status(200)).await;
    hub.register_as(WebhookFormat::Slack, "wh", &target.url, None).await;
    let id = tell(&hub.store, EventKind::ModelDeleted, "<!channel> & co").await;
    relay_all(&hub.relay).await;
    hub.deliver().await;
    let secrets = WebhookSecrets::of(WebhookSecret::parse(SECRET).unwrap());
    let networks = ["127.0.0.0/8".parse().unwrap()];
    let place = (target.url.as_str(), WebhookFormat::Slack);
    let tested = send_test(place, &secrets, &networks, ("test-1", "node-1"), NOON).await;
    assert_eq!((tested.status.unwrap().as_u16(), tested.error), (200, None));
    let received = target.received();
    let bodies: Vec<&[u8]> = received.iter().map(|message| &*message.body).collect();
    assert_eq!(
        bodies,
        [
            br#"{"text":"The model `&lt;!channel&gt; &amp; co` was deleted."}"#.as_slice(),
            br#"{"text":"This is a test message of Baton; nothing happened."}"#.as_slice(),
        ]
    );
    for (message, id) in received.iter().zip([id.as_str(), "test-1"]) {
        assert_eq!(message.header("content-type"), "application/json");
        assert_eq!(message.header("webhook-id"), id);
        let signatures = message.header("webhook-signature");
        assert!(WebhookSecret::parse(SECRET).unwrap().verify(id, NOON.seconds(), &message.body, signatures));
    }
    assert_eq!(hub.only(DeliveryState::Delivered).await.last_status, Some(200));
}

#[tokio::test]
async fn what_is_wanted_arrives_signed_over_sqlite() {
    let clock = ManualClock::at_noon();
    what_is_wanted_arrives_signed(memory(&clock).await, clock).await;
}

#[tokio::test]
async fn what_is_wanted_arrives_signed_over_postgres() {
    let (clock, database) = (ManualClock::at_noon(), baton_servers::postgres::database());
    let store = store(&database.url(), &clock).await;
    what_is_wanted_arrives_signed(store.clone(), clock).await;
    store.close().await;
}

#[tokio::test]
async fn a_delivery_that_fails_is_tried_again_by_the_schedule_then_kept_then_delivered_on_demand() {
    let hub = Hub::new(allowing(&["127.0.0.1/32"])).await;
    let target = WebhookTarget::start(ScriptedReplies::Status(500)).await;
    hub.register("wh", &target.url, None).await;
    hub.happen(1).await;
    let mut now = NOON;
    for (tries, seconds) in [(1, 5.0), (2, 60.0), (3, 300.0), (4, 1_800.0), (5, 7_200.0), (6, 21_600.0), (7, 43_200.0)]
    {
        hub.deliver().await;
        let delivery = hub.only(DeliveryState::Pending).await;
        assert_eq!((delivery.attempts, delivery.last_status), (tries, Some(500)));
        assert_eq!(delivery.last_error.as_deref(), Some("the service replied 500 Internal Server Error"));
        let wait = delivery.next_at.unwrap().since(now).as_secs_f64();
        assert!((seconds * 0.8..seconds * 1.2).contains(&wait), "{tries}: {wait}");
        assert_eq!(target.received().len(), tries as usize);
        hub.clock.set(Timestamp(delivery.next_at.unwrap().0 - 1));
        hub.deliver().await;
        assert_eq!(target.received().len(), tries as usize, "not a moment too early");
        now = delivery.next_at.unwrap();
        hub.clock.set(now);
    }
    hub.deliver().await;
    let dead = hub.only(DeliveryState::Dead).await;
    assert_eq!((dead.attempts, dead.last_status), (8, Some(500)));

    target.reply(ScriptedReplies::Status(200));
    hub.deliver().await;
    assert_eq!(target.received().len(), 8, "what is dead rests");
    hub.store.webhooks().redeliver(&dead.id, now).await.unwrap();
    hub.deliver().await;
    assert_eq!(hub.only(DeliveryState::Delivered).await.id, dead.id);
    let ids: Vec<String> = target.received().iter().map(|message| message.header("webhook-id").to_owned()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "every try has the same id: {ids:?}");
}

#[tokio::test]
async fn a_service_is_left_alone_for_as_long_as_it_asks() {
    let hub = Hub::new(allowing(&["127.0.0.1/32"])).await;
    let target = WebhookTarget::start(ScriptedReplies::Busy("600")).await;
    hub.register("wh", &target.url, None).await;
    hub.happen(1).await;
    hub.deliver().await;
    let delivery = hub.only(DeliveryState::Pending).await;
    assert_eq!(delivery.next_at, Some(NOON.plus(Duration::from_secs(600))));
    assert_eq!(delivery.last_status, Some(429));
}

#[tokio::test]
async fn a_service_that_is_gone_gets_nothing_more() {
    let hub = Hub::new(allowing(&["127.0.0.1/32"])).await;
    let target = WebhookTarget::start(ScriptedReplies::Status(410)).await;
    hub.register("wh", &target.url, None).await;
    hub.happen(1).await;
    hub.deliver().await;
    assert_eq!(hub.only(DeliveryState::Dead).await.last_error.as_deref(), Some("the service replied 410 Gone"));
    assert!(!hub.store.webhooks().get("wh").await.unwrap().active);
    hub.happen(1).await;
    hub.deliver().await;
    assert_eq!(target.received().len(), 1);
    let log = hub.store.audit().list(&AuditFilter::default(), None, 10).await.unwrap().items;
    let entry = &log[0];
    let told = (entry.actor.as_str(), entry.action.as_str(), entry.subject.as_str());
    assert_eq!(told, ("baton:webhooks", "webhook.deactivate", "wh"));
    assert_eq!(entry.after.as_deref(), Some(r#"{"id":"wh","active":false}"#));
}

#[tokio::test]
async fn services_that_never_reply_hold_up_no_other() {
    let settings = WebhookSettings { timeout: Duration::from_secs(3_600), ..allowing(&["127.0.0.1/32"]) };
    let hub = Hub::new(settings).await;
    let (silent, well) = (
        WebhookTarget::start(ScriptedReplies::Silence).await,
        WebhookTarget::start(ScriptedReplies::Status(200)).await,
    );
    for n in 0..4 {
        hub.register(&format!("silent-{n}"), &silent.url, None).await;
    }
    hub.register("well", &well.url, None).await;
    // More than are looked at in one question.
    hub.happen(300).await;
    until("the others are delivered", async || {
        hub.webhooks.round().await;
        hub.deliveries("well", DeliveryState::Delivered).await.len() == 300
    })
    .await;
    // A service that never replies has not failed yet, so it has all the places that a webhook may have.
    assert_eq!(silent.received().len(), 4 * 4, "so many calls a webhook, and no more");
    assert_eq!(hub.deliveries("silent-0", DeliveryState::Pending).await.len(), 300);
}

#[tokio::test]
async fn a_service_that_does_not_respond_in_time_has_failed() {
    let settings = WebhookSettings { timeout: Duration::from_millis(50), ..allowing(&["127.0.0.1/32"]) };
    let hub = Hub::new(settings).await;
    let target = WebhookTarget::start(ScriptedReplies::Silence).await;
    hub.register("wh", &target.url, None).await;
    hub.happen(1).await;
    hub.deliver().await;
    let delivery = hub.only(DeliveryState::Pending).await;
    assert_eq!(delivery.last_error.as_deref(), Some("`127.0.0.1` did not reply within 50ms"));
    assert!(delivery.next_at > Some(NOON));
}

#[tokio::test]
async fn nothing_goes_where_it_is_not_allowed() {
    let hub = Hub::new(allowing(&["10.0.0.0/8"])).await;
    let target = WebhookTarget::start(ScriptedReplies::Status(200)).await;
    hub.register("wh", &target.url, None).await;
    hub.happen(1).await;
    hub.deliver().await;
    // Dead at once: trying again would only help somebody who probes the network.
    let error = hub.only(DeliveryState::Dead).await.last_error.unwrap();
    assert!(error.contains("127.0.0.1, which is neither on the public internet"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
    assert!(target.received().is_empty());
}

#[tokio::test]
async fn without_its_key_a_secret_signs_nothing() {
    let clock = ManualClock::at_noon();
    let hub = Hub::over(memory(&clock).await, clock, allowing(&["127.0.0.1/32"]), OTHER_KEY);
    let target = WebhookTarget::start(ScriptedReplies::Status(200)).await;
    hub.register("wh", &target.url, None).await;
    hub.happen(1).await;
    hub.deliver().await;
    // Pending: the operator can set the right key, and then it is delivered.
    let error = hub.only(DeliveryState::Pending).await.last_error.unwrap();
    assert!(error.contains("BATON_SECRET_KEY"), "{error}");
    assert!(target.received().is_empty());
}
