"""The power of the whole server is cut while producers and consumers work: it is stopped, what had reached its disk is copied, and
a server starts on the copy. What was answered as done is done; of receives at most the last moment is taken back.

GUREUM_POWER_ROUNDS sets the rounds (2 in CI, 20 in `cargo xtask soak`)."""

import os
import random
import time
import uuid

from conftest import eventually
from disks import Disk, OnDisk, folder  # noqa: F401
from queue_clients import Found, Ledger, clients

ROUNDS = int(os.environ.get("GUREUM_POWER_ROUNDS", "2"))
ACKNOWLEDGED_MIN = 300
# What was written is synced within 100 ms; beyond that the time that a sync takes on a busy disk.
TAKEN_BACK_SECONDS = 0.1 + 0.25


class Cut:
    """One cut: what was acknowledged, and what is there afterwards."""

    def __init__(self):
        self.ledger, self.at, self.open = Ledger(), None, 0
        self.found, self.lost, self.taken_back = None, set(), {}

    def of(self, server, disk, copy, queue, calm):
        """Work, and in the middle of it the power goes. `calm`: consumers receive on their own at the end, so that no send's sync helps."""
        fifo = queue.endswith(".fifo")
        server.client("sqs").create_queue(QueueName=queue, Attributes={"FifoQueue": "true"} if fifo else {})
        ledger = self.ledger
        working = clients(ledger, server.endpoint, queue, 12, 8, queue)
        assert eventually(lambda: ledger.acknowledged >= ACKNOWLEDGED_MIN or ledger.faults, 60)
        if calm:
            ledger.no_more_sends.set()
        time.sleep(random.Random(queue).random() / 5)  # A moment of its own for every cut.
        self.at, self.open = time.monotonic(), ledger.open
        server.freeze()
        cut_disk = disk.copy(copy)
        server.kill()
        ledger.stop.set()
        for client in working:
            client.join(30)
        assert not ledger.faults, ledger.faults[:3]
        return cut_disk

    def check(self, server, queue):
        self.found = Found(server, queue, self.ledger)
        self.lost = self.found.lost
        self.taken_back = {key: self.at - self.ledger.received[key] for key in self.found.visible_again}


def cut_rounds(folder, rounds, syncs=True):
    at, disk, cuts = folder / "mounted", Disk(folder / "disk-0", "384M"), []
    for number in range(rounds):
        cut, queue = Cut(), f"q-{uuid.UUID(int=number).hex[-8:]}" + (".fifo" if number % 4 == 3 else "")
        with disk.mounted(at):
            server = OnDisk(folder, at, "--virtual-clock", syncs=syncs).start()
            try:
                copied = cut.of(server, disk, folder / f"disk-{number + 1}", queue, calm=number % 2 == 1)
            finally:
                server.kill()
        os.remove(disk.image)
        disk = copied
        with disk.mounted(at):
            try:
                server = OnDisk(folder, at, "--virtual-clock").start()
            except AssertionError:
                if syncs:
                    raise
                cut.lost = cut.ledger.sent  # There is not even a store.
                return [*cuts, cut]
            try:
                cut.check(server, queue)
            except server.client("sqs").exceptions.QueueDoesNotExist:
                cut.lost = cut.ledger.sent
            finally:
                server.stop()
        cuts.append(cut)
    os.remove(disk.image)
    return cuts


def test_what_was_answered_is_there_after_a_power_cut_and_only_the_last_receives_are_taken_back(folder):
    cuts = cut_rounds(folder, ROUNDS)
    for cut in cuts:
        cut.found.expect_nothing_lost()
        old = {key: age for key, age in cut.taken_back.items() if age > TAKEN_BACK_SECONDS}
        assert not old, f"received long before the cut, and visible: {old}"
    taken = [age for cut in cuts for age in cut.taken_back.values()]
    with_open, acknowledged = sum(cut.open > 0 for cut in cuts), sum(cut.ledger.acknowledged for cut in cuts)
    assert with_open >= 0.9 * ROUNDS
    print(
        f"\n{ROUNDS} power cuts, {with_open} with requests open, {acknowledged} acknowledged calls, 0 lost, 0 back; "
        f"{len(taken)} receives taken back, the oldest {1000 * max(taken, default=0):.0f} ms before the cut"
    )


def test_without_syncs_a_power_cut_loses_messages(folder):
    """Else the test above would prove nothing."""
    (cut,) = cut_rounds(folder, 1, syncs=False)
    assert cut.lost, "nothing was lost without syncs"
    print(f"\n{len(cut.lost)} of {len(cut.ledger.sent)} acknowledged messages lost without syncs")
