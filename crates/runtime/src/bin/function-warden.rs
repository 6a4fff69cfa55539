//! The warden alone, for tests and measurements: the server does the same when it is started under the warden's name.

fn main() {
    runtime::stand_guard_if_asked();
    eprintln!("this program is started by the server, not by hand");
    std::process::exit(2);
}
