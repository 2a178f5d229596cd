//! What a name may mean that no model has: a spelling mistake, a vendor's prefix, a version by its date.

/// A name without the vendor in front (`openai/gpt-4o`), as routers of models write it: the vendor and the name.
pub fn split_vendor(name: &str) -> Option<(&str, &str)> {
    name.split_once('/').filter(|(vendor, rest)| !vendor.is_empty() && !rest.is_empty())
}

/// A name without the date of its version (`gpt-4o-2024-08-06`, `claude-haiku-4-5-20251001`, `…@20251001`) or `-latest`.
pub fn without_date(name: &str) -> Option<&str> {
    let cut = |date: usize| {
        let (rest, date) = name.split_at_checked(name.len().checked_sub(date)?)?;
        let (sign, date) = date.split_at_checked(1)?;
        (matches!(sign, "-" | "@") && is_date(date) && !rest.is_empty()).then_some(rest)
    };
    cut(11).or_else(|| cut(9)).or_else(|| name.strip_suffix("-latest").filter(|rest| !rest.is_empty()))
}

/// Whether a text is a date: `2024-08-06` or `20240806`.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    match parts.as_slice() {
        [whole] => digits(whole, 8),
        [year, month, day] => digits(year, 4) && digits(month, 2) && digits(day, 2),
        _ => false,
    }
}

/// The name most like `name`, if any is alike at all: at most a third of its letters differ.
pub fn nearest_name<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance * 3 <= name.chars().count().max(candidate.chars().count()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, in letters; case counts for nothing. Long names are compared by their first 64 letters.
fn distance(a: &str, b: &str) -> usize {
    let letters = |text: &str| text.chars().take(64).flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (to, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = (diagonal + usize::from(from != to)).min(above + 1).min(left + 1);
            diagonal = *above;
            left = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_cut_off() {
        for (name, expected) in [
            ("gpt-4o-2024-08-06", Some("gpt-4o")),
            ("claude-haiku-4-5-20251001", Some("claude-haiku-4-5")),
            ("claude-haiku-4-5@20251001", Some("claude-haiku-4-5")),
            ("claude-3-5-haiku-latest", Some("claude-3-5-haiku")),
            ("gpt-4o", None),
            ("gpt-4-0613", None),
            ("2024-08-06", None),
            ("-20251001", None),
            ("ü-2024-08-0ü", None),
        ] {
            assert_eq!(without_date(name), expected, "{name}");
        }
    }

    #[test]
    fn near_misses_are_named() {
        let known = ["gpt-4o", "gpt-4o-mini", "claude-haiku"];
        assert_eq!(nearest_name("gpt4o", known.into_iter()), Some("gpt-4o"));
        assert_eq!(nearest_name("Claude-Haiku", known.into_iter()), Some("claude-haiku"));
        assert_eq!(nearest_name("mistral", known.into_iter()), None);
    }
}
