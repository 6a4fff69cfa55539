//! Wildcards and variables.

use super::{Context, Version};

/// A text with `*`, `?` and, since 2012, variables: `arn:aws:s3:::home/${aws:username}/*`.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Char(char),
    /// `*`
    Many,
    /// `?`
    One,
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// A piece once the variables have their values.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    Char(char),
    /// A colon of the policy's text: it divides an ARN. One that comes from a value does not.
    Colon,
    Many,
    One,
}

impl Pattern {
    /// Every text is a pattern. A `${` that is never closed stands for itself.
    /// Source: IAM User Guide, "IAM policy elements: Variables and tags".
    pub fn new(text: &str, version: Version) -> Self {
        let mut pieces = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if version == Version::V2012
                && let Some((inside, after)) = rest.strip_prefix("${").and_then(|open| open.split_once('}'))
            {
                pieces.push(variable(inside));
                rest = after;
                continue;
            }
            pieces.push(match next {
                '*' => Piece::Many,
                '?' => Piece::One,
                other => Piece::Char(other),
            });
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
        Self { text: text.to_owned(), pieces }
    }

    /// As it stands in the policy.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the text matches, wildcards and case counting.
    pub fn is_like(&self, text: &str, context: &Context) -> bool {
        self.tokens(context).is_some_and(|tokens| glob(&tokens, text))
    }

    /// The same, case not counting.
    pub fn is_like_ignoring_case(&self, text: &str, context: &Context) -> bool {
        self.tokens(context).is_some_and(|tokens| glob(&lower(tokens), &text.to_lowercase()))
    }

    /// Whether the text is the same: `*` and `?` are letters like others.
    pub fn is(&self, text: &str, context: &Context) -> bool {
        self.literal(context).is_some_and(|own| own == text)
    }

    /// The text with its variables filled in; `None` when one has no value.
    pub fn literal(&self, context: &Context) -> Option<String> {
        let tokens = self.tokens(context)?;
        Some(tokens.into_iter().map(Token::as_char).collect())
    }

    /// Whether an ARN matches, each of its six parts by itself: a wildcard does not reach over a colon, save in the last
    /// part. `*` alone matches everything, an ARN that breaks off is completed by wildcards (`complete`), or matches nothing.
    pub fn is_like_arn(&self, arn: &str, context: &Context, complete: bool) -> bool {
        let Some(tokens) = self.tokens(context) else { return false };
        if tokens == [Token::Many] {
            return true;
        }
        let mut own: Vec<&[Token]> = tokens.splitn(6, |token| *token == Token::Colon).collect();
        if own.len() < 6 && complete {
            own.resize(6, &[Token::Many]);
        }
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        own.len() == parts.len() && own.iter().zip(parts).all(|(own, part)| glob(own, part))
    }

    fn tokens(&self, context: &Context) -> Option<Vec<Token>> {
        let mut tokens = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            match piece {
                Piece::Char(':') => tokens.push(Token::Colon),
                Piece::Char(letter) => tokens.push(Token::Char(*letter)),
                Piece::Many => tokens.push(Token::Many),
                Piece::One => tokens.push(Token::One),
                Piece::Variable { key, default } => {
                    let value = match context.get(key) {
                        [one] => Some(one),
                        // A key with several values has none that could stand here.
                        _ => default.as_ref(),
                    };
                    tokens.extend(value?.chars().map(Token::Char));
                }
            }
        }
        Some(tokens)
    }
}

/// `${*}`, `${?}` and `${$}` are those letters; `${key, 'default'}` has a default.
fn variable(inside: &str) -> Piece {
    if let "*" | "?" | "$" = inside {
        return Piece::Char(inside.chars().next().unwrap_or('$'));
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => {
            let quoted = default.trim();
            let default = quoted.strip_prefix('\'').and_then(|d| d.strip_suffix('\'')).unwrap_or(quoted);
            (key, Some(default.to_owned()))
        }
        None => (inside, None),
    };
    Piece::Variable { key: key.trim().to_owned(), default }
}

impl Token {
    fn as_char(self) -> char {
        match self {
            Self::Char(letter) => letter,
            Self::Colon => ':',
            Self::Many => '*',
            Self::One => '?',
        }
    }
}

