//! Bodies: sizes, codings, chunks, and what the codecs make of them.

use std::io::Write;

use crate::client::{Client, echo, echo_with};
use crate::world::World;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn call(lines: &[&str], body: &[u8]) -> Vec<u8> {
    let head = echo_with("Echo", lines, "");
    let head = head.replace("Content-Length: 0", &format!("Content-Length: {}", body.len()));
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn a_client_that_expects_100_continue_gets_it() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    let call = echo_with("Echo", &["Expect: 100-continue"], r#"{"Text":"x"}"#);
    let (head, body) = call.split_once("\r\n\r\n").unwrap();
    let reply = client.ask(format!("{head}\r\n\r\n")).await;
    assert_eq!(reply.status, 100);
    assert_eq!(client.ask(body).await.status, 200);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_sent() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    let reply = client
        .ask("POST /2015-03-31/functions HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 80000000\r\n\r\n")
        .await;
    assert_eq!(reply.status, 413);
    assert_eq!(reply.header("x-amzn-errortype"), Some("RequestEntityTooLargeException"));
    let message = "Request must be smaller than 70167211 bytes for the CreateFunction operation";
    assert!(reply.body.contains(message), "{}", reply.body);
}

#[tokio::test]
async fn what_is_too_large_is_refused_to_a_client_that_sends_it_all_the_same() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    let length = edge::limits::BODY_BYTES_MAX + 1;
    let mut sent = call(&[], &[]);
    let head = String::from_utf8(sent).unwrap().replace("Content-Length: 0", &format!("Content-Length: {length}"));
    sent = head.into_bytes();
    sent.resize(sent.len() + length, b'x');
    assert_eq!(client.ask(sent).await.status, 413);
    // The rest was read, so the connection is still good.
    assert_eq!(client.ask(echo(r#"{"Text":"x"}"#)).await.status, 200);
}

#[tokio::test]
async fn a_chunked_body_is_bounded_too() {
    let (world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    let head = echo_with("Echo", &["Transfer-Encoding: chunked"], "").replace("Content-Length: 0\r\n", "");
    let reply = client.ask(format!("{head}E\r\n{{\"Text\":\"abc\"}}\r\n0\r\n\r\n")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(world.calls(), 1);
    let mut large = format!("{head}{:x}\r\n", edge::limits::BODY_BYTES_MAX + 1).into_bytes();
    large.resize(large.len() + edge::limits::BODY_BYTES_MAX + 1, b' ');
    large.extend_from_slice(b"\r\n0\r\n\r\n");
    assert_eq!(client.ask(large).await.status, 413);
}

#[tokio::test]
async fn gzip_is_undone_and_a_bomb_is_not() {
    let (world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    let reply = client.ask(call(&["Content-Encoding: gzip"], &gzip(br#"{"Text":"zipped"}"#))).await;
    assert!(reply.body.contains("zipped"), "{reply:?}");
    let bomb = gzip(&vec![b' '; edge::limits::BODY_BYTES_MAX + 1]);
    assert_eq!(client.ask(call(&["Content-Encoding: gzip"], &bomb)).await.status, 413);
    let reply = client.ask(call(&["Content-Encoding: gzip"], b"not gzip")).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("SerializationException"), "{reply:?}");
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn aws_chunks_are_taken_off_and_their_checksum_held_to() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    let lines = [
        "Content-Encoding: aws-chunked",
        "X-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "X-Amz-Trailer: x-amz-checksum-crc32",
        "X-Amz-Decoded-Content-Length: 12",
    ];
    let chunked = |checksum: &str| format!("c\r\n{{\"Text\":\"x\"}}\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n");
    let checksum = {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(crc32fast::hash(br#"{"Text":"x"}"#).to_be_bytes())
    };
    let reply = client.ask(call(&lines, chunked(&checksum).as_bytes())).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let reply = client.ask(call(&lines, chunked("AAAAAA==").as_bytes())).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("BadDigest"), "{reply:?}");
}

#[tokio::test]
async fn a_large_body_is_decoded_off_the_workers() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    let text = "x".repeat(1_000_000);
    let reply = client.ask(echo(&format!(r#"{{"Text":"{text}"}}"#))).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.len() > text.len());
}

#[tokio::test]
async fn unreadable_and_unknown_are_told_apart() {
    let (world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    for (call, status, said) in [
        (echo("{"), 400, "SerializationException"),
        (echo("{}"), 400, "1 validation error detected: Value null at 'text'"),
        (echo_with("Nonsense", &[], "{}"), 400, "UnknownOperationException"),
        (echo_with("Later", &[], "{}"), 501, "gureum does not implement echo Later yet"),
    ] {
        let reply = client.ask(call).await;
        assert_eq!(reply.status, status, "{reply:?}");
        assert!(reply.body.contains(said), "{reply:?}");
    }
    assert_eq!(world.calls(), 0);
}

#[tokio::test]
async fn services_that_are_not_served_are_named() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    for (request, named) in [
        (
            "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: TrentService.Encrypt\r\nContent-Length: 2\r\n\r\n{}",
            "kms",
        ),
        ("GET /bucket/key HTTP/1.1\r\nHost: localhost\r\n\r\n", "S3"),
        ("GET /prod HTTP/1.1\r\nHost: abc.execute-api.us-east-1.amazonaws.com\r\n\r\n", "execute API"),
        ("GET / HTTP/1.1\r\nHost: abc.lambda-url.us-east-1.on.aws\r\n\r\n", "function URLs"),
    ] {
        let reply = client.ask(request).await;
        assert_eq!(reply.status, 501, "{request}");
        assert!(reply.body.contains(named), "{reply:?}");
    }
}

#[tokio::test]
async fn a_form_finds_its_service_by_its_action() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    let form = |body: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let reply = client.ask(form("Action=Echo&Version=2026-01-01&Text=a+b%21")).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("<Text>a b!</Text>"), "{reply:?}");
    let reply = client.ask(form("Action=Nonsense&Version=2026-01-01")).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("Could not find operation Nonsense for version 2026-01-01"), "{reply:?}");
    assert!(client.ask(form("Text=x")).await.body.contains("MissingAction"));
}

#[tokio::test]
async fn absolute_targets_and_a_missing_host_are_served() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    let absolute =
        echo(r#"{"Text":"x"}"#).replace("POST / ", &format!("POST http://localhost:{}/ ", listening.address().port()));
    assert_eq!(client.ask(absolute).await.status, 200);
    let bare = echo(r#"{"Text":"x"}"#).replace("Host: localhost\r\n", "").replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(Client::to(listening.address()).await.ask(bare).await.status, 200);
}

#[tokio::test]
async fn a_head_is_answered_without_a_body() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    for _ in 0..2 {
        client.send("HEAD /_localstack/health HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        let reply = client.reply_head().await;
        assert_eq!(reply.status, 200);
        assert_ne!(reply.header("content-length"), Some("0"));
    }
}
