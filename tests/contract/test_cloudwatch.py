"""CloudWatch's metrics by boto3, in JSON, CBOR and the query protocol, the aws CLI and both SDKs for JavaScript."""

import datetime
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import botocore.session
import pytest
from conftest import eventually, refused

EXCLUSIVE = "are mutually exclusive and you have specified both."


@pytest.fixture
def cloudwatch(client):
    return client("cloudwatch")


def by_protocol(gureum, protocol):
    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def with_protocol(service, kind, api_version=None):
        model = dict(load(service, kind, api_version))
        if (service, kind) == ("cloudwatch", "service-2"):
            model["metadata"] = dict(model["metadata"], protocol=protocol, protocols=[protocol])
        return model

    loader.load_service_model = with_protocol
    return session.create_client(
        "cloudwatch",
        endpoint_url=gureum.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def put(cloudwatch, namespace, *data, **one):
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=list(data) or [dict(MetricName="m", **one)])


def statistics(cloudwatch, namespace, name="m", period=60, seconds=3600, **more):
    more.setdefault("Statistics", ["SampleCount", "Sum", "Average", "Minimum", "Maximum"])
    if "ExtendedStatistics" in more:
        del more["Statistics"]
    now = time.time()
    request = dict(Namespace=namespace, MetricName=name, Period=period, StartTime=now - seconds, EndTime=now + 120)
    return cloudwatch.get_metric_statistics(**{**request, **more})["Datapoints"]


def data(cloudwatch, *queries, seconds=3600, **more):
    now = time.time()
    request = dict(MetricDataQueries=list(queries), StartTime=now - seconds, EndTime=now + 120)
    return cloudwatch.get_metric_data(**{**request, **more})


def query(namespace, name="m", stat="Sum", period=60, id="q", dimensions=(), **more):
    metric = dict(Namespace=namespace, MetricName=name, Dimensions=[dict(Name=k, Value=v) for k, v in dimensions])
    return dict(Id=id, MetricStat=dict(Metric=metric, Period=period, Stat=stat), **more)


def a_minute_begins():
    """Waits until the current minute has some seconds left, so that what follows falls into one."""
    assert eventually(lambda: time.time() % 60 < 55, 10)


@pytest.mark.parametrize("protocol", ["json", "smithy-rpc-v2-cbor", "query"])
def test_values_come_back_as_statistics_in_every_protocol(gureum, name, protocol):
    cloudwatch = by_protocol(gureum, protocol)
    a_minute_begins()
    namespace = f"{name}/{protocol}"
    put(cloudwatch, namespace, Value=1.5, Unit="Seconds")
    put(cloudwatch, namespace, Values=[2.0, 4.0], Counts=[3.0, 1.0], Unit="Seconds")
    put(cloudwatch, namespace, StatisticValues=dict(SampleCount=2, Sum=9, Minimum=0.5, Maximum=8.5), Unit="Seconds")
    [point] = statistics(cloudwatch, namespace)
    assert (point["SampleCount"], point["Sum"], point["Minimum"], point["Maximum"]) == (7, 20.5, 0.5, 8.5)
    assert point["Average"] == 20.5 / 7 and point["Unit"] == "Seconds"
    assert point["Timestamp"].second == 0
    result = data(cloudwatch, query(namespace))["MetricDataResults"][0]
    assert (result["Label"], result["StatusCode"], result["Values"]) == ("m", "Complete", [20.5])
    [listed] = cloudwatch.list_metrics(Namespace=namespace)["Metrics"]
    assert (listed["Namespace"], listed["MetricName"], listed["Dimensions"]) == (namespace, "m", [])


def test_a_large_put_is_taken_gzipped(cloudwatch, name):
    data_ = [dict(MetricName=f"m{number}", Value=number, Unit="Count") for number in range(1000)]
    put(cloudwatch, name, *data_)
    assert statistics(cloudwatch, name, "m999", Statistics=["Sum"])[0]["Sum"] == 999
    pages = [page["Metrics"] for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace=name)]
    assert [len(page) for page in pages] == [500, 500]
    code, _, message = refused(cloudwatch.put_metric_data, Namespace=name, MetricData=data_ + data_[:1])
    assert (code, message) == ("InvalidParameterValue", "The collection MetricData must not have a size greater than 1000.")