fn lower(tokens: Vec<Token>) -> Vec<Token> {
    let lower = |token| match token {
        Token::Char(letter) => letter.to_lowercase().map(Token::Char).collect(),
        other => vec![other],
    };
    tokens.into_iter().flat_map(lower).collect()
}

/// Matches without going back further than to the last star: at most tokens × letters steps.
fn glob(tokens: &[Token], text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let (mut token, mut letter) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while letter < letters.len() {
        match tokens.get(token) {
            Some(Token::Many) => {
                last_star = Some((token, letter));
                token += 1;
                continue;
            }
            Some(Token::One) => {
                token += 1;
                letter += 1;
                continue;
            }
            Some(own) if letters.get(letter) == Some(&own.as_char()) => {
                token += 1;
                letter += 1;
                continue;
            }
            _ => {}
        }
        let Some((star, from)) = last_star else { return false };
        last_star = Some((star, from + 1));
        token = star + 1;
        letter = from + 1;
    }
    tokens.get(token..).unwrap_or_default().iter().all(|rest| *rest == Token::Many)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn like(pattern: &str, text: &str) -> bool {
        let context = Context::default().with("aws:username", "Jo*").with_values("many", ["a".into(), "b".into()]);
        Pattern::new(pattern, Version::V2012).is_like(text, &context)
    }

    #[test]
    fn wildcards_and_variables() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*aab", "aaaab", true),
            ("${aws:username}/*", "Jo*/x", true),
            ("${aws:username}/*", "Joe/x", false),
            ("${AWS:UserName}", "Jo*", true),
            ("${nobody}", "", false),
            ("${nobody, 'anyone'}", "anyone", true),
            ("${many}", "a", false),
            ("${many, 'none'}", "none", true),
            ("${*}${?}${$}", "*?$", true),
            ("${*}", "x", false),
            ("${open", "${open", true),
        ] {
            assert_eq!(like(pattern, text), expected, "{pattern} on {text}");
        }
        let old = Pattern::new("${aws:username}", Version::V2008);
        assert!(old.is("${aws:username}", &Context::default()), "2008 knows no variables");
    }

    #[test]
    fn arns_match_part_by_part() {
        let context = Context::default().with("name", "a:b");
        for (pattern, arn, complete, expected) in [
            ("*", "arn:aws:sqs:r:1:q", false, true),
            ("arn:aws:sqs:*:*:q", "arn:aws:sqs:r:1:q", false, true),
            ("arn:aws:sqs:*:q", "arn:aws:sqs:r:1:q", true, false),
            ("arn:aws:sqs", "arn:aws:sqs:r:1:q", true, true),
            ("arn:aws:sqs", "arn:aws:sqs:r:1:q", false, false),
            ("arn:aws:s*:r:1:q", "arn:aws:sqs:r:1:q", true, true),
            ("arn:*", "arn:aws:sqs:r:1:q", false, false),
            ("arn:aws:lambda:r:1:function:*", "arn:aws:lambda:r:1:function:f:prod", true, true),
            ("arn:aws:sqs:r:1:${name}", "arn:aws:sqs:r:1:a:b", true, true),
            ("arn:aws:sqs:${name}:q", "arn:aws:sqs:a:b:q", true, false),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/k", true, true),
        ] {
            let matches = Pattern::new(pattern, Version::V2012).is_like_arn(arn, &context, complete);
            assert_eq!(matches, expected, "{pattern} on {arn}");
        }
    }

    proptest! {
        #[test]
        fn a_text_without_wildcards_matches_itself_only(text in "[a-z:/]{0,20}", other in "[a-z:/]{0,20}") {
            prop_assert!(like(&text, &text));
            prop_assert_eq!(like(&text, &other), text == other);
        }

        #[test]
        fn stars_never_take_long(text in "a{0,200}") {
            let pattern = format!("{}b", "*a".repeat(50));
            prop_assert!(!like(&pattern, &text));
        }

        #[test]
        fn no_text_panics(pattern in "\\PC{0,40}", text in "\\PC{0,40}") {
            let pattern = Pattern::new(&pattern, Version::V2012);
            let _ = pattern.is_like_arn(&text, &Context::default(), true);
            let _ = pattern.is_like_ignoring_case(&text, &Context::default());
        }
    }
}
