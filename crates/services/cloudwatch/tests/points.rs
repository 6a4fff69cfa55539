//! Points over time, restarts and roll-up: the whole service over a store in memory and a clock that the test moves.

mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use api_cloudwatch::Cloudwatch;
use api_cloudwatch::types::*;
use kernel::{Access, AccountId, Caller, Clock, Cx, OsRng, PageTokens, Region};
use service_cloudwatch::{Needs, Service};
use store::backend::mem::Mem;
use store::{Durability, Folder, Store};
use telemetry::{Meter, Sample, Unit};
use world::{Moving, Services};

const ACCOUNT: &str = "111111111111";
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

struct World {
    cloudwatch: Arc<Service>,
    store: Store,
    mem: Mem,
    clock: Arc<Moving>,
    cx: Cx,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl World {
    fn new() -> Self {
        Self::over(Mem::default(), Arc::new(Moving::default()))
    }

    fn over(mem: Mem, clock: Arc<Moving>) -> Self {
        let folder = Folder::temporary().unwrap();
        let fatal = Arc::new(|words: &str| panic!("{words}"));
        let backend = Arc::new(mem.clone());
        let store = Store::over(backend, Durability::Durable, folder, clock.clone(), Arc::new(OsRng), fatal);
        let needs = Needs {
            store: store.clone(),
            clock: clock.clone(),
            page_tokens: PageTokens::new([7; 32]),
            principals: Arc::new(Services),
            lambda: api_lambda::Client::default(),
        };
        let cloudwatch = Arc::new(Service::new(needs));
        let tasks = cloudwatch.tasks().into_iter().map(|(_, task)| tokio::spawn(task)).collect();
        let account = AccountId::parse(ACCOUNT).unwrap();
        let caller = Caller::root(&account);
        let cx = Cx::new("test", account, Region::default(), caller, Access::Open);
        Self { cloudwatch, store, mem, clock, cx, tasks }
    }

    /// Ends the process: what the operating system was given is there.
    async fn killed(self) -> Self {
        let (mem, clock) = (self.mem.clone(), self.clock.clone());
        for task in self.tasks {
            task.abort();
            let _ = task.await;
        }
        Self::over(mem, clock)
    }

    async fn advance(&self, seconds: u64) {
        self.clock.0.advance(Duration::from_secs(seconds));
    }

    async fn eventually(&self, mut holds: impl AsyncFnMut() -> bool) {
        for _ in 0..5_000 {
            if holds().await {
                return;
            }
            self.pause().await;
        }
        panic!("it did not come to hold");
    }

    async fn pause(&self) {
        let clock: &dyn Clock = &*self.clock;
        clock.pause(Duration::from_millis(1)).await;
    }

    fn sample(&self, metric: &'static str, value: f64) {
        self.cloudwatch.record(&Sample {
            account: &self.cx.account,
            region: &self.cx.region,
            namespace: "AWS/Test",
            metric,
            dimensions: &[("A", "1"), ("B", "2")],
            unit: Unit::Count,
            values: &[(value, 1.0)],
            at: self.clock.wall(),
        });
    }

    async fn put(&self, value: f64, resolution: i32) {
        let datum = MetricDatum {
            metric_name: "m".into(),
            value: Some(value),
            storage_resolution: Some(resolution),
            ..MetricDatum::default()
        };
        let input = PutMetricDataInput {
            namespace: "n".into(),
            metric_data: Some(vec![datum]),
            ..PutMetricDataInput::default()
        };
        self.cloudwatch.put_metric_data(&self.cx, input).await.unwrap();
    }

    /// Count and sum of all that is told by periods of this length, over the last `back` seconds.
    async fn told(&self, namespace: &str, metric: &str, period: i32, back: u64) -> (f64, f64) {
        let now = self.clock.wall();
        let pairs = if namespace == "n" { &[][..] } else { &[("B", "2"), ("A", "1")] };
        let dimension = |(name, value): &(&str, &str)| Dimension { name: (*name).into(), value: (*value).into() };
        let metric_stat = |stat: &str| MetricStat {
            metric: Metric {
                namespace: Some(namespace.into()),
                metric_name: Some(metric.into()),
                dimensions: Some(pairs.iter().map(dimension).collect()),
            },
            period,
            stat: stat.into(),
            unit: None,
        };
        let query = |id: &str, stat: &str| MetricDataQuery {
            id: id.into(),
            metric_stat: Some(metric_stat(stat)),
            ..MetricDataQuery::default()
        };
        let input = GetMetricDataInput {
            metric_data_queries: vec![query("count", "SampleCount"), query("sum", "Sum")],
            start_time: now - Duration::from_secs(back),
            end_time: now + Duration::from_secs(120),
            ..GetMetricDataInput::default()
        };
        let results = self.cloudwatch.get_metric_data(&self.cx, input).await.unwrap().metric_data_results.unwrap();
        let total = |id: &str| {
            let result = results.iter().find(|result| result.id.as_deref() == Some(id)).unwrap();
            result.values.iter().flatten().sum::<f64>()
        };
        (total("count"), total("sum"))
    }

    async fn listed(&self, namespace: &str) -> usize {
        let input = ListMetricsInput { namespace: Some(namespace.into()), ..ListMetricsInput::default() };
        self.cloudwatch.list_metrics(&self.cx, input).await.unwrap().metrics.unwrap().len()
    }

    fn keys(&self) -> usize {
        let everything = store::KeyRange::between(&store::Key::from_bytes(vec![]), &store::Key::from_bytes(vec![0xFF]));
        self.store.scan(&everything, 10_000, store::Direction::Forward).unwrap().len()
    }
}

#[tokio::test]
async fn samples_are_told_at_once_and_kept_when_their_minute_has_passed() {
    let world = World::new();
    world.sample("m", 2.0);
    world.sample("m", 3.0);
    assert_eq!(world.told("AWS/Test", "m", 60, HOUR).await, (2.0, 5.0));
    world.eventually(async || world.listed("AWS/Test").await == 1).await;
    world.advance(60).await;
    world.eventually(async || world.keys() >= 2).await;
    assert_eq!(world.told("AWS/Test", "m", 60, HOUR).await, (2.0, 5.0));
    world.sample("m", 4.0);
    assert_eq!(world.told("AWS/Test", "m", 3600, HOUR).await, (3.0, 9.0));
    let world = world.killed().await;
    let (count, _) = world.told("AWS/Test", "m", 3600, HOUR).await;
    assert_eq!(count, 2.0, "the open minute is what a kill takes");
    assert_eq!(world.listed("AWS/Test").await, 1);
}

#[tokio::test]
async fn a_flush_writes_the_open_minute_and_nothing_counts_twice() {
    let world = World::new();
    world.sample("m", 1.0);
    world.cloudwatch.flush().await;
    world.cloudwatch.flush().await;
    world.sample("m", 2.0);
    world.cloudwatch.flush().await;
    assert_eq!(world.told("AWS/Test", "m", 60, HOUR).await, (2.0, 3.0));
    let world = world.killed().await;
    world.sample("m", 4.0);
    assert_eq!(world.told("AWS/Test", "m", 60, HOUR).await, (3.0, 7.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_every_sample_once_while_minutes_are_written() {
    let world = Arc::new(World::new());
    let (started, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (world, started, ended, over) = (world.clone(), started.clone(), ended.clone(), over.clone());
        tokio::spawn(async move {
            for number in 0..3_000 {
                started.fetch_add(1, Ordering::SeqCst);
                world.sample("m", 1.0);
                ended.fetch_add(1, Ordering::SeqCst);
                if number % 50 == 0 {
                    world.advance(30).await;
                    tokio::task::yield_now().await;
                }
                if number % 170 == 0 {
                    world.cloudwatch.flush().await;
                }
            }
            over.store(true, Ordering::SeqCst);
        })
    };
    while !over.load(Ordering::SeqCst) {
        let least = ended.load(Ordering::SeqCst);
        let (count, _) = world.told("AWS/Test", "m", 3600, 2 * HOUR).await;
        let most = started.load(Ordering::SeqCst);
        #[allow(clippy::cast_precision_loss)]
        let (least, most) = (least as f64, most as f64);
        assert!((least..=most).contains(&count), "{count} of {least} to {most}");
    }
    writer.await.unwrap();
    assert_eq!(world.told("AWS/Test", "m", 60, 2 * HOUR).await, (3_000.0, 3_000.0));
}

#[tokio::test]
async fn points_are_rolled_up_by_age_and_then_go() {
    let world = World::new();
    world.put(2.0, 1).await;
    world.put(3.0, 60).await;
    assert_eq!(world.told("n", "m", 1, HOUR).await, (1.0, 2.0));
    let step = async |seconds: u64, told: (i32, u64), expected: (f64, f64)| {
        world.advance(seconds).await;
        let mut tries = 0;
        world
            .eventually(async || {
                tries += 1;
                if tries % 100 == 0 {
                    // The sweeper may just have gone to sleep, by the clock as it is now.
                    world.advance(HOUR).await;
                }
                let (period, days) = told;
                world.told("n", "m", period, days * DAY).await == expected
            })
            .await;
    };
    step(4 * HOUR, (60, 1), (2.0, 5.0)).await;
    assert_eq!(world.told("n", "m", 1, DAY).await, (0.0, 0.0));
    step(16 * DAY, (300, 20), (2.0, 5.0)).await;
    assert_eq!(world.told("n", "m", 60, 20 * DAY).await, (0.0, 0.0));
    assert_eq!(world.listed("n").await, 0, "ListMetrics forgets after two weeks");
    step(50 * DAY, (3600, 70), (2.0, 5.0)).await;
    assert_eq!(world.told("n", "m", 300, 70 * DAY).await, (0.0, 0.0));
    step(400 * DAY, (3600, 480), (0.0, 0.0)).await;
    let mut tries = 0;
    world
        .eventually(async || {
            tries += 1;
            if tries % 100 == 0 {
                world.advance(HOUR).await;
            }
            world.keys() == 0
        })
        .await;
}

#[tokio::test]
async fn concurrent_puts_of_one_minute_are_all_counted() {
    let world = Arc::new(World::new());
    let puts: Vec<_> = (0..100)
        .map(|number| {
            let world = world.clone();
            tokio::spawn(async move { world.put(f64::from(number), 60).await })
        })
        .collect();
    for put in puts {
        put.await.unwrap();
    }
    assert_eq!(world.told("n", "m", 3600, HOUR).await, (100.0, 4950.0));
}
