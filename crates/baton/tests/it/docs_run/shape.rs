//! Whether what was printed has the shape of what is shown.

use serde_json::Value;

/// What stands for anything in a document.
const GAP: &str = "…";

/// Compares the lines that are shown with what was printed. A document that shows nothing leaves it open.
pub fn compare(shown: &[String], printed: &str) -> Result<(), String> {
    let printed: Vec<&str> = printed.trim_end().lines().collect();
    if shown.is_empty() { Ok(()) } else { lines(shown, &printed) }
}

/// A line that is only `…` stands for any number of lines.
fn lines(shown: &[String], printed: &[&str]) -> Result<(), String> {
    let Some((first, rest)) = shown.split_first() else {
        return if printed.is_empty() { Ok(()) } else { Err(format!("not shown: {}", printed[0])) };
    };
    if first == GAP {
        let mut tails = (0..=printed.len()).map(|skipped| lines(rest, &printed[skipped..]));
        return tails.find(Result::is_ok).unwrap_or_else(|| Err(format!("nothing after {GAP} is like {}", rest[0])));
    }
    let Some((line, others)) = printed.split_first() else { return Err(format!("not printed: {first}")) };
    one(first, line)?;
    lines(rest, others)
}

fn one(shown: &str, printed: &str) -> Result<(), String> {
    let parse = |text: &str| serde_json::from_str::<Value>(text);
    if let (Ok(shown), Ok(printed)) = (parse(&without_gaps(shown)), parse(printed)) {
        return json(&shown, &printed, "");
    }
    if words(shown, printed) { Ok(()) } else { Err(format!("shown:   {shown}\nprinted: {printed}")) }
}

/// The words are the same, but for numbers, times and ids; what follows a `…` is left open.
fn words(shown: &str, printed: &str) -> bool {
    let Some((before, _)) = shown.split_once(GAP) else {
        return shown.split_whitespace().map(word).eq(printed.split_whitespace().map(word));
    };
    let mut printed = printed.split_whitespace();
    let cut = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let whole = before.strip_suffix(cut).unwrap_or_default();
    whole.split_whitespace().all(|shown| printed.next().is_some_and(|printed| word(shown) == word(printed)))
        && (cut.is_empty() || printed.next().is_some_and(|printed| printed.starts_with(cut)))
}

/// A word; all numbers and ids are alike.
fn word(word: &str) -> &str {
    let is_secret = word.starts_with("bt-") || word.starts_with("whsec_");
    if is_secret || word.contains(|c: char| c.is_ascii_digit()) { "#" } else { word }
}

/// The same fields, and values of the same types.
fn json(shown: &Value, printed: &Value, path: &str) -> Result<(), String> {
    match (shown, printed) {
        (Value::Object(shown), Value::Object(printed)) => {
            let open = shown.contains_key(GAP);
            for (name, value) in shown.iter().filter(|(name, _)| *name != GAP) {
                let path = format!("{path}/{name}");
                json(value, printed.get(name).ok_or_else(|| format!("{path} is not printed"))?, &path)?;
            }
            match printed.keys().find(|name| !open && !shown.contains_key(*name)) {
                Some(name) => Err(format!("{path}/{name} is not shown")),
                None => Ok(()),
            }
        }
        (Value::Array(shown), Value::Array(printed)) => {
            let open = shown.iter().any(|item| item == GAP);
            let shown: Vec<&Value> = shown.iter().filter(|item| *item != GAP).collect();
            if shown.len() > printed.len() || (!open && shown.len() != printed.len()) {
                return Err(format!("{path} has {} items, shown are {}", printed.len(), shown.len()));
            }
            let mut pairs = shown.iter().zip(printed).enumerate();
            pairs.try_for_each(|(index, (shown, printed))| json(shown, printed, &format!("{path}/{index}")))
        }
        _ if std::mem::discriminant(shown) == std::mem::discriminant(printed) => Ok(()),
        _ => Err(format!("{path} is {printed}, shown is {shown}")),
    }
}

/// JSON with a field or an item `…` where the document has left something out.
fn without_gaps(shown: &str) -> String {
    let (mut text, mut within, mut in_string, mut escaped) = (String::new(), Vec::new(), false, false);
    for c in shown.chars() {
        match c {
            '"' if !escaped => in_string = !in_string,
            '{' | '[' if !in_string => within.push(c),
            '}' | ']' if !in_string => drop(within.pop()),
            '…' if !in_string => {
                text.push_str(if within.last() == Some(&'{') { "\"…\":0" } else { "\"…\"" });
                continue;
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        text.push(c);
    }
    text
}

#[test]
fn shapes_are_compared() {
    let check =
        |shown: &str, printed: &str| compare(&shown.lines().map(str::to_owned).collect::<Vec<_>>(), printed).is_ok();
    assert!(check(r#"{"id":"a","n":1,"l":[1, …], …}"#, r#"{"id":"b","n":2.5,"l":[1,2],"more":null}"#));
    assert!(check(r#"{"a":{"b":"… text", …},"c":[]}"#, r#"{"a":{"b":"x","d":1},"c":[]}"#));
    for (shown, printed) in [
        (r#"{"id":"a"}"#, r#"{"id":1}"#),
        (r#"{"id":"a"}"#, r#"{"id":"a","more":1}"#),
        (r#"{"id":"a", …}"#, r#"{"more":1}"#),
        (r#"{"l":[1]}"#, r#"{"l":[1,2]}"#),
        ("one,line,…", "one,other,line"),
        ("one line", "one line\nand another"),
        ("one line\nand another", "one line"),
        ("ok      a: 1", "error   a: 1"),
    ] {
        assert!(!check(shown, printed), "{shown} {printed}");
    }
    assert!(check("HTTP/1.1 200 OK\n…\nx: 1\n…\nend 5", "HTTP/1.1 200 OK\na: b\nx: 2\nc: d\ne: f\nend 6"));
    assert!(check("bt-abc\n\nThe key `key_1`", "bt-xyz\n\nThe key `key_2`"));
    assert!(check("one,line,…", "one,line,and,more") && check("[a · 5 ms]", "[a · 12 ms]"));
    assert!(check("error  x: unreachable: …", "error x: unreachable: whatever it is"));
}
