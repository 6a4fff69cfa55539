"""Two libraries that people consume queues with, unmodified: celery over kombu's SQS transport (PyPI; it polls with pycurl, not with
boto3) and sqs-consumer (npm, @aws-sdk v3). Tasks run, fail and are tried again, go on elsewhere when their worker dies, and stop."""

import json
import os
import signal
import subprocess
import sys

import pytest
from conftest import BINARY, eventually

REGION = "ap-northeast-2"
MODULES = os.path.join(os.environ["GUREUM_NODE_CLIENTS"], "node_modules")
ATTRIBUTES = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]


@pytest.fixture(scope="module")
def account():
    """A key that is an account of its own: twelve digits."""
    return "310000000001"


@pytest.fixture
def sqs(gureum, account):
    return gureum.client("sqs", REGION, key=account)


def counts(sqs, url):
    """Messages that are visible, in flight, delayed."""
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=ATTRIBUTES)["Attributes"]
    return [int(found[attribute]) for attribute in ATTRIBUTES]


class Journal:
    """What workers wrote, one JSON value a line."""

    def __init__(self, path):
        self.path = path

    def read(self):
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def of(self, kind):
        return [line[1:] for line in self.read() if line[0] == kind]


@pytest.fixture
def started(tmp_path):
    """Starts programs; those that still run at the end are killed, with their children."""
    running = []

    def start(*command, environment):
        log = open(tmp_path / f"program-{len(running)}.log", "wb")
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log, start_new_session=True)
        process.log = lambda: (tmp_path / log.name).read_text()
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


TASKS = """
import json, os, time
from celery import Celery

app = Celery("tasks", broker=os.environ["BROKER"])
app.conf.task_default_queue = os.environ["QUEUE"]
app.conf.broker_transport_options = {"region": "ap-northeast-2", "visibility_timeout": int(os.environ["VISIBILITY"]), "wait_time_seconds": 5}
app.conf.worker_prefetch_multiplier = 1
app.conf.task_acks_late = app.conf.task_reject_on_worker_lost = True
app.conf.broker_connection_retry_on_startup = True


def note(*values):
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(json.dumps(values) + "\\n")


@app.task
def add(a, b):
    note("added", a, b, a + b)


@app.task(bind=True, max_retries=5)
def fails_twice(self, what):
    note("tried", what, self.request.retries)
    if self.request.retries < 2:
        raise self.retry(countdown=1)
    note("done", what)


@app.task
def slow(what, seconds):
    note("began", what, os.getpid())
    time.sleep(seconds)
    note("ended", what, os.getpid())
"""


class Celery:
    def __init__(self, gureum, account, name, folder, start, visibility=30, plain=False):
        (folder / "tasks.py").write_text(TASKS)
        self.journal, self.folder, self.start = Journal(folder / "journal"), folder, start
        host = gureum.endpoint.split("//")[1]
        broker = "sqs://" if plain else f"sqs://{account}:test@{host}//"
        self.environment = dict(gureum.environment, BROKER=broker, QUEUE=name, VISIBILITY=str(visibility), JOURNAL=str(folder / "journal"), PYTHONPATH=str(folder))
        self.before = [BINARY, "exec", "--"] if plain else []
        if plain:
            self.environment |= dict(GUREUM_ENDPOINT=gureum.endpoint, AWS_ACCESS_KEY_ID=account, AWS_SECRET_ACCESS_KEY="test", AWS_REGION=REGION)

    def worker(self):
        command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip"]
        return self.start(*self.before, *command, environment=self.environment)

    def send(self, code):
        command = [*self.before, sys.executable, "-c", f"from tasks import *\n{code}"]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("plain", [False, True], ids=["by its broker's URL", "by gureum exec"])
def test_celery_runs_every_task_once_and_leaves_nothing(gureum, account, sqs, name, tmp_path, started, plain):
    celery = Celery(gureum, account, name, tmp_path, started, plain=plain)
    celery.send("[add.delay(n, n) for n in range(20)]")
    worker = celery.worker()
    assert eventually(lambda: len(celery.journal.of("added")) >= 20, 60), worker.log()
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    assert eventually(lambda: counts(sqs, url) == [0, 0, 0]), counts(sqs, url)
    assert sorted(celery.journal.of("added")) == [[n, n, 2 * n] for n in range(20)]
    # A worker that waits is woken by what comes.
    celery.send("add.delay(1, 2)")
    assert eventually(lambda: [1, 2, 3] in celery.journal.of("added")), worker.log()


