//! Environments that are initialised before anything calls them.

use std::sync::Arc;

use futures_util::future::join_all;
use runtime::{Engine, FunctionSpec, KeepFailure, Kept};
use tokio::sync::watch;

use crate::world::{World, alive, eventually};

const TELLING: &str = "console.log('made', process.env.AWS_LAMBDA_INITIALIZATION_TYPE);
exports.handler = async (event) => {
  if (event.exit) process.exit(1);
  await new Promise((resolve) => setTimeout(resolve, event.wait || 0));
  return [process.env.AWS_LAMBDA_INITIALIZATION_TYPE, process.env.AWS_LAMBDA_LOG_STREAM_NAME];
};";

async fn until(kept: &mut watch::Receiver<Kept>, is_so: impl Fn(&Kept) -> bool) {
    let limit = std::time::Duration::from_secs(20);
    tokio::time::timeout(limit, kept.wait_for(|kept| is_so(kept))).await.expect("in time").unwrap();
}

async fn ready(kept: &mut watch::Receiver<Kept>, count: u32) {
    until(kept, |kept| kept.ready == count && kept.failure.is_none()).await;
}

fn kept_by(world: &World, spec: &FunctionSpec, count: u32) -> watch::Receiver<Kept> {
    world.pool.keep(Arc::new(spec.clone()), count)
}

#[tokio::test]
async fn what_is_kept_is_initialised_before_the_first_event_and_used_first() {
    let world = World::new();
    let spec = world.nodejs(TELLING);
    let mut kept = kept_by(&world, &spec, 2);
    ready(&mut kept, 2).await;
    assert_eq!(world.pool.environments(), 2);
    let made = || world.log().iter().filter(|line| line.contains("made provisioned-concurrency")).count();
    eventually("both have said so", || made() == 2).await;
    let answers = join_all((0..3).map(|_| world.invoke(&spec, r#"{"wait":300}"#))).await;
    let mut kinds: Vec<String> = answers.iter().map(|a| a.json()[0].as_str().unwrap().to_owned()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]);
    for _ in 0..4 {
        assert_eq!(world.invoke(&spec, "{}").await.json()[0], "provisioned-concurrency");
    }
}

#[tokio::test]
async fn one_that_dies_is_replaced_and_what_is_let_go_ends() {
    let world = World::new();
    let spec = world.nodejs(TELLING);
    let mut kept = kept_by(&world, &spec, 1);
    ready(&mut kept, 1).await;
    let first = world.invoke(&spec, "{}").await.json()[1].clone();
    world.invoke(&spec, r#"{"exit":true}"#).await;
    ready(&mut kept, 0).await;
    ready(&mut kept, 1).await;
    let second = world.invoke(&spec, "{}").await.json();
    assert_eq!(second[0], "provisioned-concurrency");
    assert_ne!(second[1], first);
    world.pool.let_go(&spec.function_arn);
    eventually("it ends", || !alive(second[1].as_str().unwrap())).await;
    assert_eq!(world.invoke(&spec, "{}").await.json()[0], "on-demand");
}

#[tokio::test]
async fn a_number_can_be_changed_and_idle_ones_do_not_grow_old() {
    let world = World::in_a_hurry();
    let spec = world.nodejs(TELLING);
    let mut kept = kept_by(&world, &spec, 1);
    ready(&mut kept, 1).await;
    let mut kept = kept_by(&world, &spec, 3);
    ready(&mut kept, 3).await;
    let mut kept = kept_by(&world, &spec, 1);
    ready(&mut kept, 1).await;
    let before = world.invoke(&spec, "{}").await.json();
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    assert_eq!(world.invoke(&spec, "{}").await.json(), before, "three times the keep-alive of this clock has passed");
}

#[tokio::test]
async fn an_initialization_that_fails_is_told_and_not_tried_again() {
    let world = World::new();
    let spec = world.nodejs("console.log('tried'); throw new Error('no');");
    let mut kept = kept_by(&world, &spec, 2);
    until(&mut kept, |kept| kept.failure == Some(KeepFailure::Init)).await;
    eventually("all have ended", || world.pool.environments() == 0).await;
    let tried = || world.log().iter().filter(|line| line.contains("tried")).count();
    let before = tried();
    assert!((1..=2).contains(&before));
    let mut kept = kept_by(&world, &spec, 1);
    until(&mut kept, |kept| kept.failure == Some(KeepFailure::Init)).await;
    eventually("it was tried anew", || tried() == before + 1).await;
    let none = FunctionSpec { runtime: "java21".to_owned(), generation: "2".to_owned(), ..spec };
    let mut kept = kept_by(&world, &none, 1);
    until(&mut kept, |kept| matches!(kept.failure, Some(KeepFailure::Start(_)))).await;
}
