//! What a host name says. Facts of AWS's documentation ("Regions, endpoints", "Virtual hosting of buckets").

use std::net::IpAddr;

use kernel::{Region, strip_aws_suffix};

/// What a host name means to the router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// `{api}.execute-api.…`
    ExecuteApi { api: String },
    /// `{id}.lambda-url.…`
    FunctionUrl { id: String },
    /// `{bucket}.s3-website…`
    Website { bucket: String },
    /// `s3.…`, or `{bucket}.s3.…`
    S3 { bucket: Option<String> },
    /// `{prefix}.{region}.amazonaws.com` and its kin. `bucket` is set below a name of ours, where SDKs also say `{bucket}.localhost`
    /// to an endpoint without a region.
    Service { prefix: String, bucket: Option<String> },
    /// A custom domain name of API Gateway.
    CustomDomain { name: String },
    /// Loopback, a literal address, a single label, a name given by `--host`, or nothing: the endpoint itself.
    Endpoint,
    /// Any other name. The auth room decides who may come by such a name.
    Foreign,
}

/// Names beyond AWS's own.
#[derive(Clone, Debug, Default)]
pub struct HostFacts {
    /// `--host`: further names of this endpoint; those below one mean what they mean below localhost.
    pub own: Vec<String>,
    /// Custom domain names of API Gateway.
    pub custom_domains: Vec<String>,
}

impl HostFacts {
    /// Whether a name is this server's wherever it is asked for: AWS's, a custom domain, or one of `--host`.
    pub fn is_named(&self, host: &str) -> bool {
        strip_aws_suffix(host).is_some()
            || self.custom_domains.iter().any(|name| name.eq_ignore_ascii_case(host))
            || self.own.iter().any(|name| strip_name(host, name).is_some())
    }

    /// Shape: `host` without a port, in any case.
    pub fn kind(&self, host: &str) -> HostKind {
        let host = host.strip_suffix('.').unwrap_or(host);
        if let Some(before) = strip_aws_suffix(host) {
            return of_labels(&before.to_ascii_lowercase());
        }
        if let Some(name) = self.custom_domains.iter().find(|name| name.eq_ignore_ascii_case(host)) {
            return HostKind::CustomDomain { name: name.clone() };
        }
        let own = self.own.iter().map(String::as_str).chain(["localhost"]);
        if let Some(before) = own.into_iter().find_map(|name| strip_name(host, name)) {
            let before = before.to_ascii_lowercase();
            return match of_labels(&before) {
                HostKind::Service { prefix, .. } => HostKind::Service { prefix, bucket: Some(before) },
                kind => kind,
            };
        }
        if !host.contains('.') || is_address(host) { HostKind::Endpoint } else { HostKind::Foreign }
    }
}

/// Splits `host:port`; an IPv6 literal keeps its brackets off. An unreadable port stays outside the host all the same.
pub fn split_port(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    match authority.rsplit_once(':') {
        Some((host, _)) if !host.contains(':') => host,
        _ => authority,
    }
}

fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
}

/// What stands before one of our names: `s3.localhost` → `s3`, `localhost` → ``.
fn strip_name<'a>(host: &'a str, name: &str) -> Option<&'a str> {
    let cut = host.len().checked_sub(name.len())?;
    if !host.get(cut..)?.eq_ignore_ascii_case(name) {
        return None;
    }
    match host.get(..cut)? {
        "" => Some(""),
        before => before.strip_suffix('.'),
    }
}

/// `before` is what stands before the suffix: `queue.s3.us-east-1`, `sqs.us-east-1`, `us-east-1.queue`, ``.
fn of_labels(before: &str) -> HostKind {
    if before.is_empty() {
        return HostKind::Endpoint;
    }
    let labels: Vec<&str> = before.split('.').collect();
    // A region and `dualstack` may stand between the marker and the suffix, nothing more.
    let first = labels.len().saturating_sub(3);
    for at in (first..labels.len()).rev() {
        let Some(label) = labels.get(at) else { continue };
        let owner = || labels.get(..at).filter(|l| !l.is_empty()).map(|l| l.join("."));
        let marker = Marker::of(label);
        match (marker, owner()) {
            (Some(Marker::ExecuteApi), Some(api)) => return HostKind::ExecuteApi { api },
            (Some(Marker::FunctionUrl), Some(id)) => return HostKind::FunctionUrl { id },
            (Some(Marker::Website), Some(bucket)) => return HostKind::Website { bucket },
            (Some(Marker::S3), bucket) => return HostKind::S3 { bucket },
            _ => {}
        }
    }
    service_of(&labels)
}

enum Marker {
    ExecuteApi,
    FunctionUrl,
    Website,
    S3,
}

impl Marker {
    fn of(label: &str) -> Option<Self> {
        match label {
            "execute-api" => Some(Self::ExecuteApi),
            "lambda-url" => Some(Self::FunctionUrl),
            "s3" | "s3-accelerate" | "s3-fips" | "s3-external-1" => Some(Self::S3),
            "s3-website" => Some(Self::Website),
            _ if label.strip_prefix("s3-website-").is_some_and(Region::is_form) => Some(Self::Website),
            _ if label.strip_prefix("s3-").is_some_and(Region::is_form) => Some(Self::S3),
            _ => None,
        }
    }
}

/// The endpoint prefix: the first label that is no region, without `-fips`; `api.ecr` keeps both of its labels.
fn service_of(labels: &[&str]) -> HostKind {
    let prefix = match labels {
        // Legacy names of SQS: `queue`, `us-east-1.queue`.
        ["queue"] | [_, "queue"] => "sqs".to_owned(),
        ["api", name, ..] if !Region::is_form(name) => format!("api.{name}"),
        [name, ..] => name.strip_suffix("-fips").unwrap_or(name).to_owned(),
        [] => return HostKind::Endpoint,
    };
    HostKind::Service { prefix, bucket: None }
}
