//! What functions share with this machine, in words; and where that is too much to start with.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use config::Settings;
use runtime::{FunctionNetwork, Isolation};

/// What holds for every function of this server.
pub struct Kept {
    pub isolation: Isolation,
    pub network: FunctionNetwork,
}

impl Kept {
    pub fn new(isolation: Isolation, settings: &Settings) -> Self {
        let network = match settings.function_network {
            config::FunctionNetwork::None => FunctionNetwork::None,
            config::FunctionNetwork::Host => FunctionNetwork::Host,
        };
        Self { isolation, network }
    }

    /// Errors: functions would be plain processes on a server that others can reach.
    pub fn check(&self, addresses: &[SocketAddr], settings: &Settings) -> Result<()> {
        let exposed = addresses.iter().find(|address| !address.ip().is_loopback());
        if let Some(address) = exposed.filter(|_| self.isolation.is_plain() && !settings.allow_unisolated) {
            bail!(
                "functions cannot be isolated on this host ({}), and {address} is not loopback: run `gureum doctor`, or \
                 start with --allow-unisolated if you trust everybody who can reach it",
                self.isolation.reasons.join("; ")
            );
        }
        Ok(())
    }

    /// Nothing, where there is nothing to say.
    pub fn shared(&self) -> Vec<String> {
        if self.isolation.is_plain() {
            return vec![
                "functions are plain processes of this user: they can read its files and see its processes".to_owned(),
                "functions share this machine's network: they can reach the open port and the internet".to_owned(),
                format!("why: {} (what to do: gureum doctor)", self.isolation.reasons.join("; ")),
            ];
        }
        match self.network {
            FunctionNetwork::None => Vec::new(),
            FunctionNetwork::Host => vec![
                "functions share this machine's network (--function-network host): they can reach the open port, and \
                 the internet"
                    .to_owned(),
            ],
        }
    }

    /// One line for those who look whether all is well.
    pub fn level(&self) -> &'static str {
        match (self.isolation.is_plain(), self.network) {
            (true, _) => "none",
            (false, FunctionNetwork::None) => "namespaces, with a network of their own",
            (false, FunctionNetwork::Host) => "namespaces, with this machine's network",
        }
    }
}
