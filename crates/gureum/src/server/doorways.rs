//! Each execution environment's own listener to the AWS APIs, through which only its credentials count.

use std::any::Any;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock};

use edge::{Edge, Listener};
use kernel::{Access, BoxFuture};
use runtime::{Credentials, Doorway, Doorways};
use tokio::sync::watch;

/// What every doorway leads to.
pub struct Way {
    pub edge: Arc<Edge>,
    pub access: Access,
    /// Whether functions may sign with any key.
    pub any_key: bool,
    /// The certificate of the authority that signs the edge's, PEM.
    pub authority: Arc<str>,
}

/// Bound when the edge exists: the edge is made of the services, and lambda of the runtime that needs this.
#[derive(Default)]
pub struct SandboxDoors {
    way: OnceLock<Way>,
    is_bound: watch::Sender<bool>,
}

impl SandboxDoors {
    pub fn bind(&self, way: Way) {
        let _ = self.way.set(way);
        self.is_bound.send_replace(true);
    }

    /// Returns when there is a way for functions: one that starts earlier would have none for all its life.
    pub async fn bound(&self) {
        let _ = self.is_bound.subscribe().wait_for(|is_bound| *is_bound).await;
    }
}

impl Way {
    fn listener(&self, credentials: &Credentials) -> Listener {
        Listener::Sandbox {
            access_key_id: credentials.access_key_id.clone(),
            any_key: self.any_key,
            access: self.access,
        }
    }
}

impl Doorways for SandboxDoors {
    fn open<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Option<Doorway>> {
        Box::pin(async move {
            let way = self.way.get()?;
            let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            match way.edge.listen(free, way.listener(credentials)).await {
                Ok(listening) => Some(Doorway {
                    address: listening.address(),
                    authority: Some(way.authority.clone()),
                    guard: Box::new(listening),
                }),
                Err(error) => {
                    tracing::error!(%error, "an execution environment gets no way to the AWS APIs");
                    None
                }
            }
        })
    }

    fn serve(&self, credentials: &Credentials, listeners: Vec<TcpListener>) -> Option<Box<dyn Any + Send + Sync>> {
        let way = self.way.get()?;
        let serve = |listener| way.edge.listen_on(listener, way.listener(credentials), false);
        match listeners.into_iter().map(serve).collect::<io::Result<Vec<_>>>() {
            Ok(listening) => Some(Box::new(listening)),
            Err(error) => {
                tracing::error!(%error, "an execution environment gets no way to the AWS APIs");
                None
            }
        }
    }

    fn authority(&self) -> Option<Arc<str>> {
        self.way.get().map(|way| way.authority.clone())
    }
}
