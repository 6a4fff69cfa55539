"""Consumers that go away while their ReceiveMessage waits: what comes then is for those who are still there."""

import json
import socket
import struct
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest
from conftest import eventually
from test_sqs import bodies, counts, queue, receive, send, sqs  # noqa: F401

CONSUMER = """
import sys, boto3
sqs = boto3.client("sqs", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
sqs.get_queue_attributes(QueueUrl=sys.argv[2], AttributeNames=["All"])
print("waiting", flush=True)
print(sqs.receive_message(QueueUrl=sys.argv[2], WaitTimeSeconds=20).get("Messages"), flush=True)
"""


def call(url, **params):
    body = json.dumps({"QueueUrl": url, **params})
    lines = [
        "POST / HTTP/1.1",
        f"Host: {urlsplit(url).netloc}",
        "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
        "X-Amz-Target: AmazonSQS.ReceiveMessage",
        "Content-Type: application/x-amz-json-1.0",
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def waiting(url):
    """A connection whose receive waits for a message."""
    where = urlsplit(url)
    connection = socket.create_connection((where.hostname, where.port), timeout=30)
    connection.sendall(call(url, WaitTimeSeconds=20))
    # It has no answer: it waits, or will before a later call is answered.
    connection.settimeout(0.3)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    connection.settimeout(30)
    return connection


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["closed", "reset"])
@pytest.mark.parametrize("kind", ["", ".fifo"], ids=["standard", "fifo"])
def test_a_message_is_not_lost_to_a_connection_that_has_ended(sqs, queue, leave, kind):
    url = queue(kind, VisibilityTimeout="600", **({"FifoQueue": "true"} if kind else {}))
    params = {"MessageGroupId": "g", "MessageDeduplicationId": "d"} if kind else {}
    gone = [waiting(url) for _ in range(5)]
    for connection in gone:
        leave(connection)
    send(sqs, url, "for the living", **params)
    [message] = receive(sqs, url, WaitTimeSeconds=5, AttributeNames=["All"])
    assert message["Body"] == "for the living" and int(message["Attributes"]["ApproximateReceiveCount"]) >= 1
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert counts(sqs, url) == (0, 0, 0)


def test_a_message_is_not_lost_to_consumers_that_were_killed(sqs, gureum, queue):
    url = queue(VisibilityTimeout="600")
    consumers = [
        subprocess.Popen([sys.executable, "-c", CONSUMER, gureum.endpoint, url], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for consumer in consumers:
        assert consumer.stdout.readline() == "waiting\n"
    time.sleep(0.5)
    for consumer in consumers:
        consumer.kill()
        consumer.wait()
    send(sqs, url, "one", "two")
    assert sorted(bodies(sqs, url, MaxNumberOfMessages=10, WaitTimeSeconds=5)) == ["one", "two"]


def copy(source, target):
    """As proxies do that pass on the end of one side and keep the other."""
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        target.close()


def test_a_message_is_not_lost_to_a_client_behind_a_proxy_that_half_closes(sqs, queue):
    url = queue(VisibilityTimeout="600")
    where = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        client = socket.create_connection(proxy.getsockname())
        near, _ = proxy.accept()
    far = socket.create_connection((where.hostname, where.port))
    for source, target in ((near, far), (far, near)):
        threading.Thread(target=copy, args=(source, target), daemon=True).start()
    client.sendall(call(url, WaitTimeSeconds=20))
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.close()
    # The proxy has learned that its client is gone, and its connection ends when it is written to once more.
    assert eventually(lambda: far.fileno() == -1)
    time.sleep(1.5)
    send(sqs, url, "for the living")
    assert bodies(sqs, url, WaitTimeSeconds=5) == ["for the living"]


def test_whoever_waits_behind_one_that_hung_up_is_served(sqs, queue):
    url = queue(VisibilityTimeout="600")
    gone, there = waiting(url), waiting(url)
    gone.close()
    send(sqs, url, "next")
    assert b'"Body":"next"' in there.recv(65536)
    there.close()


def test_a_consumer_that_has_only_said_all_it_has_to_say_gets_its_message(sqs, queue):
    url = queue(VisibilityTimeout="600")
    connection = waiting(url)
    connection.shutdown(socket.SHUT_WR)
    # Every client of HTTP/1.1 passes over this: it is how the server learns that somebody still reads.
    assert connection.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
    send(sqs, url, "said")
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    answer = answer.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
    assert answer.startswith(b"HTTP/1.1 200") and b'"Body":"said"' in answer
    assert counts(sqs, url) == (0, 1, 0)
