"""Post 003, steps 2 and 3 (MISSION rows 3.10 to 3.20, 3.23; 4.1's limit): a producer behind a URL, a queue, a worker, dead letters,
their metrics, and k6. In place of the post's HTTP API there is a function URL, in place of its framework the API."""

import collections
import datetime
import http.client
import json
import os
import re
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest
from conftest import BINARY, eventually, refused, zipped

REGION = "ap-northeast-2"
AWS = os.path.join(os.path.dirname(sys.executable), "aws")
K6 = os.path.join(os.path.dirname(sys.executable), "k6")
ACCEPTED = '{"message":"Message accepted!"}'
FOURTEEN_DAYS = "1209600"
# Name, type and value of the attribute that the producer adds count as the message's.
ATTRIBUTE_BYTES = len("AttributeName" "String" "Attribute Value")
# Serverless's default, and what lift makes of it: six times as much.
TIMEOUT, VISIBILITY, TRIES = 6, 36, 3

# The post's files, as they are printed there.
PRODUCER = """
const { SQSClient, SendMessageCommand } = require("@aws-sdk/client-sqs");
const sqs = new SQSClient();

const producer = async (event) => {
  let statusCode = 200;
  let message;

  if (!event.body) {
    return {
      statusCode: 400,
      body: JSON.stringify({
        message: "No body was found",
      }),
    };
  }

  try {
    await sqs.send(new SendMessageCommand({
      QueueUrl: process.env.QUEUE_URL,
      MessageBody: event.body,
      MessageAttributes: {
        AttributeName: {
          StringValue: "Attribute Value",
          DataType: "String",
        },
      },
    }));

    message = "Message accepted!";
  } catch (error) {
    console.log(error);
    message = error;
    statusCode = 500;
  }

  return {
    statusCode,
    body: JSON.stringify({
      message,
    }),
  };
};
"""
CONSUMER = """
const consumer = async (event) => {
  for (const record of event.Records) {
    console.log("Message Body: ", record.body);
    let body = JSON.parse(event.body)
    let inputValue, outputValue
    if (event.body) {
      inputValue = parseInt(body.input)
      outputValue = inputValue + 1
    }
    const message = `메시지를 받았습니다. 입력값: ${inputValue}, 결과: ${outputValue}`
    console.log(message)
    return { statusCode: 200, body: JSON.stringify({ message }, null, 2) };
  }
};
"""
# What the post meant: the record has the body.
MEANT = CONSUMER.replace("event.body", "record.body")
SLOW = """
function delay(time) {
  return new Promise(resolve => setTimeout(resolve, time));
}

const consumer = async (event) => {
  for (const { messageId, attributes } of event.Records) console.log(`began ${messageId} ${attributes.ApproximateReceiveCount}`);
  await delay(DELAY)
};
"""
EXPORTS = "module.exports = {\n  producer,\n  consumer,\n};\n"


