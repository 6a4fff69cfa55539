//! Protocols on one port, and connections that do not behave.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edge::Patience;
use http::{Request, Version};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kernel::{Clock, RealClock};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::client::{Client, echo, echo_with};
use crate::world::{World, impatient};

pub fn connector(world: &World, alpn: &[&str]) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(world.authority.certificate_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn http1_is_answered_and_kept_alive() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    for text in ["one", "two", "three"] {
        let reply = client.ask(echo(&format!(r#"{{"Text":"{text}"}}"#))).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.body, format!(r#"{{"Text":"{text}","Caller":"arn:aws:iam::000000000000:root"}}"#));
        assert_eq!(reply.header("x-amzn-requestid").unwrap().len(), 36);
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    client.send(echo(r#"{"Text":"one"}"#) + &echo(r#"{"Text":"two"}"#)).await;
    assert!(client.reply().await.body.contains("one"));
    assert!(client.reply().await.body.contains("two"));
}

pub async fn over_http2<S>(stream: S, uri: &str) -> String
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post(uri)
        .version(Version::HTTP_2)
        .header("x-amz-target", "Echo_20260101.Echo")
        .body(Full::new(Bytes::from_static(br#"{"Text":"two"}"#)))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn http2_with_prior_knowledge_is_answered() {
    let (_world, listening) = World::open().await;
    let stream = TcpStream::connect(listening.address()).await.unwrap();
    assert!(over_http2(stream, "http://localhost/").await.contains(r#""Text":"two""#));
}

#[tokio::test]
async fn http2_answers_a_head_without_a_body() {
    let (_world, listening) = World::open().await;
    let stream = TcpStream::connect(listening.address()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::head("http://localhost/_localstack/health").body(Full::new(Bytes::new())).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_ne!(answer.headers()["content-length"], "0");
    assert!(answer.into_body().collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn tls_is_answered_on_the_same_port_by_name_and_by_address() {
    let (world, listening) = World::open().await;
    for name in ["localhost", "127.0.0.1", "sqs.us-east-1.amazonaws.com", "bucket.s3.localhost.localstack.cloud"] {
        let stream = TcpStream::connect(listening.address()).await.unwrap();
        let name = ServerName::try_from(name).unwrap();
        let stream = connector(&world, &["http/1.1"]).connect(name, stream).await.unwrap();
        assert_eq!(Client::over(stream).ask(echo(r#"{"Text":"tls"}"#)).await.status, 200);
    }
}

#[tokio::test]
async fn tls_negotiates_http2() {
    let (world, listening) = World::open().await;
    let stream = TcpStream::connect(listening.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = connector(&world, &["h2", "http/1.1"]).connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert!(over_http2(stream, "https://localhost/").await.contains(r#""Text":"two""#));
}

#[tokio::test]
async fn no_certificate_is_minted_for_a_foreign_name() {
    let (world, listening) = World::open().await;
    let stream = TcpStream::connect(listening.address()).await.unwrap();
    let name = ServerName::try_from("example.com").unwrap();
    assert!(connector(&world, &[]).connect(name, stream).await.is_err());
}

#[tokio::test]
async fn a_listener_for_tls_only_says_so_to_plain_http() {
    let world = World::new(Patience::default());
    let address = "127.0.0.1:0".parse().unwrap();
    let listening = world.edge.listen_tls_only(address, edge::Listener::Strict).await.unwrap();
    let reply = Client::to(listening.address()).await.ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!((reply.status, reply.body.as_str()), (400, "this listener takes TLS only\n"));
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let (_world, listening) = World::open_with(impatient()).await;
    for beginning in ["", "P", "PRI * HTTP/2.0\r\n", "POST / HTTP/1.1\r\nHost: localhost\r\n", "\x16\x03\x01"] {
        let mut client = Client::to(listening.address()).await;
        client.send(beginning).await;
        // Whatever is said before (an alert, a 408), the connection ends.
        let mut rest = Vec::new();
        let end = tokio::io::AsyncReadExt::read_to_end(&mut client.stream, &mut rest);
        let clock = RealClock::default();
        let clock: &dyn Clock = &clock;
        assert!(clock.timeout(Duration::from_secs(10), end).await.is_ok(), "{beginning:?}");
    }
}

#[tokio::test]
async fn a_body_that_stalls_is_refused() {
    let (world, listening) = World::open_with(impatient()).await;
    let mut client = Client::to(listening.address()).await;
    let call = echo(r#"{"Text":"never whole"}"#);
    let reply = client.ask(&call[..call.len() - 3]).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("RequestTimeoutException"), "{}", reply.body);
    assert_eq!(world.calls(), 0);
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let (_world, listening) = World::open_with(impatient()).await;
    let mut client = Client::to(listening.address()).await;
    assert_eq!(client.ask(echo(r#"{"Text":"x"}"#)).await.status, 200);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_half_closed_connection_gets_its_answer_and_ends() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    client.send(echo(r#"{"Text":"x"}"#)).await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.reply().await.status, 200);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_connection_half_closed_within_a_request_ends_cleanly() {
    let (world, listening) = World::open().await;
    for part in [0, 20, 200] {
        let mut client = Client::to(listening.address()).await;
        let call = echo(&format!(r#"{{"Text":"{}"}}"#, "x".repeat(500)));
        client.send(&call[..part]).await;
        client.stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut client.stream, &mut rest).await.unwrap();
        let rest = String::from_utf8_lossy(&rest);
        assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 400"), "{rest}");
    }
    assert_eq!(world.calls(), 0);
}

#[tokio::test]
async fn what_is_not_http_is_refused_or_closed() {
    let (_world, listening) = World::open().await;
    for bytes in
        [&b"\0\0\0\0\0\0\r\n\r\n"[..], b"HELO there\r\n\r\n", b"GET\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"]
    {
        let mut client = Client::to(listening.address()).await;
        client.send(bytes).await;
        client.stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut client.stream, &mut rest).await;
        assert!(!rest.starts_with(b"HTTP/1.1 2"), "{rest:?}");
    }
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let (world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    let long = format!("X-Long: {}", "x".repeat(edge::limits::HEAD_BYTES_MAX));
    let _ = client.stream.write_all(echo_with("Echo", &[&long], "{}").as_bytes()).await;
    // What lies unread when the connection is closed may reset it before the answer is read.
    let mut rest = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut client.stream, &mut rest).await;
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 431"));
    assert_eq!(world.calls(), 0);
}

#[tokio::test]
async fn stopping_waits_for_work_in_flight_and_takes_no_more() {
    let (world, listening) = World::open().await;
    let address = listening.address();
    let mut client = Client::to(address).await;
    let mut idle = Client::to(address).await;
    assert_eq!(idle.ask(echo(r#"{"Text":"x"}"#)).await.status, 200);
    client.send(echo_with("Wait", &[], "{}")).await;
    world.stage.waiting.notified().await;
    let stopping = tokio::spawn(listening.stop());
    assert!(idle.is_closed().await);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    world.stage.go_on.notify_one();
    assert_eq!(client.reply().await.status, 200);
    stopping.await.unwrap();
}

#[tokio::test]
async fn stopping_cuts_what_takes_too_long() {
    let (world, listening) = World::open_with(impatient()).await;
    let mut client = Client::to(listening.address()).await;
    client.send(echo_with("Wait", &[], "{}")).await;
    world.stage.waiting.notified().await;
    listening.stop().await;
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn an_operation_goes_on_when_its_client_hangs_up() {
    let (world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    client.send(echo_with("Wait", &[], "{}")).await;
    world.stage.waiting.notified().await;
    drop(client);
    world.stage.go_on.notify_one();
    world.stage.through.notified().await;
}

#[tokio::test]
async fn a_panic_is_an_internal_failure_and_nothing_more() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    let reply = client.ask(echo_with("Panic", &[], "{}")).await;
    assert_eq!(reply.status, 500);
    assert!(reply.body.contains("InternalFailure"), "{}", reply.body);
    assert_eq!(client.ask(echo(r#"{"Text":"x"}"#)).await.status, 200);
}
