//! An event as everyone outside sees it.

use baton_bus::BusEvent;
use baton_model::chat::Json;
use baton_store::StoredEvent;

/// The CloudEvent that stands on the bus, in the stream of the API and in the body of webhooks. Its source is the node
/// where it happened.
pub fn cloud(event: &StoredEvent) -> BusEvent {
    let mut cloud = BusEvent::new(event.id.as_str(), event.source.as_str(), event.kind.name());
    // The specification has no empty subject.
    cloud.subject = Some(event.subject.clone()).filter(|subject| !subject.is_empty());
    cloud.time = Some(event.time);
    cloud.datacontenttype = Some("application/json".to_owned());
    cloud.data = Some(Json(event.data.clone()));
    match &event.traceparent {
        Some(trace) => cloud.with_attribute("traceparent", trace.as_str()),
        None => cloud,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::{EventKind, Timestamp};

    #[test]
    fn an_event_is_written_as_a_cloud_event() {
        let mut event = StoredEvent {
            id: "0193-1".into(),
            kind: EventKind::ModelRegistered,
            subject: "fast".into(),
            time: Timestamp(1_795_435_200_000_000),
            data: r#"{"model_id":"fast","price":0.10}"#.into(),
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
            source: "node-1".into(),
            position: Some(7),
        };
        assert_eq!(
            cloud(&event).write(),
            r#"{"specversion":"1.0","id":"0193-1","source":"node-1","type":"model.registered","subject":"fast","time":"2026-11-23T12:00:00.000000Z","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","datacontenttype":"application/json","data":{"model_id":"fast","price":0.10}}"#
        );
        (event.subject, event.traceparent) = (String::new(), None);
        let text = cloud(&event).write();
        assert!(!text.contains("subject") && !text.contains("traceparent"), "{text}");
    }
}