def test_a_put_that_makes_no_sense_is_refused_in_aws_words(cloudwatch, name):
    def why(namespace=name, **datum):
        return refused(cloudwatch.put_metric_data, Namespace=namespace, MetricData=[dict(MetricName="m", **datum)])

    at = "MetricData.member.1"
    assert why(Value=1, Values=[1]) == (
        "InvalidParameterCombination",
        400,
        f"The parameters {at}.Value and {at}.Values {EXCLUSIVE}",
    )
    assert why()[0] == "InvalidParameterCombination"
    invalid = [
        (dict(Value=float("nan")), f"The value NaN for parameter {at}.Value is invalid."),
        (dict(Value=float("inf")), f"The value Infinity for parameter {at}.Value is invalid."),
        (dict(Value=1e200), f"The value 1.0E200 for parameter {at}.Value is invalid."),
        (dict(Values=[1.0] * 151), f"The collection {at}.Values must not have a size greater than 150."),
        (dict(Value=1, StorageResolution=5), f"The value 5 for parameter {at}.StorageResolution is invalid."),
        (
            dict(Value=1, Dimensions=[dict(Name=f"d{n}", Value="v") for n in range(31)]),
            f"The collection {at}.Dimensions must not have a size greater than 30.",
        ),
        (
            dict(Value=1, Timestamp=time.time() - 15 * 86400),
            f"The parameter {at}.Timestamp must specify a time within the past two weeks.",
        ),
    ]
    for datum, message in invalid:
        assert why(**datum) == ("InvalidParameterValue", 400, message)
    assert why(Value=1, Timestamp=time.time() + 3 * 3600)[0] == "InvalidParameterValue"
    message = "The value AWS/SQS for parameter Namespace is invalid."
    assert why("AWS/SQS", Value=1) == ("InvalidParameterValue", 400, message)
    assert refused(cloudwatch.put_metric_data, Namespace=name)[0] == "MissingParameter"
    assert statistics(cloudwatch, name) == []


def test_names_are_ascii_that_is_not_blank_in_every_operation(cloudwatch, name):
    korean, long = "\uae30", "n" * 256
    at = "MetricData.member.1"

    def of_put(dimension=None, namespace=name, metric="m"):
        dimensions = [dict(zip(["Name", "Value"], dimension))] if dimension else []
        datum = dict(MetricName=metric, Value=1, Dimensions=dimensions)
        code, _, message = refused(cloudwatch.put_metric_data, Namespace=namespace, MetricData=[datum])
        return code, message

    assert of_put(("d", " ")) == ("MissingParameter", f"The parameter {at}.Dimensions.member.1.Value is required.")
    for refusal, message in [
        (of_put(("d", korean)), f"The value for parameter {at}.Dimensions.member.1.Value contains non-ASCII characters."),
        (of_put(("d", "v" * 1025)), f"The parameter {at}.Dimensions.member.1.Value must be shorter than 1025 characters."),
        (of_put((long, "v")), f"The parameter {at}.Dimensions.member.1.Name must be shorter than 256 characters."),
        (of_put((":d", "v")), f"The value :d for parameter {at}.Dimensions.member.1.Name is invalid."),
        (of_put(metric=korean), f"The value for parameter {at}.MetricName contains non-ASCII characters."),
        (of_put(metric=long), f"The parameter {at}.MetricName must be shorter than 256 characters."),
        (of_put(namespace=":n"), "The value :n for parameter Namespace is invalid."),
        (of_put(namespace=long), "The parameter Namespace must be shorter than 256 characters."),
    ]:
        assert refusal == ("InvalidParameterValue", message)
    put(cloudwatch, name, Value=1, Dimensions=[dict(Name="a b", Value="c:d " + "v" * 1020)])
    dimension = [dict(Name="d", Value=korean)]
    words = "Dimensions.member.1.Value contains non-ASCII characters."
    for call in [
        lambda: statistics(cloudwatch, name, Dimensions=dimension),
        lambda: data(cloudwatch, query(name, dimensions=[("d", korean)])),
        lambda: cloudwatch.list_metrics(Dimensions=dimension),
    ]:
        assert words in refused(call)[2]


