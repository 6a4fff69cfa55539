/// How the addresses end that we hand out for host names of their own: function URLs, and whatever AWS names likewise.
/// One setting for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicHosts {
    /// AWS's own names over TLS: for whoever turns AWS's names to this server.
    Aws,
    /// Names below one of this server's own.
    Below {
        /// `http` or `https`.
        scheme: &'static str,
        /// `localhost:4566`
        suffix: String,
    },
}

impl PublicHosts {
    /// `labels` stand before `aws_domain` on AWS, before our suffix else.
    /// Shape: `https://abc.lambda-url.us-east-1.on.aws/`, `http://abc.lambda-url.us-east-1.localhost:4566/`.
    pub fn url(&self, labels: &str, aws_domain: &str) -> String {
        match self {
            Self::Aws => format!("https://{labels}.{aws_domain}/"),
            Self::Below { scheme, suffix } => format!("{scheme}://{labels}.{suffix}/"),
        }
    }

    /// The port that the addresses name, where they name one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Aws => None,
            Self::Below { suffix, .. } => suffix.rsplit_once(':')?.1.parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_ends_as_it_was_set() {
        let below = PublicHosts::Below { scheme: "http", suffix: "localhost:4566".to_owned() };
        assert_eq!(below.url("a.lambda-url.us-east-1", "on.aws"), "http://a.lambda-url.us-east-1.localhost:4566/");
        assert_eq!((below.port(), PublicHosts::Aws.port()), (Some(4566), None));
        assert_eq!(PublicHosts::Aws.url("a.lambda-url.us-east-1", "on.aws"), "https://a.lambda-url.us-east-1.on.aws/");
    }
}
