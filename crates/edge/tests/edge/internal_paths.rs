//! `/_localstack/*` and `/_gureum/v1/*`.

use edge::Listener;
use http::Request;

use crate::client::{Client, Reply, sign};
use crate::world::{USER_KEY, World};

async fn get(client: &mut Client, path: &str) -> Reply {
    client.ask(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await
}

async fn post(client: &mut Client, path: &str, body: &str) -> Reply {
    let length = body.len();
    client.ask(format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}")).await
}

#[tokio::test]
async fn tools_of_others_find_what_they_ask_for() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    for (path, said) in [
        ("/_localstack/health", r#""services": {"echo": "running"}, "edition""#),
        ("/_localstack/info", "version"),
        ("/_localstack/init", "READY"),
        ("/_localstack/init/ready", r#""scripts": []"#),
        ("/_gureum/v1/status", "fine"),
    ] {
        let reply = get(&mut client, path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert!(reply.body.contains(said), "{reply:?}");
    }
    assert_eq!(get(&mut client, "/_localstack/init/nonsense").await.status, 404);
    assert_eq!(get(&mut client, "/_localstack/nonsense").await.status, 404);
    assert_eq!(get(&mut client, "/_gureum/v1/reset").await.status, 405);
}

#[tokio::test]
async fn state_is_reset_and_time_moved_where_access_is_open() {
    let (world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    assert_eq!(post(&mut client, "/_gureum/v1/reset", "").await.status, 200);
    assert_eq!(post(&mut client, "/_localstack/state/reset", "").await.status, 200);
    assert_eq!(world.calls(), 2);
    assert_eq!(post(&mut client, "/_gureum/v1/time/advance", r#"{"seconds":36}"#).await.body, r#"{"advanced":36}"#);
    assert_eq!(post(&mut client, "/_gureum/v1/time/advance", r#"{"seconds":0}"#).await.status, 409);
    assert_eq!(post(&mut client, "/_gureum/v1/time/advance", "soon").await.status, 400);
}

#[tokio::test]
async fn strict_access_shows_its_health_and_resets_for_nobody() {
    let (world, _open) = World::open().await;
    let strict = world.listen(Listener::Strict).await;
    let mut client = Client::to(strict.address()).await;
    assert_eq!(get(&mut client, "/_localstack/health").await.status, 200);
    assert_eq!(get(&mut client, "/_gureum/v1/status").await.status, 403);
    for (method, path, status) in [("GET", "/_gureum/v1/status", 200), ("POST", "/_gureum/v1/reset", 403)] {
        let request = Request::builder().method(method).uri(path).header("host", "localhost");
        let mut request = request.body(String::new()).unwrap();
        sign(&mut request, USER_KEY, "gureum");
        let lines: String =
            request.headers().iter().map(|(n, v)| format!("{n}: {}\r\n", v.to_str().unwrap())).collect();
        let reply = client.ask(format!("{method} {path} HTTP/1.1\r\n{lines}Content-Length: 0\r\n\r\n")).await;
        assert_eq!(reply.status, status, "{reply:?}");
    }
    assert_eq!(world.calls(), 0);
}

#[tokio::test]
async fn downloads_by_signed_links_go_through_as_they_are() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    let reply = get(&mut client, "/_gureum/v1/code/f%2Fg?token=good").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/zip"));
    assert_eq!(reply.body, "zip of /_gureum/v1/code/f%2Fg");
    assert_eq!(get(&mut client, "/_gureum/v1/code/f?token=bad").await.status, 404);
}
