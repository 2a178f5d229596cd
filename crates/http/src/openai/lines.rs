//! The file of a batch: a request a line, each with the model that it names.

use crate::batch_models::BatchModels;
use crate::spans;
use baton_model::{Code, PublicError};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The lines with the names that their provider has for the models; everything else byte for byte.
///
/// # Errors
/// If a line is no request, or names a model that the caller may not use or that is another provider's: the line is
/// named, counted from 1.
pub fn rename_models(file: &Bytes, named: &mut BatchModels<'_>) -> Result<Bytes, PublicError> {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        body: Inner<'a>,
    }
    #[derive(Deserialize)]
    struct Inner<'a> {
        #[serde(borrow)]
        model: &'a RawValue,
    }
    let mut places = Vec::new();
    // Each line borrows from the file, so a value's place in the line is its place in the file.
    for (number, line) in file.split(|byte| *byte == b'\n').enumerate() {
        // The last line usually ends with a newline, which leaves an empty one.
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let place = format!("line {}: body.model", number + 1);
        let wrong = |problem: &str| PublicError::new(Code::InvalidRequest, format!("{place}: {problem}")).at("file");
        let read: Line<'_> =
            serde_json::from_slice(line).map_err(|_| wrong("must be a request with a body that names its model"))?;
        let name: String = serde_json::from_str(read.body.model.get()).map_err(|_| wrong("must be a string"))?;
        let upstream = named.upstream(&name, &place)?;
        if let Some(span) = spans::of(read.body.model, file).filter(|_| upstream != name) {
            places.push((span, serde_json::Value::from(upstream).to_string()));
        }
    }
    Ok(spans::replace(file, &places))
}
