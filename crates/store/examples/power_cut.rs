//! Cuts the power of a writer over and over, and says what was lost.
//!
//! `cargo run -p store --release --example power_cut -- --rounds 20 [--kills N] [--by device|journal] [--without-syncs]`

mod crash;

use crash::power::{Cut, power_cut_rounds};
use crash::{Outcome, kill_rounds, writer};

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = arguments.split_first()
        && first == "writer"
    {
        return writer::main(rest);
    }
    let value_of = |name: &str| arguments.iter().skip_while(|a| *a != name).nth(1);
    let rounds = value_of("--rounds").map_or(Ok(5), |n| n.parse())?;
    let kills: u64 = value_of("--kills").map_or(Ok(0), |n| n.parse())?;
    let with_syncs = !arguments.iter().any(|a| a == "--without-syncs");
    let cut = match value_of("--by").map(String::as_str) {
        Some("device") => Cut::Device,
        Some("journal") => Cut::Journal,
        Some(other) => return Err(format!("--by is device or journal, not {other}").into()),
        None => Cut::possible_here(),
    };
    let mut whole = true;
    if rounds > 0 {
        let report = power_cut_rounds(cut, rounds, with_syncs)?;
        println!("power cut ({cut:?}, syncs {}): {report}", if with_syncs { "on" } else { "taken out" });
        whole &= report.lost == 0 && report.torn == 0;
    }
    if kills > 0 {
        let report = kill_rounds(kills)?;
        println!("kill -9: {report}");
        whole &= report.lost == 0 && report.torn == 0;
    }
    if whole { Ok(()) } else { Err("something acknowledged was lost".into()) }
}
