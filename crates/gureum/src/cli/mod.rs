//! The commands. Each gives a [`Report`]: words for a person, or with `--json` one envelope for a program.

mod connection;
mod doctor;
mod env;
mod exec;
mod failure;
mod invoke;
mod keys;
mod lifecycle;
mod logs;
mod pointing;
mod proxy_token;
mod queue;
mod reference;
mod report;
mod reset;
mod root_key;
mod run;
mod run_note;
mod runtime;
mod status;
mod time;
mod usage;
mod why;

use clap::{CommandFactory, Parser, Subcommand};
use config::{Environment, UpArgs};

pub use failure::Failure;
pub use lifecycle::{detach, start_again};
pub use proxy_token::keep as keep_proxy_token;
pub use report::{Report, print_failure, print_line};
pub use root_key::{store as store_root_key, stored as stored_root_key};
pub use run_note::RunNote;
pub use usage::{parse, parsed, wrong_setting};

use crate::text::{Language, in_language};

/// Serverless applications written for AWS, on your own machine.
#[derive(Debug, Parser)]
#[command(name = "gureum", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// One JSON object on standard output instead of words
    #[arg(long, global = true)]
    pub json: bool,
    /// The server to talk to. Default: $GUREUM_ENDPOINT, $AWS_ENDPOINT_URL, the running server
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint: Option<String>,
    /// The language to speak. Default: $GUREUM_LANG, the locale
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Language>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server
    Up(Up),
    /// Stop the running server
    Down,
    /// What runs, where, and what is not isolated
    Status,
    /// Wait until the server is ready and its init scripts have ended
    Wait(lifecycle::Wait),
    /// Print the variables that point AWS clients here: eval "$(gureum env)"
    Env(env::Env),
    /// Run a command whose AWS clients, whatever they are, talk to the server
    Exec(exec::Exec),
    /// Run a command with a fresh server of its own, exit with its code and tell what failed
    Run(run::Run),
    /// Forget everything: functions, logs, roles, keys
    Reset,
    /// Root keys of an account
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Invoke a function; exit code 6 when the function fails
    Invoke(invoke::Invoke),
    /// A function's log lines, oldest first; -f follows
    Logs(logs::Logs),
    /// Why a request failed, or what became of a message
    Why(why::Why),
    /// Queues and their messages
    #[command(subcommand)]
    Queue(queue::Queue),
    /// Runtimes that functions can use here
    #[command(subcommand)]
    Runtime(runtime::Runtime),
    /// The virtual clock of a server started with --virtual-clock
    #[command(subcommand)]
    Time(time::Time),
    /// What works on this machine, what does not, why, and what to do about it
    Doctor,
    /// Print docs/guides/cli.md
    #[command(hide = true)]
    Reference,
    /// Print the completion script of a shell
    Completion {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, clap::Args)]
pub struct Up {
    #[command(flatten)]
    pub settings: UpArgs,
    /// Run in the background; return when the server is ready
    #[arg(short, long)]
    pub detach: bool,
    /// Log to this file, bounded, instead of standard error
    #[arg(long, hide = true)]
    pub log_file: Option<std::path::PathBuf>,
    /// End when standard input, a pipe, does: with whoever holds its other end
    #[arg(long, hide = true)]
    pub until_stdin_ends: bool,
}

/// Runs every command but `up` in the foreground, which the server runs itself.
pub async fn run(cli: Cli, environment: &Environment) -> Result<Report, Failure> {
    let connect = || connection::Connection::find(cli.endpoint.as_deref(), environment);
    match cli.command {
        Command::Up(_) => detach(environment).await,
        Command::Down => lifecycle::down(environment).await,
        Command::Status => status::run(&connect()?).await,
        Command::Wait(wait) => lifecycle::wait(wait, &connect()?).await,
        Command::Env(env) => env::run(env, &connect()?, environment).await,
        Command::Exec(exec) => exec::run(exec, &connect()?, environment).await,
        Command::Run(run) => run::run(run, environment).await,
        Command::Reset => reset::run(&connect()?).await,
        Command::Keys(keys) => keys::run(keys, &connect()?).await,
        Command::Invoke(invoke) => invoke::run(invoke, &connect()?).await,
        Command::Logs(logs) => logs::run(logs, &connect()?, cli.json).await,
        Command::Why(why) => why::run(why, &connect()?).await,
        Command::Queue(queue) => queue::run(queue, &connect()?, cli.json).await,
        Command::Runtime(runtime) => runtime::run(runtime, environment).await,
        Command::Time(time) => time::run(time, &connect()?).await,
        Command::Doctor => doctor::run(cli.endpoint.as_deref(), environment).await,
        Command::Reference => Ok(Report::words(reference::markdown(in_language(Cli::command(), Language::spoken())))),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut in_language(Cli::command(), Language::spoken()), "gureum", &mut script);
            Ok(Report::words(String::from_utf8_lossy(&script).into_owned()))
        }
    }
}

impl Command {
    /// The name in the envelope.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Up(_) => "up",
            Self::Down => "down",
            Self::Status => "status",
            Self::Wait(_) => "wait",
            Self::Env(_) => "env",
            Self::Exec(_) => "exec",
            Self::Run(_) => "run",
            Self::Reset => "reset",
            Self::Keys(_) => "keys",
            Self::Invoke(_) => "invoke",
            Self::Logs(_) => "logs",
            Self::Why(_) => "why",
            Self::Queue(_) => "queue",
            Self::Runtime(_) => "runtime",
            Self::Time(_) => "time",
            Self::Doctor => "doctor",
            Self::Reference => "reference",
            Self::Completion { .. } => "completion",
        }
    }
}