def test_a_statistic_set_tells_percentiles_where_it_stands_for_one_value(cloudwatch, name):
    def p50(metric, **set):
        put(cloudwatch, name, dict(MetricName=metric, StatisticValues=set))
        [result] = data(cloudwatch, query(name, metric, stat="p50"))["MetricDataResults"]
        return result["Values"]

    assert p50("one", SampleCount=1, Sum=5, Minimum=5, Maximum=5) == [5]
    assert p50("same", SampleCount=3, Sum=15, Minimum=5, Maximum=5) == [5]
    assert p50("spread", SampleCount=2, Sum=6, Minimum=2, Maximum=4) == []
    assert p50("no sense", SampleCount=1, Sum=3, Minimum=2, Maximum=4) == []


def test_metrics_are_told_apart_by_their_dimensions(cloudwatch, name):
    for value, dimensions in [(1, {}), (2, {"a": "x"}), (4, {"a": "x", "b": "y"})]:
        dimensions = [dict(Name=k, Value=v) for k, v in reversed(dimensions.items())]
        put(cloudwatch, name, Value=value, Dimensions=dimensions)
    sums = {}
    for dimensions in [(), (("a", "x"),), (("b", "y"), ("a", "x")), (("a", "z"),)]:
        [result] = data(cloudwatch, query(name, dimensions=dimensions))["MetricDataResults"]
        sums[dimensions] = sum(result["Values"])
    assert list(sums.values()) == [1, 2, 4, 0]

    def listed(**filters):
        return len(cloudwatch.list_metrics(Namespace=name, **filters)["Metrics"])

    assert listed() == 3 and listed(MetricName="m") == 3 and listed(MetricName="other") == 0
    assert listed(Dimensions=[dict(Name="a")]) == 2
    assert listed(Dimensions=[dict(Name="a"), dict(Name="b", Value="y")]) == 1
    assert listed(Dimensions=[dict(Name="b", Value="z")]) == 0
    assert listed(RecentlyActive="PT3H") == 3


def test_units_are_never_mixed(cloudwatch, name):
    put(cloudwatch, name, *[dict(MetricName="m", Value=v, **u) for v, u in [(1, {}), (2, dict(Unit="Bytes"))]])
    points = {point["Unit"]: point["Sum"] for point in statistics(cloudwatch, name)}
    assert points == {"None": 1, "Bytes": 2}
    assert [point["Sum"] for point in statistics(cloudwatch, name, Unit="Bytes")] == [2]
    assert statistics(cloudwatch, name, Unit="Count") == []


def test_values_are_cut_into_periods_from_the_start_on(cloudwatch, name):
    start = time.time() // 3600 * 3600 - 7200
    for minute, value in [(0, 1), (1, 2), (5, 4), (59, 8), (60, 16)]:
        put(cloudwatch, name, Value=value, Timestamp=start + minute * 60 + 30)

    def sums(period, offset=0, **more):
        [result] = cloudwatch.get_metric_data(
            MetricDataQueries=[query(name, period=period)],
            StartTime=start + offset,
            EndTime=start + 7200,
            **more,
        )["MetricDataResults"]
        return [(int(at.timestamp() - start), value) for at, value in zip(result["Timestamps"], result["Values"])]

    assert sums(3600) == [(3600, 16), (0, 15)], "the newest first"
    assert sums(300, ScanBy="TimestampAscending") == [(0, 3), (300, 4), (3300, 8), (3600, 16)]
    assert sums(3600, 60) == [(60, 30)]
    assert sums(60, 59, ScanBy="TimestampAscending")[0] == (0, 1), "a start is rounded down to its minute"


