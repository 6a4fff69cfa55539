//! Alarms over time: the whole service over a store in memory and a clock that the test moves.

mod world;

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_cloudwatch::Cloudwatch;
use api_cloudwatch::types::*;
use api_lambda::types::{InvocationRequest, InvocationResponse};
use kernel::{Access, AccountId, Caller, Clock, Cx, OsRng, PageTokens, Region};
use service_cloudwatch::{Needs, Service};
use store::backend::mem::Mem;
use store::{Durability, Folder, Store};
use wire::{ApiError, EnumValue};
use world::{Moving, Services};

/// Takes every invocation, after as many failures as it is given.
#[derive(Default)]
struct Lambda {
    events: Mutex<Vec<serde_json::Value>>,
    failures: Mutex<Vec<ApiError>>,
}

impl api_lambda::Lambda for Lambda {
    fn invoke(
        &self,
        _: &Cx,
        input: InvocationRequest,
    ) -> impl Future<Output = Result<InvocationResponse, ApiError>> + Send {
        let failure = self.failures.lock().unwrap().pop();
        if failure.is_none() {
            let event = serde_json::from_slice(&input.payload.unwrap_or_default()).unwrap();
            self.events.lock().unwrap().push(event);
        }
        std::future::ready(failure.map_or_else(|| Ok(InvocationResponse::default()), Err))
    }
}

struct World {
    cloudwatch: Arc<Service>,
    lambda: Arc<Lambda>,
    mem: Mem,
    clock: Arc<Moving>,
    cx: Cx,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

const FUNCTION: &str = "arn:aws:lambda:us-east-1:111111111111:function:f";

impl World {
    fn new() -> Self {
        Self::over(Mem::default(), Arc::new(Moving::default()))
    }

    fn over(mem: Mem, clock: Arc<Moving>) -> Self {
        let folder = Folder::temporary().unwrap();
        let fatal = Arc::new(|words: &str| panic!("{words}"));
        let backend = Arc::new(mem.clone());
        let store = Store::over(backend, Durability::Durable, folder, clock.clone(), Arc::new(OsRng), fatal);
        let (lambda, client) = (Arc::new(Lambda::default()), api_lambda::Client::default());
        client.bind(lambda.clone());
        let cloudwatch = Arc::new(Service::new(Needs {
            store,
            clock: clock.clone(),
            page_tokens: PageTokens::new([7; 32]),
            principals: Arc::new(Services),
            lambda: client,
        }));
        let tasks = cloudwatch.tasks().into_iter().map(|(_, task)| tokio::spawn(task)).collect();
        let account = AccountId::parse("111111111111").unwrap();
        let caller = Caller::root(&account);
        let cx = Cx::new("test", account, Region::default(), caller, Access::Open);
        Self { cloudwatch, lambda, mem, clock, cx, tasks }
    }

    async fn killed(self) -> Self {
        for task in self.tasks {
            task.abort();
            let _ = task.await;
        }
        Self::over(self.mem, self.clock)
    }

    async fn eventually(&self, mut holds: impl AsyncFnMut() -> bool) {
        for _ in 0..5_000 {
            if holds().await {
                return;
            }
            let clock: &dyn Clock = &*self.clock;
            clock.pause(Duration::from_millis(1)).await;
        }
        panic!("it did not come to hold");
    }

    async fn put(&self, value: f64) {
        let datum = MetricDatum { metric_name: "m".into(), value: Some(value), ..MetricDatum::default() };
        let input = PutMetricDataInput {
            namespace: "n".into(),
            metric_data: Some(vec![datum]),
            ..PutMetricDataInput::default()
        };
        self.cloudwatch.put_metric_data(&self.cx, input).await.unwrap();
    }

    fn alarm() -> PutMetricAlarmInput {
        PutMetricAlarmInput {
            alarm_name: "a".into(),
            namespace: Some("n".into()),
            metric_name: Some("m".into()),
            statistic: Some(Statistic::from_text("Sum".into())),
            period: Some(60),
            evaluation_periods: Some(1),
            threshold: Some(5.0),
            comparison_operator: Some(ComparisonOperator::from_text("GreaterThanThreshold".into())),
            alarm_actions: Some(vec![FUNCTION.into(), "arn:aws:sns:us-east-1:111111111111:t".into()]),
            ..PutMetricAlarmInput::default()
        }
    }

    async fn make(&self, alarm: PutMetricAlarmInput) {
        self.cloudwatch.put_metric_alarm(&self.cx, alarm).await.unwrap();
    }

    async fn shown(&self) -> MetricAlarm {
        let answer = self.cloudwatch.describe_alarms(&self.cx, DescribeAlarmsInput::default()).await.unwrap();
        answer.metric_alarms.unwrap().pop().unwrap()
    }

