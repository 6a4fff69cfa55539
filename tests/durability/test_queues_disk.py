"""A disk that is full, and a disk that fails: the server says so in one line, and nothing that it has acknowledged is lost."""

import os
import re

import pytest
from botocore.exceptions import ClientError
from conftest import eventually
from disks import Disk, OnDisk, fail, folder  # noqa: F401
from queue_clients import Found, Ledger, clients, received
from workers import FLAGS, Journal, Mapped, make_worker

BODY = "x" * 200_000
BALLAST = 40_000_000
EXIT_IO_ERROR = 74


def test_a_full_disk_refuses_messages_keeps_those_it_has_and_goes_on_when_there_is_room(folder):  # noqa: F811
    with Disk(folder / "disk", "160M").mounted(folder / "mounted") as at:
        (at / "ballast").write_bytes(b"x" * BALLAST)
        server = OnDisk(folder, at).start()
        try:
            sqs, kept = server.client("sqs"), []
            url = sqs.create_queue(QueueName="q")["QueueUrl"]
            with pytest.raises(ClientError) as refusal:
                for number in range(2000):
                    sqs.send_message(QueueUrl=url, MessageBody=f"{number}/0/{BODY}")
                    kept.append(f"{number}/0")
            assert refusal.value.response["Error"]["Code"] == "InternalFailure" and len(kept) > 50
            said = [line for line in server.errors().splitlines() if "writes are refused" in line]
            assert len(said) == 1 and re.search(r"the disk has \d+ MB left, and 64 MB are kept free", said[0]), server.errors()
            # It goes on answering.
            counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
            assert counted["Attributes"]["ApproximateNumberOfMessages"] == str(len(kept))
            os.remove(at / "ballast")
            sqs.send_message(QueueUrl=url, MessageBody="last/0/")
            assert set(received(sqs, url)) == {*kept, "last/0"}, "each once, none of the refused"
        finally:
            server.stop()


def test_a_disk_that_fails_ends_the_server_with_a_line_and_loses_nothing(folder):  # noqa: F811
    ledger, disk = Ledger(), Disk(folder / "disk", "384M")
    with disk.mounted(folder / "mounted") as at:
        server = OnDisk(folder, at, "--virtual-clock").start()
        try:
            server.client("sqs").create_queue(QueueName="q")
            working = clients(ledger, server.endpoint, "q", 12, 4, "disk")
            assert eventually(lambda: ledger.acknowledged > 1000 or ledger.faults, 60)
            fail(at)
            assert eventually(lambda: server.process.poll() is not None), "it goes on without a disk"
        finally:
            server.kill()
            ledger.stop.set()
        for client in working:
            client.join(30)
    assert not ledger.faults, ledger.faults[:3]
    assert server.process.returncode == EXIT_IO_ERROR
    last = server.errors().splitlines()[-1]
    assert re.match(r"gureum: a (write|sync) to the data folder failed", last) and last.endswith("check the disk and start again"), server.errors()
    with disk.mounted(folder / "mounted") as at:
        server = OnDisk(folder, at, "--virtual-clock").start()
        try:
            Found(server, "q", ledger).expect_nothing_lost()
        finally:
            server.stop()
    print(f"\n{ledger.acknowledged} acknowledged calls until the disk failed, 0 lost")


def test_a_mapping_goes_on_when_a_full_disk_has_room_again(folder):  # noqa: F811
    journal = Journal()
    with Disk(folder / "disk", "160M").mounted(folder / "mounted") as at:
        server = OnDisk(folder, at, "--virtual-clock", *FLAGS).start()
        try:
            make_worker(server, journal)
            mapped = Mapped(server, "q", fifo=False)
            sqs, url = server.client("sqs"), mapped.url(mapped.queue)
            sqs.send_message(QueueUrl=url, MessageBody="g1/0/")
            assert eventually(lambda: "g1/0" in journal.of("ended"))
            server.client("lambda").update_event_source_mapping(UUID=mapped.uuid, Enabled=False)
            assert eventually(lambda: server.client("lambda").get_event_source_mapping(UUID=mapped.uuid)["State"] == "Disabled")
            for number in range(8, 18):
                sqs.send_message(QueueUrl=url, MessageBody=f"g1/{number}/")
            server.client("lambda").update_event_source_mapping(UUID=mapped.uuid, Enabled=True)
            with open(at / "ballast", "wb") as ballast:
                os.posix_fallocate(ballast.fileno(), 0, os.statvfs(at).f_bavail * os.statvfs(at).f_frsize - 20_000_000)
            with pytest.raises(ClientError):
                sqs.send_message(QueueUrl=url, MessageBody="g1/99/")
            os.remove(at / "ballast")
            # What was received and could not be settled comes back by its visibility.
            mapped.drain(journal, 4)
            assert set(journal.of("ended")) == {"g1/0", *(f"g1/{number}" for number in range(8, 18))} and mapped.dead_letters() == []
        finally:
            server.stop()
            journal.shutdown()
