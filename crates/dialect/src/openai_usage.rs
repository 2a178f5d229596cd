//! Token counts, between OpenAI's overlapping numbers and disjoint classes.
//!
//! Reference: OpenAI API reference, `CompletionUsage`. `prompt_tokens` holds the cached, written, audio and image ones,
//! `completion_tokens` the reasoning and audio ones. Not every compatible service keeps to that, so `total_tokens`
//! decides what stands beside.

use crate::json::{Node, Object};
use baton_model::{Usage, UsageClass};

/// Reads a `usage` object. Never negative and never more than the vendor's own total, whatever it says.
pub(crate) fn read(usage: &Node<'_>) -> Usage {
    let count = |names: &[&str]| names.iter().find_map(|name| usage.get(name)).map_or(0, Node::count);
    let detail = |outer: &[&str], inner: &str| {
        outer.iter().find_map(|outer| usage.get(outer)?.get(inner)).map_or(0, Node::count)
    };
    let prompt_details = ["prompt_tokens_details", "input_tokens_details", "input_token_details"];
    let output_details = ["completion_tokens_details", "output_tokens_details"];
    // Both generations of names: compatible services mix them.
    let prompt = count(&["prompt_tokens", "input_tokens"]);
    let mut output = count(&["completion_tokens", "output_tokens"]);
    let total = count(&["total_tokens"]);
    // DeepSeek and Moonshot report cache reads in places of their own. The larger, because a service may leave 0 in
    // the other place.
    let cached = detail(&prompt_details, "cached_tokens").max(count(&["prompt_cache_hit_tokens", "cached_tokens"]));
    let written = detail(&prompt_details, "cache_write_tokens");
    let mut reasoning = detail(&output_details, "reasoning_tokens");

    // Some services report nothing but the total, of embeddings for example.
    let mut input = if prompt == 0 && output == 0 { total } else { prompt };
    let beside = total.saturating_sub(input.saturating_add(output));
    if beside > 0 && beside == reasoning {
        // xAI counts reasoning beside the output.
        output = output.saturating_add(reasoning);
    } else if beside > 0 && beside == cached.saturating_add(written) {
        input = input.saturating_add(beside);
    } else if beside > 0 && reasoning == 0 {
        // Gemini's compatible endpoint shows reasoning in the total alone.
        (reasoning, output) = (beside, output.saturating_add(beside));
    }

    let mut classes = Usage::default();
    let mut take = |rest: &mut u64, class, amount: u64| {
        // Never more than is left, so that classes add up to the vendor's total whatever it says of the parts.
        let amount = amount.min(*rest);
        *rest -= amount;
        classes.set(class, amount);
    };
    let cached_details = usage.get("prompt_tokens_details").and_then(|details| details.get("cached_tokens_details"));
    let cached_audio =
        cached_details.and_then(|details| details.get("audio_tokens")).map_or(0, Node::count).min(cached);
    let audio = detail(&prompt_details, "audio_tokens");
    take(&mut input, UsageClass::AudioCacheRead, cached_audio);
    take(&mut input, UsageClass::CacheRead, cached - cached_audio);
    take(&mut input, UsageClass::CacheWrite, written);
    take(&mut input, UsageClass::AudioInput, audio.saturating_sub(cached_audio));
    take(&mut input, UsageClass::ImageInput, detail(&prompt_details, "image_tokens"));
    take(&mut output, UsageClass::Reasoning, reasoning);
    take(&mut output, UsageClass::AudioOutput, detail(&output_details, "audio_tokens"));
    take(&mut output, UsageClass::ImageOutput, detail(&output_details, "image_tokens"));
    classes.set(UsageClass::Input, input);
    classes.set(UsageClass::Output, output);
    classes.set(UsageClass::WebSearches, count(&["num_search_queries"]));
    classes
}

