//! A few seconds of histories, those that once broke a promise, and the same one twice.

use simulation::run;

/// One number a line; what stands behind `#` says what it found.
const SEEDS: &str = include_str!("../seeds.txt");
const FIRST_SEEDS: u64 = 25;

#[test]
fn every_promise_holds_in_the_first_histories() {
    for seed in 0..FIRST_SEEDS {
        let history = run(seed).unwrap_or_else(|failure| panic!("{failure}"));
        assert!(history.operations >= 200 && history.faults >= 3, "{} operations", history.operations);
    }
}

#[test]
fn seeds_that_once_broke_a_promise_do_not_any_more() {
    let seeds = SEEDS.lines().filter_map(|line| line.split('#').next()?.trim().parse().ok());
    for seed in seeds {
        run(seed).unwrap_or_else(|failure| panic!("{failure}"));
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_byte_for_byte() {
    for seed in [3, 7, 11] {
        let (one, two) = (run(seed).unwrap(), run(seed).unwrap());
        assert!(one.trace.len() > 10_000, "{} bytes", one.trace.len());
        let differ = one.trace.lines().zip(two.trace.lines()).find(|(a, b)| a != b);
        assert_eq!(differ, None, "seed {seed}");
        assert_eq!(one.trace, two.trace);
    }
}
