//! What the machine itself takes for a lone client's cycle: three round trips between two threads, two of them with a sync. A
//! server can come near to it and not below.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use anyhow::Result;

const REQUEST_BYTES: usize = 1200;
const ANSWER_BYTES: usize = 200;
const DURABLE: u8 = 1;
const PLAIN: u8 = 0;

/// The median of so many cycles. The file's blocks are written before, as a well-kept log's are.
pub fn cycle(cycles: usize) -> Result<Duration> {
    let log = tempfile::tempfile()?;
    log.write_all_at(&vec![0; 2 * cycles * REQUEST_BYTES], 0)?;
    log.sync_all()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    client.set_nodelay(true)?;
    let server = std::thread::spawn(move || serve(&listener, &log));
    let mut times = Vec::with_capacity(cycles);
    for _ in 0..cycles {
        let began = Instant::now();
        for kind in [DURABLE, PLAIN, DURABLE] {
            client.write_all(&[kind; REQUEST_BYTES])?;
            client.read_exact(&mut [0; ANSWER_BYTES])?;
        }
        times.push(began.elapsed());
    }
    drop(client);
    // It has ended with its client; a panic of its thread would have ended the reads above with an error.
    let _ = server.join();
    times.sort();
    Ok(times[cycles / 2])
}

/// Until the client hangs up.
fn serve(listener: &TcpListener, log: &File) -> Result<()> {
    let (mut client, _) = listener.accept()?;
    client.set_nodelay(true)?;
    let (mut request, mut at) = ([0; REQUEST_BYTES], 0);
    loop {
        client.read_exact(&mut request)?;
        if request[0] == DURABLE {
            log.write_all_at(&request, at)?;
            log.sync_data()?;
            at += REQUEST_BYTES as u64;
        }
        client.write_all(&[0; ANSWER_BYTES])?;
    }
}
