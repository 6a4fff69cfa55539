//! The model's patterns, which are Java's: matched in full, with ASCII classes, compiled when first needed.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, RwLock};

use fancy_regex::Regex;

type Patterns = BTreeMap<&'static str, Option<Arc<Regex>>>;

static COMPILED: LazyLock<RwLock<Patterns>> = LazyLock::new(RwLock::default);

/// Whether the whole text matches. A pattern that does not compile holds for everything: refusing every request because
/// of one line of a model would be worse than a check too few.
pub(super) fn matches(pattern: &'static str, text: &str) -> bool {
    match compiled(pattern) {
        Some(regex) => regex.is_match(text).unwrap_or(false),
        None => true,
    }
}

fn compiled(pattern: &'static str) -> Option<Arc<Regex>> {
    let known = COMPILED.read().unwrap_or_else(|poisoned| poisoned.into_inner()).get(pattern).cloned();
    known.unwrap_or_else(|| {
        let regex = compile(pattern).map(Arc::new);
        let mut all = COMPILED.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        all.insert(pattern, regex.clone());
        regex
    })
}

pub(super) fn compile(pattern: &str) -> Option<Regex> {
    let whole = format!(r"\A(?:{})\z", from_java(pattern));
    match Regex::new(&whole) {
        Ok(regex) => Some(regex),
        Err(error) => {
            tracing::error!(pattern, %error, "a pattern of the model does not compile");
            None
        }
    }
}

/// Java's `\d`, `\w` and `\s` are ASCII; Rust's are not.
fn from_java(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut letters = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let escaped = letters.next().unwrap_or('\\');
                escape(escaped, in_class, &mut out);
            }
            '[' if !in_class => {
                in_class = true;
                out.push('[');
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            _ => out.push(letter),
        }
    }
    out
}

fn escape(letter: char, in_class: bool, out: &mut String) {
    let class = match letter {
        'd' => "0-9",
        'w' => "a-zA-Z0-9_",
        's' => r" \t\n\x0B\f\r",
        _ => {
            out.push('\\');
            out.push(letter);
            return;
        }
    };
    if in_class {
        out.push_str(class);
    } else {
        out.push('[');
        out.push_str(class);
        out.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_in_full_and_in_ascii() {
        assert!(matches(r"[\w+=,.@-]+", "a.b@c"));
        assert!(!matches(r"[\w+=,.@-]+", "a:b"));
        assert!(!matches(r"\d{12}", "1111111111111"));
        assert!(!matches(r"\d+", "١٢"));
        assert!(!matches(r"[a-z]+", "abc\n"));
        assert!(matches("a|b|cd", "cd"));
    }

    #[test]
    fn look_around_is_understood() {
        let pattern = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)";
        assert!(matches(pattern, "prod-1"));
        assert!(!matches(pattern, "1"));
        assert!(!matches(pattern, "$LATEST"));
    }

    #[test]
    fn every_pattern_of_the_models_compiles() {
        let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        let mut patterns = 0;
        for file in std::fs::read_dir(models).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_none_or(|extension| extension != "api") {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            for (_, pattern) in text.lines().filter_map(|line| line.split_once(" pattern=")) {
                assert!(compile(pattern).is_some(), "{}: {pattern}", file.display());
                patterns += 1;
            }
        }
        assert!(patterns > 100, "only {patterns} patterns found");
    }
}
