use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use kernel::{AccountId, PublicHosts, Region};
use serde::Serialize;

use crate::durability::Durability;
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::file::File;
use crate::function_network::FunctionNetwork;
use crate::localstack::LocalStack;

/// The port that AWS emulators are expected on.
const PORT: u16 = 4566;
/// A new AWS account's concurrency. Source: Lambda Developer Guide, "Lambda quotas".
const ACCOUNT_CONCURRENCY: u32 = 1000;

/// The flags of `gureum up`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct UpArgs {
    /// Address to listen on, IP:PORT; may be given more than once. Default: 127.0.0.1:4566
    #[arg(long, value_name = "ADDR", env = "GUREUM_LISTEN", value_delimiter = ',')]
    pub listen: Vec<String>,
    /// Port on 127.0.0.1; 0 picks a free one. Default: 4566
    #[arg(long, env = "GUREUM_PORT", conflicts_with = "listen")]
    pub port: Option<u16>,
    /// Folder of all state. Default: $XDG_DATA_HOME/gureum
    #[arg(long, value_name = "DIR", env = "GUREUM_DATA")]
    pub data: Option<PathBuf>,
    /// Keep nothing: a fresh folder that is removed at the end
    #[arg(long, conflicts_with = "data")]
    pub ephemeral: bool,
    /// When a write is acknowledged. Default: durable
    #[arg(long, value_enum, env = "GUREUM_DURABILITY")]
    pub durability: Option<Durability>,
    /// Verify every call as AWS does, on loopback too
    #[arg(long, env = "GUREUM_STRICT")]
    pub strict: bool,
    /// Allow plain HTTP on an address that is not loopback
    #[arg(long, env = "GUREUM_INSECURE")]
    pub insecure: bool,
    /// Account of callers that name none. Default: 000000000000
    #[arg(long, env = "GUREUM_ACCOUNT")]
    pub account: Option<String>,
    /// Region of callers that name none. Default: us-east-1
    #[arg(long, env = "GUREUM_REGION")]
    pub region: Option<String>,
    /// A public host name that is ours; may be given more than once
    #[arg(long, env = "GUREUM_HOST", value_delimiter = ',')]
    pub host: Vec<String>,
    /// HOST[:PORT] below which function URLs are handed out, or `aws` for AWS's own names. Default: localhost:PORT
    #[arg(long, value_name = "SUFFIX", env = "GUREUM_URL_SUFFIX")]
    pub url_suffix: Option<String>,
    /// A web origin that may call the control plane; may be given more than once
    #[arg(long, value_name = "ORIGIN", env = "GUREUM_CORS_ORIGIN", value_delimiter = ',')]
    pub cors_origin: Vec<String>,
    /// Concurrent executions of an account. Default: 1000
    #[arg(long, value_name = "N", env = "GUREUM_ACCOUNT_CONCURRENCY")]
    pub account_concurrency: Option<u32>,
    /// Functions may sign with any key, as in other emulators (loopback only)
    #[arg(long)]
    pub sandbox_any_key: bool,
    /// Give functions the variables by which code written for LocalStack finds it
    #[arg(long, env = "GUREUM_LOCALSTACK_ENV")]
    pub localstack_env: bool,
    /// What functions reach beside AWS's names. Default: none
    #[arg(long, value_enum, env = "GUREUM_FUNCTION_NETWORK")]
    pub function_network: Option<FunctionNetwork>,
    /// Off loopback, start although functions cannot be isolated on this host
    #[arg(long, env = "GUREUM_ALLOW_UNISOLATED")]
    pub allow_unisolated: bool,
    /// Let `gureum time advance` move due times
    #[arg(long)]
    pub virtual_clock: bool,
    /// Run the scripts in DIR/boot.d, start.d, ready.d and shutdown.d, as LocalStack does.
    /// Default: /etc/localstack/init, where that is yours
    #[arg(long, value_name = "DIR", env = "GUREUM_INIT")]
    pub init: Option<PathBuf>,
    /// Read this file instead of ./gureum.toml
    #[arg(long, value_name = "FILE", env = "GUREUM_CONFIG")]
    pub config: Option<PathBuf>,
    /// Print the settings in force and exit
    #[arg(long)]
    pub show_config: bool,
}

