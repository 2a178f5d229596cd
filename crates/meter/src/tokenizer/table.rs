//! The byte-pair tables, unpacked at the first count.

use bpe_openai::Tokenizer;
use bpe_openai::byte_pair_encoding::BytePairEncoding;
use std::sync::LazyLock;

// Texts are cut into words before they are encoded, by the published pattern of each encoding (`tiktoken_ext`,
// `openai_public.py`). Its negative look-ahead `\s+(?!\S)` is said by two patterns here: one that takes a space too
// much, which is given back, and one for the end of the text. So no backtracking is needed, and time stays linear.

const CL100K_WORDS: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)",
    r"|[^\r\n\p{L}\p{N}]?\p{L}+",
    r"|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*",
    r"|\s*[\r\n]+",
    r"|\s+$",
);

const O200K_WORDS: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r"|\s*[\r\n]+",
    r"|\s+$",
);

pub(super) static CL100K: LazyLock<Tokenizer> =
    LazyLock::new(|| unpack(include_bytes!(concat!(env!("OUT_DIR"), "/cl100k.table")), CL100K_WORDS));

pub(super) static O200K: LazyLock<Tokenizer> =
    LazyLock::new(|| unpack(include_bytes!(concat!(env!("OUT_DIR"), "/o200k.table")), O200K_WORDS));

#[expect(clippy::expect_used, reason = "made by this crate's build script; a test loads both")]
fn unpack(packed: &[u8], words: &str) -> Tokenizer {
    let table = lz4_flex::decompress_size_prepended(packed).expect("a table of the build script");
    let encoding: BytePairEncoding = rmp_serde::from_slice(&table).expect("a table of the build script");
    // The second takes one character too much.
    Tokenizer::new_lookahead(encoding, &[(words, false), (r"\s+\s", true), (r"\s+", false)], false)
        .expect("patterns that are constant")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Texts of which every kind of piece is part: words of several scripts, numbers, spaces and line ends in a row.
    const PIECES: [&str; 16] = [
        "Hello",
        " world",
        "'ll",
        "I'M",
        "12345",
        "  ",
        " \n\n",
        "\t",
        "\r\n",
        "…",
        "日本語",
        "Straße",
        "e\u{301}",
        "!!/",
        " 🏊🏽",
        "ﬁ",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// What was left out of the tables changes no count.
        #[test]
        fn counts_are_those_of_the_whole_tables(
            pieces in prop::collection::vec(prop_oneof![prop::sample::select(&PIECES[..]).prop_map(str::to_owned), "\\PC{0,8}"], 0..40)
        ) {
            let text = pieces.concat();
            prop_assert_eq!(CL100K.encode(text.as_str()), bpe_openai::cl100k_base().encode(text.as_str()));
            prop_assert_eq!(O200K.encode(text.as_str()), bpe_openai::o200k_base().encode(text.as_str()));
            prop_assert_eq!(O200K.count(text.as_str()), O200K.encode(text.as_str()).len());
            prop_assert_eq!(O200K.decode(&O200K.encode(text.as_str())), Some(text));
        }
    }
}
