//! `gureum up`: opens the data folder, plugs the rooms together, listens, and stops in order.

mod doorways;
mod failures;
mod init;
mod isolation;
mod localstack;
mod log;
mod outcomes;
mod panel;
mod paths;
mod platform;
mod port;
mod queues;

use std::io::{self, IsTerminal};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use auth::access::{Gate, Listener, Settings as Access};
use config::{Durability, Environment, Settings};
use doorways::{SandboxDoors, Way};
use edge::{CertificateAuthority, Edge, EdgeOptions, HostFacts, Listening, Patience};
use failures::Failures;
use init::{InitScripts, Stage, Surroundings};
use isolation::Kept;
use kernel::{Clock, OsRng, RealClock, Rng, VirtualClock};
use localstack::Remembered;
use panel::Panel;
use paths::{CodeDownloads, FunctionUrls, Paths};
use platform::{Current, Ingredients, Platform};
pub use port::holder as port_holder;
use serde_json::json;
use store::{Options, Store};
use tokio::net::unix::pipe;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::cli::{RunNote, keep_proxy_token, print_line, store_root_key, stored_root_key};
use crate::memory;
use crate::text::{failures as refused, server as text};

/// How a server ends that was not killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Stop,
    /// To be started again with the same arguments.
    Restart,
}

