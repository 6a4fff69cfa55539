//! Who holds a port that we were told to listen on.

use std::fs;
use std::net::SocketAddr;

/// The process that listens on `address`: its id and name, where the system lets us see them.
pub fn holder(address: SocketAddr) -> Option<(u32, String)> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| listening_inode(table, address.port()))?;
    let socket = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?;
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else { continue };
        if descriptors.flatten().any(|d| fs::read_link(d.path()).is_ok_and(|to| to.as_os_str() == socket.as_str())) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some((pid, name.trim().to_owned()));
        }
    }
    None
}

/// A row of the kernel's table: `sl local_address rem_address st … inode`, state 0A being LISTEN.
fn listening_inode(table: &str, port: u16) -> Option<String> {
    let rows = fs::read_to_string(table).ok()?;
    rows.lines().skip(1).find_map(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let (_, local_port) = columns.get(1)?.rsplit_once(':')?;
        let listens = *columns.get(3)? == "0A" && u16::from_str_radix(local_port, 16).ok()? == port;
        if listens { columns.get(9).map(|inode| (*inode).to_owned()) } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_of_a_port_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (pid, _) = holder(listener.local_addr().unwrap()).unwrap();
        assert_eq!(pid, std::process::id());
    }
}
