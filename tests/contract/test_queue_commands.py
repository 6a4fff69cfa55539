"""`gureum queue`, and a look into queues that changes nothing."""

import json
import signal
import subprocess
import urllib.error
import urllib.request

import boto3
import pytest
from conftest import BINARY, ECHO, ROLE, eventually, zipped


@pytest.fixture
def sqs(gureum):
    return gureum.client("sqs")


@pytest.fixture
def queue(sqs, name):
    return sqs.create_queue(QueueName=name)["QueueUrl"]


@pytest.fixture
def dead(sqs, name, queue):
    url = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})
    return url


def data(gureum, *arguments, **options):
    answer = json.loads(gureum.cli("--json", "queue", *arguments, **options).stdout)
    assert answer["command"] == "queue" and answer["status"] == "ok"
    return answer["data"]


def get(gureum, path, **headers):
    request = urllib.request.Request(gureum.endpoint + path, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return answer.headers["content-type"], answer.read().decode()


def counts(sqs, queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return [int(attributes[name]) for name in names]


def bury(sqs, queue, dead, bodies):
    for body in bodies:
        sqs.send_message(QueueUrl=queue, MessageBody=body)

    def buried():
        sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        return counts(sqs, dead)[0] == len(bodies)

    eventually(buried)


def test_send_takes_text_a_file_and_standard_input(gureum, sqs, queue, name, tmp_path):
    (tmp_path / "body.json").write_text('{"id": 1}\n')
    assert gureum.cli("queue", "send", name, "구름").stdout.startswith("sent ")
    gureum.cli("queue", "send", queue, f"@{tmp_path / 'body.json'}", "-a", "colour=red", "-a", "size:Number=5")
    gureum.cli("queue", "send", name, "-", input="from a pipe\n")
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert sorted(message["Body"] for message in received) == ["from a pipe", '{"id": 1}', "구름"]
    attributes = next(message for message in received if message["Body"] == '{"id": 1}')["MessageAttributes"]
    assert attributes["colour"] == {"DataType": "String", "StringValue": "red"} and attributes["size"]["DataType"] == "Number"


def test_peek_shows_every_message_and_changes_nothing(gureum, sqs, queue, name):
    for body in ("first", "second"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    taken = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=600)["Messages"][0]["Body"]
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=600, MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
    before = counts(sqs, queue)
    looks = [data(gureum, "peek", name) for _ in range(3)]
    assert looks[0]["messages"] == looks[2]["messages"] and before == counts(sqs, queue) == [1, 1, 1]
    shown = {message["body"]: message for message in looks[0]["messages"]}
    assert {body: (m["state"], m["receives"]) for body, m in shown.items()} == {
        "first": ("in_flight", 1) if taken == "first" else ("available", 0),
        "second": ("in_flight", 1) if taken == "second" else ("available", 0),
        "later": ("delayed", 0),
    }
    assert "ApproximateFirstReceiveTimestamp" not in shown["later"]["attributes"] and "ApproximateFirstReceiveTimestamp" in shown[taken]["attributes"]
    assert shown["later"]["visible_at"] > shown["later"]["sent_at"] and shown["later"]["message_attributes"]["a"]["StringValue"] == "b"
    words = gureum.cli("queue", "peek", name, "-n", "2").stdout
    assert "1 available, 1 in flight, 1 delayed" in words and "  first" in words and "  later" not in words
    other = ({"first", "second"} - {taken}).pop()
    message = sqs.receive_message(QueueUrl=queue, AttributeNames=["All"])["Messages"][0]
    assert message["Body"] == other and message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_peek_reads_fifo_queues_large_bodies_and_more_than_one_page(gureum, sqs, name):
    queue = sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
    large = "x" * 100_000
    for at in range(15):
        entries = [{"Id": str(n), "MessageBody": f"{at}-{n}", "MessageGroupId": str(n % 3)} for n in range(10)]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    sqs.send_message(QueueUrl=queue, MessageBody=large, MessageGroupId="0")
    messages = data(gureum, "peek", f"{name}.fifo", "-n", "500")["messages"]
    assert [message["body"] for message in messages] == [f"{at}-{n}" for at in range(15) for n in range(10)] + [large]
    assert messages[0]["attributes"]["MessageGroupId"] == "0" and len(data(gureum, "peek", f"{name}.fifo")["messages"]) == 10


def test_peek_says_when_there_is_more_than_it_shows(gureum, sqs, queue, name):
    for _ in range(10):
        sqs.send_message(QueueUrl=queue, MessageBody="x" * 1_000_000)
    shown = data(gureum, "peek", name, "-n", "100")
    assert len(shown["messages"]) == 9 and shown["more"], "bodies of 8 MiB, and no more"
    sqs.purge_queue(QueueUrl=queue)
    sqs.send_message(QueueUrl=queue, MessageBody="a")
    assert not data(gureum, "peek", name, "-n", "1")["more"]
    sqs.send_message(QueueUrl=queue, MessageBody="b")
    assert gureum.cli("queue", "peek", name, "-n", "1").stdout.endswith("… and more; -n shows more of them\n")


def test_strict_access_asks_who_looks(fresh, name):
    strict = fresh("--strict")
    for path in (f"/_gureum/v1/queues/{name}/messages", f"/_aws/sqs/messages?QueueUrl=http://x/000000000000/{name}"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(strict, path)
        assert refused.value.code == 403
    made = strict.cli("queue", "ls")
    assert made.stdout == "there are no queues\n"


def test_ls_tells_messages_and_where_dead_letters_go(gureum, sqs, queue, dead, name):
    sqs.send_message(QueueUrl=queue, MessageBody="x", DelaySeconds=600)
    listed = {queue["name"]: queue for queue in data(gureum, "ls", name)["queues"]}
    assert set(listed) == {name, f"{name}-dead"}
    assert listed[name]["delayed"] == 1 and listed[name]["max_receives"] == 1 and listed[name]["dead_letter_queue"].endswith(f":{name}-dead")
    assert listed[f"{name}-dead"]["dead_letter_queue"] is None and listed[name]["consumers"] == []
    words = gureum.cli("queue", "ls", name).stdout
    assert "dead letters to" in words and f"{name}-dead (tries: 1)" in words
    assert gureum.cli("queue", "ls", "there-is-none").stdout == "there are no queues\n"


def test_ls_names_the_functions_that_a_queue_feeds(gureum, sqs, queue, name):
    awslambda = gureum.client("lambda")
    awslambda.create_function(
        FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.js": ECHO})}
    )
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    mapping = awslambda.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, Enabled=False)["UUID"]
    consumers = lambda: data(gureum, "ls", name)["queues"][0]["consumers"]
    eventually(lambda: consumers() == [{"function": name, "state": "Disabled", "uuid": mapping}])
    assert f"{name} (Disabled)" in gureum.cli("queue", "ls", name).stdout
    awslambda.delete_event_source_mapping(UUID=mapping)
    eventually(lambda: consumers() == [])


def test_redrive_moves_dead_letters_back_and_waits_until_all_have_moved(gureum, sqs, queue, dead, name):
    bury(sqs, queue, dead, ["one", "two", "three"])
    moved = data(gureum, "redrive", f"{name}-dead")
    assert (moved["status"], moved["moved"]) == ("COMPLETED", 3)
    assert counts(sqs, dead) == [0, 0, 0] and counts(sqs, queue)[0] == 3
    assert gureum.cli("queue", "redrive", f"{name}-dead").stdout == "messages moved: 0\n"


def test_redrive_can_name_another_queue(gureum, sqs, queue, dead, name):
    elsewhere = sqs.create_queue(QueueName=f"{name}-elsewhere")["QueueUrl"]
    bury(sqs, queue, dead, ["one"])
    assert gureum.cli("queue", "redrive", f"{name}-dead", "--to", f"{name}-elsewhere").stdout == "messages moved: 1\n"
    assert counts(sqs, elsewhere)[0] == 1


def test_ctrl_c_cancels_a_redrive(gureum, sqs, queue, dead, name):
    bury(sqs, queue, dead, [str(n) for n in range(12)])
    command = [BINARY, "--endpoint", gureum.endpoint, "--json", "queue", "redrive", f"{name}-dead", "--rate", "1"]
    moving = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=gureum.environment)
    eventually(lambda: counts(sqs, dead)[0] < 12)
    moving.send_signal(signal.SIGINT)
    answer = json.loads(moving.communicate(timeout=30)[0])
    assert moving.returncode == 130 and answer["data"]["status"] == "CANCELLED" and 0 < answer["data"]["moved"] < 12
    assert counts(sqs, dead)[0] + counts(sqs, queue)[0] == 12


def test_purge_empties_a_queue(gureum, sqs, queue, name):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    assert gureum.cli("queue", "purge", name).stdout == f"{name} is purged\n"
    assert counts(sqs, queue) == [0, 0, 0] and data(gureum, "peek", name)["messages"] == []


def test_a_queue_that_is_not_there_ends_with_4(gureum):
    for command in (["peek", "no-such"], ["send", "no-such", "x"], ["redrive", "no-such"], ["purge", "no-such"]):
        done = gureum.cli("queue", *command, check=False)
        assert done.returncode == 4 and "does not exist" in done.stderr, command


def test_status_counts_functions_and_queues(gureum, queue):
    status = json.loads(gureum.cli("--json", "status").stdout)["data"]
    assert status["queues"] >= 1 and set(status["messages"]) == {"available", "in_flight", "delayed"} and status["functions"] >= 0
    assert "Queues" in gureum.cli("status").stdout and "큐" in gureum.cli("--lang", "ko", "status").stdout


def test_localstacks_path_shows_messages_in_xml_and_json(gureum, sqs, queue, name):
    sqs.send_message(QueueUrl=queue, MessageBody="a & b")
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=600)
    path = f"/_aws/sqs/messages?QueueUrl={queue}"
    kind, xml = get(gureum, path)
    assert kind == "text/xml" and "<ReceiveMessageResult>" in xml and "<Body>a &amp; b</Body>" in xml and "later" not in xml
    shown = json.loads(get(gureum, f"{path}&ShowDelayed=true", Accept="application/json")[1])["Messages"]
    assert [message["Body"] for message in shown] == ["a & b", "later"]
    account = queue.split("/")[-2]
    assert "<Body>a &amp; b</Body>" in get(gureum, f"/_aws/sqs/messages/us-east-1/{account}/{name}")[1]
    assert counts(sqs, queue) == [1, 0, 1]
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(gureum, "/_aws/sqs/messages?QueueUrl=http://localhost/000000000000/no-such")
    assert refused.value.code == 404


def test_a_client_that_is_pointed_at_localstacks_path_peeks(gureum, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    keys = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    peeking = boto3.client("sqs", endpoint_url=gureum.endpoint + "/_aws/sqs/messages", **keys)
    for _ in range(2):
        assert [message["Body"] for message in peeking.receive_message(QueueUrl=queue)["Messages"]] == ["hello"]
    assert counts(sqs, queue) == [1, 0, 0]
