"""kill -9 while producers and consumers work on queues: nothing acknowledged is lost, nothing deleted comes back, nothing is
visible again inside its visibility time, and FIFO groups keep their order.

GUREUM_KILL_ROUNDS sets the rounds (5 in CI, 100 in `cargo xtask soak`)."""

import os
import random
import time
import uuid

from conftest import Gureum, eventually
from queue_clients import VISIBILITY, Found, Ledger, clients

ROUNDS = int(os.environ.get("GUREUM_KILL_ROUNDS", "5"))
PRODUCERS = CONSUMERS = 12
ACKNOWLEDGED_MIN = 400
GROUPS = 6


def check(server, queue, ledger, round_number):
    assert not ledger.faults, ledger.faults[:3]
    # A restart takes the clock back to the real time: what was received an advance ago is due that much later.
    found = Found(server, queue, ledger, (round_number + 1) * (VISIBILITY + 1))
    assert not found.visible_again, f"visible again inside their visibility time: {sorted(found.visible_again)[:5]}"
    found.expect_nothing_lost()


def test_queues_keep_their_word_when_the_server_is_killed(tmp_path):
    server = Gureum(tmp_path, "--virtual-clock").start()
    open_kills = total = 0
    try:
        for round_number in range(ROUNDS):
            fifo = round_number % 2 == 1
            queue = f"q-{uuid.uuid4().hex[:8]}" + (".fifo" if fifo else "")
            server.client("sqs").create_queue(QueueName=queue, Attributes={"FifoQueue": "true"} if fifo else {})
            ledger = Ledger()
            working = clients(ledger, server.endpoint, queue, GROUPS if fifo else PRODUCERS, CONSUMERS, round_number)
            assert eventually(lambda: ledger.acknowledged >= ACKNOWLEDGED_MIN or ledger.faults, 60)
            time.sleep(random.Random(round_number).random() / 20)  # A moment of its own for every kill.
            open_kills += ledger.open > 0
            server.kill()
            ledger.stop.set()
            for client in working:
                client.join(30)
            total += ledger.acknowledged
            server.start()
            check(server, queue, ledger, round_number)
        assert open_kills >= 0.9 * ROUNDS, f"only {open_kills} of {ROUNDS} kills fell while requests were open"
        print(f"\n{ROUNDS} kills, {open_kills} with requests open, {total} acknowledged calls, 0 lost")
    finally:
        server.stop()
