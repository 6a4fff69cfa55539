//! Each execution environment's own listener to the AWS APIs, through which only its credentials count.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use edge::{Edge, Listener};
use kernel::{Access, BoxFuture};
use runtime::{Credentials, Doorway, Doorways};

/// Bound when the edge exists: the edge is made of the services, and lambda of the runtime that needs this.
#[derive(Default)]
pub struct SandboxDoors {
    edge: OnceLock<(Arc<Edge>, Access, bool)>,
}

impl SandboxDoors {
    pub fn bind(&self, edge: Arc<Edge>, access: Access, any_key: bool) {
        let _ = self.edge.set((edge, access, any_key));
    }
}

impl Doorways for SandboxDoors {
    fn open<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Option<Doorway>> {
        Box::pin(async move {
            let (edge, access, any_key) = self.edge.get()?;
            let listener = Listener::Sandbox {
                access_key_id: credentials.access_key_id.clone(),
                any_key: *any_key,
                access: *access,
            };
            let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            match edge.listen(free, listener).await {
                Ok(listening) => Some(Doorway { address: listening.address(), guard: Box::new(listening) }),
                Err(error) => {
                    tracing::error!(%error, "an execution environment gets no way to the AWS APIs");
                    None
                }
            }
        })
    }
}
