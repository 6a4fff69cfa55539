//! Which of the interpreter's files a function sees below /var/lang, where AWS has them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::runtimes::{Family, Launch};
use crate::sandbox::{Entry, Program, World};

const BIN: &str = "/var/lang/bin";
/// What lies here is seen inside on the same path.
const SYSTEMS: [&str; 6] = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/nix/store"];

/// Puts the interpreter into the world; answers the program as it is called there.
pub fn lay(world: &mut World, launch: &Launch) -> io::Result<Program> {
    let Program::At(path) = &launch.program else { return Ok(launch.program.clone()) };
    let real = fs::canonicalize(path)?;
    let Family::Python { minor } = launch.family else {
        // Node is one file.
        let name = launch.tools.first().map_or("node", |(name, _)| name);
        world.programs.push((name.to_owned(), Entry::Is(real)));
        return Ok(Program::At(Path::new(BIN).join(name)));
    };
    let name = format!("python3.{minor}");
    let is_the_systems = SYSTEMS.iter().any(|folder| real.starts_with(folder));
    if !is_the_systems && let Some(lib) = libraries_of(&real) {
        python_libraries(world, &lib, &name)?;
    }
    let program = if is_the_systems { Entry::Link(real) } else { Entry::Is(real) };
    world.programs.push((name.clone(), program));
    for short in ["python3", "python"] {
        world.programs.push((short.to_owned(), Entry::Link(PathBuf::from(&name))));
    }
    Ok(Program::At(Path::new(BIN).join(name)))
}

/// `PREFIX/bin/python3.12` → `PREFIX/lib`.
fn libraries_of(interpreter: &Path) -> Option<PathBuf> {
    Some(interpreter.parent()?.parent()?.join("lib"))
}

/// The standard library without what somebody has installed for himself, and the interpreter's own shared library.
fn python_libraries(world: &mut World, lib: &Path, name: &str) -> io::Result<()> {
    let standard = lib.join(name);
    if standard.join("site-packages").is_dir() {
        world.hidden.push(Path::new(name).join("site-packages"));
    }
    world.libraries.push((name.to_owned(), Entry::Is(standard)));
    for entry in fs::read_dir(lib)?.flatten() {
        let Ok(file) = entry.file_name().into_string() else { continue };
        if file.starts_with("libpython") && file.contains(".so") {
            world.libraries.push((file, Entry::Is(fs::canonicalize(entry.path())?)));
        }
    }
    Ok(())
}
