//! The resolver of one environment's network: it knows AWS's names, the server's own, and nothing else.

mod message;

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::limits::{DNS_CONNECTIONS_MAX, DNS_MESSAGE_BYTES_MAX};

pub use message::Names;
#[doc(hidden)]
pub use message::fuzz_questions;

/// Answers until dropped.
pub async fn serve(datagrams: UdpSocket, connections: TcpListener, names: Names) {
    tokio::select! {
        () = serve_datagrams(&datagrams, &names) => {}
        () = serve_connections(&connections, &names) => {}
    }
}

async fn serve_datagrams(socket: &UdpSocket, names: &Names) {
    let mut message = [0; DNS_MESSAGE_BYTES_MAX];
    loop {
        // An error is of one asker, who has gone before his answer came.
        let Ok((size, asker)) = socket.recv_from(&mut message).await else { continue };
        if let Some(answer) = message::answer(&message[..size], names) {
            let _ = socket.send_to(&answer, asker).await;
        }
    }
}

async fn serve_connections(listener: &TcpListener, names: &Names) {
    let slots = Arc::new(Semaphore::new(DNS_CONNECTIONS_MAX));
    let mut open = JoinSet::new();
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else { continue };
        while open.try_join_next().is_some() {}
        let names = names.clone();
        open.spawn(async move {
            let _ = converse(stream, &names).await;
            drop(slot);
        });
    }
}

/// Source: RFC 1035, section 4.2.2: each message comes after its length in two bytes.
async fn converse(mut stream: TcpStream, names: &Names) -> io::Result<()> {
    let mut message = [0; DNS_MESSAGE_BYTES_MAX];
    loop {
        let size = usize::from(stream.read_u16().await?);
        let Some(message) = message.get_mut(..size) else { return Ok(()) };
        stream.read_exact(message).await?;
        let Some(answer) = message::answer(message, names) else { return Ok(()) };
        let size = u16::try_from(answer.len()).unwrap_or(u16::MAX);
        stream.write_all(&[&size.to_be_bytes(), answer.as_slice()].concat()).await?;
    }
}
