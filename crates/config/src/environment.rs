use std::collections::BTreeMap;
use std::path::PathBuf;

/// The process's environment, read once.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Variables that are not UTF-8 are left out: no option of ours can be one.
    pub fn read() -> Self {
        let variables = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Self { variables: variables.collect() }
    }

    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { variables: variables.into_iter().collect() }
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The names of all variables that are set and not empty, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name.as_str())
    }

    /// The same environment with one variable in place of what it was.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// `$XDG_DATA_HOME/gureum`: what must not be lost.
    pub fn data_dir(&self) -> PathBuf {
        self.xdg("XDG_DATA_HOME", ".local/share")
    }

    /// `$GUREUM_STATE`, else `$XDG_STATE_HOME/gureum`: the local CA, the note of the running server, its log.
    pub fn state_dir(&self) -> PathBuf {
        let own = self.get("GUREUM_STATE").map(PathBuf::from).filter(|path| path.is_absolute());
        own.unwrap_or_else(|| self.xdg("XDG_STATE_HOME", ".local/state"))
    }

    /// `$XDG_CACHE_HOME/gureum`: what can be fetched again, such as runtimes.
    pub fn cache_dir(&self) -> PathBuf {
        self.xdg("XDG_CACHE_HOME", ".cache")
    }

    fn xdg(&self, variable: &str, below_home: &str) -> PathBuf {
        let base = match self.get(variable).map(PathBuf::from).filter(|path| path.is_absolute()) {
            Some(base) => base,
            None => PathBuf::from(self.get("HOME").unwrap_or("/")).join(below_home),
        };
        base.join("gureum")
    }

    /// Whether output should be coloured on a terminal: `NO_COLOR`, `CLICOLOR_FORCE`.
    pub fn colour(&self, is_terminal: bool) -> bool {
        self.get("CLICOLOR_FORCE").is_some_and(|v| v != "0") || (is_terminal && self.get("NO_COLOR").is_none())
    }

    /// The directories of `PATH`, in order.
    pub fn path(&self) -> Vec<PathBuf> {
        std::env::split_paths(self.get("PATH").unwrap_or_default()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_follow_xdg_and_fall_back_to_home() {
        let home = Environment::of([("HOME".to_owned(), "/home/sy".to_owned())]);
        assert_eq!(home.data_dir(), PathBuf::from("/home/sy/.local/share/gureum"));
        let xdg = Environment::of([("XDG_DATA_HOME".to_owned(), "/data".to_owned())]);
        assert_eq!(xdg.data_dir(), PathBuf::from("/data/gureum"));
        let relative = Environment::of([
            ("XDG_DATA_HOME".to_owned(), "relative".to_owned()),
            ("HOME".to_owned(), "/h".to_owned()),
        ]);
        assert_eq!(relative.data_dir(), PathBuf::from("/h/.local/share/gureum"));
    }
}
