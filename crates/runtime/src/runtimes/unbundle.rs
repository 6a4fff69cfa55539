//! AWS's client for Node.js is published as one file, put together from modules by a bundler that left their borders in it.
//! This changes no line of the modules: it only gives each of them its file back, or the whole its start.

/// Why a client cannot be taken apart: it is not the one that was pinned.
#[derive(Debug, thiserror::Error)]
#[error("the runtime client has no `{0}`")]
pub struct Unknown(String);

/// The modules of client 3.x: name and text of each file. `index.mjs` itself is not among them.
pub fn part(bundle: &str) -> Result<Vec<(String, String)>, Unknown> {
    const BEGIN: &str = " = __commonJS({\n  \"";
    const END: &str = "\n  }\n});\n";
    let mut modules = Vec::new();
    let mut rest = bundle;
    while let Some(at) = rest.find(BEGIN) {
        rest = &rest[at + BEGIN.len()..];
        let name = rest.split('"').next().unwrap_or_default().to_owned();
        let (Some(begin), Some(end)) = (rest.find("{\n"), rest.find(END)) else { return Err(Unknown(name)) };
        if begin > end {
            return Err(Unknown(name));
        }
        let body = &rest[begin + 2..end];
        let lines = body.lines().map(|line| line.strip_prefix("    ").unwrap_or(line));
        modules.push((name, lines.collect::<Vec<_>>().join("\n") + "\n"));
        rest = &rest[end + END.len()..];
    }
    if modules.is_empty() {
        return Err(Unknown("module".to_owned()));
    }
    let names: Vec<String> = modules.iter().map(|(name, _)| name.trim_end_matches(".js").to_owned()).collect();
    for (_, text) in &mut modules {
        *text = text.replace("__require", "require");
        for name in &names {
            *text = text.replace(&format!("require_{name}()"), &format!("require(\"./{name}.js\")"));
        }
    }
    Ok(modules)
}

/// A client that is one file, made to start by itself over our channel, as AWS's own copy does over its.
pub fn started(bundle: &str) -> Result<String, Unknown> {
    const OURS: &str = "import './start.cjs'; import './rapid-client.cjs'; ";
    // Client 4 starts by itself.
    if bundle.contains("\nignition();") {
        return replaced(bundle, "#!/usr/bin/env node\n", &format!("{OURS}\n"));
    }
    let text = replaced(
        bundle,
        "import { createRequire } from \"module\";",
        &format!("{OURS}import {{ createRequire }} from \"module\";"),
    )?;
    let text = replaced(
        &text,
        "async function run(appRootOrHandler, handler = \"\") {",
        "async function start(appRootOrHandler, handler = \"\") {",
    )?;
    replaced(&text, "export {\n  run\n};", "await start(process.cwd(), process.env._HANDLER);")
}

fn replaced(text: &str, from: &str, to: &str) -> Result<String, Unknown> {
    match text.matches(from).count() {
        1 => Ok(text.replacen(from, to, 1)),
        _ => Err(Unknown(from.to_owned())),
    }
}

/// `//@N` stands for as many empty lines as put what follows on line N: stack traces name lines of AWS's files.
pub fn on_their_lines(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("//@").and_then(|number| number.parse::<usize>().ok()) {
            Some(number) => lines.resize(lines.len().max(number - 1), ""),
            None => lines.push(line),
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = "import { createRequire } from \"module\";\n\
        // A.js\nvar require_A = __commonJS({\n  \"A.js\"(exports, module) {\n    \"use strict\";\n    exports.a = () => __require(\"fs\");\n  }\n});\n\
        // B.js\nvar require_B = __commonJS({\n  \"B.js\"(exports) {\n    var { a } = require_A();\n    if (a) {\n      a();\n    }\n  }\n});\n\
        async function run(appRootOrHandler, handler = \"\") {\n}\nexport {\n  run\n};\n";

    #[test]
    fn each_module_gets_its_file_back() {
        let modules = part(BUNDLE).unwrap();
        assert_eq!(modules[0].0, "A.js");
        assert_eq!(modules[0].1, "\"use strict\";\nexports.a = () => require(\"fs\");\n");
        assert_eq!(modules[1].1, "var { a } = require(\"./A.js\");\nif (a) {\n  a();\n}\n");
        assert!(part("something else").is_err());
    }

    #[test]
    fn the_whole_gets_a_start_and_keeps_its_lines() {
        let text = started(BUNDLE).unwrap();
        assert!(
            text.contains("async function start(")
                && text.ends_with("await start(process.cwd(), process.env._HANDLER);\n")
        );
        assert!(text.starts_with("import './start.cjs'; "));
        assert!(started("another client").is_err());
    }

    #[test]
    fn lines_come_where_they_are_asked_for() {
        assert_eq!(on_their_lines("a\n//@4\nb\n//@2\nc"), "a\n\n\nb\nc\n");
    }
}
