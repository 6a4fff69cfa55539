//! Bugs on purpose: each must be found by the first histories, else the checks prove nothing. Run by `cargo xtask ci` with
//! the feature `sabotage`.

use kernel::sabotage::turn_on;
use simulation::run;

/// Histories in which each bug must show itself.
const BUDGET: u64 = 150;

const BUGS: [&str; 35] = [
    "answers before the commit",
    "syncs are skipped",
    "what is written is never synced",
    "timers are lost",
    "deduplication off",
    "visibility ignored after a restart",
    "a group is not locked",
    "a deletion is not kept",
    "a failed entry is deleted with its batch",
    "a dead letter arrives twice",
    "a receive is not counted on disk",
    "what has just arrived is not seen",
    "a purge is forgotten by a restart",
    "a failed batch is deleted",
    "a mapping knows no maximum",
    "failed items are deleted with their batch",
    "a failed item takes its batch along",
    "an answer that nobody understands is success",
    "a filter lets everything through",
    "a filter drops what comes with it",
    "what a filter drops is kept",
    "a mapping does not hear of a change",
    "a deleted mapping reads on",
    "a disabled mapping reads",
    "a queue that is made anew is the one before",
    "a deleted queue's name is free at once",
    "accepted events are forgotten by a restart",
    "an event is tried once more",
    "an event's retries come at once",
    "an event's age does not count",
    "nobody is told of an event that failed",
    "an event's failure is told twice",
    "an event that is given up is not counted",
    "counts stay when they are handed over",
    "deletions of a batch count as one",
];

/// How many histories it took, and what gave it away.
fn find(bug: &'static str) -> Option<(u64, String)> {
    turn_on(Some(bug));
    let found = (0..BUDGET).find_map(|seed| run(seed).err().map(|failure| (seed + 1, failure.to_string())));
    turn_on(None);
    found
}

#[test]
fn every_bug_on_purpose_is_found_within_the_budget() {
    let found = BUGS.map(find);
    for (bug, found) in BUGS.iter().zip(&found) {
        match found {
            Some((histories, what)) => println!("{histories:>4} histories  {bug}: {what}"),
            None => println!("NOT FOUND       {bug}"),
        }
    }
    let hidden: Vec<_> = BUGS.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(bug, _)| bug).collect();
    assert!(hidden.is_empty(), "not found in {BUDGET} histories: {hidden:?}");
}

#[test]
fn without_a_bug_the_same_histories_hold() {
    turn_on(None);
    for seed in 0..10 {
        run(seed).unwrap_or_else(|failure| panic!("{failure}"));
    }
}