/// What `gureum up` runs with: every value checked.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    pub listen: Vec<SocketAddr>,
    pub data: PathBuf,
    pub ephemeral: bool,
    pub durability: Durability,
    pub strict: bool,
    pub insecure: bool,
    #[serde(serialize_with = "text")]
    pub account: AccountId,
    #[serde(serialize_with = "text")]
    pub region: Region,
    pub hosts: Vec<String>,
    pub cors_origins: Vec<String>,
    /// Checked by [`Settings::public_hosts`].
    pub url_suffix: Option<String>,
    pub account_concurrency: u32,
    pub sandbox_any_key: bool,
    pub localstack_env: bool,
    pub function_network: FunctionNetwork,
    pub allow_unisolated: bool,
    pub virtual_clock: bool,
    /// How long an idle execution environment is kept; `None` is the runtime's own bound.
    pub keep_alive: Option<Duration>,
    /// Init scripts that were asked for. The well-known folder is the server's to judge.
    pub init: Option<PathBuf>,
    pub log: Option<String>,
    pub localstack: LocalStack,
    pub state: PathBuf,
    pub cache: PathBuf,
}

fn text<S: serde::Serializer>(value: &impl ToString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&value.to_string())
}

impl UpArgs {
    /// Flags (with their environment variables) > `gureum.toml` > LocalStack's variables > defaults.
    pub fn settings(self, environment: &Environment) -> Result<Settings, ConfigError> {
        let localstack = LocalStack::read(environment)?;
        let file = File::read(self.config.as_deref())?;
        let port = self.port.or(if self.listen.is_empty() { file.port } else { None });
        let listen = if !self.listen.is_empty() {
            self.listen
        } else if port.is_none() {
            file.listen.unwrap_or_default()
        } else {
            Vec::new()
        };
        let mut addresses = Vec::new();
        for text in listen {
            addresses.push(text.parse().map_err(|_| ConfigError::Listen(text))?);
        }
        if addresses.is_empty() && port.is_none() {
            addresses.extend(&localstack.listen);
        }
        if addresses.is_empty() {
            addresses.push(SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(PORT))));
        }
        let chosen = self.data.or(file.data);
        let ephemeral = self.ephemeral || (chosen.is_none() && localstack.persistence == Some(false));
        let data = chosen.unwrap_or_else(|| environment.data_dir());
        let durability = self.durability.or(file.durability).unwrap_or_default();
        let or_file = |flags: Vec<String>, file: Option<Vec<String>>| {
            if flags.is_empty() { file.unwrap_or_default() } else { flags }
        };
        let mut hosts = or_file(self.host, file.host);
        hosts.extend(localstack.host.clone());
        let mut cors_origins = or_file(self.cors_origin, file.cors_origin);
        cors_origins.extend(localstack.cors_origins.clone());
        let settings = Settings {
            listen: addresses,
            data,
            ephemeral,
            durability,
            strict: self.strict || file.strict.unwrap_or(false),
            insecure: self.insecure || file.insecure.unwrap_or(false),
            account: match self.account.or(file.account) {
                Some(text) => AccountId::parse(&text)?,
                None => AccountId::default(),
            },
            region: self.region.or(file.region).map_or_else(Region::default, |name| Region::new(&name)),
            hosts,
            url_suffix: self.url_suffix.or(file.url_suffix).or(localstack.url_suffix.clone()),
            cors_origins,
            account_concurrency: self
                .account_concurrency
                .or(file.account_concurrency)
                .or(localstack.account_concurrency)
                .unwrap_or(ACCOUNT_CONCURRENCY),
            sandbox_any_key: self.sandbox_any_key,
            localstack_env: self.localstack_env,
            function_network: self.function_network.or(file.function_network).unwrap_or_default(),
            allow_unisolated: self.allow_unisolated || file.allow_unisolated.unwrap_or(false),
            virtual_clock: self.virtual_clock,
            keep_alive: localstack.keep_alive,
            init: self.init,
            log: environment.get("GUREUM_LOG").or(localstack.log).map(str::to_owned),
            localstack,
            state: environment.state_dir(),
            cache: environment.cache_dir(),
        };
        settings.check()?;
        Ok(settings)
    }
}

