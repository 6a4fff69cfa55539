use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use runtime::{Engine, EnvironmentError, InvocationError, IsolationLevel};

use crate::world::{Answer, World, alive, eventually, level, processes, runtimes_dir, search_path};

/// Leaves a grandchild behind that has left its group, its session and its parent. Answers its log stream, by which all
/// its processes are found: each has it in its environment.
const ESCAPING: &str = "const { spawn } = require('child_process');
exports.handler = async () => {
  const shell = spawn('setsid', ['sh', '-c', 'sleep 600 & echo $!; exit 0'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((resolve) => shell.stdout.once('data', resolve));
  return process.env.AWS_LAMBDA_LOG_STREAM_NAME;
};";
/// Its own and the grandchild.
const ESCAPING_PROCESSES: usize = 2;

#[tokio::test]
async fn several_environments_run_at_once_and_each_takes_one_event() {
    let world = World::new();
    let spec = world.nodejs(
        "let busy = 0; exports.handler = async () => { busy += 1; const seen = busy;
           await new Promise((r) => setTimeout(r, 300)); busy -= 1; return [process.env.AWS_LAMBDA_LOG_STREAM_NAME, seen]; };",
    );
    let answers = join_all((0..4).map(|_| world.invoke(&spec, "{}"))).await;
    let stream = |answer: &Answer| answer.json()[0].as_str().unwrap().to_owned();
    let mut streams: Vec<String> = answers.iter().map(stream).collect();
    streams.sort_unstable();
    streams.dedup();
    assert_eq!(streams.len(), 4);
    assert!(answers.iter().all(|answer| answer.json()[1] == 1));
    let again = world.invoke(&spec, "{}").await;
    assert!(streams.contains(&stream(&again)), "a warm environment was there");
}

#[tokio::test]
async fn a_changed_function_gets_a_new_environment_and_the_old_one_ends() {
    let world = World::new();
    let mut spec = world.nodejs("exports.handler = async () => process.env.AWS_LAMBDA_LOG_STREAM_NAME;");
    let old = world.invoke(&spec, "{}").await.json();
    spec.generation = "2".into();
    world.pool.retire(&spec.function_arn, Some("2"));
    let new = world.invoke(&spec, "{}").await.json();
    assert_ne!(old, new);
    eventually("the old process ends", || !alive(old.as_str().unwrap())).await;
    assert_eq!(world.invoke(&spec, "{}").await.json(), new);
}

#[tokio::test]
async fn a_function_that_is_retired_while_busy_may_finish() {
    let world = World::new();
    let spec = world.nodejs("exports.handler = async () => { console.log('in'); await new Promise((r) => setTimeout(r, 500)); return process.env.AWS_LAMBDA_LOG_STREAM_NAME; };");
    let (answer, ()) = tokio::join!(world.invoke(&spec, "{}"), async {
        eventually("it has begun", || world.log().iter().any(|line| line.contains("\tin\n"))).await;
        world.pool.retire(&spec.function_arn, None);
    });
    let pid = answer.json();
    eventually("its process ends", || !alive(pid.as_str().unwrap())).await;
}

#[tokio::test]
async fn an_idle_environment_ends_after_its_keep_alive() {
    let world = World::in_a_hurry();
    let spec = world.nodejs("exports.handler = async () => process.env.AWS_LAMBDA_LOG_STREAM_NAME;");
    let pid = world.invoke(&spec, "{}").await.json();
    eventually("it ends by itself", || !alive(pid.as_str().unwrap())).await;
    assert_ne!(world.invoke(&spec, "{}").await.json(), pid);
}

#[tokio::test]
async fn an_initialization_over_ten_seconds_is_tried_again_within_the_timeout() {
    let world = World::in_a_hurry();
    let spec = world.python("import time\ntime.sleep(1.5)\ndef handler(event, context):\n    return 'late'\n");
    let answer = world.invoke(&spec, "{}").await;
    assert_eq!(answer.text(), "\"late\"");
    let report = answer.outcome.report.as_ref().unwrap();
    assert!(report.init.is_none() && report.duration >= Duration::from_millis(1500), "{report:?}");
    let log = world.log();
    assert!(log[1].starts_with("INIT_REPORT Init Duration: ") && log[1].ends_with("\tPhase: init\tStatus: timeout\n"));
    assert!(answer.tail().starts_with("START"), "{}", answer.tail());
}

#[tokio::test]
async fn an_initialization_over_the_timeout_times_out() {
    let world = World::in_a_hurry();
    let mut spec = world.python("import time\ntime.sleep(60)\ndef handler(event, context):\n    return 'late'\n");
    spec.timeout = Duration::from_secs(2);
    let answer = world.invoke(&spec, "{}").await;
    assert_eq!(answer.failure()["errorType"], "Sandbox.Timedout");
    let log = world.log();
    assert!(log[2].ends_with("\tPhase: invoke\tStatus: timeout\n"), "{log:#?}");
}

#[tokio::test]
async fn shutdown_leaves_no_process_however_detached() {
    for level in [IsolationLevel::Plain, level()] {
        let world = World::with(level);
        let spec = world.nodejs(ESCAPING);
        let answer = world.invoke(&spec, "{}").await;
        let stream = answer.json().as_str().unwrap().to_owned();
        eventually("both run", || processes(&stream) == ESCAPING_PROCESSES).await;
        let began = Instant::now();
        world.pool.shutdown().await;
        assert!(began.elapsed() < Duration::from_secs(2));
        assert!(!alive(&stream));
        let refused = world.invoke(&spec, "{}").await.outcome.result;
        assert!(matches!(refused, Err(InvocationError::Environment(EnvironmentError::Stopping))));
        let left = std::fs::read_dir(world.folder.path().join("scratch")).unwrap();
        assert!(left.flatten().all(|entry| entry.file_name() == "etc"));
    }
}

#[tokio::test]
async fn shutdown_ends_a_busy_function_within_its_bound() {
    let world = World::new();
    let spec = world.nodejs("exports.handler = async () => { console.log('in'); for (;;); };");
    let (answer, ()) = tokio::join!(world.invoke(&spec, "{}"), async {
        eventually("it has begun", || world.log().iter().any(|line| line.contains("\tin\n"))).await;
        world.pool.shutdown().await;
    });
    assert!(matches!(answer.outcome.result, Err(InvocationError::Environment(EnvironmentError::Stopping))));
}

#[tokio::test]
async fn dropping_the_pool_leaves_no_process() {
    for level in [IsolationLevel::Plain, level()] {
        let world = World::with(level);
        let spec = world.nodejs(ESCAPING);
        let stream = world.invoke(&spec, "{}").await.json().as_str().unwrap().to_owned();
        drop(world);
        eventually("all end", || !alive(&stream)).await;
    }
}

#[tokio::test]
async fn a_timeout_leaves_no_process_however_detached() {
    for level in [IsolationLevel::Plain, level()] {
        let world = World::with(level);
        let mut spec = world.nodejs(&ESCAPING.replace(
            "return process.env.AWS_LAMBDA_LOG_STREAM_NAME;",
            "console.log('left behind'); await new Promise((r) => setTimeout(r, 60000));",
        ));
        spec.timeout = Duration::from_secs(2);
        world.invoke(&spec, "{}").await.failure();
        assert!(world.log().iter().any(|line| line.ends_with("left behind\n")));
        assert!(!alive(&world.streams()[0]));
    }
}

#[tokio::test]
async fn no_process_survives_a_killed_server() {
    for level in ["plain", "best"] {
        let world = World::new();
        let spec = world.nodejs(ESCAPING);
        let server = Path::new(env!("CARGO_BIN_EXE_function-warden")).with_file_name("examples").join("serve_one");
        let mut server = Command::new(server)
            .args([runtimes_dir(), world.folder.path().join("other-scratch"), spec.code_dir, level.into()])
            .env("PATH", search_path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answer = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut answer).unwrap();
        let stream = answer.trim().trim_matches('"').to_owned();
        eventually("both run", || processes(&stream) == ESCAPING_PROCESSES).await;
        server.kill().unwrap();
        server.wait().unwrap();
        eventually("all end", || !alive(&stream)).await;
    }
}

const LOOKING_AROUND: &str = "const fs = require('fs');
exports.handler = async () => {
  fs.writeFileSync('/tmp/gureum-test-mine', 'x');
  let written = true;
  try { fs.writeFileSync('mine', 'x'); } catch { written = false; }
  return { cwd: process.cwd(), file: __filename, tmp: fs.readdirSync('/tmp'), written,
    server: Object.keys(process.env).filter((name) => /CARGO|HOME|USER/.test(name)), root: process.env.LAMBDA_TASK_ROOT };
};";

#[tokio::test]
async fn a_function_sees_its_code_on_var_task_and_nothing_of_the_server() {
    let world = World::new();
    let spec = world.nodejs(LOOKING_AROUND);
    let seen = world.invoke(&spec, "{}").await.json();
    assert_eq!(seen["server"], serde_json::json!([]));
    // Where the host allows no world of its own the next test's rules hold.
    if level() == IsolationLevel::Namespaces {
        assert_eq!((&seen["cwd"], &seen["file"]), (&"/var/task".into(), &"/var/task/index.js".into()));
        assert_eq!(seen["tmp"], serde_json::json!(["gureum-test-mine"]));
        assert_eq!(seen["written"], serde_json::json!(false), "the code is read-only");
        assert!(!Path::new("/tmp/gureum-test-mine").exists());
    }
    world.pool.shutdown().await;
    assert!(spec.code_dir.join("index.js").exists());
}

#[tokio::test]
async fn without_a_world_functions_run_on_real_paths() {
    let world = World::with(IsolationLevel::Plain);
    for spec in [world.nodejs("exports.handler = async () => process.cwd();"), world.python(PYTHON_CWD)] {
        let real = spec.code_dir.canonicalize().unwrap();
        assert_eq!(world.invoke(&spec, "{}").await.json(), serde_json::json!(real));
    }
}

const PYTHON_CWD: &str = "import os\ndef handler(event, context):\n    return os.getcwd()\n";

#[tokio::test]
async fn an_idle_environment_whose_process_is_gone_is_replaced() {
    let world = World::new();
    let spec = world.nodejs(
        "exports.handler = async (event, context) => { context.callbackWaitsForEmptyEventLoop = false;
           setTimeout(() => process.exit(3), 50); return process.env.AWS_LAMBDA_LOG_STREAM_NAME; };",
    );
    let first = world.invoke(&spec, "{}").await.json();
    eventually("it exits by itself", || !alive(first.as_str().unwrap())).await;
    let second = world.invoke(&spec, "{}").await.json();
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_function_that_breaks_the_channel_is_ended_and_replaced() {
    let world = World::new();
    let spec = world.nodejs(
        "exports.handler = async (event) => { if (event.break) { require('fs').writeSync(4, Buffer.alloc(12, 255));
           await new Promise((r) => setTimeout(r, 60000)); } return 'ok'; };",
    );
    let failure = world.invoke(&spec, r#"{"break":1}"#).await.failure();
    assert_eq!(failure["errorType"], "Runtime.ExitError");
    assert_eq!(world.invoke(&spec, "{}").await.text(), "\"ok\"");
}

