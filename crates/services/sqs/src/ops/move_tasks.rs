//! StartMessageMoveTask, CancelMessageMoveTask, ListMessageMoveTasks, and the task that runs them.
//! Source: SQS API Reference, of the three; Developer Guide, "Learn how to configure a dead-letter queue redrive".

use std::sync::Arc;
use std::time::Duration;

use api_sqs::types::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::Cx;
use serde_json::{Value, json};
use store::{Direction, Key, KeyRange, Part};

use crate::access::{self, Action};
use crate::error::{Error, Result, invalid, required};
use crate::limits::{LISTED_MOVE_TASKS_MAX, MOVE_TASKS_MAX, MOVES_PER_SECOND};
use crate::machine::{Command, Counts, MoveOn, Out};
use crate::model::name::QueueName;
use crate::records::{MoveStatus, MoveTask, Place, QueueId};
use crate::service::{Known, Service};

/// How often a task moves messages in a second, so that a rate is even.
const STEPS_PER_SECOND: u32 = 10;
/// Messages of a step of a task without a rate. AWS moves as many as it can.
const STEP_MAX: usize = 50;

impl Service {
    pub(crate) async fn start_task(&self, cx: &Cx, input: StartMessageMoveTaskRequest) -> Result<String> {
        let source = self.source(cx, input.source_arn, "StartMessageMoveTask")?;
        let destination = match input.destination_arn.filter(|arn| !arn.is_empty()) {
            None => None,
            Some(arn) => Some(self.destination(cx, &source, arn)?),
        };
        let per_second = input
            .max_number_of_messages_per_second
            .map(|rate| {
                let checked = u32::try_from(rate).ok().filter(|rate| MOVES_PER_SECOND.contains(rate));
                checked.ok_or_else(|| {
                    invalid("MaxNumberOfMessagesPerSecond", rate, "Must be between 1 and 500, if provided.")
                })
            })
            .transpose()?;
        if self.sources_of(&source)?.is_empty() {
            return Err(Error::Invalid("Source queue must be configured as a Dead Letter Queue.".to_owned()));
        }
        let counts = match self.call(&source.id, Command::Count).await? {
            Out::Counts(counts) => counts,
            _ => Counts::default(),
        };
        let place = Place::of(source.name());
        let task = MoveTask {
            id: crate::model::message::uuid(&self.message_id()),
            status: MoveStatus::Running,
            source_arn: source.arn(),
            destination_arn: destination,
            per_second,
            started: self.now().millis(),
            to_move: counts.visible,
            moved: 0,
            failure: None,
        };
        let handle = handle(&task);
        let key = place.task(source.id.number(), task.started, &task.id);
        self.store
            .transact(move |txn| {
                let mut running = 0;
                for (other, old) in txn.scan_records::<MoveTask>(&KeyRange::prefix(&place.all_tasks()), usize::MAX, Direction::Forward)? {
                    let active = matches!(old.status, MoveStatus::Running | MoveStatus::Cancelling);
                    running += usize::from(active);
                    if active && old.source_arn == task.source_arn {
                        let words = "There is already a task running. Only one active task is allowed for a source queue arn at a given \
                                     time.";
                        return Err(Error::Unsupported(words));
                    }
                    let _ = other;
                }
                if running >= MOVE_TASKS_MAX {
                    return Err(Error::OverLimit("Too many message move tasks are running.".to_owned()));
                }
                Ok(txn.put_record(key, &task)?)
            })
            .await?;
        self.moves.notify_one();
        Ok(handle)
    }

