//! A small mutator: the same seed gives the same inputs.

const INPUT_BYTES_MAX: usize = 4096;
/// Bytes that parsers care about.
const TELLING: &[u8] = b"\0\x01\x7f\x80\xff\"'\\/%${}[]()<>,:;=&?*+-_. \t\r\n0129aZ";

pub struct Mutator {
    state: u64,
    pool: Vec<Vec<u8>>,
}

impl Mutator {
    pub fn new(seed: u64, seeds: &[&[u8]]) -> Self {
        let mut pool: Vec<Vec<u8>> = seeds.iter().map(|s| s.to_vec()).collect();
        pool.push(Vec::new());
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, pool }
    }

    /// xorshift64*: good enough to wander.
    fn random(&mut self, below: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let wide = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(wide).unwrap_or(0) % below.max(1)
    }

    pub fn next(&mut self) -> Vec<u8> {
        let at = self.random(self.pool.len());
        let mut input = self.pool[at].clone();
        for _ in 0..=self.random(8) {
            self.mutate(&mut input);
        }
        input.truncate(INPUT_BYTES_MAX);
        input
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.random(input.len() + 1);
        match self.random(7) {
            0 => input.insert(at, TELLING[self.random(TELLING.len())]),
            1 if at < input.len() => {
                input.remove(at);
            }
            2 if at < input.len() => input[at] = TELLING[self.random(TELLING.len())],
            3 if at < input.len() => input[at] ^= 1 << self.random(8),
            4 => input.truncate(at),
            5 => {
                let end = (at + self.random(16)).min(input.len());
                let piece = input[at..end].to_vec();
                for _ in 0..=self.random(20) {
                    input.splice(at..at, piece.iter().copied());
                }
            }
            _ => {
                let other = self.random(self.pool.len());
                let other = self.pool[other].clone();
                let from = self.random(other.len() + 1);
                input.splice(at..at, other[from..].iter().copied());
            }
        }
    }
}
