//! A client that writes bytes as they are and reads answers as they come.

use std::net::SocketAddr;
use std::time::Duration;

use auth::sigv4::{Credentials, Signer};
use http::Request;
use kernel::{Clock, RealClock};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::SECRET;

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

pub struct Client<S = TcpStream> {
    pub stream: S,
    held: Vec<u8>,
}

/// No test waits longer for anything.
const LIMIT: Duration = Duration::from_secs(20);

pub async fn within<T>(future: impl Future<Output = T>) -> T {
    let clock = RealClock::default();
    let clock: &dyn Clock = &clock;
    clock.timeout(LIMIT, future).await.expect("an answer or an end in time")
}

impl Client {
    pub async fn to(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn over(stream: S) -> Self {
        Self { stream, held: Vec::new() }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within(self.stream.write_all(bytes.as_ref())).await.unwrap();
        within(self.stream.flush()).await.unwrap();
    }

    pub async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Reply {
        self.send(bytes).await;
        self.reply().await
    }

    /// The next answer: its head, and as much body as `Content-Length` says.
    pub async fn reply(&mut self) -> Reply {
        let mut reply = self.reply_head().await;
        let length = reply.header("content-length").map_or(0, |value| value.parse().unwrap());
        while self.held.len() < length {
            assert!(self.more().await, "the connection ended in a body");
        }
        reply.body = String::from_utf8(self.held.drain(..length).collect()).unwrap();
        reply
    }

    /// The next answer to a HEAD.
    pub async fn reply_head(&mut self) -> Reply {
        let end = loop {
            match self.held.windows(4).position(|w| w == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None => assert!(self.more().await, "the connection ended in a head: {:?}", self.text()),
            }
        };
        let head = String::from_utf8(self.held.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head, body: String::new() }
    }

    /// Whether the other side ends the connection without another byte.
    pub async fn is_closed(&mut self) -> bool {
        self.held.is_empty() && !self.more().await
    }

    async fn more(&mut self) -> bool {
        let mut piece = [0; 4096];
        // A reset is an end too.
        let count = within(self.stream.read(&mut piece)).await.unwrap_or(0);
        self.held.extend_from_slice(&piece[..count]);
        count > 0
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.held).into_owned()
    }
}

/// A call of `echo`, with more header lines.
pub fn echo_with(operation: &str, lines: &[&str], body: &str) -> String {
    let mut head = format!("POST / HTTP/1.1\r\nX-Amz-Target: Echo_20260101.{operation}\r\n");
    let host = lines.iter().any(|line| line.to_ascii_lowercase().starts_with("host:"));
    if !host {
        head.push_str("Host: localhost\r\n");
    }
    for line in lines {
        head.push_str(line);
        head.push_str("\r\n");
    }
    format!("{head}Content-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

pub fn echo(body: &str) -> String {
    echo_with("Echo", &[], body)
}

/// The same, signed by a key of ours.
pub fn signed_echo(access_key_id: &str, body: &str) -> String {
    let mut request = Request::post("/")
        .header("host", "localhost")
        .header("x-amz-target", "Echo_20260101.Echo")
        .body(body.to_owned())
        .unwrap();
    sign(&mut request, access_key_id, "echo");
    let mut head = String::new();
    for (name, value) in request.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    format!("POST / HTTP/1.1\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len())
}

pub fn sign(request: &mut Request<String>, access_key_id: &str, service: &str) {
    let credentials = Credentials {
        access_key_id: access_key_id.to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: None,
    };
    let at = RealClock::default().wall();
    Signer { credentials: &credentials, region: "us-east-1", service, at }.sign(request);
}
