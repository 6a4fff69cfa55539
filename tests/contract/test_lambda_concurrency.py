"""One room for all ways to call a function: limits, provisioned concurrency, and the metrics of both."""

import datetime
import json
import threading
import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from conftest import ACCOUNT, ROLE, eventually, refused, zipped

WAIT = """exports.handler = async (event) => {
  await new Promise((resolve) => setTimeout(resolve, (event.wait || 0) * 1000));
  return process.env.AWS_LAMBDA_INITIALIZATION_TYPE;
};
"""
WAIT_URL = "exports.handler = () => new Promise((resolve) => setTimeout(() => resolve('done'), 3000));\n"


def arn(name):
    return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"


def make(server, name, source=WAIT, **more):
    awslambda = server.client("lambda")
    code = {"ZipFile": zipped({"index.js": source})}
    request = {"FunctionName": name, "Runtime": "nodejs20.x", "Role": ROLE, "Handler": "index.handler", "Code": code}
    awslambda.create_function(**{**request, "Timeout": 30, **more})
    return awslambda


def calls(server, count, name, wait):
    """Starts calls that hold their room; answers threads and a list that their answers come into."""
    answers = []

    def call():
        client = server.client("lambda")
        try:
            done = client.invoke(FunctionName=name, Payload=json.dumps({"wait": wait}))
            answers.append(json.loads(done["Payload"].read()))
        except ClientError as error:
            answers.append(error.response)

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, answers


def total(server, metric, **dimensions):
    """The sum of a metric of AWS/Lambda until now."""
    now = datetime.datetime.now(datetime.timezone.utc)
    points = server.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - datetime.timedelta(minutes=10),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=60,
        Statistics=["Sum", "Maximum"],
    )["Datapoints"]
    return {
        "Sum": sum(point["Sum"] for point in points),
        "Maximum": max((point["Maximum"] for point in points), default=None),
    }


@pytest.fixture
def small(fresh):
    """A server whose accounts run ten functions at once."""
    return fresh("--account-concurrency", "10")


