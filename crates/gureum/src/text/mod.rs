//! What the program says to a person, in English and Korean. Texts of the wire, of logs and of `--json`'s codes are English
//! as AWS's are; whatever else a person reads stands in the catalogues below, each text in both languages or it does not
//! compile.

pub mod commands;
pub mod doctor;
pub mod failures;
mod help;
pub mod isolation;
pub mod pointing;
pub mod reference;
pub mod server;
mod table;
pub mod why;

use std::sync::OnceLock;

use config::Environment;

pub use help::in_language;
pub use table::table;

/// A language that every text exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    #[default]
    #[value(name = "en")]
    English,
    #[value(name = "ko")]
    Korean,
}

static LANGUAGE: OnceLock<Language> = OnceLock::new();

impl Language {
    /// The language of a command line before it is parsed, because its errors and its help are in it too: `--lang`, else
    /// `GUREUM_LANG`, else the locale as POSIX orders it: `LC_ALL`, `LC_MESSAGES`, `LANG`.
    pub fn of(arguments: &[String], environment: &Environment) -> Self {
        let own = arguments.iter().take_while(|argument| *argument != "--");
        let flag = own.clone().zip(own.skip(1)).find_map(|(flag, value)| (flag == "--lang").then_some(value.as_str()));
        let joined = arguments.iter().take_while(|argument| *argument != "--").find_map(|a| a.strip_prefix("--lang="));
        let named = flag.or(joined).or_else(|| environment.get("GUREUM_LANG"));
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| environment.get(name));
        match named.or(locale) {
            Some(name) if name == "ko" || name.starts_with("ko_") || name.starts_with("ko.") => Self::Korean,
            _ => Self::English,
        }
    }

    /// From here on everything is said in this language. The first call counts.
    pub fn speak(self) {
        let _ = LANGUAGE.set(self);
    }

    pub fn spoken() -> Self {
        LANGUAGE.get().copied().unwrap_or_default()
    }
}

/// A catalogue: each text is a function that gives it in the language that is spoken.
macro_rules! texts {
    ($($(#[$note:meta])* $name:ident($($argument:ident),*) { en: $english:literal, ko: $korean:literal $(,)? })*) => {
        $(
            $(#[$note])*
            pub fn $name($($argument: impl std::fmt::Display),*) -> String {
                match $crate::text::Language::spoken() {
                    $crate::text::Language::English => format!($english),
                    $crate::text::Language::Korean => format!($korean),
                }
            }
        )*

        /// Name, English and Korean form of every text.
        #[cfg(test)]
        pub const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $korean)),*];
    };
}
pub(crate) use texts;

/// A catalogue for whoever answers others: each text is given the language that it is asked for in.
macro_rules! texts_in {
    ($($(#[$note:meta])* $name:ident($($argument:ident),*) { en: $english:literal, ko: $korean:literal $(,)? })*) => {
        $(
            $(#[$note])*
            pub fn $name(language: $crate::text::Language $(, $argument: impl std::fmt::Display)*) -> String {
                match language {
                    $crate::text::Language::English => format!($english),
                    $crate::text::Language::Korean => format!($korean),
                }
            }
        )*

        /// Name, English and Korean form of every text.
        #[cfg(test)]
        pub const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $korean)),*];
    };
}
pub(crate) use texts_in;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn language(arguments: &[&str], variables: &[(&str, &str)]) -> Language {
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        Language::of(&arguments, &Environment::of(variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))))
    }

    #[test]
    fn the_flag_beats_the_variable_and_the_variable_the_locale() {
        use Language::{English, Korean};
        assert_eq!(language(&[], &[]), English);
        assert_eq!(language(&[], &[("LANG", "ko_KR.UTF-8")]), Korean);
        assert_eq!(language(&[], &[("LANG", "ko_KR.UTF-8"), ("LC_ALL", "C.UTF-8")]), English);
        assert_eq!(language(&[], &[("LANG", "en_US.UTF-8"), ("GUREUM_LANG", "ko")]), Korean);
        assert_eq!(language(&["up", "--lang", "ko"], &[("LANG", "en_US.UTF-8")]), Korean);
        assert_eq!(language(&["--lang=en", "up"], &[("LANG", "ko")]), English);
        assert_eq!(language(&["exec", "--", "x", "--lang", "ko"], &[]), English);
        assert_eq!(language(&[], &[("LANG", "kok_IN")]), English);
    }

    fn every_text() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
        [
            commands::ALL,
            doctor::ALL,
            failures::ALL,
            isolation::ALL,
            pointing::ALL,
            reference::ALL,
            server::ALL,
            why::ALL,
        ]
        .into_iter()
        .flatten()
    }

    /// The `{names}` in a text.
    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('}')?.0))
            .filter(|name| !name.is_empty())
            .collect()
    }

    #[test]
    fn both_forms_of_a_text_say_something_about_the_same_things() {
        for (name, english, korean) in every_text() {
            assert!(!english.is_empty() && !korean.is_empty(), "{name}");
            assert_eq!(places(english), places(korean), "{name}");
            let is_korean = |c: char| ('가'..='힣').contains(&c);
            assert!(korean.chars().any(is_korean) && !english.chars().any(is_korean), "{name}");
        }
    }
}