def test_high_resolution_metrics_have_periods_of_seconds(cloudwatch, name):
    now = int(time.time()) // 10 * 10
    for second in range(10):
        put(cloudwatch, name, Value=second, Timestamp=now - 10 + second, StorageResolution=1)
    [result] = data(cloudwatch, query(name, period=5), StartTime=now - 10, EndTime=now, ScanBy="TimestampAscending")[
        "MetricDataResults"
    ]
    assert result["Values"] == [0 + 1 + 2 + 3 + 4, 5 + 6 + 7 + 8 + 9]
    assert sum(data(cloudwatch, query(name))["MetricDataResults"][0]["Values"]) == 45, "and of minutes"


def test_percentiles_and_trimmed_statistics(cloudwatch, name):
    a_minute_begins()
    put(cloudwatch, name, Values=[float(value) for value in range(1, 101)])
    names = ["p50", "p99.9", "tm90", "TC(10%:90%)", "PR(:30)", "IQM"]
    [point] = statistics(cloudwatch, name, ExtendedStatistics=names)
    assert point["ExtendedStatistics"] == {
        "p50": 50,
        "p99.9": 100,
        "tm90": 45.5,
        "TC(10%:90%)": 80,
        "PR(:30)": 30,
        "IQM": 50.5,
    }
    [result] = data(cloudwatch, query(name, stat="p90"))["MetricDataResults"]
    assert result["Values"] == [90]


def test_labels_say_what_differs_unless_they_are_given(cloudwatch, name):
    put(cloudwatch, name, Value=3, Dimensions=[dict(Name="d", Value="v")])
    labels = [
        result["Label"]
        for result in data(
            cloudwatch,
            query(name, stat="Sum", id="a", dimensions=[("d", "v")]),
            query(name, stat="Average", id="b", dimensions=[("d", "v")]),
            query(name, stat="Maximum", id="c", dimensions=[("d", "v")], Label="${PROP('Dim.d')} at most ${MAX}"),
        )["MetricDataResults"]
    ]
    assert labels == ["m Sum", "m Average", "v at most 3"]
    [first, second] = data(
        cloudwatch,
        query(name, id="a", dimensions=[("d", "v")]),
        query(name, id="b", period=300, dimensions=[("d", "v")], Label="[${LABEL}] ${PROP('Region')} ${MIN_MAX_RANGE}"),
    )["MetricDataResults"]
    assert (first["Label"], second["Label"]) == ("m 60", "[m 300] us-east-1 0")


def test_a_query_that_is_not_returned_and_a_metric_without_data(cloudwatch, name):
    put(cloudwatch, name, Value=3)
    answer = data(cloudwatch, query(name, id="hidden", ReturnData=False), query(name, "none", id="empty"))
    [empty] = answer["MetricDataResults"]
    assert (empty["Id"], empty["Values"], empty["Timestamps"], empty["StatusCode"]) == ("empty", [], [], "Complete")
    assert answer["Messages"] == []


def test_data_come_in_pages(cloudwatch, name):
    now = time.time() // 60 * 60
    put(cloudwatch, name, *[dict(MetricName=m, Value=n, Timestamp=now - 60 * n) for m in "ab" for n in range(1, 6)])
    request = dict(
        MetricDataQueries=[query(name, "a", id="a"), query(name, "b", id="b")],
        StartTime=now - 3600,
        EndTime=now + 60,
        MaxDatapoints=3,
    )
    pages, token = [], {}
    while True:
        page = cloudwatch.get_metric_data(**request, **token)
        pages.append([(r["Id"], r["StatusCode"], r["Values"]) for r in page["MetricDataResults"]])
        if "NextToken" not in page:
            break
        token = dict(NextToken=page["NextToken"])
    assert pages == [
        [("a", "PartialData", [1, 2, 3])],
        [("a", "Complete", [4, 5]), ("b", "PartialData", [1])],
        [("b", "PartialData", [2, 3, 4])],
        [("b", "Complete", [5])],
    ]
    assert refused(cloudwatch.get_metric_data, **dict(request, MaxDatapoints=4), NextToken="x")[0] == "InvalidNextToken"


