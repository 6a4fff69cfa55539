"""kill -9 while mappings feed workers: every acknowledged message is handled or a dead letter, none runs again inside its visibility
time, FIFO groups keep their order, dead letters arrive once. And poison, which blocks nothing for longer than its tries.

GUREUM_KILL_ROUNDS sets the rounds (5 in CI, 100 in `cargo xtask soak`)."""

import collections
import os
import random
import time
import uuid

import pytest
from conftest import Gureum, eventually
from queue_clients import Ledger, Producer
from workers import FLAGS, TRIES, Journal, Mapped, is_poison, make_worker

ROUNDS = int(os.environ.get("GUREUM_KILL_ROUNDS", "5"))
PRODUCERS = 8
SENT_MIN, BEGUN_MIN = 150, 60
# Failed once, or poison that came before the kill, or after it: no message needs more.
WINDOWS_MAX = 3 * TRIES
# What a worker has handled is deleted soon after; what was handled longer ago than this is gone.
DELETED_SECONDS = 1.5


def is_company(key):
    """In a FIFO queue what is behind poison is received with it, as often, and handed back with it."""
    group, number = key.split("/")
    return int(number) > 7 and int(group[1:]) % 2 == 0


class Round:
    def __init__(self, server, journal, number):
        self.server, self.journal, self.number, self.fifo = server, journal, number, number % 2 == 1
        size = {"BatchSize": 1} if number % 4 == 2 else {"BatchSize": 10}
        self.ledger, self.mapped = Ledger(), Mapped(server, f"m-{uuid.uuid4().hex[:8]}", self.fifo, **size)

    def run(self):
        """Whether requests were open when the server was killed."""
        ledger, journal = self.ledger, self.journal
        producers = [Producer(ledger, self.server.endpoint, self.mapped.queue, f"{self.number}/{n}") for n in range(PRODUCERS)]
        for number, producer in enumerate(producers):
            producer.name = f"g{number}"
            producer.start()
        enough = lambda: len(ledger.sent) >= SENT_MIN and len(journal.of("began")) >= BEGUN_MIN  # noqa: E731
        assert eventually(lambda: enough() or ledger.faults, 60), (len(ledger.sent), len(journal.of("began")))
        time.sleep(random.Random(self.number).random() / 20)  # A moment of its own for every kill.
        self.killed, was_open = time.monotonic(), ledger.open > 0
        self.server.kill()
        ledger.stop.set()
        for producer in producers:
            producer.join(30)
        assert not ledger.faults, ledger.faults[:3]
        self.server.start()
        # By now the workers of before are gone too.
        self.gone = time.monotonic()
        mapping = self.server.client("lambda").get_event_source_mapping(UUID=self.mapped.uuid)
        assert mapping["State"] in ("Enabled", "Creating"), mapping
        self.mapped.drain(journal, WINDOWS_MAX)
        return was_open

    def check(self):
        sent, ended, dead = self.ledger.sent, set(self.journal.of("ended")), self.mapped.dead_letters()
        self.dead = dead
        lost = sent - ended - set(dead)
        assert not lost, f"lost: {sorted(lost)[:5]}"
        assert len(dead) == len(set(dead)), "a dead letter arrived twice"
        needless = [key for key in dead if not is_poison(key) and not (self.fifo and is_company(key))]
        assert not needless, f"dead without need: {sorted(needless)[:5]}"
        in_window = collections.Counter((key, window) for kind, key, window, _ in self.journal.entries if kind == "began")
        twice = [key for key, count in in_window.items() if count > 1]
        told = [(kind, window, round(at - self.gone, 3)) for kind, key, window, at in self.journal.entries if twice and key == twice[0][0]]
        assert not twice, f"ran again inside their visibility time: {twice[:5]}, the first: {told}"
        back = self.came_back()
        assert not back, f"handled long before the kill, and ran again: {back[:5]}"
        if self.fifo:
            self.check_order(dead)

    def came_back(self):
        """Messages that ran again although they must have been deleted: not those whose deletion the kill may have taken."""
        back, ended = [], {}
        for kind, key, _, at in self.journal.entries:
            if kind == "ended":
                ended.setdefault(key, at)
            elif kind == "began" and key in ended and not self.killed - DELETED_SECONDS < ended[key] < self.gone:
                back.append((key, round(self.killed - ended[key], 2)))
        return back

    def check_order(self, dead):
        """A message of a group begins when all before it have ended, or are dead letters after their tries."""
        undone, youngest, begun = collections.defaultdict(set), {}, collections.Counter()
        for kind, key, _, _ in self.journal.entries:
            group, number = key.split("/")[0], int(key.split("/")[1])
            if kind == "ended":
                undone[group].discard(number)
            elif kind == "began":
                begun[key] += 1
                for before in sorted(n for n in undone[group] if n < number):
                    # A kill may take a try before it has begun.
                    other = f"{group}/{before}"
                    assert other in dead and begun[other] >= TRIES - 1, f"{key} began before {other} was done"
                if begun[key] == 1:
                    assert number > youngest.get(group, -1), f"{key} began after {group}/{youngest[group]}"
                    youngest[group] = number
                    undone[group].add(number)


