//! What a message may hold. Source: SQS API Reference, SendMessage; Developer Guide, "Amazon SQS message metadata".

use api_sqs::types::{MessageAttributeValue, MessageSystemAttributeValue};
use wire::{Bytes, Map};

use super::message::{Attribute, Value};
use crate::error::{Error, Result, invalid};
use crate::limits::{
    ATTRIBUTE_NAME_BYTES, ATTRIBUTE_TYPE_CHARS_MAX, DELAY_SECONDS, ID_CHARS, MESSAGE_ATTRIBUTES_MAX, NUMBER_MAX,
};

const TRACE_HEADER: &str = "AWSTraceHeader";

/// What a client sent, checked as far as no queue is needed for it.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub body: String,
    pub attributes: Vec<(String, Attribute)>,
    pub trace_header: Option<Attribute>,
}

impl Content {
    pub(crate) fn read(
        body: Option<String>,
        attributes: Option<Map<MessageAttributeValue>>,
        system: Option<Map<MessageSystemAttributeValue>>,
    ) -> Result<Self> {
        let body = body.filter(|body| !body.is_empty()).ok_or_else(|| Error::Missing("MessageBody".to_owned()))?;
        check_characters(&body, "body")?;
        Ok(Self {
            body,
            attributes: read_attributes(attributes.unwrap_or_default())?,
            trace_header: read_system(system)?,
        })
    }

    /// Bytes that count against the limits: the body, and names, types and values of attributes.
    pub(crate) fn bytes(&self) -> usize {
        let attribute = |(name, a): &(String, Attribute)| name.len() + a.data_type.len() + a.value.bytes().len();
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }
}

/// Recorded: the first character that XML cannot carry is named.
pub(crate) fn check_characters(text: &str, place: &str) -> Result<()> {
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    match text.chars().find(|c| !allowed(*c)) {
        None => Ok(()),
        Some(c) => Err(Error::Contents(format!(
            "Invalid binary character '#x{:X}' was found in the message {place}, the set of allowed characters is #x9 | #xA | \
             #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
            u32::from(c)
        ))),
    }
}

fn read_attributes(given: Map<MessageAttributeValue>) -> Result<Vec<(String, Attribute)>> {
    if given.len() > MESSAGE_ATTRIBUTES_MAX {
        let words = format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MESSAGE_ATTRIBUTES_MAX}].",
            given.len()
        );
        return Err(Error::Invalid(words));
    }
    let read = |(name, given): (String, MessageAttributeValue)| {
        check_name(&name)?;
        let MessageAttributeValue { string_value, binary_value, string_list_values, binary_list_values, data_type } =
            given;
        let listed =
            string_list_values.is_some_and(|l| !l.is_empty()) || binary_list_values.is_some_and(|l| !l.is_empty());
        if listed {
            return Err(Error::Unsupported(
                "Message attribute list values in SendMessage operation are not supported.",
            ));
        }
        let attribute = read_attribute(&name, data_type, string_value, binary_value)?;
        Ok((name, attribute))
    };
    given.into_iter().map(read).collect()
}

fn check_name(name: &str) -> Result<()> {
    let lower = name.to_ascii_lowercase();
    let words = if name.is_empty() {
        "The request must contain non-empty message attribute name.".to_owned()
    } else if name.len() >= ATTRIBUTE_NAME_BYTES {
        "Length of message attribute name must be less than 256 bytes.".to_owned()
    } else if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        format!(
            "The message attribute name '{name}' is invalid. You can't use message attribute names with the 'AWS.' or 'Amazon.' prefix."
        )
    } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        || name.starts_with('.')
        || name.ends_with('.')
        || name.contains("..")
    {
        format!(
            "The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters."
        )
    } else {
        return Ok(());
    };
    Err(Error::Invalid(words))
}

