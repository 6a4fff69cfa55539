//! `cargo xtask ledger`: every operation that is generated is implemented, and has a contract test with a real client.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use xtask::generate::snake;

pub fn check(root: &Path) -> Result<()> {
    let (mut faults, mut count) = (Vec::new(), 0);
    for (service, operations) in crate::models::served(root)? {
        // STS lives with IAM. A service without a room is generated only for its client.
        let room = root.join("crates/services").join(if service == "sts" { "iam" } else { &service }).join("src");
        if !room.exists() {
            println!("ledger: {service} is not served yet, only its client is generated");
            continue;
        }
        let code: String = crate::layers::sources(root)?
            .iter()
            .filter(|path| path.starts_with(&room))
            .map(|path| fs::read_to_string(path).unwrap_or_default())
            .collect();
        let tests = tests_of(root, &service)?;
        for operation in operations {
            count += 1;
            let name = snake(&operation);
            // Written out, or as a line of a table: `create_user(CreateUserRequest) -> …`.
            let implemented = [format!("async fn {name}("), format!(" {name}({operation}Request) -> ")];
            if !implemented.iter().any(|form| code.contains(form)) {
                faults.push(format!("{service} {operation} is generated and not implemented"));
            }
            if !tests.contains(&format!(".{name}(")) && !tests.contains(&format!("\"{name}\"")) {
                faults.push(format!("{service} {operation} has no contract test"));
            }
        }
    }
    if faults.is_empty() {
        println!("ledger: {count} operations, each implemented and called by a real client");
        return Ok(());
    }
    bail!("ledger:\n  {}", faults.join("\n  "))
}

/// The contract tests that make a client of the service, or are called after it.
fn tests_of(root: &Path, service: &str) -> Result<String> {
    let (mut tests, client) = (String::new(), format!("client(\"{service}\""));
    let named = format!("test_{service}");
    for entry in fs::read_dir(root.join("tests/contract"))? {
        let entry = entry?;
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        if text.contains(&client) || entry.file_name().to_string_lossy().starts_with(&named) {
            tests.push_str(&text);
        }
    }
    Ok(tests)
}
