"""`gureum why`: what a 429, a timeout, a redelivery and a dead letter are told by, from recorded facts alone."""

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from conftest import ECHO, ROLE, eventually, zipped

SLEEPS = "exports.handler = async (event) => { await new Promise((done) => setTimeout(done, event.ms || 15000)); };\n"
THROWS = "exports.handler = async (event) => JSON.parse(event.body);\n"
MISSING = "const { SQSClient } = require('@aws-sdk/client-sqs-of-another-world');\nexports.handler = async () => {};\n"
EXITS = "exports.handler = async () => process.exit(1);\n"


@pytest.fixture
def server(fresh):
    return fresh("--account-concurrency", "2")


def create(server, name, source=ECHO, **more):
    settings = dict(FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Timeout=20)
    code = {"ZipFile": zipped({"index.js": source})}
    return server.client("lambda").create_function(**{**settings, **more}, Code=code)


def invoke(server, name, event=None):
    """The request's id, and the error that its answer names."""
    answer = server.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}).encode())
    return answer["ResponseMetadata"]["RequestId"], answer.get("FunctionError")


def explained(server, query, **headers):
    """`GET /_gureum/v1/explain`, unsigned: open access takes it for the default account."""
    to = urlsplit(server.endpoint)
    connection = http.client.HTTPConnection(to.hostname, to.port, timeout=10)
    connection.request("GET", f"/_gureum/v1/explain?{query}", headers=headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def why(server, *args):
    return server.cli("why", *args).stdout


def test_a_timeout_is_told_by_its_request_and_is_the_last_that_went_wrong(server, name):
    create(server, name, SLEEPS, Timeout=1)
    request, error = invoke(server, name)
    assert error == "Unhandled"
    told = why(server, request)
    assert f"{name} was stopped at its timeout of 1 s." in told
    assert "What to do" in told
    assert why(server, "--last") == told


def test_each_way_to_fail_has_its_own_words(server, name):
    cases = {
        "-throws": (THROWS, "ended with an error: SyntaxError"),
        "-missing": (MISSING, "could not be loaded by nodejs20.x"),
        "-exits": (EXITS, "ended in the middle of an invocation"),
    }
    for suffix, (source, words) in cases.items():
        create(server, name + suffix, source)
        request, error = invoke(server, name + suffix)
        assert error == "Unhandled"
        assert words in why(server, request)


def test_a_plain_success_leaves_no_record_and_the_command_says_so(server, name):
    create(server, name)
    request, error = invoke(server, name)
    assert error is None
    done = server.cli("why", request, check=False)
    assert done.returncode == 1
    assert "nothing is recorded" in done.stderr and "a plain success leaves no record" in done.stderr
    assert server.cli("why", "--last", check=False).returncode == 1
    failed = json.loads(server.cli("--json", "why", request, check=False).stdout)
    assert failed["error"]["code"] == "NothingKnown"


def test_the_answer_is_in_the_language_that_is_asked_for(server, name):
    create(server, name, THROWS)
    request, _ = invoke(server, name)
    for query, headers in [("&lang=ko", {}), ("", {"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.8"})]:
        status, answer = explained(server, f"request={request}{query}", **headers)
        assert status == 200
        assert "오류로 끝났습니다" in answer["explanation"][0]
    status, answer = explained(server, f"request={request}&lang=en")
    assert "ended with an error" in answer["explanation"][0]
    assert answer["about"] == {"request": request}
    assert answer["facts"][0]["what"]["what"] == "handler_failed"
    assert "오류로 끝났습니다" in server.cli("why", request, "--lang", "ko").stdout


def test_what_is_to_be_explained_must_be_said_once(server):
    for query in ["", "request=a&message=b", "last="]:
        status, answer = explained(server, query)
        assert (status, answer["error"]) == (400, "Bad Request")
    assert server.cli("why", check=False).returncode == 2
    assert server.cli("why", "a", "--last", check=False).returncode == 2
    assert server.cli("why", "a&last=1", check=False).returncode == 2


def test_strict_access_tells_only_who_signs(fresh, name):
    server = fresh("--strict")
    status, answer = explained(server, "last=1")
    assert status == 403 and "explanation" not in answer
    # With the root key that the first start has left.
    done = server.cli("why", "--last", check=False)
    assert done.returncode == 1 and "nothing is recorded" in done.stderr


def test_facts_survive_a_kill_and_belong_to_their_account_and_region(server, name):
    create(server, name, THROWS)
    request, _ = invoke(server, name)
    told = why(server, request)
    unasked, _ = invoke(server, name)
    # What is promised: a kill takes the last 50 ms.
    time.sleep(0.2)
    server.kill()
    server.start()
    assert why(server, request) == told
    assert why(server, unasked)
    server.environment["AWS_REGION"] = "eu-west-1"
    assert server.cli("why", request, check=False).returncode == 1
    server.environment["AWS_REGION"] = "us-east-1"
    server.environment.update(AWS_ACCESS_KEY_ID="111122223333", AWS_SECRET_ACCESS_KEY="x")
    assert server.cli("why", request, check=False).returncode == 1


def test_a_reset_forgets_facts(server, name):
    create(server, name, THROWS)
    request, _ = invoke(server, name)
    assert why(server, request)
    server.cli("reset")
    assert server.cli("why", request, check=False).returncode == 1


def fill(server, name, ms):
    """Two invocations under way: the whole account."""
    threads = [threading.Thread(target=invoke, args=(server, name, {"ms": ms})) for _ in range(2)]
    for thread in threads:
        thread.start()
    status = lambda: json.loads(server.cli("--json", "status").stdout)["data"]
    assert eventually(lambda: status()["environments"] == 2)
    return threads


def refused(server, name):
    """The id of a request that is throttled."""
    with pytest.raises(ClientError) as error:
        server.client("lambda").invoke(FunctionName=name)
    assert error.value.response["Error"]["Code"] == "TooManyRequestsException"
    return error.value.response["ResponseMetadata"]["RequestId"]


def test_a_429_by_the_account_names_who_held_it_and_one_by_a_reservation_does_not_blame_the_account(server, name):
    worker, producer = name + "-worker", name + "-producer"
    create(server, worker, SLEEPS)
    create(server, producer)
    threads = fill(server, worker, 4000)
    told = why(server, refused(server, producer))
    assert f"Lambda refused to run {producer} (429)." in told
    assert f"2 of the 2 executions that may run at once in this account were in use: 2 by {worker}" in told
    for thread in threads:
        thread.join()

    server.client("lambda").put_function_concurrency(FunctionName=producer, ReservedConcurrentExecutions=0)
    told = why(server, refused(server, producer))
    assert f"{producer} has a reserved concurrency of 0" in told
    assert "in use" not in told


def call_url(server, name):
    """Status and request id of a GET on the function's URL. Makes the URL."""
    awslambda = server.client("lambda")
    awslambda.add_permission(
        FunctionName=name,
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    url = urlsplit(awslambda.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"])
    to = urlsplit(server.endpoint)
    connection = http.client.HTTPConnection(to.hostname, to.port, timeout=10)
    connection.request("GET", "/", headers={"Host": url.netloc})
    answer = connection.getresponse()
    return answer.status, answer.headers["x-amzn-RequestId"]


def test_what_a_function_url_answers_instead_of_the_function_is_told_by_its_request(server, name):
    create(server, name + "-busy")
    server.client("lambda").put_function_concurrency(FunctionName=name + "-busy", ReservedConcurrentExecutions=0)
    status, request = call_url(server, name + "-busy")
    assert status == 429
    assert f"Lambda refused to run {name}-busy for its URL (429)." in why(server, request)

    create(server, name + "-odd", "exports.handler = async () => ({ statusCode: 1 });\n")
    status, request = call_url(server, name + "-odd")
    assert status == 502
    assert f"{name}-odd ran and answered its URL's caller with what is no HTTP response" in why(server, request)

    create(server, name + "-throws", THROWS)
    status, request = call_url(server, name + "-throws")
    assert status == 502
    assert f"{name}-throws ended with an error: SyntaxError" in why(server, request)


def queues(server, name, receives, **attributes):
    """A queue whose messages go to another after so many receives: both URLs."""
    sqs = server.client("sqs")
    dead = sqs.create_queue(QueueName=name + "-dlq")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": receives})
    queue = sqs.create_queue(QueueName=name, Attributes=dict(attributes, RedrivePolicy=policy))["QueueUrl"]
    return queue, dead


def test_a_message_that_nobody_deletes_is_told_by_its_receives_and_its_dead_letter_queue(fresh, name):
    server = fresh("--virtual-clock")
    sqs = server.client("sqs")
    queue, _ = queues(server, name, 2, VisibilityTimeout="30")
    message = sqs.send_message(QueueUrl=queue, MessageBody="a")["MessageId"]
    assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1
    assert server.cli("why", "--message", message, check=False).returncode == 1

    server.cli("time", "advance", "30s")
    assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1
    told = why(server, "--message", message)
    assert f"Message {message} of {name} was received 2 times, because nobody deleted it in time." in told
    assert "It was received last by arn:aws:iam::000000000000:root." in told

    server.cli("time", "advance", "30s")
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    told = why(server, "--message", message)
    assert f"was moved from {name} to {name}-dlq, because it had been received 2 times" in told
    assert "2 of 2 receives: no failure was reported" in told
    assert why(server, "--last") == told == why(server, message)


def test_a_visibility_shorter_than_the_work_is_told_with_how_much_it_lacked(fresh, name):
    server = fresh("--virtual-clock")
    sqs = server.client("sqs")
    queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "4"})["QueueUrl"]
    message = sqs.send_message(QueueUrl=queue, MessageBody="a")["MessageId"]
    first = sqs.receive_message(QueueUrl=queue)["Messages"][0]
    server.cli("time", "advance", "4s")
    second = sqs.receive_message(QueueUrl=queue)["Messages"][0]
    server.cli("time", "advance", "2s")
    late = sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    told = why(server, "--message", message)
    assert "It was handled twice: a receiver was done and deleted it 2" in told
    assert "so its visibility timeout (4 s) was shorter than the work." in told
    assert "was no longer its latest" in why(server, late["ResponseMetadata"]["RequestId"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=second["ReceiptHandle"])


def feed(server, name, source, receives, visibility, **settings):
    """A function that a queue feeds, one message at a time. Answers the queue's URL."""
    create(server, name, source, **settings)
    queue, _ = queues(server, name, receives, VisibilityTimeout=str(visibility))
    arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"
    server.client("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=arn, BatchSize=1)
    return queue


def send(server, queue):
    return server.client("sqs").send_message(QueueUrl=queue, MessageBody='{"id": 1}')["MessageId"]


def dead(server, message):
    """What is told of a message once it is in its dead-letter queue."""
    told = eventually(lambda: words_of_a_dead(server, message), 40)
    assert told, server.cli("why", "--message", message, check=False)
    return told


def words_of_a_dead(server, message):
    told = server.cli("why", "--message", message, check=False).stdout
    return told if "was moved from" in told else None


def test_dead_letters_are_told_apart_by_what_their_tries_ended_in(fresh, name):
    server = fresh()
    slow, wrong, barred, once = (name + suffix for suffix in ("-slow", "-wrong", "-barred", "-once"))
    queue_of = {
        slow: feed(server, slow, SLEEPS, 2, 2, Timeout=1),
        wrong: feed(server, wrong, THROWS, 2, 2, Timeout=1),
        barred: feed(server, barred, ECHO, 2, 2, Timeout=1),
        once: feed(server, once, THROWS, 1, 2, Timeout=1),
    }
    server.client("lambda").put_function_concurrency(FunctionName=barred, ReservedConcurrentExecutions=0)
    message_of = {each: send(server, queue) for each, queue in queue_of.items()}
    told = {each: dead(server, message) for each, message in message_of.items()}

    for each in (slow, wrong, barred):
        assert f"was moved from {each} to {each}-dlq, because it had been received 2 times" in told[each]
    assert f"2 of 2 receives: {slow} was stopped at its timeout of 1 s." in told[slow]
    assert "6 s for a timeout of 1 s" in told[slow]
    assert f"2 of 2 receives: {wrong} ended with the same error: SyntaxError: " in told[wrong]
    assert "The handler read event.body, which SQS does not send" in told[wrong]
    assert f"2 of 2 receives: {barred} never ran: throttled" in told[barred]
    assert f"{barred} has a reserved concurrency of 0" in told[barred]
    assert "after its first receive: the queue's maxReceiveCount is 1" in told[once]
    assert "Raise maxReceiveCount" in told[once]


def test_a_run_longer_than_the_visibility_is_told_as_handled_twice(fresh, name):
    server = fresh()
    queue = feed(server, name, SLEEPS, 5, 10, Timeout=3)
    # AWS checks this only when a mapping is made.
    server.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    message = send(server, queue)
    twice = "It was handled twice at the same time: visible again after 1"

    def overlapped():
        told = server.cli("why", "--message", message, check=False).stdout
        return told if twice in told else None

    told = eventually(overlapped, 20)
    assert told, server.cli("why", "--message", message, check=False)
    assert f"while {name} was still working on it; that run took 3 s" in told
    assert "Make the visibility timeout longer than the longest run" in told


def test_a_mapping_s_try_is_told_by_the_request_id_in_the_function_s_log(fresh, name):
    server = fresh()
    queue = feed(server, name, THROWS, 5, 1, Timeout=1)
    message = send(server, queue)

    def logged():
        lines = server.cli("logs", name, check=False).stdout.splitlines()
        return next((line.split("RequestId: ")[1].split()[0] for line in lines if "START RequestId: " in line), None)

    request = eventually(logged)
    told = eventually(lambda: "It was a try of 1 message of" in server.cli("why", request, check=False).stdout)
    assert told, server.cli("why", request, check=False)
    assert message in json.dumps(explained(server, f"request={request}")[1]["facts"])
