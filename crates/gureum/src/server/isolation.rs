//! What functions share with this machine, and where that is too much to start with.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use config::Settings;
use runtime::{FunctionNetwork, Isolation};

use crate::text::isolation as text;

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
            bail!(text::required(self.isolation.reasons.join("; "), address));
        }
        Ok(())
    }

    /// What a person should know; nothing, where there is nothing to say.
    pub fn shared(&self) -> Vec<String> {
        text::shared(self.isolation.is_plain(), self.network == FunctionNetwork::Host, &self.isolation.reasons)
    }
}