class Post:
    """Step 2 of the post, made by API: queue with dead letters, producer with a URL, worker with a mapping."""

    def __init__(self, server, account, name, consumer=MEANT, timeout=TIMEOUT, visibility=VISIBILITY):
        self.server, self.account, self.name = server, account, name
        self.sqs, self.functions = server.client("sqs", REGION, key=account), server.client("lambda", REGION, key=account)
        self.cloudwatch, self.logs = server.client("cloudwatch", REGION, key=account), server.client("logs", REGION, key=account)
        self.dead = self.sqs.create_queue(QueueName=f"{name}-jobs-dlq", Attributes={"MessageRetentionPeriod": FOURTEEN_DAYS})["QueueUrl"]
        policy = json.dumps({"maxReceiveCount": TRIES, "deadLetterTargetArn": self.arn("sqs", f"{name}-jobs-dlq")})
        attributes = {"VisibilityTimeout": str(visibility), "RedrivePolicy": policy}
        self.jobs = self.sqs.create_queue(QueueName=f"{name}-jobs", Attributes=attributes)["QueueUrl"]
        self.producer, self.worker = f"{name}-producer", f"{name}-jobsWorker"
        code = zipped({"handler.js": PRODUCER + consumer + EXPORTS})
        for function in [self.producer, self.worker]:
            self.functions.create_function(
                FunctionName=function, Runtime="nodejs20.x", Role=f"arn:aws:iam::{account}:role/{name}", Timeout=timeout, Code={"ZipFile": code},
                Handler="handler.producer" if function == self.producer else "handler.consumer", Environment={"Variables": {"QUEUE_URL": self.jobs}},
            )
        self.mapping = self.functions.create_event_source_mapping(
            FunctionName=self.worker, EventSourceArn=self.arn("sqs", f"{name}-jobs"), BatchSize=1, MaximumBatchingWindowInSeconds=0,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )
        self.url = self.functions.create_function_url_config(FunctionName=self.producer, AuthType="NONE")["FunctionUrl"]
        for statement, more in [("url", {"FunctionUrlAuthType": "NONE"}), ("run", {"InvokedViaFunctionUrl": True})]:
            action = "lambda:InvokeFunctionUrl" if statement == "url" else "lambda:InvokeFunction"
            self.functions.add_permission(FunctionName=self.producer, StatementId=statement, Action=action, Principal="*", **more)
        enabled = lambda: self.functions.get_event_source_mapping(UUID=self.mapping["UUID"])["State"] == "Enabled"  # noqa: E731
        assert eventually(enabled)

    def arn(self, service, name):
        return f"arn:aws:{service}:{REGION}:{self.account}:{name}"

    def produce(self, body=None):
        """(status, body) of a request to the producer's URL."""
        where = urlsplit(self.server.endpoint)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        connection.request("POST", "/", body, {"Host": urlsplit(self.url).netloc, "Content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def counts(self, url):
        """Messages that are visible and in flight."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return tuple(int(found[name]) for name in names)

    def lines(self, function, pattern=""):
        """Lines of the function's log that hold `pattern`."""
        try:
            pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}")
            return [event["message"].rstrip("\n") for page in pages for event in page["events"] if pattern in event["message"]]
        except self.logs.exceptions.ResourceNotFoundException:
            return []

    def metric(self, namespace, name, statistic="Sum", **dimensions):
        """Of everything so far."""
        now = datetime.datetime.now(datetime.timezone.utc)
        points = self.cloudwatch.get_metric_statistics(
            Namespace=namespace, MetricName=name, Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - datetime.timedelta(days=1), EndTime=now + datetime.timedelta(days=1), Period=86400, Statistics=[statistic],
        )["Datapoints"]
        return round(sum(point[statistic] for point in points))

    def of_function(self, name, function):
        return self.metric("AWS/Lambda", name, FunctionName=function)

    def of_queue(self, name, url):
        return self.metric("AWS/SQS", name, QueueName=url.rsplit("/", 1)[1])

    def purge_dead(self):
        """Takes all dead letters: {message id: attributes}."""
        found = {}
        while True:
            got = self.sqs.receive_message(QueueUrl=self.dead, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages", [])
            if not got:
                return found
            for message in got:
                assert message["MessageId"] not in found, "a dead letter arrived twice"
                found[message["MessageId"]] = message["Attributes"]
                self.sqs.delete_message(QueueUrl=self.dead, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture(scope="module")
def post(gureum):
    return Post(gureum, "330000000001", "tutorial-step-2-dev")


def test_the_producer_accepts_a_message_and_the_worker_reads_it(post):
    assert post.produce('{ "input": 1 }') == (200, ACCEPTED)
    (line,) = eventually(lambda: post.lines(post.worker, "Message Body"))
    assert re.fullmatch(r"\S+Z\t[0-9a-f-]{36}\tINFO\tMessage Body:  \{ \"input\": 1 \}", line)
    assert eventually(lambda: post.lines(post.worker, "메시지를 받았습니다. 입력값: 1, 결과: 2"))
    assert eventually(lambda: post.counts(post.jobs) == (0, 0)), "what was handled is deleted"


def test_a_request_without_a_body_is_refused_by_the_producer(post):
    assert post.produce() == (400, '{"message":"No body was found"}')


def test_the_producers_catch_answers_the_error_and_logs_it(post):
    other = post.functions.update_function_configuration
    other(FunctionName=post.producer, Environment={"Variables": {"QUEUE_URL": post.jobs + "-gone"}})
    try:
        status, body = post.produce('{ "input": 1 }')
    finally:
        other(FunctionName=post.producer, Environment={"Variables": {"QUEUE_URL": post.jobs}})
    message = json.loads(body)["message"]
    assert (status, message["name"], message["$metadata"]["httpStatusCode"]) == (500, "QueueDoesNotExist", 400)
    assert eventually(lambda: post.lines(post.producer, "The specified queue does not exist."))


def test_fifty_requests_of_a_shells_loop_are_accepted_and_counted(gureum):
    post = Post(gureum, "330000000002", "tutorial-step-2-dev")
    loop = f"for i in {{1..50}}\ndo\n   curl -sS -X POST {post.url} \\\n--header 'Content-type: application/json' \\\n--data-raw '{{ \"input\": 1 }}'\ndone"
    done = subprocess.run(["bash", "-c", loop], capture_output=True, text=True, timeout=100)
    assert done.stdout == 50 * ACCEPTED, done.stdout + done.stderr
    assert eventually(lambda: len(post.lines(post.worker, "Message Body: ")) == 50)
    assert eventually(lambda: post.counts(post.jobs) == (0, 0))
    for name in ["NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"]:
        assert eventually(lambda: post.of_queue(name, post.jobs) == 50), (name, post.of_queue(name, post.jobs))
    for function in [post.producer, post.worker]:
        assert eventually(lambda: post.of_function("Invocations", function) == 50), function
        assert (post.of_function("Errors", function), post.of_function("Throttles", function)) == (0, 0)
    assert post.metric("AWS/SQS", "SentMessageSize", "SampleCount", QueueName=f"{post.name}-jobs") == 50
    assert post.metric("AWS/SQS", "SentMessageSize", QueueName=f"{post.name}-jobs") == 50 * len('{ "input": 1 }') + 50 * ATTRIBUTE_BYTES
    # The same by the CLI, as one would look at it.
    words = ["cloudwatch", "get-metric-statistics", "--namespace", "AWS/SQS", "--metric-name", "NumberOfMessagesSent", "--dimensions"]
    words += [f"Name=QueueName,Value={post.name}-jobs", "--start-time", "2000-01-01T00:00:00Z"]
    now = datetime.datetime.now(datetime.timezone.utc)
    words[-1] = (now - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    words += ["--end-time", (now + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"), "--period", "60", "--statistics", "Sum", "--output", "json"]
    shown = json.loads(aws(post, *words))
    assert sum(point["Sum"] for point in shown["Datapoints"]) == 50


def aws(post, *words):
    """The CLI by `gureum exec`: its SQS has hosts of AWS's in it."""
    keys = dict(AWS_REGION=REGION, AWS_ACCESS_KEY_ID=post.account, AWS_SECRET_ACCESS_KEY="test")
    environment = dict(post.server.environment, GUREUM_ENDPOINT=post.server.endpoint, **keys)
    done = subprocess.run([BINARY, "exec", "--", AWS, *words], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


DEAD_BY_V2 = """
const aws = require('aws-sdk');
const sqs = new aws.SQS({ region: 'ap-northeast-2', endpoint: process.env.AWS_ENDPOINT_URL });
(async () => {
  const found = [];
  for (;;) {
    const { Messages = [] } = await sqs.receiveMessage({ QueueUrl: process.argv[2], AttributeNames: ['All'], MaxNumberOfMessages: 10 }).promise();
    if (!Messages.length) break;
    found.push(...Messages);
  }
  console.log(JSON.stringify(found));
})();
"""


def by_sdk_v2(post, folder, script, *words):
    (folder / "script.js").write_text(script)
    environment = dict(
        os.environ, AWS_ENDPOINT_URL=post.server.endpoint, AWS_REGION=REGION, AWS_ACCESS_KEY_ID=post.account, AWS_SECRET_ACCESS_KEY="test",
        NODE_PATH=os.path.join(os.environ["GUREUM_NODE_CLIENTS"], "node_modules"), AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE="1",
    )
    done = subprocess.run(["node", "script.js", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def advance_until(server, seconds, probe, patience=60):
    """Lets visibility timeouts pass, each as soon as nothing else happens."""

    def step():
        if probe():
            return True
        server.cli("time", "advance", f"{seconds}s")
        return eventually(probe, 0.5)

    return eventually(step, patience)


def test_the_posts_consumer_fails_on_every_message_until_it_is_a_dead_letter(fresh, tmp_path):
    post = Post(fresh("--virtual-clock"), "330000000003", "tutorial-step-2-dev", consumer=CONSUMER)
    for _ in range(3):
        assert post.produce('{ "input": 1 }') == (200, ACCEPTED)
    assert advance_until(post.server, VISIBILITY, lambda: post.counts(post.dead)[0] == 3)
    assert post.counts(post.jobs) == (0, 0)
    # Node.js 18 and later; before it was "Unexpected token u in JSON at position 0".
    # A message can be dead before its last run has ended.
    errors = lambda: post.lines(post.worker, 'SyntaxError: \\"undefined\\" is not valid JSON') or post.lines(post.worker, '"undefined" is not valid JSON')  # noqa: E731
    assert eventually(lambda: len(errors()) >= 3 * TRIES), errors()
    assert len(post.lines(post.worker, "START RequestId")) == 3 * TRIES
    assert eventually(lambda: post.of_function("Errors", post.worker) == 3 * TRIES)
    dead = by_sdk_v2(post, tmp_path, DEAD_BY_V2, post.dead)
    assert len({message["MessageId"] for message in dead}) == len(dead) == 3
    assert {message["Attributes"]["DeadLetterQueueSourceArn"] for message in dead} == {post.arn("sqs", "tutorial-step-2-dev-jobs")}


def test_a_worker_of_15_seconds_under_a_timeout_of_6_ends_in_the_dead_letter_queue(fresh):
    """The post's numbers in real time; only the waiting for visibility timeouts is made shorter."""
    post = Post(fresh("--virtual-clock"), "330000000004", "tutorial-step-3-dev", consumer=SLOW.replace("DELAY", "15000"))
    assert post.functions.get_function_configuration(FunctionName=post.worker)["Timeout"] == TIMEOUT
    attributes = json.loads(aws(post, "sqs", "get-queue-attributes", "--queue-url", post.jobs, "--attribute-names", "All"))["Attributes"]
    assert (attributes["VisibilityTimeout"], json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]) == (str(VISIBILITY), TRIES)
    dead = json.loads(aws(post, "sqs", "get-queue-attributes", "--queue-url", post.dead, "--attribute-names", "All"))["Attributes"]
    assert dead["MessageRetentionPeriod"] == FOURTEEN_DAYS
    for number in range(2):
        assert post.produce(json.dumps({"input": number})) == (200, ACCEPTED)
    for tries in range(1, TRIES + 1):
        assert eventually(lambda: len(post.lines(post.worker, "Task timed out")) == 2 * tries, 30), post.lines(post.worker)
        assert post.counts(post.jobs) == (0, 2), "they wait for their visibility timeout"
        post.server.cli("time", "advance", f"{VISIBILITY}s")
    assert eventually(lambda: post.counts(post.dead) == (2, 0)) and post.counts(post.jobs) == (0, 0)
    for line in post.lines(post.worker, "Task timed out"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [0-9a-f-]{36} Task timed out after 6\.\d\d seconds", line.strip()), line
    began = collections.Counter(line.split("began ")[1] for line in post.lines(post.worker, "began "))
    assert sorted(line.split()[1] for line in began) == ["1", "1", "2", "2", "3", "3"] and set(began.values()) == {1}
    assert eventually(lambda: post.of_function("Errors", post.worker) == 2 * TRIES)
    assert eventually(lambda: post.of_queue("NumberOfMessagesReceived", post.jobs) == 2 * TRIES)
    assert post.of_queue("NumberOfMessagesDeleted", post.jobs) == 0


def test_a_visibility_timeout_below_the_run_time_lets_a_message_be_consumed_twice(gureum):
    post = Post(gureum, "330000000005", "tutorial-step-3-dev", consumer=SLOW.replace("DELAY", "3500"), timeout=5, visibility=5)
    post.sqs.set_queue_attributes(QueueUrl=post.jobs, Attributes={"VisibilityTimeout": "1"})
    sent = post.sqs.send_message(QueueUrl=post.jobs, MessageBody="{}")["MessageId"]
    assert eventually(lambda: len(post.lines(post.worker, f"began {sent}")) >= 2)
    assert [line.split()[-1] for line in post.lines(post.worker, f"began {sent}")][:2] == ["1", "2"]
    # Who asks for such a mapping anew is refused.
    post.functions.delete_event_source_mapping(UUID=post.mapping["UUID"])
    assert refused(post.functions.create_event_source_mapping, FunctionName=post.worker, EventSourceArn=post.arn("sqs", f"{post.name}-jobs")) == (
        "InvalidParameterValueException", 400, "Queue visibility timeout: 1 seconds is less than Function timeout: 5 seconds",
    )


LOAD = """
import http from 'k6/http';
import { check, sleep } from 'k6';
export const options = { iterations: Number(__ENV.ITERATIONS), vus: 1 };
let number = 0;
export default function () {
  const payload = JSON.stringify({ input: ++number });
  console.log(payload);
  const answer = http.post(__ENV.URL, payload, { headers: { 'Content-Type': 'application/json' } });
  console.log(`status code : ${answer.status}, body.message : ${answer.body}`);
  check(answer, { 'status is 200': (r) => r.status === 200, 'response body': (r) => r.body === '{"message":"Message accepted!"}' });
  sleep(0.1);
}
"""


class Load:
    """k6 with the post's script, against the URL by the name that it has on AWS, over TLS."""

    def __init__(self, post, folder, iterations):
        (folder / "single-request.k6.js").write_text(LOAD)
        url = re.sub(r"http://([a-z0-9]+)\..*", rf"https://\1.lambda-url.{REGION}.on.aws/", post.url)
        environment = dict(post.server.environment, GUREUM_ENDPOINT=post.server.endpoint, URL=url, ITERATIONS=str(iterations))
        command = [BINARY, "exec", "--", K6, "run", "--no-usage-report", "--summary-export", "summary.json", "single-request.k6.js"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stdout + done.stderr
        self.said = done.stdout + done.stderr
        self.metrics = json.loads((folder / "summary.json").read_text())["metrics"]
        self.statuses = collections.Counter(int(status) for status in re.findall(r"status code : (\d+)", self.said))


def test_k6_sends_a_hundred_requests_by_one_user(fresh, tmp_path):
    post = Post(fresh(), "330000000006", "tutorial-step-3-dev")
    load = Load(post, tmp_path, 100)
    assert "100 iterations shared among 1 VUs" in load.said.replace("1 VUs (maxDuration", "1 VUs (")
    assert load.said.count("status code : 200, body.message : ") == 100 == load.statuses[200]
    assert load.metrics["checks"]["passes"] == 200 and load.metrics["http_reqs"]["count"] == 100
    assert eventually(lambda: len(post.lines(post.worker, "Message Body: ")) == 100)


@pytest.mark.timeout(240)
def test_under_a_small_account_every_throttle_is_counted_and_every_message_ends(fresh, tmp_path):
    """Ten environments in all, and a worker of 15 s under a timeout of 6 s that takes them. Forty requests, not a hundred: the mapping of
    a worker that fails backs off to two batches at a time, and each message is tried three times for six seconds."""
    iterations = 40
    server = fresh("--account-concurrency", "10", "--virtual-clock")
    post = Post(server, "330000000007", "tutorial-step-3-dev", consumer=SLOW.replace("DELAY", "15000"))
    load = Load(post, tmp_path, iterations)
    assert load.statuses[200] + load.statuses[429] == iterations and load.statuses[429] > 0, load.statuses
    ended = lambda: post.counts(post.dead)[0] == load.statuses[200]  # noqa: E731
    assert advance_until(server, VISIBILITY, ended, 180), (post.counts(post.jobs), post.counts(post.dead))
    assert post.counts(post.jobs) == (0, 0)
    # Throttled answers are the producer's throttles, and no invocations.
    assert eventually(lambda: post.of_function("Throttles", post.producer) == load.statuses[429]), post.of_function("Throttles", post.producer)
    assert post.of_function("Invocations", post.producer) == load.statuses[200] == post.of_queue("NumberOfMessagesSent", post.jobs)
    assert post.of_function("Errors", post.producer) == 0
    # The account's throttles are those of its two functions: what k6 saw, and what the mapping saw.
    throttled = [post.of_function("Throttles", function) for function in [post.producer, post.worker]]
    assert eventually(lambda: post.metric("AWS/Lambda", "Throttles") == sum(throttled)), throttled
    # What ran, ran out of time; what did not run was throttled. Each receive was one or the other.
    # A message can be dead before its last run has ended.
    ran = lambda: (post.of_function("Errors", post.worker), len(post.lines(post.worker, "START RequestId")))  # noqa: E731
    assert eventually(lambda: ran()[0] == ran()[1] == post.of_function("Invocations", post.worker)), ran()
    began = ran()[0]
    assert post.of_queue("NumberOfMessagesReceived", post.jobs) == TRIES * load.statuses[200]
    assert throttled[1] >= TRIES * load.statuses[200] - began
    dead = post.purge_dead()
    assert len(dead) == load.statuses[200], "each once"
    checks = load.metrics["checks"]
    print(f"\nk6: {dict(load.statuses)}, checks {checks['passes']} of {checks['passes'] + checks['fails']}; throttles {throttled}; {began} runs")


def test_beyond_the_accounts_limit_calls_are_throttled_and_events_wait(fresh):
    """Row 4.1: one starts many."""
    server = fresh("--account-concurrency", "10")
    functions = server.client("lambda", REGION)
    code = "exports.handler = async (e) => { console.log('worker ' + e.n); await new Promise((done) => setTimeout(done, 2000)); };"
    functions.create_function(
        FunctionName="worker", Runtime="nodejs20.x", Handler="index.handler", Role="arn:aws:iam::000000000000:role/any", Timeout=20, Code={"ZipFile": zipped({"index.js": code})}
    )
    outcomes = []

    def call():
        client = server.client("lambda", REGION)
        try:
            outcomes.append(client.invoke(FunctionName="worker", Payload=b'{"n":"sync"}')["StatusCode"])
        except client.exceptions.TooManyRequestsException as throttle:
            outcomes.append((throttle.response["ResponseMetadata"]["HTTPStatusCode"], throttle.response["Reason"]))

    callers = [threading.Thread(target=call) for _ in range(15)]
    [caller.start() for caller in callers]
    [caller.join() for caller in callers]
    assert collections.Counter(outcomes) == {200: 10, (429, "ConcurrentInvocationLimitExceeded"): 5}
    answers = [functions.invoke(FunctionName="worker", InvocationType="Event", Payload=json.dumps({"n": n}).encode()) for n in range(15)]
    assert {answer["StatusCode"] for answer in answers} == {202}
    logs = server.client("logs", REGION)
    ran = lambda: {e["message"].split("worker ")[1].strip() for e in logs.filter_log_events(logGroupName="/aws/lambda/worker", filterPattern="worker")["events"]}  # noqa: E731
    assert eventually(lambda: {str(n) for n in range(15)} <= ran(), 60), ran()
