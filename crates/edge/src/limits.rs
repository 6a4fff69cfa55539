//! Bounds of the edge: everything that a client could make grow or last has one.

use std::time::Duration;

/// Requests waiting or running per listener of users; further connections wait in the kernel's queue. Unit: connections.
pub const CONNECTIONS_MAX: usize = 4096;
/// The same for the listener of one execution environment.
pub const SANDBOX_CONNECTIONS_MAX: usize = 256;
/// Streams that one HTTP/2 connection may have open.
pub const STREAMS_MAX: u32 = 256;
/// Bytes of a request's head. AWS's front ends answer 431 or close above 8 to 16 KB; presigned URLs with session tokens
/// and long condition lists need more than 8. Of header lines hyper takes 100.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Tunnels of all listeners, to us and to other hosts, that are open at one time; further ones are answered 503.
pub const TUNNELS_MAX: usize = 1024;
/// Addresses of another host's name that are tried.
pub const TUNNEL_ADDRESSES_MAX: usize = 4;
/// Bytes of a DNS name. Source: RFC 1035, 2.3.4.
pub const NAME_BYTES_MAX: usize = 253;
/// Bytes of a label of one. Source: RFC 1035, 2.3.4.
pub const LABEL_BYTES_MAX: usize = 63;

/// Times that a listener keeps. Tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the first byte that may be the beginning of TLS to its end.
    pub handshake: Duration,
    /// For a request's head, from the end of the one before; so also for an idle kept-alive connection.
    pub head: Duration,
    /// Between two pieces of a request's body.
    pub body: Duration,
    /// For the way to another host, from its name to the answer of a former proxy.
    pub tunnel_connect: Duration,
    /// How long nothing may move in a tunnel to another host. Ours: long polls and streams of events are quiet for minutes.
    pub tunnel_idle: Duration,
    /// For work in flight when a listener stops. ARCHITECTURE.md, "The life of a server".
    pub stop: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(60),
            body: Duration::from_secs(30),
            tunnel_connect: Duration::from_secs(10),
            tunnel_idle: Duration::from_secs(15 * 60),
            stop: Duration::from_secs(2),
        }
    }
}

/// Bytes set aside for a body on the word of its Content-Length.
pub const BODY_ROOM_BYTES: usize = 1024 * 1024;
/// Bytes of all larger bodies (above [`BODY_ROOM_BYTES`]) that are held at one time; further ones wait their turn.
pub const BODIES_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// Bytes of a refused body that are still read, so that its sender gets to see the refusal.
pub const DISCARD_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Time for that.
pub const DISCARD_TIME: Duration = Duration::from_secs(5);

/// Bytes of a body up to which signature and decoding are done on the spot; more goes to a thread that may block. The
/// smaller takes below half a millisecond.
pub const INLINE_BYTES_MAX: usize = 128 * 1024;

/// Bytes of the body of a call on `/_*`.
pub const INTERNAL_BODY_BYTES_MAX: usize = 64 * 1024;

/// Bytes of one `x-gureum-hint` header.
pub const HINT_BYTES_MAX: usize = 512;

/// How long a client that has said all it has to say, and whose operation waits, has to show that it is gone, each time that it
/// is told to go on waiting. There is nothing that would wake us: a half-closed connection says no more by itself.
pub const ASK_AGAIN: [Duration; 3] = [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(2)];

/// Wait after the system had no descriptor for a new connection.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Certificates kept, one per name. Unit: certificates.
pub const LEAVES_MAX: usize = 512;

/// Bytes of an aws-chunked chunk's head line: size, extension and signature.
pub const CHUNK_LINE_BYTES_MAX: usize = 1024;
/// Bytes of all trailers of an aws-chunked body.
pub const TRAILER_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a body that is held whole, per service, after gzip and aws-chunked are taken off.
/// Shape: the service's name → the bound; services that name none have [`BODY_BYTES_MAX`].
pub fn body_bytes_max(service: &str) -> usize {
    match service {
        // "Request must be smaller than 70167211 bytes for the CreateFunction operation": 50 MB of zip in base64.
        // Source: Lambda Developer Guide, "Lambda quotas"; MISSION.md 1.19.
        "lambda" => 70_167_211,
        // PutObject of one part is 5 GB on AWS; S3 streams and takes no body whole.
        "s3" => BODY_BYTES_MAX,
        // 10 MB per record batch. Source: Kinesis API Reference, PutRecords.
        "kinesis" => 15 * 1024 * 1024,
        _ => BODY_BYTES_MAX,
    }
}

/// The bound of services that document none. The largest documented request of those (PutLogEvents, BatchWriteItem,
/// templates, forms) is below.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Times that a connection is polled in a row because it woke itself: a request with a body needs two.
pub const POLLS_AT_ONCE_MAX: usize = 4;
