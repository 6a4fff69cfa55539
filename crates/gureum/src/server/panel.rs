//! What `up` says when it is ready: at most ten lines, ready to be copied.

use std::fmt::Write as _;
use std::time::Duration;

use config::{Durability, Settings};

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
        let durability = match self.settings.durability {
            Durability::Durable => "durable (fdatasync before every answer)",
            Durability::Relaxed => "relaxed (fdatasync every 100 ms)",
            Durability::Memory => "memory (nothing is kept)",
        };
        let restored = match self.functions {
            0 => String::new(),
            1 => " · 1 function restored".to_owned(),
            many => format!(" · {many} functions restored"),
        };
        let data = if self.settings.ephemeral {
            "a temporary folder".to_owned()
        } else {
            self.settings.data.display().to_string()
        };
        let mut text = format!("  gureum {}  ·  local serverless platform\n\n", env!("CARGO_PKG_VERSION"));
        for endpoint in self.endpoints {
            let _ = writeln!(text, "  Endpoint   {endpoint}");
        }
        let _ = writeln!(text, "  Data       {data}  {durability}{restored}");
        let _ = writeln!(text, "  Runtimes   {}   (all: gureum runtime list)", self.runtimes.join(" · "));
        for note in self.not_isolated {
            let _ = writeln!(text, "  Isolation  {note}");
        }
        if self.init_scripts > 0 {
            let _ = writeln!(text, "  Init       {} scripts   (state: /_localstack/init)", self.init_scripts);
        }
        let ignored = &self.settings.localstack.ignored;
        if !ignored.is_empty() {
            let _ = writeln!(text, "  Ignored    LocalStack's {}", ignored.join(", "));
        }
        let _ = write!(
            text,
            "\n  Ready in {} ms.   Try:  eval \"$(gureum env)\" && aws lambda list-functions",
            self.took.as_millis()
        );
        text
    }
}