def test_the_eleventh_call_of_a_small_account_is_throttled_and_counted(small):
    awslambda = make(small, "worker")
    awslambda.invoke(FunctionName="worker", Payload=b"{}")
    threads, answers = calls(small, 14, "worker", 4)
    for thread in threads:
        thread.join()
    throttled = [answer for answer in answers if isinstance(answer, dict)]
    assert (len(answers), len(throttled)) == (14, 4)
    for answer in throttled:
        assert answer["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
        assert answer["Reason"] == "ConcurrentInvocationLimitExceeded" and answer["Type"] == "User"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert int(answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"]) >= 1
    assert eventually(lambda: total(small, "Throttles", FunctionName="worker")["Sum"] == 4)
    assert eventually(lambda: total(small, "Invocations", FunctionName="worker", Resource="worker")["Sum"] == 11)
    assert total(small, "Throttles")["Sum"] == 4
    assert total(small, "Errors", FunctionName="worker")["Sum"] == 0
    assert total(small, "ConcurrentExecutions", FunctionName="worker")["Maximum"] == 10
    assert total(small, "UnreservedConcurrentExecutions")["Maximum"] == 10
    assert total(small, "ClaimedAccountConcurrency")["Maximum"] == 10
    assert total(small, "Duration", FunctionName="worker")["Maximum"] >= 4000


def test_a_url_is_throttled_by_the_same_room(small):
    awslambda = make(small, "api", WAIT_URL)
    awslambda.add_permission(
        FunctionName="api",
        StatementId="public",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    url = awslambda.create_function_url_config(FunctionName="api", AuthType="NONE")["FunctionUrl"]
    host = url.split("/")[2]
    address = small.endpoint.split("//")[1]

    def get():
        request = urllib.request.Request(f"http://{address}/", headers={"Host": host})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    answers = []
    threads = [threading.Thread(target=lambda: answers.append(get())) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    throttled = [body for status, body in answers if status == 429]
    assert [status for status, _ in answers].count(200) == 10 and len(throttled) == 2
    assert throttled[0]["Reason"] == "ConcurrentInvocationLimitExceeded"
    assert eventually(lambda: total(small, "Throttles", FunctionName="api")["Sum"] == 2)


def test_accepted_events_wait_for_room_and_are_counted(small):
    awslambda = make(small, "worker")
    for _ in range(12):
        awslambda.invoke(FunctionName="worker", InvocationType="Event", Payload=b'{"wait":2}')
    assert eventually(lambda: total(small, "AsyncEventsReceived", FunctionName="worker")["Sum"] == 12)
    assert eventually(lambda: total(small, "Invocations", FunctionName="worker")["Sum"] == 12)
    assert eventually(lambda: total(small, "Throttles", FunctionName="worker")["Sum"] >= 2)
    assert eventually(lambda: total(small, "AsyncEventAge", FunctionName="worker")["Maximum"] >= 1000)
    assert total(small, "AsyncEventsDropped", FunctionName="worker")["Sum"] == 0


def test_a_small_account_may_reserve_nothing(small):
    awslambda = make(small, "worker")
    answer = refused(awslambda.put_function_concurrency, FunctionName="worker", ReservedConcurrentExecutions=1)
    assert answer[0] == "InvalidParameterValueException"
    assert answer[2].endswith("UnreservedConcurrentExecution below its minimum value of [10].")
    limits = awslambda.get_account_settings()["AccountLimit"]
    assert (limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]) == (10, 10)


def test_a_function_gets_ten_requests_a_second_for_each_unit_of_concurrency(small):
    awslambda = make(small, "fast", "exports.handler = async () => 1;\n")
    awslambda.put_function_concurrency(FunctionName="fast", ReservedConcurrentExecutions=0)
    awslambda.delete_function_concurrency(FunctionName="fast")
    awslambda.invoke(FunctionName="fast")
    reasons = []

    def many():
        client = small.client("lambda")
        end = time.monotonic() + 4
        while time.monotonic() < end and "FunctionInvocationRateLimitExceeded" not in reasons:
            try:
                client.invoke(FunctionName="fast")
            except ClientError as error:
                reasons.append(error.response["Reason"])

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(reasons) <= {"FunctionInvocationRateLimitExceeded"}, reasons


@pytest.fixture
def published(awslambda, function, name):
    """A function with version 1 and alias `live`."""
    function(WAIT, Timeout=30)
    awslambda.publish_version(FunctionName=name)
    awslambda.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return name


def stands(awslambda, name, qualifier, status):
    def shown():
        config = awslambda.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        return config if config["Status"] == status else None

    return eventually(shown)


def test_provisioned_environments_are_initialised_before_the_first_call(awslambda, published, client):
    made = awslambda.put_provisioned_concurrency_config(
        FunctionName=published, Qualifier="live", ProvisionedConcurrentExecutions=2
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert made["Status"] == "IN_PROGRESS" and made["RequestedProvisionedConcurrentExecutions"] == 2
    assert made["AllocatedProvisionedConcurrentExecutions"] == 0
    ready = stands(awslambda, published, "live", "READY")
    assert ready["AllocatedProvisionedConcurrentExecutions"] == ready["AvailableProvisionedConcurrentExecutions"] == 2
    kind = lambda qualifier: json.loads(  # noqa: E731
        awslambda.invoke(FunctionName=published, Qualifier=qualifier, Payload=b"{}")["Payload"].read()
    )
    assert kind("live") == kind("1") == "provisioned-concurrency"
    assert kind("$LATEST") == "on-demand"
    [listed] = awslambda.list_provisioned_concurrency_configs(FunctionName=published)["ProvisionedConcurrencyConfigs"]
    assert listed["FunctionArn"] == arn(published) + ":live" and listed["Status"] == "READY"


def test_calls_beyond_what_is_provisioned_spill_over(gureum, awslambda, published):
    awslambda.put_provisioned_concurrency_config(
        FunctionName=published, Qualifier="1", ProvisionedConcurrentExecutions=1
    )
    stands(awslambda, published, "1", "READY")
    threads, answers = calls(gureum, 2, published + ":1", 3)
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["on-demand", "provisioned-concurrency"]
    of = {"FunctionName": published, "Resource": published + ":1"}
    assert eventually(lambda: total(gureum, "ProvisionedConcurrencyInvocations", **of)["Sum"] == 1)
    assert eventually(lambda: total(gureum, "ProvisionedConcurrencySpilloverInvocations", **of)["Sum"] == 1)
    assert total(gureum, "ProvisionedConcurrencyUtilization", **of)["Maximum"] == 1


def test_what_is_deleted_has_no_configuration_any_more(awslambda, published):
    put = awslambda.put_provisioned_concurrency_config
    put(FunctionName=published, Qualifier="1", ProvisionedConcurrentExecutions=1)
    awslambda.delete_provisioned_concurrency_config(FunctionName=published, Qualifier="1")
    awslambda.delete_provisioned_concurrency_config(FunctionName=published, Qualifier="1")
    assert refused(awslambda.get_provisioned_concurrency_config, FunctionName=published, Qualifier="1") == (
        "ProvisionedConcurrencyConfigNotFoundException",
        404,
        "No Provisioned Concurrency Config found for this function",
    )
    put(FunctionName=published, Qualifier="live", ProvisionedConcurrentExecutions=1)
    awslambda.delete_alias(FunctionName=published, Name="live")
    assert awslambda.list_provisioned_concurrency_configs(FunctionName=published)["ProvisionedConcurrencyConfigs"] == []


def test_provisioned_concurrency_is_for_published_versions_and_within_limits(awslambda, published):
    put = awslambda.put_provisioned_concurrency_config
    ask = lambda qualifier, count=1: refused(  # noqa: E731
        put, FunctionName=published, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )
    assert ask("$LATEST") == (
        "InvalidParameterValueException",
        400,
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
    )
    assert ask("7")[::2] == ("ResourceNotFoundException", f"Function not found: {arn(published)}:7")
    assert ask("none")[::2] == ("ResourceNotFoundException", f"Cannot find alias arn: {arn(published)}:none")
    code, status, _ = ask("1", 1_000_000)
    assert (code, status) == ("InvalidParameterValueException", 400)
    put(FunctionName=published, Qualifier="1", ProvisionedConcurrentExecutions=1)
    assert ask("live")[:2] == ("ResourceConflictException", 409)
    awslambda.delete_provisioned_concurrency_config(FunctionName=published, Qualifier="1")
    awslambda.update_function_configuration(FunctionName=published, Description="second")
    awslambda.publish_version(FunctionName=published)
    awslambda.update_alias(
        FunctionName=published, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    assert ask("live")[2] == "Alias with weights can not be used with Provisioned Concurrency"


def test_a_function_that_cannot_be_initialised_says_so(awslambda, function, name):
    function("throw new Error('not today');\n", Publish=True)
    awslambda.put_provisioned_concurrency_config(FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1)
    failed = stands(awslambda, name, "1", "FAILED")
    assert failed["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"
    assert failed["AvailableProvisionedConcurrentExecutions"] == 0


def test_the_account_limits_what_may_be_provisioned_and_a_restart_makes_it_again(fresh):
    server = fresh("--account-concurrency", "573")
    awslambda = make(server, "f", Publish=True)
    put = awslambda.put_provisioned_concurrency_config
    ask = lambda count: refused(  # noqa: E731
        put, FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=count
    )[2]
    assert ask(574) == (
        "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [573]."
    )
    assert ask(573) == (
        "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum "
        "value of [100]."
    )
    put(FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=1)
    stands(awslambda, "f", "1", "READY")
    server.kill()
    server.start()
    awslambda = server.client("lambda")
    stands(awslambda, "f", "1", "READY")
    done = awslambda.invoke(FunctionName="f", Qualifier="1", Payload=b"{}")
    assert json.loads(done["Payload"].read()) == "provisioned-concurrency"
    assert awslambda.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 572


def test_a_version_that_claims_all_that_is_reserved_stops_the_others(awslambda, published):
    awslambda.put_function_concurrency(FunctionName=published, ReservedConcurrentExecutions=1)
    awslambda.put_provisioned_concurrency_config(
        FunctionName=published, Qualifier="1", ProvisionedConcurrentExecutions=1
    )
    with pytest.raises(ClientError) as throttled:
        awslambda.invoke(FunctionName=published, Payload=b"{}")
    assert throttled.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert "retry-after" not in throttled.value.response["ResponseMetadata"]["HTTPHeaders"], "as recorded"
    assert awslambda.invoke(FunctionName=published, Qualifier="1", Payload=b"{}")["StatusCode"] == 200
    lower = refused(awslambda.put_function_concurrency, FunctionName=published, ReservedConcurrentExecutions=0)
    assert lower[2].endswith("should not be lower than function's total provisioned concurrency [1].")


LOOP = """const { SQSClient, SendMessageCommand } = require('@aws-sdk/client-sqs');
const sqs = new SQSClient({});
exports.handler = async () => sqs.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE, MessageBody: 'again' }));
"""


def test_a_loop_through_a_queue_is_stopped_after_sixteen_calls(client, awslambda, function, name):
    sqs = client("sqs")
    dead = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}-dead", "maxReceiveCount": 1}
    attributes = {"VisibilityTimeout": "5", "RedrivePolicy": json.dumps(redrive)}
    queue = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    function(LOOP, Timeout=5, Environment={"Variables": {"QUEUE": queue}})
    mapping = awslambda.create_event_source_mapping(
        FunctionName=name, EventSourceArn=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}", BatchSize=1
    )
    sqs.send_message(QueueUrl=queue, MessageBody="begin")
    cloudwatch = type("Server", (), {"client": staticmethod(client)})
    assert eventually(lambda: total(cloudwatch, "RecursiveInvocationsDropped", FunctionName=name)["Sum"] == 1, 40)
    received = lambda: sqs.receive_message(QueueUrl=dead, MessageSystemAttributeNames=["All"]).get("Messages")  # noqa: E731
    [message] = eventually(received)
    assert message["Body"] == "again" and "Lineage=1:" in message["Attributes"]["AWSTraceHeader"]
    assert total(cloudwatch, "Invocations", FunctionName=name)["Sum"] == 16
    awslambda.delete_event_source_mapping(UUID=mapping["UUID"])
