//! Background work: accepted events run as they become due, until they have succeeded or are given up.

use std::sync::Arc;

use bytes::Bytes;
use kernel::Timestamp;
use runtime::{Invocation, InvocationError, Outcome};
use telemetry::{Via, What};

use crate::admission::{Admitted, Call};
use crate::destinations;
use crate::error::{Error, Throttle};
use crate::events::Event;
use crate::functions::Function;
use crate::kept_events::{forget, keep};
use crate::metrics::{Metric, Series};
use crate::model::name::{FunctionRef, LATEST};
use crate::model::retry::{self, Condition, Next, Patience, Try};
use crate::ops::or_nothing;
use crate::records::{EndedRecord, EventRecord};
use crate::service::Shared;

/// Starts events as they become due, for ever.
pub async fn run(shared: Arc<Shared>) {
    loop {
        match shared.events.take(shared.clock.now()) {
            Ok(event) => start(&shared, event),
            Err(None) => shared.events.woken().await,
            Err(Some(due)) => tokio::select! {
                biased;
                () = shared.events.woken() => {}
                () = shared.clock.sleep_until(due) => {}
            },
        }
    }
}

/// What an event may do now.
enum Leave {
    /// It has room, for this version.
    Run(Admitted, String),
    /// There is nothing that it could run.
    Nothing,
    /// It may never run: its function's reserved concurrency is zero.
    Forbidden,
    /// There is no room.
    Throttled,
}

/// Asks for room, in the order in which events are due; one that finds none waits and asks again.
fn start(shared: &Arc<Shared>, event: Event) {
    let leave = ask(shared, &event);
    let shared = shared.clone();
    tokio::spawn(async move {
        let kept = event.clone();
        if let Err(error) = step(&shared, event, leave).await {
            tracing::error!(%error, function = kept.function, "an accepted event could not be handled");
            put_off(&shared, kept);
        }
    });
}

fn ask(shared: &Shared, event: &Event) -> Leave {
    let Ok(Some(function)) = shared.functions.find(&event.place, &event.function) else { return Leave::Nothing };
    let (qualifier, request_id) = (event.qualifier.as_deref(), event.request_id.as_str());
    let Some(version) = function.routed(qualifier, || shared.rng.below(10_000)) else { return Leave::Nothing };
    match shared.admit(&Call { function: &function, version, qualifier, request_id, via: Via::Event }) {
        Ok(admitted) => Leave::Run(admitted, version.version.clone()),
        Err(refusal) => {
            let zero = refusal.throttle == Throttle::Reserved && function.record.reserved_concurrency == Some(0);
            if zero { Leave::Forbidden } else { Leave::Throttled }
        }
    }
}

fn put_off(shared: &Shared, mut event: Event) {
    event.put_off += 1;
    let due = shared.clock.now() + crate::limits::BACKOFF_LONGEST;
    shared.events.again(event, due);
}

/// An event as it stands on disk, and the function that it is for.
struct Open {
    event: Event,
    record: EventRecord,
    function: Arc<Function>,
}

impl Open {
    fn patience(&self) -> Patience {
        let config = self.function.event_invokes.get(self.record.qualifier.as_deref().unwrap_or(LATEST));
        Patience::new(config.and_then(|c| c.retries), config.and_then(|c| c.age_s))
    }

    fn named(&self) -> FunctionRef {
        FunctionRef {
            account: self.event.place.account.clone(),
            region: self.event.place.region.clone(),
            name: self.event.function.clone(),
            qualifier: self.record.qualifier.clone(),
        }
    }

    /// What the function gets, and whoever is told of it: `{}` where nothing was sent.
    fn payload(&self, shared: &Shared) -> Result<Bytes, Error> {
        let key = self.event.place.event_payload(&self.event.function, &self.event.request_id);
        Ok(or_nothing(shared.store.get(&key)?.unwrap_or_default()))
    }

