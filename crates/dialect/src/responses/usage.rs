//! Token counts, written; they are read as those of a chat, whose reader knows both sets of names.
//!
//! Reference: OpenAI API reference, `ResponseUsage`: `input_tokens` holds the cached and written ones, `output_tokens`
//! the reasoning ones.

use crate::json::Object;
use baton_model::{Usage, UsageClass};

/// Writes the members of a `usage` object.
pub(super) fn write(usage: &Usage, o: &mut Object<'_>) {
    let (input, output) = (usage.input_tokens(), usage.output_tokens());
    let cached = usage.get(UsageClass::CacheRead).saturating_add(usage.get(UsageClass::AudioCacheRead));
    let written = usage.amounts.cache_write_tokens();
    let more = |o: &mut Object<'_>, classes: &[(&str, u64)]| {
        for (name, amount) in classes.iter().filter(|(_, amount)| *amount > 0) {
            o.integer(name, *amount);
        }
    };
    o.integer("input_tokens", input);
    o.object("input_tokens_details", |o| {
        o.integer("cached_tokens", cached);
        // The format does not say how much of the audio came from a cache: all that did is told as cached.
        let (audio, image) = (usage.get(UsageClass::AudioInput), usage.get(UsageClass::ImageInput));
        more(o, &[("cache_write_tokens", written), ("audio_tokens", audio), ("image_tokens", image)]);
        let for_12h = usage.get(UsageClass::CacheWrite12h);
        if for_12h > 0 {
            o.object("cache_write_tokens_details", |o| {
                o.integer("ttl_30m_tokens", written - for_12h).integer("ttl_12h_tokens", for_12h);
            });
        }
    });
    o.integer("output_tokens", output);
    o.object("output_tokens_details", |o| {
        o.integer("reasoning_tokens", usage.get(UsageClass::Reasoning));
        let (audio, image) = (usage.get(UsageClass::AudioOutput), usage.get(UsageClass::ImageOutput));
        more(o, &[("audio_tokens", audio), ("image_tokens", image)]);
    });
    o.integer("total_tokens", input.saturating_add(output));
}