def test_queries_that_make_no_sense_are_refused(cloudwatch, name):
    assert refused(statistics, cloudwatch=cloudwatch, namespace=name, period=61)[0] == "InvalidParameterValue"
    code, _, message = refused(statistics, cloudwatch=cloudwatch, namespace=name, seconds=86400 * 2)
    assert code == "InvalidParameterCombination"
    assert message.startswith("You have requested up to 288") and message.endswith(
        " datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or "
        "decreasing the time range."
    )
    now = time.time()
    backwards = dict(Namespace=name, MetricName="m", Period=60, StartTime=now, EndTime=now - 60, Statistics=["Sum"])
    assert refused(cloudwatch.get_metric_statistics, **backwards)[0].startswith("InvalidParameter")
    neither = dict(Namespace=name, MetricName="m", Period=60, StartTime=now - 60, EndTime=now)
    assert refused(cloudwatch.get_metric_statistics, **neither)[0] == "InvalidParameterCombination"

    def why(*queries, **more):
        return refused(lambda: data(cloudwatch, *queries, **more))

    code, status, message = why(query(name, stat="median"))
    assert (code, status) == ("ValidationError", 400)
    assert "The value for parameter MetricDataQueries.member.1.MetricStat.Stat is not a valid statistic." in message
    assert "expected pattern ^[a-z][a-zA-Z0-9_]*$" in why(query(name, id="A"))[2]
    assert "not unique" in why(query(name), query(name))[2]
    assert "StartTime must not equal parameter EndTime" in why(query(name), StartTime=5, EndTime=5)[2]
    both = why(dict(query(name), Expression="q"))[2]
    assert both.startswith("The parameters MetricDataQueries.member.1.MetricStat and MetricDataQueries.member.1.Expression are")
    assert "The parameter MetricDataQueries is required." in why()[2]
    code, status, message = why(dict(Id="e", Expression="SUM(METRICS())"))
    assert (code, status) == ("NotImplementedException", 501) and "SUM(METRICS())" in message


def test_a_query_that_is_made_by_hand_is_answered_in_xml(gureum, name):
    """As old scripts ask: parameters in the URL or in a form, times as text, members by number."""

    def ask(action, post=True, **parameters):
        text = urllib.parse.urlencode({"Action": action, "Version": "2010-08-01", **parameters})
        credential = "Credential=test/20260101/us-east-1/monitoring/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"}
        url, body = (gureum.endpoint, text.encode()) if post else (f"{gureum.endpoint}/?{text}", None)
        try:
            answer = urllib.request.urlopen(urllib.request.Request(url, body, headers))
        except urllib.error.HTTPError as refusal:
            answer = refusal
        return answer.status, answer.headers["Content-Type"], re.sub(r' xmlns="[^"]*"', "", answer.read().decode())

    def at(seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))

    metric = {"Namespace": name, "MetricName": "m", "Dimensions.member.1.Name": "d", "Dimensions.member.1.Value": "v"}
    datum = {f"MetricData.member.1.{key}": value for key, value in metric.items() if key != "Namespace"}
    datum |= {"MetricData.member.1.Values.member.1": "1.5", "MetricData.member.1.Values.member.2": "2"}
    datum |= {"MetricData.member.1.Timestamp": at(0), "MetricData.member.1.Unit": "Count"}
    status, kind, text = ask("PutMetricData", Namespace=name, **datum)
    assert (status, kind) == (200, "text/xml") and text.startswith("<PutMetricDataResponse><ResponseMetadata><RequestId>")
    asked = dict(metric, StartTime=at(-3600), EndTime=at(120), Period="3600", **{"Statistics.member.1": "Sum"})
    for post in [True, False]:
        status, _, text = ask("GetMetricStatistics", post, **asked)
        assert status == 200 and "<Sum>3.5</Sum>" in text and "<Label>m</Label>" in text and "<Unit>Count</Unit>" in text
    _, _, text = ask("ListMetrics", Namespace=name)
    assert "<member><Name>d</Name><Value>v</Value></member>" in text
    queried = {"MetricDataQueries.member.1.Id": "q", "MetricDataQueries.member.1.MetricStat.Stat": "Maximum"}
    queried |= {"MetricDataQueries.member.1.MetricStat.Period": "3600"}
    queried |= {f"MetricDataQueries.member.1.MetricStat.Metric.{key}": value for key, value in metric.items()}
    _, _, text = ask("GetMetricData", StartTime=at(-3600), EndTime=at(120), **queried)
    assert "<Values><member>2.0</member></Values>" in text and "<StatusCode>Complete</StatusCode>" in text
    status, kind, text = ask("GetMetricStatistics", **dict(asked, Period="61"))
    assert (status, kind) == (400, "text/xml")
    assert "<Type>Sender</Type><Code>InvalidParameterValue</Code><Message>" in text


