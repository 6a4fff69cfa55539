//! The fuzz targets' bodies, run over a few thousand inputs.

use kernel::{OsRng, Rng};

/// Pieces that the formats are made of, so that inputs get past the first check.
const PIECES: [&[u8]; 12] = [
    &[0, 0, 0, 1],
    &[0, 0, 0, 2],
    &[0, 0, 0, 0],
    &[0, 0, 0, 10],
    br#"{"id":"a"}"#,
    &[0xa5, 0x5a, 0, 3],
    b"\n",
    b"/2018-06-01/runtime/",
    b"invocation/next",
    &[0xff, 0xff, 0xff, 0xff],
    b"\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00",
    b"\x03sqs\x09amazonaws\x03com\x00\x00\x01\x00\x01",
];

fn input(rng: &dyn Rng) -> Vec<u8> {
    (0..rng.below(12))
        .flat_map(|_| match rng.below(3) {
            0 => rng.bytes::<3>().to_vec(),
            _ => PIECES[rng.below(12) as usize].to_vec(),
        })
        .collect()
}

fn check(target: fn(&[u8])) {
    for _ in 0..5_000 {
        target(&input(&OsRng));
    }
}

#[test]
fn no_bytes_on_the_private_channel_panic() {
    check(runtime::fuzz::fuzz_frames);
}

#[test]
fn no_path_of_the_runtime_api_panics() {
    check(runtime::fuzz::fuzz_routes);
}

#[test]
fn no_bytes_on_the_log_panic() {
    check(runtime::fuzz::fuzz_telemetry);
}

#[test]
fn no_question_to_the_resolver_panics() {
    check(runtime::fuzz::fuzz_questions);
}
