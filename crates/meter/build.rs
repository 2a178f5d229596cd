//! Packs the byte-pair tables for the binary: without what only other ways of encoding need, and compressed. And the
//! catalogue of models: without blanks, and compressed.
//!
//! The library keeps three automata and two maps for each encoding. Counting uses one automaton and one map, and the
//! rest is two thirds of the bytes, in the binary and in memory.

use bpe_openai::byte_pair_encoding::BytePairEncoding;
use rmpv::Value;
use std::error::Error;
use std::path::PathBuf;

/// The fields of [`BytePairEncoding`], in order.
const FIELDS: usize = 10;
/// Those that counting never looks into: `bytes_hash_to_token`, `overlapping_searcher`, `overlapping_searcher_rev`.
const UNUSED: [usize; 3] = [2, 6, 7];

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script by the environment where to write")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    // Each unused field is taken from an encoding of single bytes, which is as small as one can be.
    let bytes = (0..=u8::MAX).map(|byte| vec![byte]);
    let smallest = fields(&BytePairEncoding::from_dictionary(bytes, None))?;
    for (name, tokenizer) in [("cl100k", bpe_openai::cl100k_base()), ("o200k", bpe_openai::o200k_base())] {
        let mut fields = fields(&tokenizer.bpe)?;
        for (place, field) in fields.iter_mut().enumerate().filter(|(place, _)| UNUSED.contains(place)) {
            if let Some(small) = smallest.get(place) {
                field.clone_from(small);
            }
        }
        let mut table = Vec::new();
        rmpv::encode::write_value(&mut table, &Value::Array(fields))?;
        let path = PathBuf::from(std::env::var("OUT_DIR")?).join(format!("{name}.table"));
        std::fs::write(path, lz4_flex::compress_prepend_size(&table))?;
    }
    pack_catalogue()
}

/// Checks only that it is JSON; a test reads what it says.
#[expect(clippy::disallowed_methods, reason = "cargo tells a build script by the environment where to write")]
fn pack_catalogue() -> Result<(), Box<dyn Error>> {
    let file = "data/catalogue.json";
    println!("cargo::rerun-if-changed={file}");
    // Nothing becomes a float on the way: the file has its amounts as strings.
    let value: serde_json::Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let small = serde_json::to_vec(&value)?;
    let path = PathBuf::from(std::env::var("OUT_DIR")?).join("catalogue.packed");
    std::fs::write(path, lz4_flex::compress_prepend_size(&small))?;
    Ok(())
}

fn fields(encoding: &BytePairEncoding) -> Result<Vec<Value>, Box<dyn Error>> {
    let written = rmp_serde::to_vec(encoding)?;
    match rmpv::decode::read_value(&mut written.as_slice())? {
        Value::Array(fields) if fields.len() == FIELDS => Ok(fields),
        _ => Err("the library's table has another form: look which of its fields counting uses".into()),
    }
}
