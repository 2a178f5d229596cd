//! What a request consumed, in classes that never overlap.

mod amounts;
mod class;

pub use amounts::Amounts;
pub use class::UsageClass;

use crate::bounds;

/// Where the numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum UsageOrigin {
    /// The provider said so.
    Reported,
    /// Baton counted, because the provider never said.
    #[default]
    Estimated,
}

impl UsageOrigin {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Reported, Self::Estimated];

    /// The name in records: `reported` or `estimated`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Estimated => "estimated",
        }
    }

    /// The origin of that [name](Self::name).
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

/// What one attempt consumed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema))]
pub struct Usage {
    /// The usage, by class; only classes that are not zero.
    #[cfg_attr(
        feature = "schema",
        serde(rename = "tokens", with = "crate::schema::usage"),
        schema(value_type = Object)
    )]
    pub amounts: Amounts,
    /// The service tier that the provider says it used (`default`, `flex`, `priority`, `batch`), which picks the price.
    #[cfg_attr(feature = "schema", serde(serialize_with = "crate::schema::record::word"))]
    pub service_tier: Option<String>,
    /// The region in which the provider says it ran the request (`us`, `global`), which may have a surcharge.
    #[cfg_attr(
        feature = "schema",
        serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::schema::record::word")
    )]
    pub region: Option<String>,
    /// How much of it other models of the provider consumed, each of which is priced by its own price: one that advised,
    /// or stood in for a model that declined.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub other_models: Vec<ModelUsage>,
    /// What the provider reported beside that Baton can't account for: the name of the field. The amounts are an
    /// estimate then.
    #[cfg_attr(
        feature = "schema",
        serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::schema::record::word")
    )]
    pub unaccounted: Option<String>,
}

/// What another model consumed of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema))]
pub struct ModelUsage {
    /// The provider's name for it.
    #[cfg_attr(feature = "schema", serde(serialize_with = "crate::schema::record::sentence"))]
    pub model: String,
    /// The usage, by class.
    #[cfg_attr(
        feature = "schema",
        serde(rename = "tokens", with = "crate::schema::usage"),
        schema(value_type = Object)
    )]
    pub amounts: Amounts,
}

/// The most models that an attempt is split by: a provider may report any number, and each is kept with the record.
const MOST_MODELS: usize = 16;

impl ModelUsage {
    /// Adds what a model consumed to a list with one entry for each. Returns whether there was room for it.
    pub fn add(list: &mut Vec<Self>, model: &str, amounts: &Amounts) -> bool {
        let model = bounds::truncate(model, bounds::ID);
        if let Some(known) = list.iter_mut().find(|known| known.model == model) {
            known.amounts.add(amounts, |_| true);
            return true;
        }
        let room = list.len() < MOST_MODELS;
        if room {
            list.push(Self { model: model.into_owned(), amounts: *amounts });
        }
        room
    }
}

impl Usage {
    /// The amount of one class.
    pub fn get(&self, class: UsageClass) -> u64 {
        self.amounts.get(class)
    }

    /// Sets the amount of one class.
    pub fn set(&mut self, class: UsageClass, amount: u64) {
        self.amounts.set(class, amount);
    }

    /// The same with one class set; for building.
    #[must_use]
    pub fn with(mut self, class: UsageClass, amount: u64) -> Self {
        self.set(class, amount);
        self
    }

    /// The classes that are not zero.
    pub fn nonzero(&self) -> impl Iterator<Item = (UsageClass, u64)> + '_ {
        self.amounts.nonzero()
    }

    /// All tokens read, cached or not.
    pub fn input_tokens(&self) -> u64 {
        self.amounts.input_tokens()
    }

    /// All tokens produced, reasoning included.
    pub fn output_tokens(&self) -> u64 {
        self.amounts.output_tokens()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.amounts.is_empty()
    }

    /// Where numbers are from that a provider reported: its word, as far as all of it was understood.
    pub fn reported_origin(&self) -> UsageOrigin {
        match self.unaccounted {
            None => UsageOrigin::Reported,
            Some(_) => UsageOrigin::Estimated,
        }
    }

    /// What the model consumed that was called: all but what others did.
    pub fn own_amounts(&self) -> Amounts {
        let mut own = self.amounts;
        for other in &self.other_models {
            own.take(&other.amounts);
        }
        own
    }

    /// Takes over what `newer` knows. Streams report cumulatively and in pieces (Anthropic: input first, output last),
    /// so a class that `newer` leaves at zero keeps its number.
    pub fn update(&mut self, newer: &Self) {
        // Set and not added: each report of Anthropic's `message_delta` is the total so far.
        for (class, amount) in newer.nonzero() {
            self.set(class, amount);
        }
        if newer.service_tier.is_some() {
            self.service_tier.clone_from(&newer.service_tier);
        }
        if newer.region.is_some() {
            self.region.clone_from(&newer.region);
        }
        if !newer.other_models.is_empty() {
            self.other_models.clone_from(&newer.other_models);
        }
        if newer.unaccounted.is_some() {
            self.unaccounted.clone_from(&newer.unaccounted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_MODELS, ModelUsage, Usage, UsageClass};
    use crate::bounds;

    #[test]
    fn any_number_of_models_takes_little_room() {
        let amounts = Usage::default().with(UsageClass::Input, 1).amounts;
        let mut list = Vec::new();
        for number in 0..100 {
            let name = format!("{number}{}", "x".repeat(10_000));
            assert_eq!(ModelUsage::add(&mut list, &name, &amounts), number < MOST_MODELS);
        }
        assert_eq!(list.len(), MOST_MODELS);
        assert!(list.iter().all(|other| other.model.chars().count() <= bounds::ID));
        // One that is there is added to, however many others there are.
        assert!(ModelUsage::add(&mut list, &format!("3{}", "x".repeat(10_000)), &amounts));
        assert_eq!(list.get(3).map(|other| other.amounts.get(UsageClass::Input)), Some(2));
    }

    #[test]
    fn later_reports_complete_earlier_ones() {
        let mut usage = Usage::default().with(UsageClass::Input, 10).with(UsageClass::Output, 1);
        usage.update(&Usage::default().with(UsageClass::Output, 25));
        assert_eq!((usage.input_tokens(), usage.output_tokens()), (10, 25));
    }

    #[test]
    fn what_others_consumed_is_not_the_models_own() {
        let other =
            |input| ModelUsage { model: "m".into(), amounts: Usage::default().with(UsageClass::Input, input).amounts };
        let usage = Usage { other_models: vec![other(3), other(4)], ..Usage::default().with(UsageClass::Input, 10) };
        assert_eq!(usage.own_amounts().get(UsageClass::Input), 3);
    }
}
