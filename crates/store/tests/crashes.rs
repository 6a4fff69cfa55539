//! Crashes of a process of our own. It has no harness, because it starts itself again as the writer that is crashed.

#[path = "../examples/crash/mod.rs"]
mod crash;

use crash::power::{Cut, fill_a_disk, power_cut_rounds};
use crash::verify::verify;
use crash::{Outcome, Report, Writer, kill_rounds, writer};
use store::{EXIT_IO_ERROR, StoreError};

const ROUNDS: u64 = 5;

type Test = (&'static str, fn() -> Outcome<()>);

const TESTS: [Test; 5] = [
    ("nothing_acknowledged_is_lost_by_kill_9", nothing_acknowledged_is_lost_by_kill_9),
    ("nothing_acknowledged_is_lost_by_a_power_cut", nothing_acknowledged_is_lost_by_a_power_cut),
    ("without_syncs_the_power_cut_test_fails", without_syncs_the_power_cut_test_fails),
    ("a_failed_sync_ends_the_process_and_loses_nothing", a_failed_sync_ends_the_process_and_loses_nothing),
    ("a_full_disk_refuses_writes_and_loses_nothing", a_full_disk_refuses_writes_and_loses_nothing),
];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = arguments.split_first()
        && first == "writer"
    {
        return writer::main(rest);
    }
    if arguments.iter().any(|argument| argument == "--list") {
        for (name, _) in TESTS {
            println!("{name}: test");
        }
        return Ok(());
    }
    let filters: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    for (name, test) in TESTS {
        if filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str())) {
            print!("test {name} ... ");
            test()?;
            println!("ok");
        }
    }
    Ok(())
}

fn expect_nothing_lost(report: &Report) -> Outcome<()> {
    print!("({report}) ");
    assert_eq!(report.rounds, ROUNDS);
    assert_eq!((report.lost, report.torn), (0, 0));
    assert!(report.rounds_with_open_requests * 10 >= report.rounds * 9, "the crashes fell between requests");
    assert!(report.acknowledged as u64 >= 200 * report.rounds);
    Ok(())
}

fn nothing_acknowledged_is_lost_by_kill_9() -> Outcome<()> {
    expect_nothing_lost(&kill_rounds(ROUNDS)?)
}

/// Both ways, where there are devices: the second is all that other machines have.
fn nothing_acknowledged_is_lost_by_a_power_cut() -> Outcome<()> {
    if Cut::possible_here() == Cut::Device {
        expect_nothing_lost(&power_cut_rounds(Cut::Device, ROUNDS, true)?)?;
    }
    expect_nothing_lost(&power_cut_rounds(Cut::Journal, ROUNDS, true)?)
}

fn without_syncs_the_power_cut_test_fails() -> Outcome<()> {
    let mut cuts = vec![Cut::possible_here(), Cut::Journal];
    cuts.dedup();
    for cut in cuts {
        let report = power_cut_rounds(cut, ROUNDS, false)?;
        assert!(report.lost > 0, "{cut:?}: nothing was lost without syncs, so this test proves nothing: {report}");
        print!("({cut:?}: {} of {} lost) ", report.lost, report.acknowledged);
    }
    Ok(())
}

fn a_failed_sync_ends_the_process_and_loses_nothing() -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    let mut writer = Writer::start(dir.path(), 0, &["--fail-sync"])?;
    let (code, words) = writer.end()?;
    assert_eq!(code, Some(EXIT_IO_ERROR), "{words}");
    let last_line = words.lines().last().unwrap_or_default();
    assert!(last_line.contains("input/output error") && last_line.contains("start again"), "{words}");
    assert!(!writer.told.durable.is_empty());
    let acknowledged = [writer.told.durable.clone(), writer.told.written.clone()].concat();
    let found = verify(dir.path(), &acknowledged)?;
    assert_eq!((found.lost, found.torn), (0, 0));
    Ok(())
}

/// Where there are no devices nothing can be filled without harm to others; there the rule alone is tested, beside it.
fn a_full_disk_refuses_writes_and_loses_nothing() -> Outcome<()> {
    if Cut::possible_here() == Cut::Device {
        let (kept, refusal) = fill_a_disk()?;
        assert!(matches!(&refusal, StoreError::Refused(why) if why.contains("kept free")), "{refusal}");
        assert!(kept > 10, "refused after {kept} values: {refusal}");
        print!("({kept} values of 100 KB kept; {refusal}) ");
    }
    Ok(())
}
