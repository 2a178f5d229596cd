//! Token counts, between OpenAI's overlapping numbers and disjoint classes.
//!
//! Reference: OpenAI API reference, `CompletionUsage`. `prompt_tokens` holds the cached, written, audio and image ones,
//! `completion_tokens` the reasoning and audio ones. Not every compatible service keeps to that, so `total_tokens`
//! decides what stands beside.

use crate::json::{Node, Object};
use crate::unaccounted::KnownUsage;
use baton_model::{ModelUsage, Usage, UsageClass};

/// What [`read`] accounts for, or what is part of a number that it does.
const KNOWN: KnownUsage = KnownUsage {
    counted: &[
        "prompt_tokens",
        "input_tokens",
        "completion_tokens",
        "output_tokens",
        "total_tokens",
        "cached_tokens",
        "num_cached_tokens",
        "prompt_cache_hit_tokens",
        "prompt_cache_miss_tokens",
        "cache_write_tokens",
        "ttl_30m_tokens",
        "ttl_12h_tokens",
        "reasoning_tokens",
        "text_tokens",
        "audio_tokens",
        "image_tokens",
        // OpenRouter, of models that read films at the price of text.
        "video_tokens",
        // Of a reply that was predicted: both are in the output, and billed as such.
        "accepted_prediction_tokens",
        "rejected_prediction_tokens",
        // Anthropic's names, which several services add to OpenAI's.
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "num_search_queries",
        "web_search_requests",
        "prompt_audio_seconds",
        // Of a transcription: its own reader takes it.
        "seconds",
    ],
    // The size of xAI's context, which is not what it bills; Anthropic's reports within those of a gateway.
    skipped: &["context_details", "iterations"],
};

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
    let elsewhere = ["prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cache_read_input_tokens"];
    let cached = detail(&prompt_details, "cached_tokens").max(count(&elsewhere));
    let written = detail(&prompt_details, "cache_write_tokens").max(count(&["cache_creation_input_tokens"]));
    let audio = detail(&prompt_details, "audio_tokens");
    let mut reasoning = detail(&output_details, "reasoning_tokens");

    // Some services report nothing but the total, of embeddings for example.
    let mut input = if prompt == 0 && output == 0 { total } else { prompt };
    let beside = total.saturating_sub(input.saturating_add(output));
    if beside > 0 && beside == reasoning {
        // xAI counts reasoning beside the output.
        output = output.saturating_add(reasoning);
    } else if beside > 0 && (beside == cached.saturating_add(written) || beside == audio) {
        // Mistral counts the audio beside the prompt.
        input = input.saturating_add(beside);
    } else if beside > 0 && reasoning == 0 {
        // Gemini's compatible endpoint shows reasoning in the total alone.
        (reasoning, output) = (beside, output.saturating_add(beside));
    }

    // OpenRouter counts what Gemini writes to its cache within what it reads from there, and bills both: classes that
    // add up to the prompt can't say that.
    let twice = written > 0 && cached.saturating_add(written) > input;
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
    let for_12h = prompt_details.iter().find_map(|outer| usage.get(outer)?.get("cache_write_tokens_details"));
    let for_12h = for_12h.and_then(|details| details.get("ttl_12h_tokens")).map_or(0, Node::count).min(written);
    take(&mut input, UsageClass::AudioCacheRead, cached_audio);
    take(&mut input, UsageClass::CacheRead, cached - cached_audio);
    take(&mut input, UsageClass::CacheWrite12h, for_12h);
    take(&mut input, UsageClass::CacheWrite, written - for_12h);
    take(&mut input, UsageClass::AudioInput, audio.saturating_sub(cached_audio));
    take(&mut input, UsageClass::ImageInput, detail(&prompt_details, "image_tokens"));
    take(&mut output, UsageClass::Reasoning, reasoning);
    take(&mut output, UsageClass::AudioOutput, detail(&output_details, "audio_tokens"));
    take(&mut output, UsageClass::ImageOutput, detail(&output_details, "image_tokens"));
    classes.set(UsageClass::Input, input);
    classes.set(UsageClass::Output, output);
    read_pieces(usage, &mut classes);
    let twice = twice.then(|| "prompt_tokens_details.cache_write_tokens".to_owned());
    classes.unaccounted = KNOWN.unaccounted(usage).or(twice);
    classes
}