    async fn becomes(&self, state: &str) -> MetricAlarm {
        self.eventually(async || self.shown().await.state_value.unwrap().as_str() == state).await;
        self.shown().await
    }

    async fn history(&self, kind: &str) -> Vec<String> {
        let input = DescribeAlarmHistoryInput {
            history_item_type: Some(HistoryItemType::from_text(kind.into())),
            scan_by: Some(ScanBy::TimestampAscending),
            ..DescribeAlarmHistoryInput::default()
        };
        let answer = self.cloudwatch.describe_alarm_history(&self.cx, input).await.unwrap();
        answer.alarm_history_items.unwrap().into_iter().filter_map(|item| item.history_summary).collect()
    }

    fn advance(&self, seconds: u64) {
        self.clock.0.advance(Duration::from_secs(seconds));
    }

    fn invoked(&self) -> usize {
        self.lambda.events.lock().unwrap().len()
    }
}

#[tokio::test]
async fn an_alarm_follows_its_metric_and_invokes_its_function_once() {
    let world = World::new();
    world.make(World::alarm()).await;
    assert_eq!(world.shown().await.state_reason.unwrap(), "Unchecked: Initial alarm creation");
    world.put(9.0).await;
    world.advance(60);
    let alarmed = world.becomes("ALARM").await;
    let reason = alarmed.state_reason.unwrap();
    assert!(reason.starts_with("Threshold Crossed: 1 datapoint [9.0 ("), "{reason}");
    assert!(reason.ends_with(")] was greater than the threshold (5.0)."), "{reason}");
    world.eventually(async || world.history("Action").await.len() == 2).await;
    world.put(1.0).await;
    world.advance(60);
    world.becomes("OK").await;
    world.advance(600);
    world.becomes("INSUFFICIENT_DATA").await;
    let updates = ["INSUFFICIENT_DATA to ALARM", "ALARM to OK", "OK to INSUFFICIENT_DATA"];
    assert_eq!(world.history("StateUpdate").await, updates.map(|change| format!("Alarm updated from {change}")));
    let events = world.lambda.events.lock().unwrap().clone();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["alarmData"]["alarmName"], "a");
    assert_eq!(events[0]["alarmData"]["state"]["value"], "ALARM");
    assert_eq!(events[0]["alarmData"]["previousState"]["value"], "INSUFFICIENT_DATA");
    let mut actions = world.history("Action").await;
    actions.sort();
    let topic = "arn:aws:sns:us-east-1:111111111111:t";
    let failed = format!("Failed to execute action {topic}. Received error: \"Resource not found\"");
    assert_eq!(actions, [failed, format!("Successfully executed action {FUNCTION}")]);
}

#[tokio::test]
async fn actions_that_were_due_are_taken_after_a_kill() {
    let world = World::new();
    world.lambda.failures.lock().unwrap().extend((0..1000).map(|_| ApiError::internal("away")));
    world.make(World::alarm()).await;
    world.put(9.0).await;
    world.advance(60);
    world.becomes("ALARM").await;
    world.eventually(async || world.lambda.failures.lock().unwrap().len() < 1000).await;
    assert_eq!(world.invoked(), 0);
    let world = world.killed().await;
    world.eventually(async || world.invoked() == 1).await;
    world.becomes("ALARM").await;
    assert_eq!(world.history("StateUpdate").await.len(), 1, "the state was kept");
}

#[tokio::test]
async fn an_alarm_with_short_periods_is_evaluated_every_ten_seconds() {
    let world = World::new();
    world.make(PutMetricAlarmInput { period: Some(10), ..World::alarm() }).await;
    let datum = MetricDatum {
        metric_name: "m".into(),
        value: Some(9.0),
        storage_resolution: Some(1),
        ..MetricDatum::default()
    };
    let input =
        PutMetricDataInput { namespace: "n".into(), metric_data: Some(vec![datum]), ..PutMetricDataInput::default() };
    world.cloudwatch.put_metric_data(&world.cx, input).await.unwrap();
    world.advance(10);
    world.becomes("ALARM").await;
    world.advance(40);
    world.becomes("INSUFFICIENT_DATA").await;
}

#[tokio::test]
async fn actions_that_are_disabled_are_not_taken() {
    let world = World::new();
    world.make(PutMetricAlarmInput { actions_enabled: Some(false), ..World::alarm() }).await;
    world.put(9.0).await;
    world.advance(60);
    world.becomes("ALARM").await;
    assert!(world.history("Action").await.is_empty());
    assert_eq!(world.invoked(), 0);
}
