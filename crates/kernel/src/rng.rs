/// Chance as an argument: ids, secrets, jitter.
pub trait Rng: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Rng {
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A whole number in `0..bound`. The bias is below 2^-32 for the small bounds that are used here.
    pub fn below(&self, bound: u32) -> u32 {
        let wide = u64::from_le_bytes(self.bytes());
        u32::try_from(wide % u64::from(bound.max(1))).unwrap_or(0)
    }
}

/// The operating system's randomness: secrets and ids outside tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRng;

impl Rng for OsRng {
    #[allow(clippy::disallowed_methods)] // The one place where the OS's randomness is read.
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