    pub(crate) async fn cancel_task(&self, cx: &Cx, input: CancelMessageMoveTaskRequest) -> Result<u64> {
        let given = required(input.task_handle.filter(|handle| !handle.is_empty()), "TaskHandle")?;
        let wrong = || Error::Invalid("Value for parameter TaskHandle is invalid.".to_owned());
        let (id, source) = read_handle(&given).ok_or_else(wrong)?;
        let source = self.source(cx, Some(source), "CancelMessageMoveTask")?;
        let range = KeyRange::prefix(&Place::of(source.name()).tasks(source.id.number()));
        self.store
            .transact(move |txn| {
                let tasks = txn.scan_records::<MoveTask>(&range, usize::MAX, Direction::Forward)?;
                let found = tasks.into_iter().find(|(_, task)| task.id == id);
                let Some((key, mut task)) = found else { return Err(Error::NotFound("Task does not exist.")) };
                if task.status != MoveStatus::Running {
                    let words = "Only active tasks can be cancelled.";
                    return Err(Error::Unsupported(words));
                }
                task.status = MoveStatus::Cancelled;
                txn.put_record(key, &task)?;
                Ok(task.moved)
            })
            .await
    }

    pub(crate) fn list_tasks(
        &self,
        cx: &Cx,
        input: ListMessageMoveTasksRequest,
    ) -> Result<Vec<ListMessageMoveTasksResultEntry>> {
        let source = self.source(cx, input.source_arn, "ListMessageMoveTasks")?;
        let most = input.max_results.unwrap_or(1);
        let checked = usize::try_from(most).ok().filter(|most| (1..=LISTED_MOVE_TASKS_MAX).contains(most));
        let most = checked
            .ok_or_else(|| invalid("MaxResults", most, "MaxResults must be an integer value between 1 and 10."))?;
        let range = KeyRange::prefix(&Place::of(source.name()).tasks(source.id.number()));
        let tasks = self.store.scan_records::<MoveTask>(&range, most, Direction::Backward)?;
        Ok(tasks.into_iter().map(|(_, task)| shown(task)).collect())
    }

    fn source(&self, cx: &Cx, arn: Option<String>, action: &'static str) -> Result<Arc<Known>> {
        let arn = required(arn.filter(|arn| !arn.is_empty()), "SourceArn")?;
        let name = QueueName::of_arn(&arn).filter(|name| name.region == cx.region);
        let name = name.ok_or_else(|| {
            Error::Invalid(
                "You must use this format to specify the SourceArn: arn:aws:sqs:<region>:<account-id>:<queue-name>"
                    .to_owned(),
            )
        })?;
        let missing = "The resource that you specified for the SourceArn parameter doesn't exist.";
        let known = self.known(&name).map_err(|error| match error {
            Error::NoSuchQueue => Error::NotFound(missing),
            other => other,
        })?;
        access::check(cx, &known, Action::Own(action), self.now())?;
        Ok(known)
    }

    fn destination(&self, cx: &Cx, source: &Known, arn: String) -> Result<String> {
        let name = QueueName::of_arn(&arn).filter(|name| name.region == cx.region);
        let name = name.ok_or_else(|| Error::Invalid("You must use this format to specify the DestinationArn: arn:aws:sqs:<region>:<account-id>:<queue-name>".to_owned()))?;
        let missing = "The resource that you specified for the DestinationArn parameter doesn't exist.";
        let known = self.known(&name).map_err(|error| match error {
            Error::NoSuchQueue => Error::NotFound(missing),
            other => other,
        })?;
        if known.id == source.id {
            return Err(Error::Invalid("Source and destination queues must be different.".to_owned()));
        }
        if known.is_fifo() != source.is_fifo() {
            return Err(Error::Invalid("Source and destination queues must be of the same type.".to_owned()));
        }
        Ok(arn)
    }

    /// Queues that send their dead letters here.
    fn sources_of(&self, target: &Known) -> Result<Vec<Key>> {
        let (range, arn) = (KeyRange::prefix(&Place::of(target.name()).queues()), target.arn());
        let queues = self.store.scan_records::<crate::records::Queue>(&range, usize::MAX, Direction::Forward)?;
        let sends =
            |queue: &crate::records::Queue| queue.attributes.redrive.as_ref().is_some_and(|r| r.target_arn == arn);
        Ok(queues.into_iter().filter(|(_, queue)| sends(queue)).map(|(key, _)| key).collect())
    }

