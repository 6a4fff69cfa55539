//! Operations that wait learn when nobody is there any more who could read their answer.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::{Client, echo, echo_with, within};
use crate::connections::connector;
use crate::world::{World, impatient};

fn attend() -> String {
    echo_with("Attend", &[], "{}")
}

#[tokio::test]
async fn a_client_that_is_gone_is_noticed_while_its_operation_waits() {
    let (world, listening) = World::open().await;
    for reset in [false, true] {
        let mut client = Client::to(listening.address()).await;
        client.send(attend()).await;
        world.stage.waiting.notified().await;
        if reset {
            client.stream.set_zero_linger().unwrap();
        }
        drop(client);
        within(world.stage.abandoned.notified()).await;
    }
}

#[tokio::test]
async fn a_client_that_is_gone_is_noticed_on_a_connection_that_was_used_before_and_has_more_to_do() {
    let (world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    assert_eq!(client.ask(echo(r#"{"Text":"x"}"#)).await.status, 200);
    client.send(attend() + &echo(r#"{"Text":"never"}"#)).await;
    world.stage.waiting.notified().await;
    drop(client);
    within(world.stage.abandoned.notified()).await;
}

#[tokio::test]
async fn a_client_of_tls_that_is_gone_is_noticed() {
    let (world, listening) = World::open().await;
    for politely in [false, true] {
        let stream = TcpStream::connect(listening.address()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = connector(&world, &["http/1.1"]).connect(name, stream).await.unwrap();
        let mut client = Client::over(stream);
        client.send(attend()).await;
        world.stage.waiting.notified().await;
        if politely {
            client.stream.shutdown().await.unwrap();
        }
        drop(client);
        within(world.stage.abandoned.notified()).await;
    }
}

#[tokio::test]
async fn an_http2_stream_that_is_given_up_is_noticed() {
    let (world, listening) = World::open().await;
    let stream = TcpStream::connect(listening.address()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post("http://localhost/").header("x-amz-target", "Echo_20260101.Attend");
    let asked = tokio::spawn(sender.send_request(request.body(Full::new(Bytes::from_static(b"{}"))).unwrap()));
    world.stage.waiting.notified().await;
    asked.abort();
    within(world.stage.abandoned.notified()).await;
}

#[tokio::test]
async fn a_half_closed_client_is_still_there_and_gets_its_answer() {
    let (world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    client.send(attend()).await;
    world.stage.waiting.notified().await;
    client.stream.shutdown().await.unwrap();
    // It is asked whether it is there, and its system takes that.
    assert_eq!(client.reply_head().await.status, 100);
    world.stage.go_on.notify_one();
    let mut reply = client.reply().await;
    while reply.status == 100 {
        reply = client.reply().await;
    }
    assert_eq!(reply.status, 200);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_listener_that_stops_leaves_nobody_waiting() {
    let (world, listening) = World::open_with(impatient()).await;
    let mut client = Client::to(listening.address()).await;
    client.send(attend()).await;
    world.stage.waiting.notified().await;
    listening.stop().await;
    within(world.stage.abandoned.notified()).await;
    assert!(client.is_closed().await);
}
