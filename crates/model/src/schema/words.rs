//! Words and names.

use crate::capability::Capability;
use crate::entity::{
    BudgetPeriod, FailMode, KeyCreation, LimitWindow, ModelSource, ModelStatus, PolicyMode, Role, Scope, WebhookFormat,
};
use crate::event_kind::EventKind;
use crate::fault::{Code, ErrorKind};
use crate::id::{KeyId, ModelId, ProviderId, RequestId};
use crate::record::{CacheUse, Outcome};
use crate::usage::UsageOrigin;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// The beginning of a word that is not known, for the sentence that refuses it.
fn brief(word: &str) -> String {
    const SHOWN: usize = 40;
    if word.chars().count() > SHOWN { word.chars().take(SHOWN).chain(['…']).collect() } else { word.to_owned() }
}

/// Reads a text where it stands, without a copy of it: a record of a request has a dozen words and names.
pub(super) fn read<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(TextVisitor(read))
}

struct TextVisitor<F>(F);

impl<T, F: Fn(&str) -> Result<T, String>> Visitor<'_> for TextVisitor<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

macro_rules! words {
    ($($type:ty: $all:expr;)+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read(deserializer, |word| {
                    Self::lookup(word).ok_or_else(|| {
                        let known = $all.map(Self::name).join(", ");
                        format!("`{}` is not one of {known}", brief(word))
                    })
                })
            }
        }
    )+};
}

words! {
    BudgetPeriod: BudgetPeriod::ALL;
    CacheUse: CacheUse::ALL;
    Capability: Capability::ALL;
    Code: Code::ALL;
    ErrorKind: ErrorKind::ALL;
    EventKind: EventKind::ALL;
    FailMode: FailMode::ALL;
    KeyCreation: KeyCreation::ALL;
    LimitWindow: LimitWindow::ALL;
    ModelSource: ModelSource::ALL;
    ModelStatus: ModelStatus::ALL;
    Outcome: Outcome::ALL;
    PolicyMode: PolicyMode::ALL;
    Role: Role::ALL;
    Scope: Scope::ALL;
    UsageOrigin: UsageOrigin::ALL;
    WebhookFormat: WebhookFormat::ALL;
}

macro_rules! names {
    ($($type:ty,)+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read(deserializer, |name| Ok(Self::from(name)))
            }
        }
    )+};
}

names! { KeyId, ModelId, ProviderId, RequestId, }
