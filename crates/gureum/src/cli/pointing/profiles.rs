//! AWS's shared files. A command that names one of the user's profiles finds it, with this server's key in it: the user's own
//! secrets are not in reach, by mistake or otherwise.
//! Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use auth::sigv4::Credentials;
use config::Environment;

use super::files::Files;
use crate::cli::Failure;
use crate::cli::connection::Connection;
use crate::text::failures as text;

/// What of a profile is taken over: nothing that names a secret, a role, a program or an endpoint.
const KEPT_SETTINGS: [&str; 9] = [
    "region",
    "output",
    "cli_pager",
    "cli_binary_format",
    "cli_timestamp_format",
    "cli_history",
    "cli_auto_prompt",
    "retry_mode",
    "max_attempts",
];

/// The profile that `env --profile` writes.
const OWN: &str = "gureum";

pub struct Laid {
    pub config: String,
    pub credentials: String,
}

/// Lays files with every profile that the user has, and `default`.
pub fn lay(files: &Files, environment: &Environment, keys: &Credentials) -> Result<Laid, Failure> {
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let mut profiles: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    profiles.insert("default".to_owned(), Vec::new());
    for section in sections(&read(own_file(environment, CONFIG))) {
        let name = if section.name == "default" { Some("default") } else { section.name.strip_prefix("profile ") };
        let Some(name) = name.map(str::trim) else { continue };
        profiles.entry(name.to_owned()).or_default().extend(section.settings);
    }
    for section in sections(&read(own_file(environment, CREDENTIALS))) {
        profiles.entry(section.name).or_default();
    }
    let (mut config, mut credentials) = (String::new(), String::new());
    for (name, settings) in &profiles {
        let _ = writeln!(config, "[{}]", section_of(name));
        for (key, value) in settings.iter().filter(|(key, _)| KEPT_SETTINGS.contains(&key.as_str())) {
            let _ = writeln!(config, "{key} = {value}");
        }
        let _ = write!(credentials, "[{name}]\n{}", key_lines(keys));
    }
    let config = files.lay("aws-config", "ini", &config)?;
    Ok(Laid { config, credentials: files.lay("aws-credentials", "ini", &credentials)? })
}

/// Writes the profile `gureum` into the user's own files and leaves every other line as it is. Answers the files' paths.
pub fn write_profile(
    connection: &Connection,
    environment: &Environment,
    keys: &Credentials,
) -> Result<[PathBuf; 2], Failure> {
    let files = Files::of(&environment.state_dir());
    let place = |file| {
        let path = own_file(environment, file);
        // Within `exec` the variables name our own copies.
        if files.holds(&path.to_string_lossy()) { home_file(environment, file) } else { path }
    };
    let (config, credentials) = (place(CONFIG), place(CREDENTIALS));
    let settings = format!("region = {}\nendpoint_url = {}\n", connection.region, connection.endpoint);
    replace_section(&config, &section_of(OWN), &settings)?;
    replace_section(&credentials, OWN, &key_lines(keys))?;
    Ok([config, credentials])
}

/// A shared file: the variable that names it, and its name below `~/.aws`.
type SharedFile = (&'static str, &'static str);
const CONFIG: SharedFile = ("AWS_CONFIG_FILE", "config");
const CREDENTIALS: SharedFile = ("AWS_SHARED_CREDENTIALS_FILE", "credentials");

fn own_file(environment: &Environment, file: SharedFile) -> PathBuf {
    environment.get(file.0).map_or_else(|| home_file(environment, file), PathBuf::from)
}

fn home_file(environment: &Environment, file: SharedFile) -> PathBuf {
    Path::new(environment.get("HOME").unwrap_or("/")).join(".aws").join(file.1)
}

fn section_of(profile: &str) -> String {
    if profile == "default" { profile.to_owned() } else { format!("profile {profile}") }
}

fn key_lines(keys: &Credentials) -> String {
    let mut lines =
        format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", keys.access_key_id, keys.secret_access_key);
    if let Some(token) = &keys.session_token {
        let _ = writeln!(lines, "aws_session_token = {token}");
    }
    lines
}

