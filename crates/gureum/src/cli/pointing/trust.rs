//! Our certificate authority for every client: beside the system's own where a variable replaces them, alone where it adds.

use config::Environment;

use super::Pointing;
use super::files::Files;
use crate::cli::Failure;
use crate::text::pointing as text;

/// Where Linux distributions keep the bundle of their roots.
/// Source: Go's crypto/x509, `root_linux.go`.
const SYSTEM_BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Variables whose file replaces a client's roots: the SDKs of Python, everything over OpenSSL and Go, curl, `requests`.
const REPLACING: [&str; 4] = ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"];
/// Node's, whose file adds to its roots. Each root in it costs every start of Node, so the system's stay out of it.
const ADDING: &str = "NODE_EXTRA_CA_CERTS";

pub fn set(pointing: &mut Pointing, authority: &str, environment: &Environment, files: &Files) -> Result<(), Failure> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    // What the user trusts beyond the system stays trusted: a company's own authority, most often.
    let own: Vec<String> = REPLACING.iter().filter_map(|name| environment.get(name)).filter_map(read).collect();
    let system = SYSTEM_BUNDLES.iter().find_map(|path| read(path));
    if system.is_none() && own.is_empty() {
        pointing.warnings.push(text::no_roots());
        pointing.set("AWS_CA_BUNDLE", files.lay("roots", "pem", authority)?);
    } else {
        let bundle = files.lay("roots", "pem", &joined(system.iter().chain(&own), authority))?;
        for name in REPLACING {
            pointing.set(name, &bundle);
        }
    }
    let added: Option<String> = environment.get(ADDING).and_then(read);
    pointing.set(ADDING, files.lay("authority", "pem", &joined(added.iter(), authority))?);
    Ok(())
}

/// The texts one after the other, each once, with ours at the end.
fn joined<'a>(texts: impl Iterator<Item = &'a String>, authority: &'a str) -> String {
    let mut all = String::new();
    for text in texts.map(String::as_str).chain([authority]) {
        if all.contains(text.trim()) {
            continue;
        }
        // A text that holds all that came before takes its place: our own bundle, of a command within a command.
        if text.contains(all.trim()) {
            all.clear();
        }
        all.push_str(text);
        if !all.ends_with('\n') {
            all.push('\n');
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_holds_everything_once() {
        let (system, company) = ("A\nB\n".to_owned(), "C".to_owned());
        let bundle = joined([&system, &company].into_iter(), "US\n");
        assert_eq!(bundle, "A\nB\nC\nUS\n");
        assert_eq!(joined([&system, &bundle].into_iter(), "US\n"), bundle);
        assert_eq!(joined([].into_iter(), "US\n"), "US\n");
    }
}