/// Runs the server until it is told to stop: by a signal, by a caller, or, if it is `tied`, by the end of standard input.
pub async fn run(settings: Settings, environment: &Environment, log_file: Option<&Path>, tied: bool) -> Result<Ending> {
    let started: Arc<dyn Clock> = Arc::new(RealClock::default());
    std::fs::create_dir_all(&settings.state).with_context(|| settings.state.display().to_string())?;
    log::start(settings.log.as_deref(), log_file)?;
    let probing = tokio::task::spawn_blocking(|| runtime::probe_isolation(Path::new(WARDEN)));
    // The ports first: nothing is opened for a server that cannot be reached.
    let listeners = settings.listen.iter().map(|address| bind(*address)).collect::<Result<Vec<_>>>()?;
    let addresses: Vec<SocketAddr> = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?;
    let endpoints: Vec<String> = addresses.iter().map(|address| endpoint(*address, &settings)).collect();

    let init_folder = settings.init.clone().or_else(init::well_known);
    let init = InitScripts::find(init_folder.as_deref())
        .with_context(|| refused::init_scripts_unreadable(init_folder.unwrap_or_default().display()))?;
    let init = Arc::new(init);
    init.run(Stage::Boot, &surroundings(&settings, &endpoints, &started)).await;

    let virtual_clock = settings.virtual_clock.then(|| Arc::new(VirtualClock::default()));
    let clock: Arc<dyn Clock> = match &virtual_clock {
        Some(clock) => clock.clone(),
        None => Arc::new(RealClock::default()),
    };
    let rng: Arc<dyn Rng> = Arc::new(OsRng);
    let (folder, _temporary) = data_folder(&settings)?;
    let store = Store::open(Options {
        dir: folder.clone(),
        durability: durability(settings.durability),
        clock: clock.clone(),
        rng: rng.clone(),
    })?;
    let kept = Kept::new(probing.await?, &settings);
    kept.check(&addresses, &settings)?;
    let doors = Arc::new(SandboxDoors::default());
    let rule = if settings.strict { kernel::Access::Strict } else { kernel::Access::Open };
    let public_hosts = settings.public_hosts(addresses.first().map_or(0, SocketAddr::port))?;
    let ingredients = Arc::new(Ingredients {
        store: store.clone(),
        access: rule,
        clock: clock.clone(),
        rng: rng.clone(),
        doors: doors.clone(),
        base_url: endpoints.first().cloned().unwrap_or_default(),
        scratch: folder.join("scratch"),
        runtimes: settings.cache.join("runtimes"),
        search_path: environment.get("PATH").unwrap_or_default().to_owned(),
        account_concurrency: settings.account_concurrency,
        keep_alive: settings.keep_alive,
        localstack_variables: settings.localstack_env,
        queue_pauses: localstack::queue_pauses(&settings.localstack),
        durable: settings.durability == Durability::Durable,
        failures: Arc::new(Failures::default()),
        isolation: kept.isolation.level,
        network: kept.network,
        own_ports: addresses.iter().map(SocketAddr::port).chain(public_hosts.port()).collect(),
        own_names: settings.hosts.clone(),
        public_hosts,
    });
    let current = Current::new(Platform::new(&ingredients)?);
    tokio::spawn(memory::give_back(started.clone()));

    let access = if settings.strict { "strict" } else { "open" };
    let about = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "endpoint": endpoints.first(),
        "endpoints": endpoints,
        "data": if settings.ephemeral { "a temporary folder".to_owned() } else { folder.display().to_string() },
        "durability": settings.durability,
        "access": access,
        "account": settings.account.as_str(),
        "region": settings.region.as_str(),
        "isolation": kept.isolation,
        "function_network": settings.function_network,
    });
    let (ending, mut told) = watch::channel(None);
    let paths = Arc::new(Paths {
        current: current.clone(),
        ingredients: ingredients.clone(),
        settings: settings.clone(),
        virtual_clock,
        started: started.clone(),
        about,
        session: kernel::id::uuid(rng.as_ref()),
        init: init.clone(),
        remembered: Remembered::default(),
        resetting: tokio::sync::Mutex::default(),
        ending: ending.clone(),
    });
    let authority = CertificateAuthority::open(&settings.state, clock.clone(), rng.clone())?;
    let proxy_token = keep_proxy_token(&settings.state, rng.as_ref()).context("keeping the proxy token")?;
    let authority_pem = Arc::from(authority.certificate_pem());
    let gate = Gate::new(
        Access {
            account: settings.account.clone(),
            region: settings.region.clone(),
            hosts: settings.hosts.clone(),
            origins: settings.cors_origins.clone(),
            proxy_token: Some(proxy_token),
        },
        current.clone(),
    );
    let edge = Edge::new(EdgeOptions {
        services: current.services(),
        gate: Arc::new(gate),
        internal: paths,
        raw_routes: vec![("/_gureum/v1/code/".to_owned(), Arc::new(CodeDownloads(current.clone())))],
        function_urls: Some(Arc::new(FunctionUrls(current.clone()))),
        authority: Some(Arc::new(authority)),
        hosts: HostFacts { own: settings.hosts.clone(), ..HostFacts::default() },
        witness: Some(ingredients.failures.clone()),
        patience: Patience::default(),
        clock: clock.clone(),
        rng,
    });
    doors.bind(Way { edge: edge.clone(), access: rule, any_key: settings.sandbox_any_key, authority: authority_pem });
    if settings.strict || addresses.iter().any(|address| !address.ip().is_loopback()) {
        first_root_key(&current, &settings).await?;
    }
    // Made anew: the first strict start has a root key only now.
    let around = surroundings(&settings, &endpoints, &started);
    init.run(Stage::Start, &around).await;
    let mut listening = Vec::new();
    for listener in listeners {
        listening.push(listen(&edge, listener, &settings)?);
    }

    // From the moment on at which anybody knows of this server it ends in order.
    let mut signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let note = RunNote {
        pid: std::process::id(),
        endpoint: endpoints.first().cloned().unwrap_or_default(),
        data: folder,
        account: settings.account.to_string(),
        region: settings.region.to_string(),
        strict: settings.strict,
    };
    note.write(&settings.state).context("writing the run note")?;
    let platform = current.get();
    let panel = Panel {
        settings: &settings,
        endpoints: &endpoints,
        functions: platform.lambda.functions_stored(),
        runtimes: &languages(&settings),
        init_scripts: init.count(),
        not_isolated: &kept.shared(),
        took: started.monotonic(),
    };
    print_line(&panel.text());
    if !io::stdout().is_terminal() {
        // The line that testcontainers waits for.
        print_line("Ready.");
    }
    drop(platform);

    let ended = {
        let seeding = init.run(Stage::Ready, &around);
        let end = told_to_end(&mut signals, &mut told, tied);
        tokio::pin!(seeding, end);
        tokio::select! {
            ended = &mut end => ended?,
            () = &mut seeding => end.await?,
        }
    };
    init.run(Stage::Shutdown, &around).await;
    note.remove(&settings.state);
    stop(listening, &current, &store).await;
    Ok(ended)
}

/// What init scripts find around them: AWS's own variables, as `gureum env` gives them.
fn surroundings(settings: &Settings, endpoints: &[String], clock: &Arc<dyn Clock>) -> Surroundings {
    let endpoint = endpoints.first().cloned().unwrap_or_default();
    let region = settings.region.to_string();
    let key = stored_root_key(&settings.state).filter(|_| settings.strict);
    let (id, secret) = match key {
        Some(key) => (key.access_key_id, key.secret_access_key),
        None => ("test".to_owned(), "test".to_owned()),
    };
    Surroundings {
        clock: clock.clone(),
        variables: vec![
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", region.clone()),
            ("AWS_DEFAULT_REGION", region),
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ],
    }
}