struct Section {
    name: String,
    settings: Vec<(String, String)>,
}

/// The sections of a shared file. Nested settings (indented lines) are left out.
fn sections(text: &str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    for line in text.lines() {
        if let Some(name) = section_name(line) {
            found.push(Section { name: name.to_owned(), settings: Vec::new() });
        } else if let (Some(section), Some((key, value))) = (found.last_mut(), line.split_once('='))
            && !line.starts_with([' ', '\t', '#', ';'])
        {
            section.settings.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    found
}

fn section_name(line: &str) -> Option<&str> {
    Some(line.trim_end().strip_prefix('[')?.split(']').next()?.trim())
}

fn replace_section(path: &Path, name: &str, settings: &str) -> Result<(), Failure> {
    let replace = || {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        // A link stays a link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mode = fs::metadata(&path).map_or(0o600, |metadata| metadata.permissions().mode());
        let fresh = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&fresh)?;
        std::io::Write::write_all(&mut file, with_section(&text, name, settings).as_bytes())?;
        file.sync_all()?;
        fs::rename(fresh, path)
    };
    replace().map_err(|cause| Failure::broken(text::cannot_write(path.display()), cause))
}

/// `text` with one section in place of those of its name.
fn with_section(text: &str, name: &str, settings: &str) -> String {
    let mut kept = String::new();
    let mut within = false;
    for line in text.lines() {
        if let Some(section) = section_name(line) {
            within = section == name;
        }
        if !within {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    let gap = if kept.is_empty() || kept.ends_with("\n\n") { "" } else { "\n" };
    format!("{kept}{gap}[{name}]\n{settings}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Credentials {
        let (id, secret) = ("test".to_owned(), "secret".to_owned());
        Credentials { access_key_id: id, secret_access_key: secret, session_token: None }
    }

    #[test]
    fn the_users_profiles_are_there_without_their_secrets() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".aws")).unwrap();
        let config = "[default]\nregion=ap-northeast-2\ncredential_process = /bin/steal\n[profile prod]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\noutput = json\ns3 =\n  endpoint_url = http://elsewhere\n[sso-session a]\nsso_region = x\n";
        fs::write(home.path().join(".aws/config"), config).unwrap();
        let credentials = "[base]\naws_access_key_id = AKIAREALREALREALREAL\naws_secret_access_key = real\n";
        fs::write(home.path().join(".aws/credentials"), credentials).unwrap();
        let environment = Environment::of([("HOME".to_owned(), home.path().display().to_string())]);
        let laid = lay(&Files::of(home.path()), &environment, &keys()).unwrap();
        let config = fs::read_to_string(&laid.config).unwrap();
        assert_eq!(config, "[profile base]\n[default]\nregion = ap-northeast-2\n[profile prod]\noutput = json\n");
        let credentials = fs::read_to_string(&laid.credentials).unwrap();
        for name in ["base", "default", "prod"] {
            assert!(credentials.contains(&format!("[{name}]\naws_access_key_id = test\n")), "{credentials}");
        }
        assert!(!credentials.contains("REAL") && !credentials.contains("real"));
        // A command within a command reads what the first one laid, and lays the same.
        let within = [("AWS_CONFIG_FILE", &laid.config), ("AWS_SHARED_CREDENTIALS_FILE", &laid.credentials)];
        let within = Environment::of(within.map(|(name, value)| (name.to_owned(), value.clone())));
        assert_eq!(lay(&Files::of(home.path()), &within, &keys()).unwrap().config, laid.config);
    }

    #[test]
    fn one_section_is_replaced_and_nothing_else() {
        let text = "# mine\n[default]\nregion = x\n\n[profile gureum]\nregion = old\n[profile z]\na = b\n";
        let once = with_section(text, "profile gureum", "region = new\n");
        assert_eq!(once, "# mine\n[default]\nregion = x\n\n[profile z]\na = b\n\n[profile gureum]\nregion = new\n");
        assert_eq!(with_section(&once, "profile gureum", "region = new\n"), once);
        assert_eq!(with_section("", "gureum", "a = b\n"), "[gureum]\na = b\n");
    }
}