/// Writes the members of a `usage` object.
pub(crate) fn write(usage: &Usage, o: &mut Object<'_>) {
    let (input, output) = (usage.input_tokens(), usage.output_tokens());
    o.integer("prompt_tokens", input);
    o.integer("completion_tokens", output);
    o.integer("total_tokens", input.saturating_add(output));
    let audio_cached = usage.get(UsageClass::AudioCacheRead);
    let cached = usage.get(UsageClass::CacheRead).saturating_add(audio_cached);
    let written = usage.get(UsageClass::CacheWrite).saturating_add(usage.get(UsageClass::CacheWrite1h));
    o.object("prompt_tokens_details", |o| {
        o.integer("cached_tokens", cached);
        o.integer("audio_tokens", usage.get(UsageClass::AudioInput).saturating_add(audio_cached));
        for (name, amount) in [("cache_write_tokens", written), ("image_tokens", usage.get(UsageClass::ImageInput))] {
            if amount > 0 {
                o.integer(name, amount);
            }
        }
        if audio_cached > 0 {
            o.object("cached_tokens_details", |o| {
                o.integer("audio_tokens", audio_cached);
            });
        }
    });
    o.object("completion_tokens_details", |o| {
        o.integer("reasoning_tokens", usage.get(UsageClass::Reasoning));
        o.integer("audio_tokens", usage.get(UsageClass::AudioOutput));
        let image = usage.get(UsageClass::ImageOutput);
        if image > 0 {
            o.integer("image_tokens", image);
        }
    });
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::json::object;
    use UsageClass::{AudioInput, AudioOutput, CacheRead, CacheWrite, Input, Output, Reasoning};
    use proptest::prelude::*;

    fn check(json: &str, expected: &[(UsageClass, u64)]) {
        let usage = read(&Node::parse(json.as_bytes()).unwrap());
        assert_eq!(usage.nonzero().collect::<Vec<_>>(), expected, "{json}");
    }

    #[test]
    fn overlapping_numbers_become_disjoint() {
        check(
            r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
                "prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":10,"audio_tokens":5},
                "completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":4}}"#,
            &[
                (Input, 25),
                (CacheRead, 60),
                (CacheWrite, 10),
                (Output, 16),
                (Reasoning, 30),
                (AudioInput, 5),
                (AudioOutput, 4),
            ],
        );
    }

    #[test]
    fn vendors_count_in_their_own_ways() {
        let xai = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,"completion_tokens_details":{"reasoning_tokens":100}}"#;
        check(xai, &[(Input, 10), (Output, 5), (Reasoning, 100)]);
        check(
            // Gemini.
            r#"{"prompt_tokens":4,"completion_tokens":9,"total_tokens":413}"#,
            &[(Input, 4), (Output, 9), (Reasoning, 400)],
        );
        check(
            // DeepSeek.
            r#"{"prompt_tokens":20,"completion_tokens":1,"total_tokens":21,"prompt_cache_hit_tokens":15}"#,
            &[(Input, 5), (CacheRead, 15), (Output, 1)],
        );
        check(r#"{"total_tokens":7}"#, &[(Input, 7)]);
        check(r#"{"prompt_tokens":7,"completion_tokens":null}"#, &[(Input, 7)]);
    }

    #[test]
    fn nonsense_never_underflows() {
        check(
            r#"{"prompt_tokens":3,"completion_tokens":-2,"total_tokens":3,
                "prompt_tokens_details":{"cached_tokens":9,"audio_tokens":9},"completion_tokens_details":{"reasoning_tokens":8}}"#,
            &[(CacheRead, 3)],
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(counts in prop::collection::vec(0_u64..1_000_000, 10)) {
            use UsageClass::{AudioCacheRead, ImageInput, ImageOutput};
            let classes = [Input, CacheRead, CacheWrite, Output, Reasoning, AudioInput, AudioCacheRead, AudioOutput, ImageInput, ImageOutput];
            let usage = classes.into_iter().zip(counts).fold(Usage::default(), |usage, (class, count)| usage.with(class, count));
            let json = object(|o| write(&usage, o));
            prop_assert_eq!(read(&Node::parse(&json).unwrap()), usage);
        }

        #[test]
        fn any_numbers_keep_within_the_total(numbers in prop::collection::vec(any::<u32>(), 6)) {
            let json = format!(
                r#"{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":{},
                "audio_tokens":{}}},"completion_tokens_details":{{"reasoning_tokens":{}}}}}"#,
                numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]
            );
            let usage = read(&Node::parse(json.as_bytes()).unwrap());
            let sum = u64::from(numbers[0]) + u64::from(numbers[1]);
            let read = usage.input_tokens() + usage.output_tokens();
            prop_assert!(read == sum || read == u64::from(numbers[2]));
        }
    }
}