    /// Runs every task that is to run, each at its rate; waits while there is none.
    pub(crate) async fn run_moves(&self) {
        loop {
            match self.move_everywhere().await {
                Ok(true) => self.clock.pause(Duration::from_secs(1) / STEPS_PER_SECOND).await,
                Ok(false) => self.moves.notified().await,
                Err(error) => self.recover(error).await,
            }
        }
    }

    /// One step of every running task. Answers whether there is one.
    async fn move_everywhere(&self) -> Result<bool> {
        let mut running = false;
        for place in self.places()? {
            for (key, task) in self.store.scan_records::<MoveTask>(
                &KeyRange::prefix(&place.all_tasks()),
                usize::MAX,
                Direction::Forward,
            )? {
                if task.status == MoveStatus::Running {
                    running = true;
                    self.step(key, task).await?;
                }
            }
        }
        Ok(running)
    }

    async fn step(&self, key: Key, task: MoveTask) -> Result<()> {
        let number = key.parts().unwrap_or_default().get(4).and_then(Part::number);
        let source = QueueName::of_arn(&task.source_arn).zip(number).map(|(name, number)| QueueId::new(name, number));
        let Some(source) = source else { return Err(Error::Damaged) };
        let to = task.destination_arn.as_deref().and_then(QueueName::of_arn);
        let to = match to.map(|name| self.known(&name)) {
            Some(Ok(known)) => Some(known.id.clone()),
            Some(Err(Error::NoSuchQueue)) => return self.fail(key, task).await,
            Some(Err(error)) => return Err(error),
            None => None,
        };
        // What a task of this rate should have moved by now.
        let due = task.per_second.map(|rate| {
            let elapsed = u64::try_from(self.now().millis() - task.started).unwrap_or(0) / 1000 + 1;
            usize::try_from((elapsed * u64::from(rate)).saturating_sub(task.moved)).unwrap_or(STEP_MAX)
        });
        let count = due.unwrap_or(STEP_MAX).min(STEP_MAX);
        if count == 0 {
            return Ok(());
        }
        let ids = (0..count).map(|_| self.message_id()).collect();
        match self.machines.call(&source, Command::Move(MoveOn { key: key.clone(), to, ids })).await? {
            Out::NoQueue => self.fail(key, task).await,
            _ => Ok(()),
        }
    }

    async fn fail(&self, key: Key, mut task: MoveTask) -> Result<()> {
        task.status = MoveStatus::Failed;
        task.failure = Some("AWS.SimpleQueueService.NonExistentQueue".to_owned());
        self.store.transact(move |txn| Ok::<_, Error>(txn.put_record(key, &task)?)).await
    }
}

/// `{"taskId":…,"sourceArn":…}` in base64, as AWS's handles are.
fn handle(task: &MoveTask) -> String {
    STANDARD.encode(json!({"taskId": task.id, "sourceArn": task.source_arn}).to_string())
}

fn read_handle(handle: &str) -> Option<(String, String)> {
    let value: Value = serde_json::from_slice(&STANDARD.decode(handle).ok()?).ok()?;
    Some((value["taskId"].as_str()?.to_owned(), value["sourceArn"].as_str()?.to_owned()))
}

fn shown(task: MoveTask) -> ListMessageMoveTasksResultEntry {
    let running = task.status == MoveStatus::Running;
    ListMessageMoveTasksResultEntry {
        task_handle: running.then(|| handle(&task)),
        status: Some(task.status.word().to_owned()),
        source_arn: Some(task.source_arn),
        destination_arn: task.destination_arn,
        max_number_of_messages_per_second: task.per_second.and_then(|rate| i32::try_from(rate).ok()),
        approximate_number_of_messages_moved: i64::try_from(task.moved).ok(),
        approximate_number_of_messages_to_move: i64::try_from(task.to_move).ok(),
        failure_reason: task.failure,
        started_timestamp: Some(task.started),
    }
}
