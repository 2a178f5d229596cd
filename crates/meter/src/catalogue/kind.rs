//! What a model does, by its name alone: for services that list names and nothing else.

use baton_model::Capability;

/// Names that tell what a model does.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    /// Patterns, in which `*` stands for anything.
    pub names: Vec<String>,
    /// What such a model does; nothing if no API of Baton has it.
    pub capabilities: Vec<Capability>,
}

impl Kind {
    /// Whether a model of that name is of this kind.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|pattern| fits(pattern, name))
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    // What follows the last `*` stands at the end; the others are found from the left, each as early as it can be.
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = name.split_once(part) else { return false };
        name = after;
    }
    name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "a", true),
            ("a*", "abc", true),
            ("a*", "ba", false),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("*-a", "a", false),
            ("*a*", "bab", true),
            ("*a*", "bb", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
