//! Names of queues, and the URLs and ARNs that carry them.

use kernel::{AccountId, Arn, Region};

use crate::error::{Error, Result};
use crate::limits::QUEUE_NAME_CHARS;

const FIFO_SUFFIX: &str = ".fifo";

/// Which queue is meant, before anybody has looked whether it is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QueueName {
    pub account: AccountId,
    pub region: Region,
    pub name: String,
}

impl QueueName {
    pub(crate) fn arn(&self) -> Arn {
        Arn::regional("sqs", &self.region, &self.account, self.name.clone())
    }

    /// Errors: no ARN of a queue.
    pub(crate) fn of_arn(text: &str) -> Option<Self> {
        let arn: Arn = text.parse().ok()?;
        let account = AccountId::parse(&arn.account).ok()?;
        let named = arn.service == "sqs" && !arn.region.is_empty() && is_name(&arn.resource);
        named.then(|| Self { account, region: Region::new(&arn.region), name: arn.resource })
    }

    /// The queue that a URL's path names: `/123456789012/jobs`. The host says nothing that the signature does not say.
    /// Errors: `InvalidAddress`, for anything else.
    pub(crate) fn of_url(url: &str, region: &Region) -> Result<Self> {
        let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let mut segments = path.rsplit('/');
        let name = segments.next().unwrap_or_default();
        match segments.next().map(AccountId::parse) {
            Some(Ok(account)) if is_name(name) => Ok(Self { account, region: region.clone(), name: name.to_owned() }),
            _ => Err(Error::Address(url.to_owned())),
        }
    }

    /// The URL by which the client that asks reaches the queue: its own word for our host. Services, which have none, get
    /// AWS's.
    pub(crate) fn url(&self, host: Option<&str>, tls: bool) -> String {
        let Self { account, region, name } = self;
        match host {
            Some(host) => format!("{}://{host}/{account}/{name}", if tls { "https" } else { "http" }),
            None => format!("https://sqs.{region}.amazonaws.com/{account}/{name}"),
        }
    }
}

fn is_name(name: &str) -> bool {
    let stem = name.strip_suffix(FIFO_SUFFIX).unwrap_or(name);
    QUEUE_NAME_CHARS.contains(&name.len())
        && !stem.is_empty()
        && stem.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Checks a new queue's name against its kind.
pub(crate) fn check_new(name: &str, fifo: bool) -> Result<()> {
    if is_name(name) && name.ends_with(FIFO_SUFFIX) == fifo {
        return Ok(());
    }
    let words = if fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo \
         suffix and be 1 to 80 in length."
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    };
    Err(Error::Invalid(words.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(name: &str) -> QueueName {
        let account = AccountId::parse("111111111111").unwrap();
        QueueName { account, region: Region::new("us-east-1"), name: name.to_owned() }
    }

    #[test]
    fn a_queue_is_found_by_every_form_of_its_url() {
        let region = Region::new("us-east-1");
        for url in [
            "https://sqs.us-east-1.amazonaws.com/111111111111/jobs",
            "https://us-east-1.queue.amazonaws.com/111111111111/jobs",
            "http://127.0.0.1:4566/111111111111/jobs",
            "http://sqs.us-east-1.localhost.localstack.cloud:4566/111111111111/jobs/",
            "/111111111111/jobs",
        ] {
            assert_eq!(QueueName::of_url(url, &region).unwrap(), name("jobs"), "{url}");
        }
        for url in ["", "jobs", "http://127.0.0.1:4566/", "http://host/queue", "http://host/111111111111/a b"] {
            assert!(matches!(QueueName::of_url(url, &region), Err(Error::Address(_))), "{url}");
        }
    }

    #[test]
    fn a_url_names_the_host_as_the_client_does() {
        assert_eq!(name("a").url(Some("127.0.0.1:4566"), false), "http://127.0.0.1:4566/111111111111/a");
        assert_eq!(name("a").url(None, true), "https://sqs.us-east-1.amazonaws.com/111111111111/a");
    }

    #[test]
    fn a_fifo_queue_ends_in_fifo_and_no_other_does() {
        assert!(check_new("a.fifo", true).is_ok() && check_new("a", false).is_ok());
        for (text, fifo) in [("a", true), ("a.fifo", false), (".fifo", true), ("", false), ("a.b", false)] {
            assert!(check_new(text, fifo).is_err(), "{text}");
        }
        assert!(check_new(&"x".repeat(80), false).is_ok());
        assert!(check_new(&"x".repeat(81), false).is_err());
    }

    proptest! {
        #[test]
        fn no_url_panics_and_what_is_written_is_read_back(url in "\\PC{0,40}", stem in "[A-Za-z0-9_-]{1,75}") {
            let region = Region::new("us-east-1");
            let _ = QueueName::of_url(&url, &region);
            let made = name(&stem);
            prop_assert_eq!(QueueName::of_url(&made.url(Some("h:1"), false), &region).unwrap(), made.clone());
            prop_assert_eq!(QueueName::of_arn(&made.arn().to_string()), Some(made));
        }
    }
}
