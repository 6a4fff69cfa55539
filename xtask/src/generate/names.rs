//! AWS's names → Rust's.

const KEYWORDS: [&str; 38] = [
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn",
    "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "static",
    "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while", "yield", "gen",
];

/// `FunctionName` → `function_name`, `KMSKeyArn` → `kms_key_arn`, `MD5OfBody` → `md5_of_body`.
pub fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        let before = at.checked_sub(1).map(|i| chars[i]);
        let starts_word = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || (b.is_ascii_uppercase() && chars.get(at + 1).is_some_and(char::is_ascii_lowercase))
            });
        if starts_word && !out.ends_with('_') {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    let out = out.trim_matches('_').to_owned();
    if out == "self" {
        "self_".to_owned()
    } else if KEYWORDS.contains(&out.as_str()) {
        format!("r#{out}")
    } else {
        out
    }
}

/// A shape's name as a type: `policyScopeType` → `PolicyScopeType`.
pub fn type_name(shape: &str) -> String {
    let mut chars = shape.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// Any text → `CamelCase`: `nodejs20.x` → `Nodejs20X`, `$LATEST` → `Latest`, `request-response` → `RequestResponse`.
pub fn camel(text: &str) -> String {
    let mut out = String::new();
    let mut upper = true;
    let all_caps = !text.chars().any(|c| c.is_ascii_lowercase());
    for c in text.chars() {
        if !c.is_ascii_alphanumeric() {
            upper = true;
        } else if upper {
            out.push(c.to_ascii_uppercase());
            upper = c.is_ascii_digit();
        } else {
            out.push(if all_caps { c.to_ascii_lowercase() } else { c });
            upper = c.is_ascii_digit();
        }
    }
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) { format!("V{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_as_rust() {
        for (aws, rust) in [
            ("FunctionName", "function_name"),
            ("KMSKeyArn", "kms_key_arn"),
            ("MD5OfMessageBody", "md5_of_message_body"),
            ("Type", "r#type"),
            ("logGroupName", "log_group_name"),
            ("CodeSha256", "code_sha256"),
        ] {
            assert_eq!(snake(aws), rust);
        }
        for (aws, rust) in [
            ("nodejs20.x", "Nodejs20X"),
            ("RequestResponse", "RequestResponse"),
            ("PASS_THROUGH", "PassThrough"),
            ("x86_64", "X8664"),
            ("2012", "V2012"),
            ("logs", "Logs"),
        ] {
            assert_eq!(camel(aws), rust);
        }
    }
}
