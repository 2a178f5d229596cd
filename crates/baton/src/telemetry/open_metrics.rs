//! Reads the text that `/metrics` writes.

/// A metric with all its samples.
#[derive(Debug)]
pub struct Family<'t> {
    /// Its name, without the endings of its samples.
    pub name: &'t str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'t str,
    /// What it means.
    pub help: &'t str,
    /// Its numbers.
    pub samples: Vec<Sample<'t>>,
}

/// One number.
#[derive(Debug, PartialEq)]
pub struct Sample<'t> {
    /// What its name has more than that of the family: `_total`, `_sum`, `_count`, `_bucket`.
    pub suffix: &'t str,
    /// Its labels, in order.
    pub labels: Vec<(String, String)>,
    /// The number.
    pub value: f64,
}

/// All metrics of a text. What can't be read is passed over.
pub fn families(text: &str) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for line in text.lines() {
        // HELP comes first in what Baton writes, and TYPE after it.
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|about| about.split_once(' ')) {
            families.push(Family { name, kind: "gauge", help, samples: Vec::new() });
        } else if let Some((_, kind)) = line.strip_prefix("# TYPE ").and_then(|about| about.split_once(' ')) {
            if let Some(family) = families.last_mut() {
                family.kind = kind;
            }
        } else if let Some(family) = families.last_mut().filter(|_| !line.starts_with('#')) {
            family.samples.extend(sample(family.name, line));
        }
    }
    families
}

/// `name{label="value",…} number`, and perhaps an exemplar, which is not read.
fn sample<'t>(family: &str, line: &'t str) -> Option<Sample<'t>> {
    let (name, rest) = line.split_at(line.find(['{', ' '])?);
    let suffix = name.strip_prefix(family)?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    // What follows is the exemplar.
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Sample { suffix, labels, value })
}

/// Labels up to the brace that closes them, and what follows it.
fn labels(mut rest: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches(',');
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut letters = after.char_indices();
        let end = loop {
            match letters.next()? {
                (end, '"') => break end,
                (_, '\\') => match letters.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, letter) => value.push(letter),
            }
        };
        labels.push((name.to_owned(), value));
        rest = after.get(end + 1..)?;
    }
}