def test_what_was_acknowledged_survives_a_kill(fresh, name):
    server = fresh()
    for number in range(20):
        put(server.client("cloudwatch"), name, Value=number)
    server.kill()
    server.start()
    cloudwatch = server.client("cloudwatch")
    points = statistics(cloudwatch, name)
    assert (sum(point["Sum"] for point in points), sum(point["SampleCount"] for point in points)) == (190, 20)
    assert len(cloudwatch.list_metrics(Namespace=name)["Metrics"]) == 1


def test_accounts_and_regions_do_not_see_each_other(gureum, name):
    put(gureum.client("cloudwatch"), name, Value=1)
    for other in [gureum.client("cloudwatch", region="eu-west-1"), gureum.client("cloudwatch", key="111111111118")]:
        assert statistics(other, name) == [] and other.list_metrics(Namespace=name)["Metrics"] == []


def test_the_aws_cli_puts_and_reads_metrics(gureum, name):
    environment = dict(os.environ, AWS_ENDPOINT_URL=gureum.endpoint, AWS_DEFAULT_REGION="us-east-1")
    environment |= dict(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_PAGER="", AWS_DEFAULT_OUTPUT="json")
    aws = os.path.join(os.path.dirname(sys.executable), "aws")

    def run(*args):
        done = subprocess.run([aws, "cloudwatch", *args], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    run("put-metric-data", "--namespace", name, "--metric-name", "m", "--value", "7", "--dimensions", "d=v")
    now = datetime.datetime.now(datetime.timezone.utc)
    times = ["--start-time", (now - datetime.timedelta(hours=1)).isoformat(), "--end-time", (now + datetime.timedelta(minutes=2)).isoformat()]
    asked = ["--namespace", name, "--metric-name", "m", "--dimensions", "Name=d,Value=v", "--period", "60"]
    answer = run("get-metric-statistics", *asked, "--statistics", "Sum", *times)
    assert [point["Sum"] for point in answer["Datapoints"]] == [7.0]
    assert [metric["MetricName"] for metric in run("list-metrics", "--namespace", name)["Metrics"]] == ["m"]


SDKS = """
const [endpoint, namespace] = process.argv.slice(2);
const { CloudWatchClient, PutMetricDataCommand, GetMetricStatisticsCommand } = require('@aws-sdk/client-cloudwatch');
const AWS = require('aws-sdk');
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const v2 = new AWS.CloudWatch({ endpoint, region: 'us-east-1', ...credentials });
const v3 = new CloudWatchClient({ endpoint, region: 'us-east-1', credentials });
const asked = { Namespace: namespace, MetricName: 'm', Period: 60, Statistics: ['Sum', 'SampleCount'],
  StartTime: new Date(Date.now() - 3600e3), EndTime: new Date(Date.now() + 120e3) };
const sum = (answer) => answer.Datapoints.reduce((all, point) => all + point.Sum, 0);
(async () => {
  await v2.putMetricData({ Namespace: namespace, MetricData: [{ MetricName: 'm', Value: 1, Unit: 'Count', Timestamp: new Date() }] }).promise();
  await v3.send(new PutMetricDataCommand({ Namespace: namespace, MetricData: [{ MetricName: 'm', Value: 2, Unit: 'Count', Timestamp: new Date() }] }));
  const refused = await v2.putMetricData({ Namespace: 'AWS/x', MetricData: [{ MetricName: 'm', Value: 1 }] }).promise().catch((e) => e.code);
  console.log(JSON.stringify([sum(await v2.getMetricStatistics(asked).promise()), sum(await v3.send(new GetMetricStatisticsCommand(asked))), refused]));
})();
"""


def test_both_sdks_for_javascript_put_and_read_metrics(gureum, name, tmp_path):
    (tmp_path / "metrics.js").write_text(SDKS)
    modules = os.path.join(os.environ["GUREUM_NODE_CLIENTS"], "node_modules")
    environment = dict(os.environ, NODE_PATH=modules, AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE="1")
    command = ["node", "metrics.js", gureum.endpoint, name]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [3, 3, "InvalidParameterValue"]


def test_raw_metrics_are_shown_as_localstack_shows_them(gureum, name):
    key = "111111111124"
    put(gureum.client("cloudwatch", key=key), name, Values=[1.5, 2.0], Counts=[1, 2], Dimensions=[dict(Name="d", Value="v")])
    told = json.load(urllib.request.urlopen(gureum.endpoint + "/_aws/cloudwatch/metrics/raw"))["metrics"]
    [first, *others] = [metric for metric in told if metric["ns"] == name]
    assert [first["v"], *[other["v"] for other in others]] == [1.5, 2.0, 2.0]
    assert (first["n"], first["d"], first["account"], first["region"]) == ("m", [{"n": "d", "v": "v"}], key, "us-east-1")
    assert abs(first["t"] - time.time()) < 120


# Metrics of services


def of_queue(cloudwatch, queue, metric, stat="Sum"):
    points = statistics(cloudwatch, "AWS/SQS", metric, 3600, 3600, Dimensions=[dict(Name="QueueName", Value=queue)])
    return sum(point[stat] for point in points)


def test_messages_are_counted_at_once(gureum, name):
    sqs, cloudwatch = (gureum.client(service, key="111111111125") for service in ["sqs", "cloudwatch"])
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="1234")
    sqs.send_message_batch(QueueUrl=url, Entries=[dict(Id=i, MessageBody="12") for i in "abc"])
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    counted = {
        metric: of_queue(cloudwatch, name, metric)
        for metric in ["NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted", "SentMessageSize"]
    }
    assert list(counted.values()) == [4, 1, 1, 10]
    assert of_queue(cloudwatch, name, "SentMessageSize", "Maximum") == 4
    assert of_queue(cloudwatch, name + "x", "NumberOfMessagesSent") == 0


