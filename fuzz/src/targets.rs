//! Every parser of bytes from outside, with inputs that reach deep into it.

pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    pub seeds: &'static [&'static [u8]],
}

pub const TARGETS: &[Target] = &[];
