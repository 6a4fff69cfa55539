//! Which queue a path, a query or a client's ReceiveMessage wants to look into.
//! Source: LocalStack's documentation, "Simple Queue Service", "Developer endpoints": the parameters and that a client may be
//! pointed there.

use std::borrow::Cow;

use http::header::ACCEPT;
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{Asked, InternalError};
use crate::router::query_value;

/// `GET /_gureum/v1/queues/{name}/messages?limit=…`
pub(super) fn own(queue: &str, query: &str) -> Result<Asked, InternalError> {
    let limit = query_value(query, "limit").map(str::parse).transpose();
    let limit = limit.map_err(|_| InternalError::new(StatusCode::BAD_REQUEST, "limit is a number"))?;
    Ok(Asked::QueueMessages { queue: decoded(queue).into_owned(), limit })
}

/// `rest`: what follows `/_aws/sqs/messages` in the path.
pub(super) fn as_received(rest: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Result<Asked, InternalError> {
    let is_json_call = headers.contains_key("x-amz-target");
    let form = String::from_utf8_lossy(body);
    let member: Value = if is_json_call { serde_json::from_slice(body).unwrap_or_default() } else { Value::Null };
    let parameter = |name: &str| {
        let in_json = member[name].as_str().map(str::to_owned);
        let in_text = query_value(query, name).or_else(|| query_value(&form, name));
        in_json.or_else(|| in_text.map(|value| decoded(value).into_owned()))
    };
    let is_set = |name: &str| parameter(name).is_some_and(|value| matches!(value.as_str(), "true" | "True" | "1"));
    let (queue_url, region) = match rest.trim_matches('/').split('/').collect::<Vec<_>>().as_slice() {
        [region, account, name] => (Some(format!("/{account}/{}", decoded(name))), Some((*region).to_owned())),
        _ => {
            let url = parameter("QueueUrl");
            let region = url.as_deref().and_then(region_of);
            (url, region)
        }
    };
    let missing = || InternalError::new(StatusCode::BAD_REQUEST, "QueueUrl says which queue");
    let accepts_json = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|a| a.contains("json"));
    Ok(Asked::QueueMessagesAsReceived {
        queue_url: queue_url.ok_or_else(missing)?,
        region,
        with_hidden: is_set("ShowInvisible"),
        with_delayed: is_set("ShowDelayed"),
        as_json: is_json_call || accepts_json,
    })
}

/// The region that a queue's host names: nobody else says it when the request is not signed.
fn region_of(url: &str) -> Option<String> {
    let host = url.split_once("://")?.1.split(['/', ':']).next()?;
    let mut labels = host.split('.');
    match (labels.next()?, labels.next()?, labels.next()) {
        ("sqs", region, Some(_)) | (region, "queue", Some(_)) => Some(region.to_owned()),
        _ => None,
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn asked(method: Method, uri: &str, headers: &[(&'static str, &str)], body: &str) -> Result<Asked, StatusCode> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        Asked::of(&method, path, query, &headers, body.as_bytes()).map_err(|error| error.status)
    }

    fn received(queue_url: &str) -> Asked {
        let (queue_url, region) = (queue_url.to_owned(), None);
        Asked::QueueMessagesAsReceived { queue_url, region, with_hidden: false, with_delayed: false, as_json: false }
    }

    #[test]
    fn our_own_path_names_a_queue_and_how_many() {
        let jobs = |limit| Ok(Asked::QueueMessages { queue: "jobs.fifo".to_owned(), limit });
        assert_eq!(asked(Method::GET, "/_gureum/v1/queues/jobs.fifo/messages?limit=5", &[], ""), jobs(Some(5)));
        assert_eq!(asked(Method::GET, "/_gureum/v1/queues/jobs%2Efifo/messages/", &[], ""), jobs(None));
        let wrong = asked(Method::GET, "/_gureum/v1/queues/jobs/messages?limit=x", &[], "");
        assert_eq!(wrong, Err(StatusCode::BAD_REQUEST));
        let posted = asked(Method::POST, "/_gureum/v1/queues/jobs/messages", &[], "");
        assert_eq!(posted, Err(StatusCode::METHOD_NOT_ALLOWED));
    }

    #[test]
    fn a_queues_host_may_name_its_region() {
        let region = |url| region_of(url);
        let named = Some("eu-west-1".to_owned());
        assert_eq!(region("http://sqs.eu-west-1.localhost.localstack.cloud:4566/000000000000/jobs"), named);
        assert_eq!(region("https://sqs.eu-west-1.amazonaws.com/000000000000/jobs"), named);
        assert_eq!(region("http://eu-west-1.queue.localhost.localstack.cloud:4566/000000000000/jobs"), named);
        for without in ["http://127.0.0.1:4566/000000000000/jobs", "http://localhost:4566/0/jobs", "jobs"] {
            assert_eq!(region(without), None, "{without}");
        }
    }

    #[test]
    fn localstacks_path_takes_a_url_from_wherever_a_client_puts_it() {
        let url = "http://localhost:4566/000000000000/jobs";
        let encoded = "http%3A%2F%2Flocalhost%3A4566%2F000000000000%2Fjobs";
        let by_get = asked(Method::GET, &format!("/_aws/sqs/messages?QueueUrl={encoded}"), &[], "");
        assert_eq!(by_get, Ok(received(url)));
        let form = format!("Action=ReceiveMessage&QueueUrl={encoded}");
        assert_eq!(asked(Method::POST, "/_aws/sqs/messages", &[], &form), Ok(received(url)));
        let call = format!("{{\"QueueUrl\":\"{url}\"}}");
        let by_json =
            asked(Method::POST, "/_aws/sqs/messages/", &[("x-amz-target", "AmazonSQS.ReceiveMessage")], &call);
        assert!(
            matches!(by_json, Ok(Asked::QueueMessagesAsReceived { as_json: true, queue_url, .. }) if queue_url == url)
        );
        let by_path = asked(Method::GET, "/_aws/sqs/messages/eu-west-1/000000000000/jobs?ShowInvisible=true", &[], "");
        let expected = Asked::QueueMessagesAsReceived {
            queue_url: "/000000000000/jobs".to_owned(),
            region: Some("eu-west-1".to_owned()),
            with_hidden: true,
            with_delayed: false,
            as_json: false,
        };
        assert_eq!(by_path, Ok(expected));
        assert_eq!(asked(Method::GET, "/_aws/sqs/messages", &[], ""), Err(StatusCode::BAD_REQUEST));
        assert_eq!(asked(Method::GET, "/_aws/sqs/messagesx", &[], ""), Err(StatusCode::NOT_FOUND));
    }
}