    fn series(&self) -> Series {
        Series::called(&self.event.place, &self.event.function, self.record.qualifier.as_deref(), None)
    }

    fn count(&self, shared: &Shared, metric: Metric) {
        shared.metrics.count(&Arc::new(self.series()), metric);
    }
}

/// Reads the event. One whose function is gone is over.
async fn open(shared: &Shared, event: Event) -> Result<Option<Open>, Error> {
    let key = event.place.event(&event.function, &event.request_id);
    let Some(record) = shared.store.get_record::<EventRecord>(&key)? else {
        shared.events.finished();
        return Ok(None);
    };
    let function = shared.functions.find(&event.place, &event.function)?;
    match function.filter(|function| function.record.id == record.function_id) {
        Some(function) => Ok(Some(Open { event, record, function })),
        None => {
            forget(shared, &event).await?;
            Ok(None)
        }
    }
}

/// One try, or what is left to do after the last.
async fn step(shared: &Arc<Shared>, event: Event, leave: Leave) -> Result<(), Error> {
    let Some(mut open) = open(shared, event).await? else { return Ok(()) };
    if matches!(leave, Leave::Throttled) && open.record.ended.is_none() {
        return decide(shared, open, Try::NotRun, None).await;
    }
    if open.record.ended.is_some() {
        return tell(shared, &open).await;
    }
    if retry::expired(open.patience(), open.record.accepted, shared.clock.now()) {
        return end(shared, open, Some(Condition::EventAgeExceeded), None).await;
    }
    if open.record.is_loop {
        open.count(shared, Metric::RecursiveInvocationsDropped);
        return end(shared, open, Some(Condition::RecursiveLoop), None).await;
    }
    let (tried, last) = match leave {
        Leave::Run(admitted, version) => {
            let payload = open.payload(shared)?;
            try_once(shared, &open, payload, admitted, &version).await
        }
        Leave::Forbidden => return end(shared, open, Some(Condition::ZeroReservedConcurrency), None).await,
        Leave::Nothing | Leave::Throttled => (Try::NotRun, None),
    };
    if tried == Try::FunctionError || tried == Try::Succeeded {
        open.record.runs += 1;
        open.event.put_off = 0;
    }
    decide(shared, open, tried, last).await
}

/// What the last run answered.
struct Last {
    version: String,
    response: Bytes,
}

async fn try_once(
    shared: &Arc<Shared>,
    open: &Open,
    payload: Bytes,
    admitted: Admitted,
    version: &str,
) -> (Try, Option<Last>) {
    let Some(version) = open.function.version(version) else { return (Try::NotRun, None) };
    let spec = match shared.spec(&open.function, version).await {
        Ok(spec) => spec,
        Err(error) => {
            tracing::info!(%error, function = open.event.function, "an accepted event cannot run now");
            return (Try::NotRun, None);
        }
    };
    let invocation = Invocation {
        request_id: open.event.request_id.clone(),
        payload,
        invoked_arn: open.named().qualified_arn(),
        client_context: None,
        cognito_identity: None,
        trace_header: open.record.trace.clone(),
        tail: false,
        stream: None,
    };
    let now = shared.clock.now();
    let age_ms = u32::try_from(now.since(open.record.accepted).as_millis()).unwrap_or(u32::MAX);
    shared.metrics.add(now, &[(&Arc::new(open.series()), &[(Metric::AsyncEventAge, f64::from(age_ms))])]);
    let last = |response| Some(Last { version: version.version.clone(), response });
    match shared.run_to_its_end(spec, invocation, admitted).await {
        Ok(Outcome { result: Ok(response), .. }) => (Try::Succeeded, last(response)),
        Ok(Outcome { result: Err(InvocationError::Function(response)), .. }) => (Try::FunctionError, last(response)),
        Ok(Outcome { result: Err(InvocationError::Environment(error)), .. }) => {
            tracing::info!(%error, function = open.event.function, "an accepted event could not run");
            (Try::NotRun, None)
        }
        Err(_) => (Try::NotRun, None),
    }
}

