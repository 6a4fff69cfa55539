//! The port as a proxy: who may, where to, and what ends here.

use std::net::SocketAddr;

use auth::access::proxy_user;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge::{Listener, Patience};
use kernel::Access;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::client::{Client, Reply, echo, echo_with};
use crate::connections::{connector, over_http2};
use crate::world::{PROXY_TOKEN, SANDBOX_KEY, World, impatient};

const TEXT: &str = r#"{"Text":"tunnelled"}"#;
const QUEUES: &str = "sqs.us-east-1.amazonaws.com";

fn connect(target: &str, authorization: Option<String>) -> String {
    let authorization = authorization.map_or_else(String::new, |value| format!("Proxy-Authorization: {value}\r\n"));
    format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n")
}

fn basic(former: Option<&str>, token: &str) -> Option<String> {
    Some(format!("Basic {}", STANDARD.encode(format!("{}:{token}", proxy_user(former)))))
}

async fn ask(address: SocketAddr, request: impl AsRef<[u8]>) -> Reply {
    Client::to(address).await.ask(request).await
}

/// The connection behind a CONNECT that was granted.
async fn tunnel(address: SocketAddr, request: String) -> TcpStream {
    let mut client = Client::to(address).await;
    let reply = client.ask(request).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    client.stream
}

/// A proxy that grants everything, tells what it was asked, and answers the length of what came when its sender ends.
async fn former_proxy() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://someone:s%40cret@{}", listener.local_addr().unwrap());
    let (seen, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let is_connect = head.starts_with("CONNECT");
                seen.send(head).unwrap();
                if !is_connect {
                    stream
                        .write_all(b"HTTP/1.1 203 Fine\r\nContent-Length: 4\r\nKeep-Alive: x\r\n\r\nfrom")
                        .await
                        .unwrap();
                    return;
                }
                stream.write_all(b"HTTP/1.1 200 Granted\r\n\r\n").await.unwrap();
                let mut sent = Vec::new();
                stream.read_to_end(&mut sent).await.unwrap();
                let _ = stream.write_all(format!("{} bytes", sent.len()).as_bytes()).await;
            });
        }
    });
    (address, asked)
}

#[tokio::test]
async fn tls_inside_of_a_tunnel_to_aws_ends_here_with_the_name_that_was_asked() {
    let (world, listening) = World::open().await;
    for host in [QUEUES, "api.ecr.us-east-1.amazonaws.com", "b.s3.localhost.localstack.cloud"] {
        let stream = tunnel(listening.address(), connect(&format!("{host}:443"), None)).await;
        let name = ServerName::try_from(host).unwrap();
        let stream = connector(&world, &["http/1.1"]).connect(name, stream).await.unwrap();
        let reply = Client::over(stream).ask(echo(TEXT)).await;
        assert!(reply.body.contains("tunnelled"), "{reply:?}");
    }
}

#[tokio::test]
async fn inside_of_a_tunnel_http2_and_plain_http_are_spoken_too() {
    let (world, listening) = World::open().await;
    let stream = tunnel(listening.address(), connect(&format!("{QUEUES}:443"), None)).await;
    let name = ServerName::try_from(QUEUES).unwrap();
    let stream = connector(&world, &["h2", "http/1.1"]).connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert!(over_http2(stream, &format!("https://{QUEUES}/")).await.contains("two"));
    let plain = connect(&format!("{QUEUES}:80"), None);
    // Python's http.client asks in HTTP/1.0.
    for request in [plain.replace("HTTP/1.1", "HTTP/1.0"), plain] {
        let stream = tunnel(listening.address(), request).await;
        assert_eq!(Client::over(stream).ask(echo(TEXT)).await.status, 200);
    }
}

#[tokio::test]
async fn whole_addresses_of_aws_are_served_and_those_of_others_led_on() {
    let (_world, listening) = World::open().await;
    let absolute = |authority: &str| echo(TEXT).replace("POST / ", &format!("POST http://{authority}/ "));
    assert_eq!(ask(listening.address(), absolute(QUEUES)).await.status, 200);
    assert_eq!(ask(listening.address(), absolute(&listening.address().to_string())).await.status, 200);
    let refused = ask(listening.address(), absolute("example.com")).await;
    assert_eq!(refused.status, 407);

    let (former, mut asked) = former_proxy().await;
    let authorization = basic(Some(&former), PROXY_TOKEN).unwrap();
    let call = format!(
        "GET http://example.com/a?b HTTP/1.1\r\nHost: other.example\r\nProxy-Authorization: {authorization}\r\nProxy-Connection: keep-alive\r\nAccept: */*\r\n\r\n"
    );
    let reply = ask(listening.address(), call).await;
    assert_eq!((reply.status, reply.body.as_str(), reply.header("keep-alive")), (203, "from", None));
    let head = asked.recv().await.unwrap().to_ascii_lowercase();
    assert!(head.starts_with("get http://example.com/a?b http/1.1"), "{head}");
    assert!(head.contains("host: example.com\r\n") && head.contains("accept: */*"), "{head}");
    let credentials = STANDARD.encode("someone:s@cret").to_ascii_lowercase();
    assert!(head.contains(&format!("proxy-authorization: basic {credentials}")), "{head}");
    assert!(!head.contains("proxy-connection"), "{head}");
}

#[tokio::test]
async fn a_tunnel_to_another_host_needs_the_token() {
    let (_world, listening) = World::open().await;
    for authorization in [None, basic(None, "wrong"), basic(None, ""), Some("Bearer x".to_owned())] {
        let reply = ask(listening.address(), connect("example.com:443", authorization)).await;
        assert_eq!(reply.status, 407);
        assert_eq!(reply.header("proxy-authenticate"), Some("Basic realm=\"gureum exec\""));
        assert!(reply.body.contains("gureum exec"), "{reply:?}");
    }
}