def test_how_a_queue_stands_is_measured_every_minute(fresh, name):
    server = fresh("--virtual-clock")
    sqs, cloudwatch = server.client("sqs"), server.client("cloudwatch")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for body in "abc":
        sqs.send_message(QueueUrl=url, MessageBody=body)
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=3600)
    server.cli("time", "advance", "60s")
    assert eventually(lambda: of_queue(cloudwatch, name, "ApproximateAgeOfOldestMessage", "Maximum") >= 60)
    assert of_queue(cloudwatch, name, "ApproximateNumberOfMessagesVisible", "Maximum") == 2
    assert of_queue(cloudwatch, name, "ApproximateNumberOfMessagesNotVisible", "Maximum") == 1
    assert of_queue(cloudwatch, name, "NumberOfMessagesSent") == 3, "counted once, recorded or not"
    listed = eventually(lambda: cloudwatch.list_metrics(Namespace="AWS/SQS")["Metrics"])
    assert {"QueueName"} == {dimension["Name"] for metric in listed for dimension in metric["Dimensions"]}
    assert {"NumberOfMessagesSent", "ApproximateNumberOfMessagesDelayed"} <= {metric["MetricName"] for metric in listed}


def test_a_stop_loses_no_counts(fresh, name):
    server = fresh()
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for _ in range(7):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    server.stop()
    server.start()
    assert of_queue(server.client("cloudwatch"), name, "NumberOfMessagesSent") == 7