async fn decide(shared: &Arc<Shared>, mut open: Open, tried: Try, last: Option<Last>) -> Result<(), Error> {
    let Open { record, event, .. } = &open;
    let now = shared.clock.now();
    let next = retry::after(tried, open.patience(), record.accepted, now, record.runs, event.put_off);
    match next {
        Next::Done => end(shared, open, None, last).await,
        Next::GiveUp(condition) => end(shared, open, Some(condition), last).await,
        Next::Again { due } => {
            if tried == Try::FunctionError {
                open.record.due = due;
                keep(shared, &open.event, &open.record).await?;
            } else {
                open.event.put_off += 1;
            }
            shared.events.again(open.event, due);
            Ok(())
        }
    }
}

/// The event needs no further run. Where somebody is to be told, that is kept first.
async fn end(
    shared: &Arc<Shared>,
    mut open: Open,
    condition: Option<Condition>,
    last: Option<Last>,
) -> Result<(), Error> {
    // A kill after this must find either the event or what its runs have written.
    shared.logs.flush().await;
    let failed = condition.is_some();
    let nobody = kernel::sabotaged!("nobody is told of an event that failed")
        || destinations::of(&open.function, open.record.qualifier.as_deref(), failed).is_empty();
    if nobody {
        forget(shared, &open.event).await?;
        count_dropped(shared, &open, condition);
        return Ok(());
    }
    open.record.ended = Some(EndedRecord {
        condition: condition.map(Into::into),
        executed_version: last.as_ref().map(|last| last.version.clone()),
        response: last.map(|last| String::from_utf8_lossy(&last.response).into_owned()),
    });
    open.record.due = shared.clock.now();
    keep(shared, &open.event, &open.record).await?;
    count_dropped(shared, &open, condition);
    tell(shared, &open).await
}

/// Once that is kept: what could not be kept is decided anew.
fn count_dropped(shared: &Shared, open: &Open, condition: Option<Condition>) {
    let Some(condition) = condition.filter(|_| !kernel::sabotaged!("an event that is given up is not counted")) else {
        return;
    };
    open.count(shared, Metric::AsyncEventsDropped);
    let Event { place, function, request_id, .. } = &open.event;
    let (function, condition) = (function.clone(), condition.as_str().to_owned());
    let what = What::EventDropped { function, condition, runs: open.record.runs };
    shared.tell(place, request_id, shared.clock.now(), what);
}

/// Tells the destinations, at least once; one that cannot be told is said in the log, as AWS says it in a metric.
async fn tell(shared: &Arc<Shared>, open: &Open) -> Result<(), Error> {
    let Some(ended) = &open.record.ended else { return Ok(()) };
    let payload = open.payload(shared)?;
    let report = destinations::Report {
        function: &open.function,
        named: &open.named(),
        request_id: &open.event.request_id,
        runs: open.record.runs,
        ended,
        trace: open.record.trace.as_deref(),
        payload: &payload,
        at: shared.clock.wall(),
    };
    for destination in destinations::of(&open.function, open.record.qualifier.as_deref(), ended.condition.is_some()) {
        if kernel::sabotaged!("an event's failure is told twice") {
            drop(destinations::deliver(shared, &report, &destination).await);
        }
        if let Err(error) = destinations::deliver(shared, &report, &destination).await {
            let metric = destination.failure_metric();
            open.count(shared, metric);
            let (function, destination) = (&open.event.function, destination.arn());
            tracing::warn!(%error, function, destination, ?metric, "an event's outcome could not be delivered");
        }
    }
    forget(shared, &open.event).await
}

/// A moment as AWS writes it in what it tells destinations: `2019-11-14T18:16:05.568Z`.
pub fn told_at(at: Timestamp) -> String {
    at.iso8601_millis()
}