def test_celery_tries_a_failed_task_again_after_its_pause(gureum, account, sqs, name, tmp_path, started):
    celery = Celery(gureum, account, name, tmp_path, started)
    worker = celery.worker()
    celery.send("[fails_twice.delay(n) for n in range(3)]")
    assert eventually(lambda: len(celery.journal.of("done")) >= 3, 60), worker.log()
    assert sorted(celery.journal.of("tried")) == [[what, retry] for what in range(3) for retry in range(3)]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    assert eventually(lambda: counts(sqs, url) == [0, 0, 0]), counts(sqs, url)


def test_a_task_whose_celery_worker_dies_runs_elsewhere_after_its_visibility_timeout(gureum, account, sqs, name, tmp_path, started):
    celery = Celery(gureum, account, name, tmp_path, started, visibility=4)
    first = celery.worker()
    celery.send("slow.delay('job', 60)")
    assert eventually(lambda: celery.journal.of("began"), 60), first.log()
    os.killpg(first.pid, signal.SIGKILL)
    first.wait(10)
    celery.environment["VISIBILITY"] = "60"
    second = celery.worker()
    assert eventually(lambda: len(celery.journal.of("began")) == 2, 60), second.log()
    (_, one), (_, other) = celery.journal.of("began")
    assert one != other and not celery.journal.of("ended")


def test_a_celery_worker_that_is_told_to_stop_ends_its_tasks_and_gives_the_others_back(gureum, account, sqs, name, tmp_path, started):
    celery = Celery(gureum, account, name, tmp_path, started)
    first = celery.worker()
    celery.send("[slow.delay(n, 2) for n in range(8)]")
    assert eventually(lambda: len(celery.journal.of("began")) >= 2, 60), first.log()
    first.send_signal(signal.SIGTERM)
    assert first.wait(40) == 0, first.log()
    assert len(celery.journal.of("ended")) == len(celery.journal.of("began")) < 8, "it ends what it had begun, and no more"
    second = celery.worker()
    assert eventually(lambda: {what for what, _ in celery.journal.of("ended")} == set(range(8)), 60), second.log()
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    assert eventually(lambda: counts(sqs, url) == [0, 0, 0]), counts(sqs, url)
    assert len(celery.journal.of("ended")) == 8, "each once"


CONSUMER = """
const { Consumer } = require('sqs-consumer');
const { appendFileSync } = require('fs');
const note = (...values) => appendFileSync('journal', JSON.stringify(values) + '\\n');
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const options = JSON.parse(process.argv[2]);
const handleMessage = async (message) => {
  const { what, ms = 0, fails = 0 } = JSON.parse(message.Body);
  const tries = Number(message.Attributes.ApproximateReceiveCount);
  note('began', what, tries);
  await pause(ms);
  if (tries <= fails) throw new Error(`fails at try ${tries}`);
  note('ended', what, tries);
  return message;
};
const handleMessageBatch = async (messages) => {
  note('batch', messages.length);
  return messages.filter((m) => !JSON.parse(m.Body).leave);
};
const consumer = Consumer.create({ messageSystemAttributeNames: ['All'], strictReturn: true, suppressFifoWarning: true,
  ...(options.batch ? { handleMessageBatch } : { handleMessage }), ...options });
for (const event of ['error', 'processing_error', 'timeout_error']) consumer.on(event, (error) => note(event, error.message));
for (const event of ['message_processed', 'stopped', 'empty', 'aborted']) consumer.on(event, () => note(event));
process.on('SIGTERM', () => consumer.stop({ abort: options.abort }));
consumer.start();
"""


class Consumer:
    def __init__(self, gureum, account, folder, start, **options):
        (folder / "consumer.js").write_text(CONSUMER)
        self.journal = Journal(folder / "journal")
        environment = dict(
            gureum.environment, NODE_PATH=MODULES, AWS_ENDPOINT_URL=gureum.endpoint, AWS_REGION=REGION, AWS_ACCESS_KEY_ID=account, AWS_SECRET_ACCESS_KEY="test"
        )
        self.process = start("node", "consumer.js", json.dumps(options), environment=environment)

    def ended(self):
        return sorted(what for what, _ in self.journal.of("ended"))


def body(**values):
    return json.dumps(values)