fn read_attribute(
    name: &str,
    data_type: Option<String>,
    text: Option<String>,
    binary: Option<Bytes>,
) -> Result<Attribute> {
    let wrong = |words: String| Err(Error::Invalid(words));
    let data_type = data_type.unwrap_or_default();
    if data_type.is_empty() {
        return wrong(format!("Message (user) attribute '{name}' must contain a non-empty attribute type."));
    }
    let base = data_type.split('.').next().unwrap_or_default();
    if !["String", "Number", "Binary"].contains(&base) || data_type.len() > ATTRIBUTE_TYPE_CHARS_MAX {
        return wrong(format!(
            "The type of message (user) attribute '{name}' is invalid. You must use only the following supported type \
             prefixes: Binary, Number, String."
        ));
    }
    let value = match (base, text, binary) {
        ("Binary", _, Some(bytes)) if !bytes.is_empty() => Value::Binary(bytes),
        ("String" | "Number", Some(text), _) if !text.is_empty() => Value::Text(text),
        _ => {
            let member = if base == "Binary" { "Binary" } else { "String" };
            return wrong(format!(
                "Message (user) attribute '{name}' must contain a non-empty value of type '{member}'."
            ));
        }
    };
    if let Value::Text(text) = &value {
        check_characters(text, "attribute")?;
        if base == "Number" && !is_number(text) {
            return wrong(format!("Can't cast the value of message (user) attribute '{name}' to a number."));
        }
    }
    Ok(Attribute { data_type, value })
}

/// Digits with or without sign, fraction and exponent, up to 10 to the power of 126. Source: Developer Guide, "Message attribute
/// data types".
fn is_number(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    plain && text.parse::<f64>().is_ok_and(|number| number.abs() <= NUMBER_MAX)
}

fn read_system(given: Option<Map<MessageSystemAttributeValue>>) -> Result<Option<Attribute>> {
    let mut read = None;
    for (name, value) in given.unwrap_or_default() {
        if name != TRACE_HEADER {
            return Err(Error::Invalid(format!(
                "Message system attribute name '{name}' is invalid. You can use only the following message system attribute \
                 names: AWSTraceHeader."
            )));
        }
        read = Some(read_attribute(&name, value.data_type, value.string_value, value.binary_value)?);
    }
    Ok(read)
}

/// A message's own delay.
pub(crate) fn check_delay(seconds: Option<i32>) -> Result<Option<u32>> {
    seconds
        .map(|seconds| {
            let checked = u32::try_from(seconds).ok().filter(|s| DELAY_SECONDS.contains(s));
            checked.ok_or_else(|| invalid("DelaySeconds", seconds, "DelaySeconds must be >= 0 and <= 900."))
        })
        .transpose()
}

/// Ids of groups, deduplication and receive attempts.
pub(crate) fn check_id(parameter: &str, id: &str) -> Result<()> {
    let allowed = id.bytes().all(|b| b.is_ascii_graphic());
    if allowed && ID_CHARS.contains(&id.len()) {
        return Ok(());
    }
    let reason = format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    Err(invalid(parameter, id, &reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attribute(data_type: &str, text: &str) -> Map<MessageAttributeValue> {
        let value = MessageAttributeValue {
            data_type: Some(data_type.to_owned()),
            string_value: Some(text.to_owned()),
            ..MessageAttributeValue::default()
        };
        [("a".to_owned(), value)].into()
    }

    #[test]
    fn characters_that_xml_cannot_carry_are_refused() {
        assert!(check_characters("a\tb\r\n\u{1F600}", "body").is_ok());
        let error = check_characters("a\u{1}", "body").unwrap_err().to_string();
        assert!(error.starts_with("Invalid binary character '#x1' was found in the message body"), "{error}");
        assert!(check_characters("\u{FFFE}", "body").is_err());
    }

    #[test]
    fn attributes_have_a_type_and_a_value_of_it() {
        assert!(read_attributes(attribute("String.custom", "x")).is_ok());
        for number in ["-1.5e3", "0", "12345678901234567890123456789012345678", "1e126", "1E-128"] {
            assert!(read_attributes(attribute("Number.int", number)).is_ok(), "{number}");
        }
        for (data_type, text) in [
            ("Number", "x"),
            ("Number", "nan"),
            ("Number", "inf"),
            ("Number", "1e127"),
            ("Text", "x"),
            ("", "x"),
            ("String", ""),
            ("Binary", "x"),
        ] {
            assert!(read_attributes(attribute(data_type, text)).is_err(), "{data_type} {text}");
        }
        for name in ["AWS.x", "amazon.x", ".x", "x.", "a..b", "a b", ""] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_size_counts_attributes_too() {
        let content = Content::read(Some("body".to_owned()), Some(attribute("String", "xy")), None).unwrap();
        assert_eq!(content.bytes(), "body".len() + "a".len() + "String".len() + "xy".len());
        assert!(Content::read(Some(String::new()), None, None).is_err());
    }

    proptest! {
        #[test]
        fn no_id_panics(id in "\\PC{0,200}") {
            let _ = check_id("MessageGroupId", &id);
        }
    }
}
