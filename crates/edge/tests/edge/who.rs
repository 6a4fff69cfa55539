//! Who may come in, by which door.

use std::net::SocketAddr;

use edge::Listener;
use kernel::Access;

use crate::client::{Client, echo, echo_with, signed_echo};
use crate::world::{SANDBOX_KEY, USER_KEY, World};

const TEXT: &str = r#"{"Text":"x"}"#;

async fn ask(address: SocketAddr, call: &str) -> (u16, String) {
    let reply = Client::to(address).await.ask(call).await;
    (reply.status, reply.body)
}

#[tokio::test]
async fn pages_of_other_sites_are_refused_before_anything_is_decoded() {
    let (world, listening) = World::open().await;
    let address = listening.address();
    for call in [
        // A form and a fetch with text/plain: no preflight.
        "POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.com\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 23\r\n\r\nAction=Echo&Text=stolen",
        "POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.com\r\nX-Amz-Target: Echo_20260101.Hint\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
        "POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\nX-Amz-Target: Echo_20260101.Hint\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
        // An image or a link.
        "GET /?Action=Echo&Text=x HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n\r\n",
        "GET /_localstack/health HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n",
        "POST /_gureum/v1/reset HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.com\r\nContent-Length: 0\r\n\r\n",
        // A WebSocket.
        "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        // A preflight.
        "OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.com\r\nAccess-Control-Request-Method: POST\r\n\r\n",
    ] {
        let reply = Client::to(address).await.ask(call).await;
        assert_eq!(reply.status, 403, "{call}");
        assert_eq!(reply.header("access-control-allow-origin"), None, "{call}");
    }
    assert_eq!(world.calls(), 0);
}

#[tokio::test]
async fn allowed_origins_get_cors_answers() {
    let (_world, listening) = World::open().await;
    let mut client = Client::to(listening.address()).await;
    for origin in ["https://app.example.com", "http://localhost:3000"] {
        let reply = client
            .ask(format!("OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-amz-target\r\n\r\n"))
            .await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(reply.header("access-control-allow-headers"), Some("x-amz-target"));
        let reply = client.ask(echo_with("Echo", &[&format!("Origin: {origin}")], TEXT)).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert!(reply.header("access-control-expose-headers").unwrap().contains("x-amzn-requestid"));
    }
    assert_eq!(client.ask(echo(TEXT)).await.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn foreign_hosts_are_refused_unless_a_key_of_ours_signs() {
    let (world, listening) = World::open().await;
    let address = listening.address();
    let (status, body) = ask(address, &echo_with("Echo", &["Host: rebound.example.org"], TEXT)).await;
    assert_eq!(status, 403, "{body}");
    let health = "GET /_localstack/health HTTP/1.1\r\nHost: rebound.example.org\r\n\r\n";
    assert_eq!(ask(address, health).await.0, 403);
    assert_eq!(world.calls(), 0);
    for host in ["localhost:4566", "127.0.0.1", "gureum", "echo.us-east-1.amazonaws.com", "[::1]:4566"] {
        let (status, body) = ask(address, &echo_with("Echo", &[&format!("Host: {host}")], TEXT)).await;
        assert_eq!(status, 200, "{host}: {body}");
    }
}

#[tokio::test]
async fn open_access_takes_everyone_and_verifies_its_own_keys() {
    let (_world, listening) = World::open().await;
    let address = listening.address();
    assert!(ask(address, &echo(TEXT)).await.1.contains("000000000000:root"));
    assert!(ask(address, &signed_echo("123456789012", TEXT)).await.1.contains("123456789012:root"));
    assert!(ask(address, &signed_echo(USER_KEY, TEXT)).await.1.contains("user/user"));
    let (status, body) = ask(address, &signed_echo(USER_KEY, TEXT).replace(TEXT, r#"{"Text":"y"}"#)).await;
    assert_eq!(status, 400, "{body}");
    assert!(body.contains("InvalidSignatureException"), "{body}");
}

#[tokio::test]
async fn strict_access_takes_its_own_keys_only() {
    let (world, _open) = World::open().await;
    let strict = world.listen(Listener::Strict).await;
    let address = strict.address();
    assert!(ask(address, &echo(TEXT)).await.1.contains("MissingAuthenticationTokenException"));
    assert!(ask(address, &signed_echo("123456789012", TEXT)).await.1.contains("UnrecognizedClientException"));
    assert_eq!(world.calls(), 0);
    assert_eq!(ask(address, &signed_echo(USER_KEY, TEXT)).await.0, 200);
}

#[tokio::test]
async fn a_sandbox_speaks_as_itself_only() {
    let (world, _open) = World::open().await;
    let sandbox = Listener::Sandbox { access_key_id: SANDBOX_KEY.to_owned(), any_key: false, access: Access::Open };
    let sandbox = world.listen(sandbox).await;
    let address = sandbox.address();
    assert!(ask(address, &signed_echo(SANDBOX_KEY, TEXT)).await.1.contains("user/sandbox"));
    for call in [echo(TEXT), signed_echo(USER_KEY, TEXT), signed_echo("123456789012", TEXT)] {
        let (status, body) = ask(address, &call).await;
        assert_eq!(status, 400, "{body}");
    }
    for path in ["/_localstack/health", "/_gureum/v1/status", "/_aws/execute-api/a/b/", "/_gureum/v1/code/f?token=good"]
    {
        let call = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(ask(address, &call).await.0, 403, "{path}");
    }
    assert_eq!(ask(address, "CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n").await.0, 403);
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn listeners_come_and_go_by_the_hundred() {
    let (world, _open) = World::open().await;
    let mut listeners = Vec::new();
    for n in 0..100 {
        let access = Listener::Sandbox { access_key_id: format!("ASIA{n}"), any_key: true, access: Access::Open };
        listeners.push(world.listen(access).await);
    }
    let addresses: Vec<SocketAddr> = listeners.iter().map(edge::Listening::address).collect();
    assert_eq!(ask(addresses[99], &echo(TEXT)).await.0, 200);
    drop(listeners);
    for address in addresses {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn hints_go_out_in_a_header() {
    let (_world, listening) = World::open().await;
    let reply = Client::to(listening.address()).await.ask(echo_with("Hint", &[], "{}")).await;
    assert_eq!(reply.header("x-gureum-hint"), Some("AccessDenied: no permission??for that"));
}

#[tokio::test]
async fn a_signature_covers_the_path_as_it_was_sent() {
    let (_world, listening) = World::open().await;
    for path in ["/2015-03-31/functions/a%2Fb%20c", "/2015-03-31//functions/../x/", "/2015-03-31/%ED%95%9C?q=a+b&Q=%2f"]
    {
        let request = http::Request::get(path).header("host", "localhost").header("x-odd", "a  b");
        let mut request = request.body(String::new()).unwrap();
        crate::client::sign(&mut request, USER_KEY, "lambda");
        let lines: String =
            request.headers().iter().map(|(n, v)| format!("{n}: {}\r\n", v.to_str().unwrap())).collect();
        let (status, body) = ask(listening.address(), &format!("GET {path} HTTP/1.1\r\n{lines}\r\n")).await;
        // Let in, and then no such operation.
        assert_eq!(status, 404, "{path}: {body}");
    }
}
