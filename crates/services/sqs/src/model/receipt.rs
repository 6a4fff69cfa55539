//! Receipt handles: opaque to clients, to us the queue, the message and which receive of it.
//!
//! They outlive what the disk may lose: a power cut takes back the last receives, and their handles then still say which
//! message they are of, and that they are newer than what is known of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What AWS's handles begin with in base64.
const MARK: [u8; 3] = [0x01, 0x01, 0x01];
const FIELD_BYTES: usize = 8;
const COUNT_BYTES: usize = 4;
const HANDLE_BYTES: usize = MARK.len() + 1 + 4 * FIELD_BYTES + COUNT_BYTES + 4;

/// One receive of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub queue: u64,
    pub sequence: u64,
    /// Chance: nobody can name a receive that they did not get.
    pub nonce: u64,
    /// Of the message's id: numbers that a power cut took back are given again.
    pub message: u64,
    /// Which receive of the message it is, from 1.
    pub receives: u32,
    /// The body has a record of its own.
    pub apart: bool,
}

impl Receipt {
    pub(crate) fn handle(&self) -> String {
        let mut bytes = Vec::with_capacity(HANDLE_BYTES);
        bytes.extend_from_slice(&MARK);
        bytes.push(u8::from(self.apart));
        for field in [self.queue, self.sequence, self.nonce, self.message] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        bytes.extend_from_slice(&self.receives.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        STANDARD.encode(bytes)
    }

    /// `None` for what is no handle of ours.
    pub(crate) fn read(handle: &str) -> Option<Self> {
        let bytes = STANDARD.decode(handle).ok().filter(|bytes| bytes.len() == HANDLE_BYTES)?;
        let (content, sum) = bytes.split_at(HANDLE_BYTES - 4);
        if crc32fast::hash(content).to_le_bytes() != *sum || content[..MARK.len()] != MARK {
            return None;
        }
        let (flags, fields) = content[MARK.len()..].split_first()?;
        let (fields, receives) = fields.split_at(4 * FIELD_BYTES);
        let mut fields = fields.chunks_exact(FIELD_BYTES).map(|f| f.try_into().map(u64::from_le_bytes));
        let mut next = || fields.next()?.ok();
        let receives = u32::from_le_bytes(receives.try_into().ok()?);
        let [queue, sequence, nonce, message] = [next()?, next()?, next()?, next()?];
        Some(Self { queue, sequence, nonce, message, receives, apart: *flags == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_handle_reads_back_and_nothing_else_does(fields in any::<(u64, u64, u64, u64, u32, bool)>(), junk in "\\PC{0,60}") {
            let (queue, sequence, nonce, message, receives, apart) = fields;
            let receipt = Receipt { queue, sequence, nonce, message, receives, apart };
            prop_assert_eq!(Receipt::read(&receipt.handle()), Some(receipt));
            prop_assert_eq!(Receipt::read(&junk), None);
            let mut changed = receipt.handle();
            let last = changed.remove(10);
            changed.insert(10, if last == 'A' { 'B' } else { 'A' });
            prop_assert_eq!(Receipt::read(&changed), None);
        }
    }
}
