//! A model to write requests for.

use baton_model::chat::Json;
use baton_model::{Capability, Model, ModelSource, ModelStatus, Quirks, Target, Timestamp};
use std::sync::Arc;

pub fn target() -> Target {
    Target::new(Arc::new(Model {
        id: "m".into(),
        provider: "p".into(),
        upstream: "upstream".into(),
        capabilities: Capability::ALL.to_vec(),
        status: ModelStatus::Active,
        display_name: None,
        description: None,
        max_tokens: Some(4096),
        token_limit: Some(8192),
        price: None,
        fallbacks: Vec::new(),
        configuration: vec![("temperature".into(), Json("0.5".into()))],
        metadata: Json("{}".into()),
        source: ModelSource::Config,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
        quirks: Quirks::default(),
        tokenizer: None,
    }))
}