def test_sqs_consumer_handles_every_message_once(gureum, account, sqs, name, tmp_path, started):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    consumer = Consumer(gureum, account, tmp_path, started, queueUrl=url, batchSize=10)
    assert eventually(lambda: consumer.process.poll() is None and not counts(sqs, url)[0])
    for first in range(0, 50, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": body(what=n)} for n in range(first, first + 10)])
    assert eventually(lambda: len(consumer.journal.of("message_processed")) == 50), consumer.process.log()
    assert consumer.ended() == list(range(50)) and counts(sqs, url) == [0, 0, 0]
    assert not consumer.journal.of("error")


def test_sqs_consumer_gives_back_what_failed_until_it_is_a_dead_letter(gureum, account, sqs, name, tmp_path, started):
    dead = sqs.create_queue(QueueName=name + "-dlq")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{account}:{name}-dlq", "maxReceiveCount": 3})
    url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
    consumer = Consumer(gureum, account, tmp_path, started, queueUrl=url, batchSize=2, terminateVisibilityTimeout=True)
    sent = {fails: sqs.send_message(QueueUrl=url, MessageBody=body(what=fails, fails=fails))["MessageId"] for fails in [1, 2, 9]}
    assert eventually(lambda: consumer.ended() == [1, 2] and counts(sqs, dead) == [1, 0, 0]), consumer.journal.read()
    assert sorted(consumer.journal.of("began")) == [[1, 1], [1, 2], [2, 1], [2, 2], [2, 3], [9, 1], [9, 2], [9, 3]]
    assert sqs.receive_message(QueueUrl=dead)["Messages"][0]["MessageId"] == sent[9]
    assert counts(sqs, url) == [0, 0, 0]


def test_sqs_consumers_heartbeat_keeps_a_long_job_to_itself(gureum, account, sqs, name, tmp_path, started):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=body(what="long", ms=5000))
    first = Consumer(gureum, account, tmp_path, started, queueUrl=url, visibilityTimeout=2, heartbeatInterval=1)
    # The one without a heartbeat must not get it first.
    assert eventually(lambda: first.journal.of("began")), first.process.log()
    other = Consumer(gureum, account, tmp_path, started, queueUrl=url, visibilityTimeout=2)
    assert eventually(lambda: other.journal.of("message_processed")), other.process.log()
    assert other.journal.of("began") == [["long", 1]] and counts(sqs, url) == [0, 0, 0]


def test_sqs_consumer_without_a_heartbeat_sees_a_long_job_twice(gureum, account, sqs, name, tmp_path, started):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=body(what="long", ms=4000))
    one = Consumer(gureum, account, tmp_path, started, queueUrl=url, visibilityTimeout=2)
    Consumer(gureum, account, tmp_path, started, queueUrl=url, visibilityTimeout=2)
    assert eventually(lambda: ["long", 2] in one.journal.of("began")), one.process.log()


def test_sqs_consumer_stops_and_another_goes_on(gureum, account, sqs, name, tmp_path, started):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    first = Consumer(gureum, account, tmp_path, started, queueUrl=url, waitTimeSeconds=1)
    sqs.send_message(QueueUrl=url, MessageBody=body(what=1))
    assert eventually(lambda: first.ended() == [1])
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(10) == 0 and first.journal.of("stopped")
    sqs.send_message(QueueUrl=url, MessageBody=body(what=2))
    second = Consumer(gureum, account, tmp_path, started, queueUrl=url, waitTimeSeconds=20)
    assert eventually(lambda: second.ended() == [1, 2], 5), "what comes after it has gone belongs to the next"


def test_what_comes_for_an_aborted_poll_is_there_after_its_visibility_timeout(gureum, account, sqs, name, tmp_path, started):
    """Whoever closes a connection may still read from it, so the poll goes on: docs/services/sqs.md, known differences."""
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "2"})["QueueUrl"]
    first = Consumer(gureum, account, tmp_path, started, queueUrl=url, waitTimeSeconds=20, abort=True)
    sqs.send_message(QueueUrl=url, MessageBody=body(what=1))
    assert eventually(lambda: first.journal.of("message_processed"))
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(10) == 0 and first.journal.of("aborted")
    sqs.send_message(QueueUrl=url, MessageBody=body(what=2))
    second = Consumer(gureum, account, tmp_path, started, queueUrl=url, waitTimeSeconds=20)
    assert eventually(lambda: second.ended() == [1, 2]), second.process.log()


def test_sqs_consumer_leaves_out_of_a_batch_what_it_does_not_acknowledge(gureum, account, sqs, name, tmp_path, started):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    entries = [{"Id": str(n), "MessageBody": body(what=n, leave=n % 2)} for n in range(10)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    consumer = Consumer(gureum, account, tmp_path, started, queueUrl=url, batch=True, batchSize=10, visibilityTimeout=60)
    assert eventually(lambda: len(consumer.journal.of("message_processed")) == 5), consumer.process.log()
    assert counts(sqs, url) == [0, 5, 0]


def test_sqs_consumer_keeps_the_order_of_a_fifo_group(gureum, account, sqs, name, tmp_path, started):
    url = sqs.create_queue(QueueName=name + ".fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
    for n in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=body(what=n, fails=1 if n == 4 else 0), MessageGroupId="g")
    consumers = [Consumer(gureum, account, tmp_path, started, queueUrl=url, terminateVisibilityTimeout=True) for _ in range(2)]
    assert eventually(lambda: len(consumers[0].ended()) == 12), consumers[0].process.log()
    assert [what for what, _ in consumers[0].journal.of("ended")] == list(range(12))