def test_mappings_keep_their_word_when_the_server_is_killed(tmp_path):
    server, journal = Gureum(tmp_path, "--virtual-clock", *FLAGS), Journal()
    open_kills = sent = handled = dead = 0
    try:
        server.start()
        make_worker(server, journal)
        for number in range(ROUNDS):
            # The clock of every round begins at the real time.
            server.stop()
            server.start()
            journal.clear()
            one = Round(server, journal, number)
            open_kills += one.run()
            one.check()
            sent, handled = sent + len(one.ledger.sent), handled + len(set(journal.of("ended")))
            dead += len(one.dead)
            one.mapped.delete()
        assert open_kills >= 0.9 * ROUNDS, f"only {open_kills} of {ROUNDS} kills fell while requests were open"
        print(f"\n{ROUNDS} kills, {open_kills} with requests open; {sent} messages acknowledged: {handled} handled, {dead} dead letters, 0 lost")
    finally:
        server.stop()
        journal.shutdown()


@pytest.mark.parametrize("throws", [False, True], ids=["named in the answer", "thrown"])
@pytest.mark.parametrize("fifo", [False, True], ids=["standard", "fifo"])
def test_poison_blocks_its_queue_no_longer_than_its_tries(tmp_path, fifo, throws):
    """Number 7 of group 0 fails always. One message a batch where the worker throws, and in a FIFO queue: else its company counts receives too."""
    server, journal = Gureum(tmp_path, "--virtual-clock", *FLAGS), Journal()
    try:
        server.start()
        make_worker(server, journal, throws=throws)
        mapped = Mapped(server, "poison", fifo, partial=not throws, BatchSize=1 if throws or fifo else 10)
        sqs = server.client("sqs")
        for number in [5, 7, 8, 9]:
            for group in ["g0", "g1"]:
                more = {"MessageGroupId": group, "MessageDeduplicationId": f"{group}-{number}"} if fifo else {}
                sqs.send_message(QueueUrl=mapped.url(mapped.queue), MessageBody=f"{group}/{number}/", **more)
        others = {f"g1/{number}" for number in [5, 7, 8, 9]} | {"g0/5"} | (set() if fifo else {"g0/8", "g0/9"})
        # Without any visibility timeout passing: only a FIFO group waits for its poison.
        assert eventually(lambda: set(journal.of("ended")) == others), journal.entries
        mapped.drain(journal, TRIES + 1)
        assert mapped.dead_letters() == ["g0/7"]
        assert journal.of("began").count("g0/7") == TRIES
        assert sorted(journal.of("ended")) == sorted(others | {"g0/8", "g0/9"}), "each once"
        if fifo:
            assert [key for key in journal.of("ended") if key.startswith("g0")] == ["g0/5", "g0/8", "g0/9"]
        assert server.client("lambda").get_event_source_mapping(UUID=mapped.uuid)["State"] == "Enabled"
    finally:
        server.stop()
        journal.shutdown()