/// Reads what is billed beside tokens: searches, and time.
fn read_pieces(usage: &Node<'_>, classes: &mut Usage) {
    let tools = ["server_tool_use_details", "server_tool_use"].iter().find_map(|name| usage.get(name));
    let searches = tools.and_then(|tools| tools.get("web_search_requests"));
    let searches = searches.or_else(|| usage.get("num_search_queries")).map(Node::count);
    // Perplexity bills each request as a search, at a price by the size of what it reads, and counts no searches then.
    let size = usage.get("search_context_size").and_then(Node::string_or_none).filter(|_| searches.is_none());
    classes.set(UsageClass::WebSearches, searches.unwrap_or(u64::from(size.is_some())));
    classes.service_tier = size;
    // Mistral bills what is heard by its time.
    classes.set(UsageClass::AudioMillis, usage.get("prompt_audio_seconds").map_or(0, Node::count).saturating_mul(1000));
}

/// Reads what each model used of an answer that several made (`usage_breakdown` of Groq's compound systems, which bill by
/// it).
pub(crate) fn read_other_models(root: &Node<'_>, sums: &mut Usage) {
    let groq = || root.get("x_groq")?.get("usage_breakdown");
    let breakdown = root.get("usage_breakdown").filter(|breakdown| breakdown.is_object()).or_else(groq);
    let models = breakdown.and_then(|breakdown| breakdown.get("models")?.items().ok()).unwrap_or_default();
    let mut rest = sums.amounts;
    for entry in models {
        let (Some(model), Some(used)) = (entry.get("model").and_then(Node::string_or_none), entry.get("usage")) else {
            continue;
        };
        // Never more than the sums have, which are what is billed.
        let amounts = rest.take(&read(used).amounts);
        if !amounts.is_empty() && !ModelUsage::add(&mut sums.other_models, &model, &amounts) {
            sums.unaccounted.get_or_insert_with(|| "usage_breakdown".to_owned());
        }
    }
}