impl Settings {
    /// How the addresses end that are handed out; `port` is that of the first listener.
    /// Errors: the suffix is no name of this server, so nothing below it would get here.
    pub fn public_hosts(&self, port: u16) -> Result<PublicHosts, ConfigError> {
        let Some(suffix) = &self.url_suffix else {
            return Ok(PublicHosts::Below { scheme: self.scheme(), suffix: format!("localhost:{port}") });
        };
        if suffix == "aws" {
            return Ok(PublicHosts::Aws);
        }
        let (host, port) = suffix.split_once(':').map_or((suffix.as_str(), None), |(host, port)| (host, Some(port)));
        let is_ours = host == "localhost"
            || kernel::strip_aws_suffix(host).is_some()
            || self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
        if !is_ours || port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return Err(ConfigError::UrlSuffix(suffix.clone()));
        }
        Ok(PublicHosts::Below { scheme: self.scheme(), suffix: suffix.clone() })
    }

    fn scheme(&self) -> &'static str {
        let exposed = self.listen.first().is_some_and(|address| !address.ip().is_loopback());
        if exposed && !self.insecure { "https" } else { "http" }
    }

    fn check(&self) -> Result<(), ConfigError> {
        if let Some(exposed) = self.listen.iter().find(|address| !address.ip().is_loopback())
            && self.sandbox_any_key
        {
            return Err(ConfigError::SandboxAnyKey(*exposed));
        }
        self.public_hosts(0)?;
        if self.account_concurrency == 0 {
            return Err(ConfigError::Concurrency);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(args: UpArgs) -> Result<Settings, ConfigError> {
        args.settings(&Environment::of([("HOME".to_owned(), "/h".to_owned())]))
    }

    #[test]
    fn nothing_said_means_loopback_4566_durable() {
        let settings = settings(UpArgs::default()).unwrap();
        assert_eq!(settings.listen, [SocketAddr::from(([127, 0, 0, 1], 4566))]);
        assert_eq!(settings.durability, Durability::Durable);
        assert_eq!(settings.account.as_str(), "000000000000");
        assert_eq!(settings.account_concurrency, 1000);
    }

    #[test]
    fn a_flag_beats_the_file_and_the_file_beats_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("g.toml");
        std::fs::write(&config, "port = 1\nregion = \"eu-west-1\"\naccount-concurrency = 10\n").unwrap();
        let args = UpArgs { config: Some(config), port: Some(2), ..UpArgs::default() };
        let settings = settings(args).unwrap();
        assert_eq!((settings.listen[0].port(), settings.region.as_str()), (2, "eu-west-1"));
        assert_eq!(settings.account_concurrency, 10);
    }

    #[test]
    fn what_is_ours_beats_what_is_localstacks() {
        let variables = [("HOME", "/h"), ("GATEWAY_LISTEN", "127.0.0.1:4510"), ("PERSISTENCE", "0")];
        let environment = Environment::of(variables.map(|(k, v)| (k.to_owned(), v.to_owned())));
        let settings = UpArgs::default().settings(&environment).unwrap();
        assert_eq!((settings.listen[0].port(), settings.ephemeral), (4510, true));
        let ours = UpArgs { port: Some(4511), data: Some("/d".into()), ..UpArgs::default() };
        let settings = ours.settings(&environment).unwrap();
        assert_eq!((settings.listen.len(), settings.listen[0].port(), settings.ephemeral), (1, 4511, false));
    }

    #[test]
    fn addresses_end_in_localhost_unless_another_name_of_ours_is_given() {
        let hosts = |suffix: Option<&str>, host: &str| {
            let args =
                UpArgs { url_suffix: suffix.map(str::to_owned), host: vec![host.to_owned()], ..UpArgs::default() };
            settings(args)?.public_hosts(4566)
        };
        let below = |suffix: &str| PublicHosts::Below { scheme: "http", suffix: suffix.to_owned() };
        assert_eq!(hosts(None, "x.dev").unwrap(), below("localhost:4566"));
        assert_eq!(hosts(Some("aws"), "x.dev").unwrap(), PublicHosts::Aws);
        assert_eq!(hosts(Some("X.dev:80"), "x.dev").unwrap(), below("X.dev:80"));
        let localstack = "localhost.localstack.cloud:4566";
        assert_eq!(hosts(Some(localstack), "x.dev").unwrap(), below(localstack));
        assert!(hosts(Some("y.dev"), "x.dev").unwrap_err().to_string().contains("--host y.dev"));
        assert!(hosts(Some("localhost:port"), "x.dev").is_err());
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let wrong = |args: UpArgs| settings(args).unwrap_err().to_string();
        assert!(wrong(UpArgs { listen: vec!["nowhere".to_owned()], ..UpArgs::default() }).contains("'nowhere'"));
        assert!(wrong(UpArgs { account: Some("12".to_owned()), ..UpArgs::default() }).contains("12 digits"));
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("g.toml");
        std::fs::write(&config, "prot = 1\n").unwrap();
        assert!(wrong(UpArgs { config: Some(config), ..UpArgs::default() }).contains("prot"));
    }
}