const KILLING: &str = "exports.handler = async (event) => {
  if (event.kill) { process.kill(process.ppid, 'SIGKILL'); if (process.ppid !== 1) for (;;); } return 'ok'; };";

#[tokio::test]
async fn a_plain_function_that_kills_its_warden_dies_with_it() {
    let world = World::with(IsolationLevel::Plain);
    let spec = world.nodejs(KILLING);
    let failure = world.invoke(&spec, r#"{"kill":1}"#).await.failure();
    assert!(failure["errorMessage"].as_str().unwrap().ends_with("Runtime exited with error: signal: killed"));
    eventually("its process ends", || !alive(&world.streams()[0])).await;
    assert_eq!(world.invoke(&spec, "{}").await.text(), "\"ok\"");
}

#[tokio::test]
async fn in_a_world_of_its_own_a_function_kills_nobody_but_itself() {
    if level() == IsolationLevel::Namespaces {
        let world = World::new();
        assert_eq!(world.invoke(&world.nodejs(KILLING), r#"{"kill":1}"#).await.text(), "\"ok\"");
    }
}

#[tokio::test]
async fn a_flood_of_output_neither_blocks_nor_gets_lost() {
    let world = World::new();
    let spec = world.python(
        "def handler(event, context):\n    print('x' * 3000000)\n    for i in range(2000):\n        print('line', i)\n",
    );
    world.invoke(&spec, "{}").await.text();
    let log = world.log();
    assert_eq!(log.iter().filter(|line| line.starts_with('x')).map(|line| line.trim().len()).sum::<usize>(), 3_000_000);
    assert_eq!(log.iter().filter(|line| line.starts_with("line ")).count(), 2000);
    assert!(log.last().unwrap().starts_with("REPORT"));
}

#[tokio::test]
async fn what_cannot_run_says_why_and_what_to_do() {
    let world = World::new();
    assert_eq!(world.pool.prepare("nodejs20.x").await, Ok(()));
    assert_eq!(world.pool.prepare("python3.11").await, Ok(()));
    assert_eq!(world.pool.prepare("provided.al2023").await, Ok(()));
    let reason = world.pool.prepare("java21").await.unwrap_err();
    assert!(reason.contains("nodejs4.3 to nodejs24.x"), "{reason}");
}

#[test]
fn installing_where_nothing_can_be_fetched_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let error = runtime::install("nodejs20.x", dir.path(), "/nowhere", |_| {}).unwrap_err();
    assert!(error.to_string().contains("`npm` is not on the PATH"), "{error}");
    assert_eq!(runtime::installed(dir.path()), Vec::<&str>::new());
}
