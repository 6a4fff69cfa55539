//! What `up` says when it is ready: at most ten lines, ready to be copied.

use std::fmt::Write as _;
use std::time::Duration;

use config::{Durability, Settings};

use crate::text::{server as text, table};

pub struct Panel<'a> {
    pub settings: &'a Settings,
    pub endpoints: &'a [String],
    pub functions: usize,
    pub runtimes: &'a [String],
    pub init_scripts: usize,
    pub not_isolated: &'a [String],
    pub took: Duration,
}

impl Panel<'_> {
    pub fn text(&self) -> String {
        let mut rows: Vec<[String; 2]> =
            self.endpoints.iter().map(|endpoint| [text::endpoint(), endpoint.clone()]).collect();
        rows.push([text::data(), self.data()]);
        rows.push([text::runtimes(), format!("{}   ({})", self.runtimes.join(" · "), text::all_runtimes())]);
        rows.extend(self.not_isolated.iter().map(|note| [text::isolation(), (*note).to_owned()]));
        if self.init_scripts > 0 {
            rows.push([text::init(), text::init_scripts(self.init_scripts)]);
        }
        let ignored = &self.settings.localstack.ignored;
        if !ignored.is_empty() {
            rows.push([text::ignored(), text::ignored_variables(ignored.join(", "))]);
        }
        let mut panel = format!("  gureum {}  ·  {}\n\n", env!("CARGO_PKG_VERSION"), text::tagline());
        for line in table(&rows).lines() {
            let _ = writeln!(panel, "  {line}");
        }
        let (ready, try_this) = (text::ready(self.took.as_millis()), text::try_this());
        let _ = write!(panel, "\n  {ready}   {try_this}  eval \"$(gureum env)\" && aws lambda list-functions");
        panel
    }

    fn data(&self) -> String {
        let folder =
            if self.settings.ephemeral { text::temporary_folder() } else { self.settings.data.display().to_string() };
        let durability = match self.settings.durability {
            Durability::Durable => text::durable(),
            Durability::Relaxed => text::relaxed(),
            Durability::Memory => text::memory(),
        };
        match self.functions {
            0 => format!("{folder}  {durability}"),
            1 => format!("{folder}  {durability} · {}", text::one_function()),
            many => format!("{folder}  {durability} · {}", text::functions(many)),
        }
    }
}
