//! What is consumed, by kind.

/// A class of consumption. The classes are disjoint: their sum is the total, whatever convention the vendor has
/// (OpenAI counts cached tokens inside the input, Anthropic beside it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UsageClass {
    /// Text tokens read that came from no cache.
    Input,
    /// Tokens read from the provider's prompt cache.
    CacheRead,
    /// Tokens written to the provider's prompt cache for its shortest lifetime (Anthropic: five minutes, OpenAI:
    /// thirty).
    CacheWrite,
    /// Tokens written to the provider's prompt cache for an hour.
    CacheWrite1h,
    /// Tokens written to the provider's prompt cache for twelve hours.
    CacheWrite12h,
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
    pub const COUNT: usize = 16;

    /// All of them, in the order in which documents list them.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheWrite,
        Self::CacheWrite1h,
        Self::CacheWrite12h,
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
            Self::CacheWrite12h => "cache_write_12h",
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
                | Self::CacheWrite12h
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

#[cfg(test)]
mod tests {
    use super::UsageClass;

    #[test]
    fn each_class_has_its_own_place_and_name() {
        for (place, class) in UsageClass::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, place);
            assert_eq!(UsageClass::lookup(class.name()), Some(class));
        }
    }
}