/// Writes the members of a `usage` object.
pub(crate) fn write(usage: &Usage, o: &mut Object<'_>) {
    let (input, output) = (usage.input_tokens(), usage.output_tokens());
    o.integer("prompt_tokens", input);
    o.integer("completion_tokens", output);
    o.integer("total_tokens", input.saturating_add(output));
    let audio_cached = usage.get(UsageClass::AudioCacheRead);
    let cached = usage.get(UsageClass::CacheRead).saturating_add(audio_cached);
    let written = usage.amounts.cache_write_tokens();
    o.object("prompt_tokens_details", |o| {
        o.integer("cached_tokens", cached);
        o.integer("audio_tokens", usage.get(UsageClass::AudioInput).saturating_add(audio_cached));
        for (name, amount) in [("cache_write_tokens", written), ("image_tokens", usage.get(UsageClass::ImageInput))] {
            if amount > 0 {
                o.integer(name, amount);
            }
        }
        let for_12h = usage.get(UsageClass::CacheWrite12h);
        if for_12h > 0 {
            o.object("cache_write_tokens_details", |o| {
                o.integer("ttl_30m_tokens", written - for_12h).integer("ttl_12h_tokens", for_12h);
            });
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
    use UsageClass::{
        AudioInput, AudioMillis, AudioOutput, CacheRead, CacheWrite, CacheWrite12h, Input, Output, Reasoning,
        WebSearches,
    };
    use baton_model::Amounts;
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
            // Mistral, in a recorded reply.
            r#"{"prompt_tokens":11,"completion_tokens":15,"total_tokens":401,"prompt_audio_seconds":5,
                "prompt_tokens_details":{"cached_tokens":9,"audio_tokens":375}}"#,
            &[(Input, 2), (CacheRead, 9), (Output, 15), (AudioInput, 375), (AudioMillis, 5000)],
        );
        check(
            // Mistral again.
            r#"{"prompt_tokens":86,"num_cached_tokens":85,"completion_tokens":703,"total_tokens":789}"#,
            &[(Input, 1), (CacheRead, 85), (Output, 703)],
        );
        check(
            // OpenRouter.
            r#"{"prompt_tokens":20,"completion_tokens":1,"total_tokens":21,"server_tool_use_details":
                {"tool_calls_executed":1,"tool_calls_requested":1,"web_search_requests":2}}"#,
            &[(Input, 20), (Output, 1), (WebSearches, 2)],
        );
        check(
            // Perplexity, in a recorded reply.
            r#"{"prompt_tokens":11,"completion_tokens":62,"total_tokens":73,"search_context_size":"low"}"#,
            &[(Input, 11), (Output, 62), (WebSearches, 1)],
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
    fn lifetimes_of_caches_are_told_apart() {
        check(
            r#"{"input_tokens":100,"output_tokens":5,"total_tokens":105,"input_tokens_details":{"cached_tokens":10,
                "cache_write_tokens":60,"cache_write_tokens_details":{"ttl_30m_tokens":20,"ttl_12h_tokens":40}}}"#,
            &[(Input, 30), (CacheRead, 10), (CacheWrite, 20), (CacheWrite12h, 40), (Output, 5)],
        );
    }

    #[test]
    fn several_models_of_one_answer_are_told_apart() {
        let root = r#"{"usage":{"prompt_tokens":30,"completion_tokens":9,"total_tokens":39},"usage_breakdown":{"models":[
            {"model":"a","usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14}},
            {"model":"b","usage":{"prompt_tokens":15,"completion_tokens":5,"total_tokens":20}},
            {"model":"a","usage":{"prompt_tokens":99,"completion_tokens":1}}]}}"#;
        let root = Node::parse(root.as_bytes()).unwrap();
        let mut sums = read(root.get("usage").unwrap());
        read_other_models(&root, &mut sums);
        let amounts = |input, output| Amounts::default().with(Input, input).with(Output, output);
        let expected = [("a", amounts(15, 4)), ("b", amounts(15, 5))];
        assert_eq!(
            sums.other_models.iter().map(|other| (other.model.as_str(), other.amounts)).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn what_is_not_known_is_named() {
        let unaccounted = |json: &str| read(&Node::parse(json.as_bytes()).unwrap()).unaccounted;
        let known = r#"{"prompt_tokens":9,"completion_tokens":9,"completion_tokens_details":
            {"rejected_prediction_tokens":3,"accepted_prediction_tokens":2,"text_tokens":9},"cost":0.3,"queue_time":0.1}"#;
        assert_eq!(unaccounted(known), None);
        // As recorded of Gemini at OpenRouter.
        let twice = r#"{"prompt_tokens":2168,"completion_tokens":100,"total_tokens":2268,
            "prompt_tokens_details":{"cached_tokens":2161,"cache_write_tokens":2161}}"#;
        assert_eq!(unaccounted(twice).as_deref(), Some("prompt_tokens_details.cache_write_tokens"));
        let sources = r#"{"prompt_tokens":9,"completion_tokens":9,"num_sources_used":4}"#;
        assert_eq!(unaccounted(sources).as_deref(), Some("num_sources_used"));
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
        fn what_is_written_reads_back(counts in prop::collection::vec(0_u64..1_000_000, 11)) {
            use UsageClass::{AudioCacheRead, ImageInput, ImageOutput};
            let classes = [Input, CacheRead, CacheWrite, CacheWrite12h, Output, Reasoning, AudioInput, AudioCacheRead, AudioOutput, ImageInput, ImageOutput];
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
