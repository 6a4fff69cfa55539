//! An environment's own network: a loopback, the platform's address on it, and the listeners that the server serves.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, sendmsg, socket_with,
};

use super::plan::Report;

/// Where the platform is. Source: `AWS_LAMBDA_RUNTIME_API` in the recorded answers.
pub const PLATFORM: Ipv4Addr = Ipv4Addr::new(169, 254, 100, 1);
/// Source: the same.
pub const RUNTIME_API_PORT: u16 = 9001;
/// HTTP, HTTPS, and the port where code written for LocalStack looks. Each takes both, told apart by the first byte.
const API_PORTS: [u16; 3] = [80, 443, 4566];
const DNS_PORT: u16 = 53;
/// Ports of the server that are there too: what it has handed out outside (URLs of queues and functions) names them.
const OWN_PORTS_MAX: usize = 4;

/// The listeners of one environment's network.
#[derive(Debug)]
pub struct Injected {
    pub runtime_api: TcpListener,
    pub names: UdpSocket,
    pub names_by_stream: TcpListener,
    pub apis: Vec<TcpListener>,
}

/// How many descriptors [`Injected`] is at most.
pub const DESCRIPTORS_MAX: usize = 3 + API_PORTS.len() + OWN_PORTS_MAX;

impl Injected {
    /// Sets up this process's network, which must be a new one, and binds. `own_ports` are the server's.
    pub fn bind(own_ports: &[u16]) -> io::Result<Self> {
        loopback_up()?;
        let taken = [&API_PORTS[..], &[RUNTIME_API_PORT, DNS_PORT]].concat();
        let own_ports: BTreeSet<u16> = own_ports.iter().copied().filter(|port| !taken.contains(port)).collect();
        // On every address of this network: the platform's and localhost.
        let tcp = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
        Ok(Self {
            runtime_api: tcp(RUNTIME_API_PORT)?,
            names: UdpSocket::bind(SocketAddr::from((PLATFORM, DNS_PORT)))?,
            names_by_stream: TcpListener::bind(SocketAddr::from((PLATFORM, DNS_PORT)))?,
            apis: API_PORTS
                .into_iter()
                .chain(own_ports.into_iter().take(OWN_PORTS_MAX))
                .map(tcp)
                .collect::<io::Result<_>>()?,
        })
    }

    /// Hands them to the server.
    pub fn send(&self, control: &UnixStream) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Report::Listening)?;
        line.push(b'\n');
        let apis = self.apis.iter().map(AsFd::as_fd);
        let first = [self.runtime_api.as_fd(), self.names.as_fd(), self.names_by_stream.as_fd()];
        let all: Vec<BorrowedFd<'_>> = first.into_iter().chain(apis).collect();
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&all));
        match sendmsg(control, &[io::IoSlice::new(&line)], &mut ancillary, SendFlags::NOSIGNAL)? {
            sent if sent == line.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    /// What was sent. Errors: `descriptors` are not of that shape.
    pub fn of(descriptors: Vec<OwnedFd>) -> io::Result<Self> {
        let mut all = descriptors.into_iter();
        let mut next = || all.next().ok_or(io::ErrorKind::InvalidData);
        let (runtime_api, names, names_by_stream) = (next()?.into(), next()?.into(), next()?.into());
        let injected = Self { runtime_api, names, names_by_stream, apis: all.map(TcpListener::from).collect() };
        injected.names.set_nonblocking(true)?;
        for listener in injected.apis.iter().chain([&injected.runtime_api, &injected.names_by_stream]) {
            listener.set_nonblocking(true)?;
        }
        Ok(injected)
    }
}

fn loopback_up() -> io::Result<()> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    let mut flags = request("lo");
    flags.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    ask(&socket, libc::SIOCSIFFLAGS, &flags)?;
    // An address of its own, and nothing of the network that it is in: what else is link-local is not here.
    for (ask_for, address) in [(libc::SIOCSIFADDR, PLATFORM), (libc::SIOCSIFNETMASK, Ipv4Addr::BROADCAST)] {
        let mut second = request("lo:0");
        second.ifr_ifru.ifru_addr = in_address(address);
        ask(&socket, ask_for, &second)?;
    }
    Ok(())
}

fn request(name: &str) -> libc::ifreq {
    // SAFETY: the structure is numbers and bytes, of which every pattern, zeros too, is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request
}

fn in_address(address: Ipv4Addr) -> libc::sockaddr {
    let mut bytes = [0; 14];
    // After the port.
    bytes[2..6].copy_from_slice(&address.octets());
    libc::sockaddr {
        sa_family: libc::AF_INET as libc::sa_family_t,
        sa_data: bytes.map(|byte: u8| byte as libc::c_char),
    }
}

fn ask(socket: &OwnedFd, what: libc::Ioctl, request: &libc::ifreq) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: these requests read the structure that they are given, and it lives until the call returns.
    if unsafe { libc::ioctl(socket.as_raw_fd(), what as _, request) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