/// What watches over each function: this program, under another name.
const WARDEN: &str = "/proc/self/exe";

/// What functions can be written in, told by what is installed: asking every interpreter would cost the start.
fn languages(settings: &Settings) -> Vec<String> {
    let mut languages: Vec<String> =
        runtime::installed(&settings.cache.join("runtimes")).into_iter().map(str::to_owned).collect();
    if languages.is_empty() {
        languages.push(text::no_runtimes());
    }
    languages.push("provided.*".to_owned());
    languages
}

fn endpoint(address: SocketAddr, settings: &Settings) -> String {
    let scheme = if address.ip().is_loopback() || settings.insecure { "http" } else { "https" };
    format!("{scheme}://{address}")
}

/// Errors: the port is taken; the process that holds it is named.
fn bind(address: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(address) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => match port::holder(address) {
            Some((pid, name)) => {
                bail!(refused::port_held(address, pid, name))
            }
            None => bail!(refused::port_taken(address)),
        },
        Err(error) => Err(error).with_context(|| refused::cannot_listen(address)),
    }
}

/// Access follows the address: off loopback every call is signed, and nothing travels in the clear unless it is allowed.
fn listen(edge: &Arc<Edge>, listener: TcpListener, settings: &Settings) -> Result<Listening> {
    let on_loopback = listener.local_addr()?.ip().is_loopback();
    let access = if settings.strict || !on_loopback { Listener::Strict } else { Listener::Open };
    Ok(edge.listen_on(listener, access, !on_loopback && !settings.insecure)?)
}

/// The data folder, and for an ephemeral server what removes it at the end.
fn data_folder(settings: &Settings) -> Result<(std::path::PathBuf, Option<tempfile::TempDir>)> {
    if settings.ephemeral {
        let folder = tempfile::Builder::new().prefix("gureum-").tempdir()?;
        return Ok((folder.path().to_owned(), Some(folder)));
    }
    Ok((settings.data.clone(), None))
}

fn durability(setting: Durability) -> store::Durability {
    match setting {
        Durability::Durable => store::Durability::Durable,
        Durability::Relaxed => store::Durability::Relaxed,
        Durability::Memory => store::Durability::Memory,
    }
}

/// Makes the first root key of the account, shows it once and keeps it for its user's own commands.
async fn first_root_key(current: &Current, settings: &Settings) -> Result<()> {
    let directory = current.get().directory.clone();
    if !directory.root_keys(&settings.account)?.is_empty() {
        return Ok(());
    }
    let key = directory.create_root_key(&settings.account).await?;
    let (id, secret) = (key.access_key_id, key.secret_access_key);
    let kept = store_root_key(&settings.state, &id, &secret)?;
    print_line(&format!(
        "  {}\n    AWS_ACCESS_KEY_ID={id}\n    AWS_SECRET_ACCESS_KEY={secret}\n",
        text::first_root_key(&settings.account, kept.display())
    ));
    Ok(())
}

/// Returns when a signal or a caller with the right to do so has asked for the end.
async fn told_to_end(
    (terminate, interrupt): &mut (Signal, Signal),
    told: &mut watch::Receiver<Option<Ending>>,
    tied: bool,
) -> Result<Ending> {
    let asked = async {
        match told.wait_for(Option::is_some).await.map(|ending| *ending) {
            Ok(Some(ending)) => ending,
            // The sender lives as long as our own paths do.
            _ => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = terminate.recv() => Ok(Ending::Stop),
        _ = interrupt.recv() => Ok(Ending::Stop),
        ending = asked => Ok(ending),
        untied = stdin_ends(), if tied => untied.map(|()| Ending::Stop),
    }
}

/// Returns when the pipe of standard input has no writer any more. What is written to it means nothing.
async fn stdin_ends() -> Result<()> {
    let pipe = io::stdin().as_fd().try_clone_to_owned()?;
    let mut pipe = pipe::Receiver::from_owned_fd(pipe).context("standard input is not a pipe")?;
    tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    Ok(())
}

/// Stops accepting, lets work in flight end (bounded by the edge), ends functions, and closes the store.
async fn stop(listening: Vec<Listening>, current: &Current, store: &Store) {
    for listener in listening {
        listener.stop().await;
    }
    current.get().stop().await;
    store.close().await;
}
