"""A worker behind an event source mapping that tells the test what it does, at once: its function shares the host's network."""

import json
import socketserver
import threading
import time

from conftest import ROLE, eventually, zipped

FLAGS = ("--function-network", "host")
VISIBILITY, TRIES = 900, 3
# Longer than a worker needs to start on a busy machine.
COLD_START_SECONDS = 3

# What a message does is in its key, GROUP/NUMBER: number 7 of every second group fails always, number 3 of every fourth once.
CODE = """
const net = require('net');
const tell = (line) => new Promise((done, failed) => {
  const socket = net.connect(Number(process.env.JOURNAL), '127.0.0.1', () => socket.write(line + '\\n'));
  socket.once('data', () => { socket.destroy(); done(); });
  socket.once('error', failed);
});
exports.handler = async (event) => {
  await tell(`came ${event.Records.map(({ body }) => body.split('/').slice(0, 2).join('/')).join(' ')}`);
  const failed = [];
  for (const { messageId, body, attributes, eventSourceARN } of event.Records) {
    const [group, number] = body.split('/');
    if (failed.length && attributes.MessageGroupId) { failed.push(messageId); continue; }
    await tell(`began ${group}/${number}`);
    const poison = number === '7' && Number(group.slice(1)) % 2 === 0;
    if (poison || (number === '3' && Number(group.slice(1)) % 4 === 1 && attributes.ApproximateReceiveCount === '1')) failed.push(messageId);
    else await tell(`ended ${group}/${number}`);
  }
  if (failed.length && process.env.THROWS) throw new Error('poison');
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
};
"""


def is_poison(key):
    group, number = key.split("/")
    return number == "7" and int(group[1:]) % 2 == 0


class Journal(socketserver.ThreadingTCPServer):
    """What workers said: (kind, key, window, time). A window ends when the test moves the clock."""

    allow_reuse_address, daemon_threads, request_queue_size = True, True, 512

    def __init__(self):
        self.entries, self.window, self.changed, self.lock = [], 0, time.monotonic(), threading.Lock()
        super().__init__(("127.0.0.1", 0), self.Line)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Line(socketserver.StreamRequestHandler):
        def handle(self):
            kind, *keys = self.rfile.readline().decode().split() or [None]
            if kind:
                with self.server.lock:
                    self.server.changed = time.monotonic()
                    self.server.entries += [(kind, key, self.server.window, self.server.changed) for key in keys]
                self.wfile.write(b"ok\n")

    def of(self, kind):
        with self.lock:
            return [entry[1] for entry in self.entries if entry[0] == kind]

    def quiet_for(self, seconds):
        return time.monotonic() - self.changed > seconds

    def clear(self):
        with self.lock:
            self.entries, self.window = [], 0


def make_worker(server, journal, name="worker", throws=False, **more):
    variables = {"JOURNAL": str(journal.server_address[1]), **({"THROWS": "yes"} if throws else {})}
    server.client("lambda").create_function(
        FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.js": CODE})},
        Timeout=60, Environment={"Variables": variables}, **more,
    )


class Mapped:
    """A queue with dead letters whose messages go to a worker."""

    def __init__(self, server, name, fifo, function="worker", partial=True, **more):
        self.server, self.suffix = server, ".fifo" if fifo else ""
        self.queue, dead = name + self.suffix, name + "-dlq" + self.suffix
        sqs, kind = server.client("sqs"), {"FifoQueue": "true"} if fifo else {}
        self.dead = sqs.create_queue(QueueName=dead, Attributes=kind)["QueueUrl"].rsplit("/", 1)[1]
        policy = json.dumps({"maxReceiveCount": TRIES, "deadLetterTargetArn": f"arn:aws:sqs:us-east-1:000000000000:{dead}"})
        sqs.create_queue(QueueName=self.queue, Attributes={"VisibilityTimeout": str(VISIBILITY), "RedrivePolicy": policy, **kind})
        self.uuid = server.client("lambda").create_event_source_mapping(
            FunctionName=function, EventSourceArn=f"arn:aws:sqs:us-east-1:000000000000:{self.queue}",
            FunctionResponseTypes=["ReportBatchItemFailures"] if partial else [], **more,
        )["UUID"]

    def url(self, queue):
        return f"{self.server.endpoint}/000000000000/{queue}"

    def counts(self, queue):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.server.client("sqs").get_queue_attributes(QueueUrl=self.url(queue), AttributeNames=names)["Attributes"]
        return tuple(int(found[name]) for name in names)

    def rests(self, journal):
        """Whether everything that is in flight came to a worker in this window, and was left by it."""
        visible, in_flight = self.counts(self.queue)
        with journal.lock:
            now = [(kind, key) for kind, key, window, _ in journal.entries if window == journal.window]
        left = {key for kind, key in now if kind == "came"} - {key for kind, key in now if kind == "ended"}
        # Behind a message in flight its FIFO group is visible, and not to be had.
        return in_flight == len(left) and (visible == 0 or (self.suffix and in_flight > 0)) and journal.quiet_for(0.1)

    def drain(self, journal, windows_max):
        """Lets visibility timeouts pass until the queue is empty, each as soon as nothing else happens."""
        journal.changed = time.monotonic()
        # What a kill had taken from its worker came to nobody else: it is waited for by time.
        assert eventually(lambda: journal.quiet_for(COLD_START_SECONDS) and (self.suffix or self.counts(self.queue)[0] == 0), 60)
        for _ in range(windows_max):
            if self.counts(self.queue) == (0, 0):
                return
            with journal.lock:
                journal.window += 1
            self.server.cli("time", "advance", f"{VISIBILITY + 1}s")
            assert eventually(lambda: self.rests(journal), 60), f"it does not come to rest: {self.counts(self.queue)}"
        raise AssertionError(f"not empty after {windows_max} visibility timeouts: {self.counts(self.queue)}")

    def dead_letters(self):
        """The keys of all dead letters; a message that arrived twice would be there twice."""
        sqs, found, ids = self.server.client("sqs"), [], set()
        while True:
            got = sqs.receive_message(QueueUrl=self.url(self.dead), MaxNumberOfMessages=10, VisibilityTimeout=43_200).get("Messages", [])
            if not got:
                return found
            for message in got:
                assert message["MessageId"] not in ids, "a dead letter arrived twice"
                ids.add(message["MessageId"])
                found.append("/".join(message["Body"].split("/")[:2]))
                if self.suffix:
                    sqs.delete_message(QueueUrl=self.url(self.dead), ReceiptHandle=message["ReceiptHandle"])

    def delete(self):
        self.server.client("lambda").delete_event_source_mapping(UUID=self.uuid)
