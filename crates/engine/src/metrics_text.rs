//! Metrics for readers that don't know OpenMetrics.

/// OpenMetrics text in Prometheus' older text format: no exemplars, counters named as their samples, no mark at the end.
pub fn to_older_format(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let counters: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    for line in text.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT ")) {
        let about = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "));
        match about.and_then(|about| about.split_once(' ')) {
            Some((name, rest)) if counters.contains(&name) => {
                // `# HELP ` and `# TYPE ` have the same length.
                plain.extend([line.get(..7).unwrap_or_default(), name, "_total ", rest]);
            }
            Some(_) => plain.push_str(line),
            // A label's value can't hold this: its quotes are escaped.
            None => plain.push_str(line.split_once(" # {").map_or(line, |(sample, _)| sample)),
        }
        plain.push('\n');
    }
    plain
}
