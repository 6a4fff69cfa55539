"""Clients of a queue that write down what the server has acknowledged, for the tests that kill it, cut its power or fill its disk."""

import http.client
import json
import random
import threading
import time

from conftest import ACCOUNT

VISIBILITY = 900


class Ledger:
    """What the server has acknowledged of one queue."""

    def __init__(self):
        self.lock = threading.Lock()
        self.open = self.acknowledged = 0
        self.sent = set()
        # By key: when its last receive was answered; whether its deletion was asked for, and acknowledged.
        self.received, self.asked, self.deleted = {}, set(), set()
        self.next_of, self.last_of = {}, {}
        self.stop, self.no_more_sends = threading.Event(), threading.Event()
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
        while not self.ledger.stop.is_set() and not self.quiet() and not self.ledger.faults:
            if self.step() is None:
                time.sleep(0.002)


    def quiet(self):
        return False


class Producer(Client):
    """Sends numbered messages of its own group, each again until it was acknowledged."""

    def quiet(self):
        return self.ledger.no_more_sends.is_set()

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
                ledger.received[key] = time.monotonic()
                if fifo:
                    if int(number) <= ledger.last_of.get(group, -1):
                        ledger.faults.append(f"{key} came after {ledger.last_of[group]}")
                    ledger.last_of[group] = int(number)
            if fifo or (self.random.random() < 0.8 and not ledger.no_more_sends.is_set()):
                self.delete(key, message["ReceiptHandle"])
        return answer

    def delete(self, key, handle):
        with self.ledger.lock:
            self.ledger.asked.add(key)
        if self.call("DeleteMessage", ReceiptHandle=handle) is not None:
            with self.ledger.lock:
                self.ledger.deleted.add(key)


def clients(ledger, endpoint, queue, producers, consumers, seed):
    made = []
    for kind, count in [(Producer, producers), (Consumer, consumers)]:
        for number in range(count):
            made.append(kind(ledger, endpoint, queue, f"{seed}/{kind.__name__}/{number}"))
            made[-1].name = f"g{number}"
    for client in made:
        client.start()
    return made


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


def in_order(keys):
    """Messages of a FIFO queue in the order in which they were received: numbers rise in every group."""
    last = {}
    for key in keys:
        group, number = key.split("/")
        assert int(number) > last.get(group, -1), f"{key} came after {group}/{last[group]}"
        last[group] = int(number)


class Found:
    """What is in the queue of a ledger now, and after the time of every visibility has passed."""

    def __init__(self, server, queue, ledger, advance=VISIBILITY + 1):
        sqs, url = server.client("sqs"), f"{server.endpoint}/{ACCOUNT}/{queue}"
        visible = received(sqs, url)
        self.visible_again = set(visible) & set(ledger.received)
        server.cli("time", "advance", f"{advance}s")
        later = received(sqs, url)
        self.keys = [*visible, *later]
        self.back = set(self.keys) & ledger.deleted
        # A deletion that was not answered may have happened.
        self.lost = ledger.sent - set(self.keys) - ledger.asked
        if queue.endswith(".fifo"):
            in_order(self.keys)

    def expect_nothing_lost(self):
        assert not self.lost, f"lost: {sorted(self.lost)[:5]}"
        assert not self.back, f"deleted and came back: {sorted(self.back)[:5]}"
