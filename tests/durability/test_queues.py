"""kill -9 while producers and consumers work on queues: nothing acknowledged is lost, nothing deleted comes back, nothing is
visible again inside its visibility time, and FIFO groups keep their order.

GUREUM_KILL_ROUNDS sets the rounds (5 in CI, 50 in `cargo xtask soak`)."""

import http.client
import json
import os
import random
import threading
import time
import uuid

from conftest import ACCOUNT, Gureum, eventually

ROUNDS = int(os.environ.get("GUREUM_KILL_ROUNDS", "5"))
PRODUCERS = CONSUMERS = 12
ACKNOWLEDGED_MIN = 400
VISIBILITY = 900
GROUPS = 6


class Ledger:
    """What the server has acknowledged of one queue."""

    def __init__(self):
        self.lock = threading.Lock()
        self.open = self.acknowledged = 0
        self.sent = set()
        # By body: when it was received last, and whether its deletion was asked for and acknowledged.
        self.received, self.asked, self.deleted = {}, set(), set()
        self.next_of, self.last_of = {}, {}
        self.stop = threading.Event()
        self.faults = []


class Client(threading.Thread):
    def __init__(self, ledger, endpoint, queue, seed):
        super().__init__(daemon=True)
        self.ledger, self.host, self.queue = ledger, endpoint.split("//")[1], queue
        self.url = f"{endpoint}/{ACCOUNT}/{queue}"
        self.random, self.connection = random.Random(seed), None

    def call(self, operation, **params):
        """The answer, or None when the server is gone: then nothing was acknowledged."""
        headers = {"x-amz-target": f"AmazonSQS.{operation}", "content-type": "application/x-amz-json-1.0"}
        with self.ledger.lock:
            self.ledger.open += 1
        try:
            self.connection = self.connection or http.client.HTTPConnection(self.host, timeout=30)
            self.connection.request("POST", "/", json.dumps({"QueueUrl": self.url, **params}), headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return None
        finally:
            with self.ledger.lock:
                self.ledger.open -= 1
        if answer.status != 200:
            self.ledger.faults.append(f"{operation}: {answer.status} {content[:300]}")
            return None
        with self.ledger.lock:
            self.ledger.acknowledged += 1
        return json.loads(content or b"{}")

    def run(self):
        while not self.ledger.stop.is_set() and not self.ledger.faults:
            if self.step() is None:
                time.sleep(0.002)


class Producer(Client):
    """Sends numbered messages of its own group, each again until it was acknowledged."""

    def step(self):
        ledger, group = self.ledger, str(self.name)
        with ledger.lock:
            number = ledger.next_of.setdefault(group, 0)
        body = f"{group}/{number}/" + "x" * self.random.choice([0, 100, 6000])
        fifo = {"MessageGroupId": group, "MessageDeduplicationId": f"{group}-{number}"} if self.queue.endswith(".fifo") else {}
        answer = self.call("SendMessage", MessageBody=body, **fifo)
        if answer:
            with ledger.lock:
                ledger.sent.add(f"{group}/{number}")
                ledger.next_of[group] += 1
        return answer


class Consumer(Client):
    """Receives; deletes most, and lets some stay in flight."""

    def step(self):
        ledger, fifo = self.ledger, self.queue.endswith(".fifo")
        answer = self.call("ReceiveMessage", MaxNumberOfMessages=5, VisibilityTimeout=VISIBILITY, WaitTimeSeconds=1)
        for message in (answer or {}).get("Messages", []):
            key = message["Body"].rsplit("/", 1)[0]
            group, number = key.split("/")
            with ledger.lock:
                if key in ledger.deleted:
                    ledger.faults.append(f"{key} was deleted and came back")
                if key in ledger.received:
                    ledger.faults.append(f"{key} was visible again inside its visibility time")
                ledger.received[key] = message["ReceiptHandle"]
                if fifo:
                    if int(number) <= ledger.last_of.get(group, -1):
                        ledger.faults.append(f"{key} came after {ledger.last_of[group]}")
                    ledger.last_of[group] = int(number)
            if fifo or self.random.random() < 0.8:
                self.delete(key, message["ReceiptHandle"])
        return answer

    def delete(self, key, handle):
        with self.ledger.lock:
            self.ledger.asked.add(key)
        if self.call("DeleteMessage", ReceiptHandle=handle) is not None:
            with self.ledger.lock:
                self.ledger.deleted.add(key)


def received(sqs, url):
    """Everything that can be received now. FIFO messages are deleted, so that their group goes on."""
    found = {}
    while True:
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=10 * VISIBILITY).get("Messages", [])
        if not got:
            return found
        for message in got:
            key = message["Body"].rsplit("/", 1)[0]
            assert key not in found, f"{key} twice"
            found[key] = message
        if url.endswith(".fifo"):
            entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(got)]
            assert "Failed" not in sqs.delete_message_batch(QueueUrl=url, Entries=entries)


def check(server, queue, ledger, round_number):
    assert not ledger.faults, ledger.faults[:3]
    sqs, url = server.client("sqs"), f"{server.endpoint}/{ACCOUNT}/{queue}"
    visible = received(sqs, url)
    again = set(visible) & set(ledger.received)
    assert not again, f"visible again inside their visibility time: {sorted(again)[:5]}"
    # A restart takes the clock back to the real time: what was received an advance ago is due that much later.
    server.cli("time", "advance", f"{(round_number + 1) * (VISIBILITY + 1)}s")
    found = set(visible) | set(received(sqs, url))
    back = found & ledger.deleted
    assert not back, f"deleted and came back: {sorted(back)[:5]}"
    # A deletion that was not answered may have happened.
    lost = ledger.sent - found - ledger.asked
    assert not lost, f"lost: {sorted(lost)[:5]}"


def test_queues_keep_their_word_when_the_server_is_killed(tmp_path):
    server = Gureum(tmp_path, "--virtual-clock").start()
    open_kills = total = 0
    try:
        for round_number in range(ROUNDS):
            fifo = round_number % 2 == 1
            queue = f"q-{uuid.uuid4().hex[:8]}" + (".fifo" if fifo else "")
            server.client("sqs").create_queue(QueueName=queue, Attributes={"FifoQueue": "true"} if fifo else {})
            ledger = Ledger()
            clients = []
            for kind, count in [(Producer, GROUPS if fifo else PRODUCERS), (Consumer, CONSUMERS)]:
                for number in range(count):
                    clients.append(kind(ledger, server.endpoint, queue, f"{round_number}/{kind.__name__}/{number}"))
                    clients[-1].name = f"g{number}"
            for client in clients:
                client.start()
            assert eventually(lambda: ledger.acknowledged >= ACKNOWLEDGED_MIN or ledger.faults, 60)
            time.sleep(random.Random(round_number).random() / 20)  # A moment of its own for every kill.
            open_kills += ledger.open > 0
            server.kill()
            ledger.stop.set()
            for client in clients:
                client.join(30)
            total += ledger.acknowledged
            server.start()
            check(server, queue, ledger, round_number)
        assert open_kills >= 0.9 * ROUNDS, f"only {open_kills} of {ROUNDS} kills fell while requests were open"
        print(f"\n{ROUNDS} kills, {open_kills} with requests open, {total} acknowledged calls, 0 lost")
    finally:
        server.stop()