#[tokio::test]
async fn no_tunnel_leads_to_this_machine_or_its_metadata() {
    let (_world, listening) = World::open().await;
    for target in [
        "127.0.0.1:22",
        "localhost:22",
        "[::1]:22",
        "169.254.169.254:80",
        "[fd00:ec2::254]:80",
        "0.0.0.0:22",
        "[::ffff:7f00:1]:22",
    ] {
        let reply = ask(listening.address(), connect(target, basic(None, PROXY_TOKEN))).await;
        assert_eq!(reply.status, 403, "{target}");
        let (former, mut asked) = former_proxy().await;
        let reply = ask(listening.address(), connect(target, basic(Some(&former), PROXY_TOKEN))).await;
        assert_eq!(reply.status, 403, "{target} by a former proxy");
        assert!(asked.try_recv().is_err());
    }
    for target in ["127.1:22", "user@example.com:443", "example.com"] {
        assert_eq!(ask(listening.address(), connect(target, basic(None, PROXY_TOKEN))).await.status, 400, "{target}");
    }
}

#[tokio::test]
async fn the_way_to_another_host_leads_through_the_former_proxy() {
    let (_world, listening) = World::open().await;
    let (former, mut asked) = former_proxy().await;
    let mut stream = tunnel(listening.address(), connect("example.com:443", basic(Some(&former), PROXY_TOKEN))).await;
    let head = asked.recv().await.unwrap();
    assert!(head.starts_with("CONNECT example.com:443 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&STANDARD.encode("someone:s@cret")), "{head}");
    assert!(!head.contains(PROXY_TOKEN), "{head}");
    // One side ends; the other still answers.
    stream.write_all(&[7; 100_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "100000 bytes");
}

#[tokio::test]
async fn a_former_proxy_that_cannot_be_used_is_told() {
    let (_world, listening) = World::open().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = silent.local_addr().unwrap();
    drop(silent);
    for (former, words) in [
        (format!("http://{gone}"), "cannot be reached"),
        ("socks5://127.0.0.1:1080".to_owned(), "http://[user:password@]host:port"),
        (format!("http://{}", listening.address()), "leads back here"),
    ] {
        let reply = ask(listening.address(), connect("example.com:443", basic(Some(&former), PROXY_TOKEN))).await;
        assert_eq!(reply.status, 502, "{former}");
        assert!(reply.body.contains(words), "{reply:?}");
    }
}

#[tokio::test]
async fn a_former_proxy_that_says_nothing_is_given_up() {
    let (_world, listening) = World::open_with(impatient()).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let former = format!("http://{}", silent.local_addr().unwrap());
    let reply = ask(listening.address(), connect("example.com:443", basic(Some(&former), PROXY_TOKEN))).await;
    assert_eq!(reply.status, 504);
}

#[tokio::test]
async fn an_idle_tunnel_ends_and_a_stop_cuts_the_others() {
    let (_world, listening) = World::open_with(impatient()).await;
    let (former, _asked) = former_proxy().await;
    let request = connect("example.com:443", basic(Some(&former), PROXY_TOKEN));
    let mut stream = tunnel(listening.address(), request.clone()).await;
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);

    let (_world, listening) =
        World::open_with(Patience { stop: Patience::default().stop, ..Patience::default() }).await;
    let mut stream = tunnel(listening.address(), request).await;
    listening.stop().await;
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_functions_listener_is_no_proxy() {
    let world = World::new(Patience::default());
    for any_key in [false, true] {
        let access = Listener::Sandbox { access_key_id: SANDBOX_KEY.to_owned(), any_key, access: Access::Open };
        let listening = world.listen(access).await;
        for target in [&format!("{QUEUES}:443"), "example.com:443", "127.0.0.1:22"] {
            let reply = ask(listening.address(), connect(target, basic(None, PROXY_TOKEN))).await;
            assert_eq!(reply.status, 403, "{target}");
        }
    }
}

#[tokio::test]
async fn off_loopback_only_aws_is_led_to() {
    let world = World::new(Patience::default());
    // Bound to every address, and found by loopback: the address that is bound counts.
    let listening = world.edge.listen(SocketAddr::from(([0, 0, 0, 0], 0)), Listener::Strict).await.unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], listening.address().port()));
    let reply = ask(address, connect("example.com:443", basic(None, PROXY_TOKEN))).await;
    assert_eq!(reply.status, 403);
    let stream = tunnel(address, connect(&format!("{QUEUES}:80"), None)).await;
    let reply = Client::over(stream).ask(echo(TEXT)).await;
    assert!(reply.body.contains("MissingAuthenticationToken"), "{reply:?}");
}

#[tokio::test]
async fn a_tunnel_within_a_tunnel_is_refused() {
    let (_world, listening) = World::open().await;
    let stream = tunnel(listening.address(), connect(&format!("{QUEUES}:80"), None)).await;
    let reply = Client::over(stream).ask(connect("example.com:443", basic(None, PROXY_TOKEN))).await;
    assert_eq!(reply.status, 501);
}

#[tokio::test]
async fn a_call_in_a_tunnel_is_finished_when_the_server_stops() {
    let (world, listening) = World::open().await;
    let stream = tunnel(listening.address(), connect(&format!("{QUEUES}:80"), None)).await;
    let mut client = Client::over(stream);
    client.send(echo_with("Wait", &[], "{}")).await;
    world.stage.waiting.notified().await;
    let stopping = tokio::spawn(listening.stop());
    world.stage.go_on.notify_one();
    assert_eq!(client.reply().await.status, 200);
    stopping.await.unwrap();
}
