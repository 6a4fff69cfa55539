//! Text with stars in it.

/// What stands between the stars; one piece: no star at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wildcard {
    pieces: Vec<String>,
}

impl Wildcard {
    /// Reads a pattern: `*` stands for any characters, `\*` and `\\` for themselves.
    /// Errors: the engine's words; it counts bytes from the quote before the text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = vec![String::new()];
        let mut chars = text.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            let piece = match (char, next) {
                ('*', Some('*')) => return Err(format!("Consecutive wildcard characters at pos {}", at + 1)),
                ('*', _) => {
                    pieces.push(String::new());
                    continue;
                }
                ('\\', Some(escaped @ ('*' | '\\'))) => {
                    chars.next();
                    escaped
                }
                ('\\', _) => return Err(format!("Invalid escape character at pos {}", at + 1)),
                _ => char,
            };
            if let Some(last) = pieces.last_mut() {
                last.push(piece);
            }
        }
        Ok(Self { pieces })
    }

    /// Whether a text has all pieces in order: the first at its beginning, the last at its end.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.pieces.split_first() else { return false };
        let Some((last, middle)) = others.split_last() else { return text == first };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        for piece in middle {
            // The leftmost place leaves most to those that follow.
            let Some((_, after)) = rest.split_once(piece.as_str()) else { return false };
            rest = after;
        }
        rest.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let wildcard = Wildcard::parse(pattern).expect("a good wildcard");
        for text in matching {
            assert!(wildcard.matches(text), "{pattern} {text}");
        }
        for text in others {
            assert!(!wildcard.matches(text), "{pattern} {text}");
        }
    }

    #[test]
    fn stars_stand_for_any_characters_or_none() {
        check("dir/*.png", &["dir/a.png", "dir/.png", "dir/a/b.png.png"], &["dir/a.jpg", "xdir/a.png", "dir.png"]);
        check("*", &["", "a"], &[]);
        check("a*a", &["aa", "aba"], &["a", "ab"]);
        check("*ab*ab*", &["abab", "xabyabz"], &["ab", "aab"]);
        check("plain", &["plain"], &["plainer", "a plain"]);
    }

    #[test]
    fn escaped_stars_and_backslashes_are_themselves() {
        check(r"a\*b", &["a*b"], &["axb", "ab"]);
        check(r"a\\*", &[r"a\", r"a\x"], &["a"]);
    }

    #[test]
    fn double_stars_and_other_escapes_are_refused() {
        assert_eq!(Wildcard::parse("a**").unwrap_err(), "Consecutive wildcard characters at pos 2");
        assert_eq!(Wildcard::parse(r"\a").unwrap_err(), "Invalid escape character at pos 1");
        assert_eq!(Wildcard::parse(r"ab\").unwrap_err(), "Invalid escape character at pos 3");
    }

    proptest! {
        #[test]
        fn a_text_matches_itself_with_any_part_replaced_by_a_star(text in "[a-c]{0,12}", from in 0_usize..12, to in 0_usize..12) {
            let (from, to) = (from.min(to).min(text.len()), to.max(from).min(text.len()));
            let wildcard = Wildcard::parse(&format!("{}*{}", &text[..from], &text[to..])).unwrap();
            prop_assert!(wildcard.matches(&text));
        }
    }
}
