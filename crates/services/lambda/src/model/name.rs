//! The four ways to name a function, and what may follow the name.

use kernel::{AccountId, Arn, Region};

use crate::error::Error;

pub const LATEST: &str = "$LATEST";

/// A function as a request names it: by name, partial ARN or ARN, each with or without a qualifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionRef {
    pub account: AccountId,
    pub region: Region,
    pub name: String,
    /// A version, an alias or `$LATEST`, where one was given.
    pub qualifier: Option<String>,
}

impl FunctionRef {
    /// Reads `FunctionName` and `Qualifier`. Errors: another region, two different qualifiers, a name of no known form.
    pub fn read(
        account: &AccountId,
        region: &Region,
        function_name: &str,
        qualifier: Option<&str>,
    ) -> Result<Self, Error> {
        let mut function = Self::parse(account, region, function_name)?;
        function.qualifier = match (function.qualifier.take(), qualifier) {
            (Some(derived), Some(given)) if derived != given => {
                return Err(Error::invalid(
                    "The derived qualifier from the function name does not match the specified qualifier.",
                ));
            }
            (derived, given) => derived.or_else(|| given.map(str::to_owned)),
        };
        Ok(function)
    }

    /// Source: the pattern of FunctionName in the Lambda API Reference: whatever stands before the name may be left out.
    fn parse(account: &AccountId, region: &Region, text: &str) -> Result<Self, Error> {
        let parts: Vec<&str> = text.split(':').collect();
        let (named, owner, rest) = match parts.as_slice() {
            ["arn", _, "lambda", named, id, "function", rest @ ..] => (Some(*named), Some(*id), rest),
            [named, id, "function", rest @ ..] if is_account(id) => (Some(*named), Some(*id), rest),
            [id, "function", rest @ ..] if is_account(id) => (None, Some(*id), rest),
            ["function", rest @ ..] if !rest.is_empty() => (None, None, rest),
            [id, rest @ ..] if is_account(id) && !rest.is_empty() => (None, Some(*id), rest),
            rest => (None, None, rest),
        };
        if let Some(named) = named.filter(|named| *named != region.as_str()) {
            return Err(Error::WrongRegion { named: named.to_owned(), here: region.to_string() });
        }
        let owner = owner.map_or(Ok(account.clone()), AccountId::parse).map_err(|_| malformed(text))?;
        let (name, qualifier) = match rest {
            [name] => (*name, None),
            [name, qualifier] => (*name, Some(*qualifier)),
            _ => return Err(malformed(text)),
        };
        if !is_name(name) || qualifier.is_some_and(|q| !is_qualifier(q)) {
            return Err(malformed(text));
        }
        Ok(Self {
            account: owner,
            region: region.clone(),
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        })
    }

    /// The ARN without a qualifier.
    pub fn arn(&self) -> String {
        function_arn(&self.account, &self.region, &self.name)
    }

    /// The ARN as it was asked for.
    pub fn qualified_arn(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.arn()),
            None => self.arn(),
        }
    }

    /// The qualifier, `$LATEST` where none was given.
    pub fn qualifier_or_latest(&self) -> &str {
        self.qualifier.as_deref().unwrap_or(LATEST)
    }
}

pub fn function_arn(account: &AccountId, region: &Region, name: &str) -> String {
    Arn::regional("lambda", region, account, format!("function:{name}")).to_string()
}

fn malformed(text: &str) -> Error {
    Error::constraint(text, "functionName", "satisfy the pattern of a function's name, partial ARN or ARN")
}

fn is_account(part: &str) -> bool {
    AccountId::parse(part).is_ok()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 140 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn is_qualifier(qualifier: &str) -> bool {
    qualifier == LATEST
        || (!qualifier.is_empty()
            && qualifier.len() <= 128
            && qualifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_$.".contains(&b)))
}

/// Whether the qualifier is a published version's number.
pub fn version_number(qualifier: &str) -> Option<u64> {
    if qualifier.bytes().all(|b| b.is_ascii_digit()) { qualifier.parse().ok() } else { None }
}

/// Parses any text as a name: the body of a fuzz target.
pub fn fuzz(text: &str) {
    if let Ok(function) = FunctionRef::read(&AccountId::default(), &Region::default(), text, None) {
        let again = FunctionRef::read(&AccountId::default(), &Region::default(), &function.qualified_arn(), None);
        assert_eq!(again.ok(), Some(function), "an ARN that we print names the same function");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(name: &str, qualifier: Option<&str>) -> Result<FunctionRef, Error> {
        FunctionRef::read(&AccountId::default(), &Region::default(), name, qualifier)
    }

    fn check(text: &str, name: &str, qualifier: Option<&str>) {
        let function = read(text, None).unwrap();
        assert_eq!((function.name.as_str(), function.qualifier.as_deref()), (name, qualifier), "{text}");
    }

    #[test]
    fn every_form_names_the_same_function() {
        check("echo", "echo", None);
        check("echo:prod", "echo", Some("prod"));
        check("echo:$LATEST", "echo", Some("$LATEST"));
        check("function:echo", "echo", None);
        check("000000000000:echo", "echo", None);
        check("us-east-1:000000000000:function:echo", "echo", None);
        check("my-fn-1:prod", "my-fn-1", Some("prod"));
        check("function", "function", None);
        check("000000000000:function:echo:7", "echo", Some("7"));
        check("arn:aws:lambda:us-east-1:000000000000:function:echo", "echo", None);
        check("arn:aws:lambda:us-east-1:000000000000:function:echo:prod", "echo", Some("prod"));
    }

    #[test]
    fn two_qualifiers_must_agree() {
        assert_eq!(
            read("echo:1", Some("1")).unwrap().qualified_arn(),
            "arn:aws:lambda:us-east-1:000000000000:function:echo:1"
        );
        assert!(matches!(read("echo:1", Some("2")), Err(Error::Invalid(_))));
    }

    #[test]
    fn another_region_is_said() {
        let refused = read("arn:aws:lambda:eu-central-1:000000000000:function:echo", None);
        assert!(matches!(refused, Err(Error::WrongRegion { .. })));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for bad in ["", ":", "a b", "arn:", "arn:aws:lambda:us-east-1:1:function:x", "x:", "1:function:x"] {
            assert!(read(bad, None).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            fuzz(&text);
        }

        #[test]
        fn names_and_qualifiers_come_back(name in "[a-zA-Z0-9-_]{1,64}", qualifier in "[a-zA-Z0-9-_]{1,64}") {
            let text = format!("{name}:{qualifier}");
            fuzz(&text);
            let function = read(&text, None).unwrap();
            prop_assert_eq!((function.name, function.qualifier), (name, Some(qualifier)));
        }
    }
}
