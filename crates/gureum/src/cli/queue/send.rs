use std::io::Read;

use serde_json::{Map, Value, json};

use super::super::connection::Connection;
use super::super::{Failure, Report};
use super::{call, name_of, url};
use crate::text::{commands as text, failures};

#[derive(Debug, clap::Args)]
pub struct Send {
    /// Name or URL
    queue: String,
    /// The body: text, @FILE, or - for standard input
    body: String,
    /// A message attribute NAME=VALUE, or NAME:Number=VALUE; may be given more than once
    #[arg(short, long, value_name = "NAME=VALUE")]
    attribute: Vec<String>,
    /// The message group
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// The deduplication id of a FIFO queue
    #[arg(long, value_name = "ID")]
    deduplication: Option<String>,
    /// How long nobody receives it: 30s, 5m
    #[arg(long, value_name = "TIME")]
    delay: Option<String>,
}

pub async fn run(send: Send, connection: &Connection) -> Result<Report, Failure> {
    let mut input = json!({ "MessageBody": body(&send.body)? });
    let attributes = send.attribute.iter().map(|pair| attribute(pair)).collect::<Result<Map<_, _>, _>>()?;
    if !attributes.is_empty() {
        input["MessageAttributes"] = json!(attributes);
    }
    if let Some(group) = &send.group {
        input["MessageGroupId"] = json!(group);
    }
    if let Some(id) = &send.deduplication {
        input["MessageDeduplicationId"] = json!(id);
    }
    if let Some(delay) = &send.delay {
        let wrong = || Failure::Usage { what: failures::not_a_length(delay), hint: failures::lengths() };
        input["DelaySeconds"] = json!(super::super::time::parse(delay).ok_or_else(wrong)?.as_secs());
    }
    let url = url(connection, &send.queue).await?;
    input["QueueUrl"] = json!(url);
    let sent = call(connection, "SendMessage", &input).await?;
    let id = sent["MessageId"].as_str().unwrap_or_default();
    let data = json!({ "queue": name_of(&url), "message_id": id, "sequence_number": sent["SequenceNumber"] });
    Ok(Report::new(text::sent(id), data))
}

/// What `@FILE`, `-` or the text itself says. Of a file and of standard input the newline at the end is left out.
fn body(given: &str) -> Result<String, Failure> {
    let read = match given.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file),
        None if given == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        }
        None => return Ok(given.to_owned()),
    };
    let mut text = read.map_err(|cause| Failure::broken(failures::cannot_read_body(given), cause))?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

/// `colour=red`, `price:Number=5`.
fn attribute(pair: &str) -> Result<(String, Value), Failure> {
    let wrong = || Failure::Usage { what: failures::not_an_attribute(pair), hint: failures::attribute_form() };
    let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
    let (name, data_type) = name.split_once(':').unwrap_or((name, "String"));
    if name.is_empty() || data_type.is_empty() {
        return Err(wrong());
    }
    let member = if data_type.starts_with("Binary") { "BinaryValue" } else { "StringValue" };
    Ok((name.to_owned(), json!({ "DataType": data_type, member: value })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_text_unless_its_type_is_said() {
        let read = |pair| attribute(pair).unwrap();
        assert_eq!(read("a=b=c"), ("a".to_owned(), json!({ "DataType": "String", "StringValue": "b=c" })));
        assert_eq!(read("n:Number=5"), ("n".to_owned(), json!({ "DataType": "Number", "StringValue": "5" })));
        assert_eq!(read("b:Binary=aGk="), ("b".to_owned(), json!({ "DataType": "Binary", "BinaryValue": "aGk=" })));
        for bad in ["a", "=b", "a:=b"] {
            assert!(attribute(bad).is_err(), "{bad}");
        }
    }
}
