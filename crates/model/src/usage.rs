//! What a request consumed, in classes that never overlap.

/// A class of consumption. The classes are disjoint: their sum is the total, whatever convention the vendor has
/// (OpenAI counts cached tokens inside the input, Anthropic beside it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UsageClass {
    /// Text tokens read that came from no cache.
    Input,
    /// Tokens read from the provider's prompt cache.
    CacheRead,
    /// Tokens written to the provider's prompt cache for its shortest lifetime (Anthropic: five minutes).
    CacheWrite,
    /// Tokens written to the provider's prompt cache for an hour.
    CacheWrite1h,
    /// Text tokens produced, reasoning apart.
    Output,
    /// Tokens produced while reasoning.
    Reasoning,
    /// Audio tokens read.
    AudioInput,
    /// Audio tokens read from the provider's prompt cache.
    AudioCacheRead,
    /// Audio tokens produced.
    AudioOutput,
    /// Image tokens read, where the provider reports them apart.
    ImageInput,
    /// Image tokens produced.
    ImageOutput,
    /// Images produced, where they are billed by the piece.
    Images,
    /// Milliseconds of audio heard, where it is billed by time.
    AudioMillis,
    /// Characters spoken, where speech is billed by the character.
    Characters,
    /// Searches that the provider ran on the web.
    WebSearches,
}

impl UsageClass {
    /// How many classes there are.
    pub const COUNT: usize = 15;

    /// All of them, in the order in which documents list them.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheWrite,
        Self::CacheWrite1h,
        Self::Output,
        Self::Reasoning,
        Self::AudioInput,
        Self::AudioCacheRead,
        Self::AudioOutput,
        Self::ImageInput,
        Self::ImageOutput,
        Self::Images,
        Self::AudioMillis,
        Self::Characters,
        Self::WebSearches,
    ];

    /// The name in records, prices and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheWrite => "cache_write",
            Self::CacheWrite1h => "cache_write_1h",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
            Self::AudioInput => "audio_input",
            Self::AudioCacheRead => "audio_cache_read",
            Self::AudioOutput => "audio_output",
            Self::ImageInput => "image_input",
            Self::ImageOutput => "image_output",
            Self::Images => "images",
            Self::AudioMillis => "audio_ms",
            Self::Characters => "characters",
            Self::WebSearches => "web_searches",
        }
    }

    /// The class of that [name](Self::name).
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Whether the class counts tokens that the model read.
    pub fn is_input_token(self) -> bool {
        matches!(
            self,
            Self::Input
                | Self::CacheRead
                | Self::CacheWrite
                | Self::CacheWrite1h
                | Self::AudioInput
                | Self::AudioCacheRead
                | Self::ImageInput
        )
    }

    /// Whether the class counts tokens, and not pieces, time or characters.
    pub fn is_token(self) -> bool {
        self.is_input_token() || self.is_output_token()
    }

    /// Whether the class counts tokens that the model produced.
    pub fn is_output_token(self) -> bool {
        matches!(self, Self::Output | Self::Reasoning | Self::AudioOutput | Self::ImageOutput)
    }
}

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
    pub(crate) counts: [u64; UsageClass::COUNT],
    /// The service tier that the provider says it used (`default`, `flex`, `priority`, `batch`), which picks the price.
    #[cfg_attr(feature = "schema", serde(serialize_with = "crate::schema::record::word"))]
    pub service_tier: Option<String>,
    /// The region in which the provider says it ran the request (`us`, `global`), which may have a surcharge.
    #[cfg_attr(
        feature = "schema",
        serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::schema::record::word")
    )]
    pub region: Option<String>,
}

impl Usage {
    /// The amount of one class.
    pub fn get(&self, class: UsageClass) -> u64 {
        self.counts.get(class as usize).copied().unwrap_or(0)
    }

    /// Sets the amount of one class.
    pub fn set(&mut self, class: UsageClass, amount: u64) {
        if let Some(count) = self.counts.get_mut(class as usize) {
            *count = amount;
        }
    }

    /// The same with one class set; for building.
    #[must_use]
    pub fn with(mut self, class: UsageClass, amount: u64) -> Self {
        self.set(class, amount);
        self
    }

    /// The classes that are not zero.
    pub fn nonzero(&self) -> impl Iterator<Item = (UsageClass, u64)> + '_ {
        UsageClass::ALL.into_iter().map(|class| (class, self.get(class))).filter(|(_, amount)| *amount > 0)
    }

    /// All tokens read, cached or not.
    pub fn input_tokens(&self) -> u64 {
        self.sum(UsageClass::is_input_token)
    }

    /// All tokens produced, reasoning included.
    pub fn output_tokens(&self) -> u64 {
        self.sum(UsageClass::is_output_token)
    }

    /// Saturates: a provider may report any number.
    fn sum(&self, counts: impl Fn(UsageClass) -> bool) -> u64 {
        let amounts = self.nonzero().filter(|(class, _)| counts(*class)).map(|(_, amount)| amount);
        amounts.fold(0, u64::saturating_add)
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
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
    }
}

#[cfg(test)]
mod tests {
    use super::{Usage, UsageClass};

    #[test]
    fn each_class_has_its_own_place_and_name() {
        for (place, class) in UsageClass::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, place);
            assert_eq!(UsageClass::lookup(class.name()), Some(class));
        }
    }

    #[test]
    fn later_reports_complete_earlier_ones() {
        let mut usage = Usage::default().with(UsageClass::Input, 10).with(UsageClass::Output, 1);
        usage.update(&Usage::default().with(UsageClass::Output, 25));
        assert_eq!((usage.input_tokens(), usage.output_tokens()), (10, 25));
    }
}
