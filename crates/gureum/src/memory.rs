//! Gives memory back to the system. The C library keeps what was freed unless it lies at the end of an arena: a server that
//! took a million messages would hold twice what it uses for good.
#![allow(unsafe_code)] // One call of the C library, which no crate offers.

use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;

/// How often somebody looks. Looking reads one file of /proc.
const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// Growth in bytes since memory was last given back that makes it worth going through all that is free: some
/// milliseconds, in which other threads may wait for the allocator.
const GROWTH_BYTES: u64 = 24 << 20;

/// Runs for as long as the process does.
pub async fn give_back(clock: Arc<dyn Clock>) {
    let mut least = resident();
    loop {
        clock.pause(LOOKED_EVERY).await;
        let now = resident();
        if now < least.saturating_add(GROWTH_BYTES) {
            least = least.min(now);
            continue;
        }
        // Cancelled only when the process ends.
        let _ = tokio::task::spawn_blocking(trim).await;
        least = resident();
    }
}

fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes the allocator's own locks and touches nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Bytes in memory; 0 where the system does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}
