use http::HeaderMap;
use http::header::ORIGIN;

use super::Refusal;
use super::host::{is_loopback_name, is_own_host, split_port};
use crate::sigv4::Head;

/// Where a request comes from, as far as a browser says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Site {
    /// No browser's headers, or a browser on its user's own account (typed, bookmarked, the same origin without `Origin`).
    Unstated,
    /// A page of this origin, which may use us: CORS answers name it.
    Page { origin: String },
}

/// Refuses what pages of other web sites send. Browsers say where a request comes from in headers that scripts cannot set:
/// `Origin` (every POST, every fetch with CORS, every WebSocket) and `Sec-Fetch-Site` (images, links, forms by GET too).
/// An origin may pass that is loopback, listed (`--cors-origin`), or the very host that is asked for, if that host is ours:
/// after a DNS rebinding both headers name the stranger. `Origin: null` (sandboxed frames, files, redirects) passes only
/// when it is listed.
/// Errors: `CrossSite`.
pub fn check_site(head: &Head<'_>, own_hosts: &[String], allowed_origins: &[String]) -> Result<Site, Refusal> {
    let mut page = None;
    for origin in head.headers.get_all(ORIGIN) {
        let origin = String::from_utf8_lossy(origin.as_bytes()).into_owned();
        let listed = allowed_origins.iter().any(|allowed| allowed.trim_end_matches('/').eq_ignore_ascii_case(&origin));
        if !listed && !is_own_origin(&origin, head, own_hosts) {
            return Err(Refusal::CrossSite { origin });
        }
        page = Some(origin);
    }
    match page {
        Some(origin) => Ok(Site::Page { origin }),
        None if is_from_another_site(head.headers) => Err(Refusal::CrossSite { origin: "another web site".to_owned() }),
        None => Ok(Site::Unstated),
    }
}

fn is_own_origin(origin: &str, head: &Head<'_>, own_hosts: &[String]) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let Some((name, port)) = split_port(authority) else { return false };
    if is_loopback_name(name) {
        return true;
    }
    let Some(host) = head.host().filter(|host| is_own_host(host, own_hosts)) else { return false };
    split_port(host).is_some_and(|(host_name, host_port)| {
        name.eq_ignore_ascii_case(host_name) && port.unwrap_or(default_port) == host_port.unwrap_or(default_port)
    })
}

/// `Sec-Fetch-Site` of a request without an `Origin`. `same-site` is another port or a neighbour's name under the user's own
/// domain; a value that we do not know counts as the worst.
fn is_from_another_site(headers: &HeaderMap) -> bool {
    let own = [b"none".as_slice(), b"same-origin", b"same-site"];
    headers.get_all("sec-fetch-site").iter().any(|value| !own.contains(&value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn check(headers: &[(&str, &str)]) -> Result<Site, Refusal> {
        let mut request = Request::post("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let origins = ["https://app.example.com".to_owned()];
        check_site(&Head::of(&request), &["gureum.example.com".to_owned()], &origins)
    }

    #[test]
    fn programs_and_own_pages_pass() {
        for headers in [
            &[][..],
            &[("host", "evil.com")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-origin")],
            &[("origin", "http://localhost:3000"), ("host", "127.0.0.1:4566")],
            &[("origin", "http://localhost:3000"), ("sec-fetch-site", "cross-site"), ("host", "127.0.0.1:4566")],
            &[("origin", "http://console.localhost"), ("host", "localhost:4566")],
            &[("origin", "http://[::1]:8080"), ("host", "localhost:4566")],
            &[("origin", "https://APP.example.com"), ("host", "localhost:4566")],
            &[("origin", "https://gureum.example.com"), ("host", "gureum.example.com")],
            &[("origin", "https://gureum.example.com:443"), ("host", "gureum.example.com")],
            &[("origin", "http://192.168.0.3:4566"), ("host", "192.168.0.3:4566")],
        ] {
            assert!(check(headers).is_ok(), "{headers:?}");
        }
    }

    #[test]
    fn what_a_browser_sends_from_another_site_is_refused() {
        for headers in [
            // A form or fetch with text/plain needs no preflight: the Origin is all there is.
            &[("origin", "https://evil.com"), ("content-type", "text/plain"), ("host", "localhost:4566")][..],
            &[("origin", "https://evil.com"), ("sec-fetch-site", "cross-site")],
            // An image, a link, a form by GET.
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")],
            &[("sec-fetch-site", "somewhere-else")],
            // A WebSocket.
            &[("origin", "https://evil.com"), ("upgrade", "websocket"), ("host", "localhost:4566")],
            &[("origin", "null"), ("host", "localhost:4566")],
            &[("origin", "file://"), ("host", "localhost:4566")],
            // DNS rebinding: the page's host is the host that is asked for.
            &[("origin", "http://evil.com:4566"), ("host", "evil.com:4566"), ("sec-fetch-site", "same-origin")],
            &[("origin", "http://192.168.0.3:8080"), ("host", "192.168.0.3:4566")],
            &[("origin", "https://evil.s3.amazonaws.com"), ("host", "localhost:4566")],
            &[("origin", "http://localhost.evil.com"), ("host", "localhost:4566")],
            &[("origin", "http://localhost@evil.com"), ("host", "localhost:4566")],
            &[("origin", "http://localhost:3000"), ("origin", "https://evil.com")],
            &[("origin", ""), ("host", "localhost:4566")],
        ] {
            assert!(matches!(check(headers), Err(Refusal::CrossSite { .. })), "{headers:?}");
        }
    }
}
