"""CloudWatch's alarms by boto3: how they are made and shown, how they follow their metric, what they do, what happened to them."""

import json
import time

import pytest
from conftest import ACCOUNT, eventually, refused


@pytest.fixture
def cloudwatch(client):
    return client("cloudwatch")


ABOVE_FIVE = dict(
    MetricName="m",
    Statistic="Sum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=5,
    ComparisonOperator="GreaterThanThreshold",
)


@pytest.fixture
def make(cloudwatch, name):
    """Makes alarms; the first is called `name`."""
    made = []

    def make(suffix="", **more):
        request = dict(
            ABOVE_FIVE,
            AlarmName=name + suffix,
            Namespace=name,
        )
        made.append(name + suffix)
        request = {key: value for key, value in {**request, **more}.items() if value is not None}
        cloudwatch.put_metric_alarm(**request)
        return name + suffix

    yield make
    cloudwatch.delete_alarms(AlarmNames=made)


def shown(cloudwatch, name):
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return alarm


def arn(name):
    return f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{name}"


def a_minute_ago(cloudwatch, namespace, value, **more):
    """A value in the last whole minute, with room until the next one begins."""
    assert eventually(lambda: 1 < time.time() % 60 < 50, 15)
    datum = dict(MetricName="m", Value=value, Timestamp=time.time() // 60 * 60 - 30, **more)
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])


def history(cloudwatch, name, kind, **more):
    request = dict(AlarmName=name, HistoryItemType=kind, ScanBy="TimestampAscending", **more)
    return [item["HistorySummary"] for item in cloudwatch.describe_alarm_history(**request)["AlarmHistoryItems"]]


def test_a_new_alarm_is_shown_as_it_was_made(cloudwatch, make):
    name = make(Period=10, MetricName="nothing")
    alarm = shown(cloudwatch, name)
    times = [key for key in alarm if key.endswith("Timestamp")]
    assert sorted(times) == [
        "AlarmConfigurationUpdatedTimestamp",
        "StateTransitionedTimestamp",
        "StateUpdatedTimestamp",
    ]
    assert all(abs(alarm.pop(key).timestamp() - time.time()) < 60 for key in times)
    assert alarm == dict(
        AlarmName=name,
        AlarmArn=arn(name),
        ActionsEnabled=True,
        OKActions=[],
        AlarmActions=[],
        InsufficientDataActions=[],
        StateValue="INSUFFICIENT_DATA",
        StateReason="Unchecked: Initial alarm creation",
        MetricName="nothing",
        Namespace=name,
        Statistic="Sum",
        Dimensions=[],
        Period=10,
        EvaluationPeriods=1,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
    )


def test_an_alarm_follows_its_metric(cloudwatch, make, name):
    a_minute_ago(cloudwatch, name, 9)
    make()
    alarm = eventually(lambda: (alarm := shown(cloudwatch, name))["StateValue"] == "ALARM" and alarm)
    reason = alarm["StateReason"]
    assert reason.startswith("Threshold Crossed: 1 datapoint [9.0 (")
    assert reason.endswith(")] was greater than the threshold (5.0).")
    told = json.loads(alarm["StateReasonData"])
    assert list(told) == [
        "version",
        "queryDate",
        "startDate",
        "statistic",
        "period",
        "recentDatapoints",
        "threshold",
        "evaluatedDatapoints",
    ]
    assert (told["recentDatapoints"], told["threshold"], told["evaluatedDatapoints"][0]["sampleCount"]) == ([9.0], 5.0, 1.0)
    # Changed so that the same data are within the threshold: evaluated anew, its state kept until then.
    make(Threshold=10, DatapointsToAlarm=1, AlarmDescription="changed")
    alarm = eventually(lambda: (alarm := shown(cloudwatch, name))["StateValue"] == "OK" and alarm)
    assert "1 out of the last 1 datapoints [9.0 (" in alarm["StateReason"]
    assert "was not greater than the threshold (10.0) (minimum 1 datapoint for ALARM -> OK transition)." in alarm["StateReason"]
    assert history(cloudwatch, name, "StateUpdate") == [
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        "Alarm updated from ALARM to OK",
    ]
    configured = history(cloudwatch, name, "ConfigurationUpdate")
    assert configured == [f'Alarm "{name}" created', f'Alarm "{name}" updated']


@pytest.mark.parametrize(
    "treat, state, reason",
    [
        ("breaching", "ALARM", "no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching]."),
        ("notBreaching", "OK", "no datapoints were received for 2 periods and 2 missing datapoints were treated as [NonBreaching]."),
    ],
)
def test_data_that_stay_away_are_treated_as_asked(cloudwatch, make, treat, state, reason):
    name = make(TreatMissingData=treat, EvaluationPeriods=2)
    alarm = eventually(lambda: (alarm := shown(cloudwatch, name))["StateValue"] == state and alarm)
    assert alarm["StateReason"] == f"Threshold Crossed: {reason}"
    assert alarm["TreatMissingData"] == treat


def test_percentiles_units_and_dimensions_are_watched(cloudwatch, make, name):
    dimensions = [dict(Name="b", Value="2"), dict(Name="a", Value="1")]
    a_minute_ago(cloudwatch, name, 9, Dimensions=dimensions, Unit="Seconds")
    make("p", Statistic=None, ExtendedStatistic="p90", Dimensions=dimensions)
    make("unit", Unit="Bytes", TreatMissingData="notBreaching", Dimensions=dimensions)
    make("less", ComparisonOperator="LessThanThreshold", Dimensions=dimensions)
    states = lambda: {a["AlarmName"]: a["StateValue"] for a in cloudwatch.describe_alarms(AlarmNamePrefix=name)["MetricAlarms"]}
    expected = {name + "p": "ALARM", name + "unit": "OK", name + "less": "OK"}
    assert eventually(lambda: states() == expected)
    of_metric = dict(Namespace=name, MetricName="m", Dimensions=dimensions[::-1])
    found = cloudwatch.describe_alarms_for_metric(**of_metric)["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in found} == set(expected)
    [alarm] = cloudwatch.describe_alarms_for_metric(**of_metric, Unit="Bytes")["MetricAlarms"]
    assert alarm["AlarmName"] == name + "unit"
    assert cloudwatch.describe_alarms_for_metric(Namespace=name, MetricName="m")["MetricAlarms"] == []


def test_a_state_can_be_set_and_invokes_the_function(client, cloudwatch, make, function, name):
    target = function("exports.handler = async (event) => console.log(JSON.stringify(event));")["FunctionArn"]
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:nothing"
    make(AlarmActions=[target, topic], OKActions=[target], AlarmDescription="told", TreatMissingData="ignore")
    set_state = lambda state, **more: cloudwatch.set_alarm_state(
        AlarmName=name, StateValue=state, StateReason="by hand", **more
    )
    set_state("OK")
    assert eventually(lambda: history(cloudwatch, name, "Action"))
    [refusal] = history(cloudwatch, name, "Action")
    assert refusal.startswith(f"Failed to execute action {target}."), "its policy lets nobody in"
    client("lambda").add_permission(
        FunctionName=name,
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceArn=arn(name),
        SourceAccount=ACCOUNT,
    )
    set_state("ALARM", StateReasonData='{"why": 1}')
    alarm = shown(cloudwatch, name)
    assert (alarm["StateValue"], alarm["StateReason"], alarm["StateReasonData"]) == ("ALARM", "by hand", '{"why": 1}')
    assert eventually(lambda: len(history(cloudwatch, name, "Action")) == 3)
    actions = sorted(history(cloudwatch, name, "Action")[1:])
    assert actions == [
        f'Failed to execute action {topic}. Received error: "Resource not found"',
        f"Successfully executed action {target}",
    ]
    logs = client("logs")

    def event():
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="alarmData")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        return found and json.loads(found[0]["message"].split("\tINFO\t")[1])

    told = eventually(event, 30)
    assert (told["source"], told["alarmArn"], told["accountId"]) == ("aws.cloudwatch", arn(name), ACCOUNT)
    data = told["alarmData"]
    assert (data["alarmName"], data["configuration"]["description"]) == (name, "told")
    assert (data["state"]["value"], data["state"]["reasonData"]) == ("ALARM", '{"why": 1}')
    assert (data["previousState"]["value"], data["previousState"]["reason"]) == ("OK", "by hand")
    stat = data["configuration"]["metrics"][0]["metricStat"]
    assert stat == dict(metric=dict(namespace=name, name="m", dimensions={}), period=60, stat="Sum")
    code, status, message = refused(set_state, state="OK", StateReasonData="{")
    assert (code, status, message) == ("InvalidFormat", 400, "Data was not syntactically valid JSON.")
    code, status, _ = refused(cloudwatch.set_alarm_state, AlarmName=name + "x", StateValue="OK", StateReason="r")
    assert (code, status) == ("ResourceNotFound", 400)


def test_actions_can_be_switched_off_and_on(cloudwatch, make, name):
    make(AlarmActions=[f"arn:aws:sns:us-east-1:{ACCOUNT}:nothing"], TreatMissingData="ignore")
    cloudwatch.disable_alarm_actions(AlarmNames=[name, "nobodys"])
    assert shown(cloudwatch, name)["ActionsEnabled"] is False
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="r")
    cloudwatch.enable_alarm_actions(AlarmNames=[name])
    assert shown(cloudwatch, name)["ActionsEnabled"] is True
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="r")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="r")
    assert eventually(lambda: history(cloudwatch, name, "Action"))
    assert len(history(cloudwatch, name, "Action")) == 1


def test_alarms_are_found_by_name_state_and_action_in_pages(gureum, name):
    cloudwatch = gureum.client("cloudwatch", key="111111111131")
    topic = "arn:aws:sns:us-east-1:111111111131:t"
    for number in range(5):
        cloudwatch.put_metric_alarm(
            **ABOVE_FIVE,
            AlarmName=f"{name}-{number}",
            Namespace="n",
            OKActions=[topic] if number == 3 else [],
        )
    names = lambda **more: [a["AlarmName"][-1] for a in cloudwatch.describe_alarms(**more)["MetricAlarms"]]
    cloudwatch.set_alarm_state(AlarmName=f"{name}-1", StateValue="ALARM", StateReason="r")
    assert names(AlarmNamePrefix=name) == list("01234") and names(AlarmNamePrefix="x" + name) == []
    assert names(AlarmNames=[f"{name}-2", f"{name}-0", "nobodys"]) == ["0", "2"]
    assert names(ActionPrefix="arn:aws:sns") == ["3"]
    assert names(StateValue="INSUFFICIENT_DATA") == list("0234")
    assert names(AlarmTypes=["CompositeAlarm"]) == [] and names(AlarmTypes=["MetricAlarm"]) == list("01234")
    pages = cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig=dict(PageSize=2))
    assert [len(page["MetricAlarms"]) for page in pages] == [2, 2, 1]
    assert cloudwatch.describe_alarms()["CompositeAlarms"] == []
    pages = cloudwatch.get_paginator("describe_alarm_history").paginate(PaginationConfig=dict(PageSize=4))
    items = [item for page in pages for item in page["AlarmHistoryItems"]]
    assert len(items) >= 6 and items == sorted(items, key=lambda item: item["Timestamp"], reverse=True)
    assert refused(cloudwatch.describe_alarms, NextToken="x")[0] == "InvalidNextToken"
    cloudwatch.delete_alarms(AlarmNames=[f"{name}-0", "nobodys", f"{name}-4"])
    assert names() == list("123")
    [deleted] = cloudwatch.describe_alarm_history(AlarmName=f"{name}-4", MaxRecords=1)["AlarmHistoryItems"]
    assert deleted["HistorySummary"] == f'Alarm "{name}-4" deleted', "its history outlives it"


def test_alarms_have_tags(cloudwatch, make, name):
    make(Tags=[dict(Key="made", Value="with")])
    resource = shown(cloudwatch, name)["AlarmArn"]
    tags = lambda: {tag["Key"]: tag["Value"] for tag in cloudwatch.list_tags_for_resource(ResourceARN=resource)["Tags"]}
    cloudwatch.tag_resource(ResourceARN=resource, Tags=[dict(Key="a", Value="1"), dict(Key="b", Value="2")])
    make(Tags=[dict(Key="ignored", Value="x")])
    assert tags() == {"made": "with", "a": "1", "b": "2"}, "those of an update are ignored"
    cloudwatch.untag_resource(ResourceARN=resource, TagKeys=["a", "none"])
    assert tags() == {"made": "with", "b": "2"}
    for call, more in [
        (cloudwatch.list_tags_for_resource, {}),
        (cloudwatch.tag_resource, dict(Tags=[dict(Key="a", Value="1")])),
        (cloudwatch.untag_resource, dict(TagKeys=["a"])),
    ]:
        assert refused(call, ResourceARN=arn(name + "x"), **more)[0] == "ResourceNotFoundException"
    many = [dict(Key=f"k{number}", Value="v") for number in range(49)]
    assert refused(cloudwatch.tag_resource, ResourceARN=resource, Tags=many)[0] == "InvalidParameterValue"


def test_alarms_that_make_no_sense_are_refused(make):
    def why(**more):
        code, status, message = refused(make, **more)
        assert (code, status) == ("ValidationError", 400)
        return message

    assert why(Period=45) == "Period must be 10, 20, 30 or a multiple of 60"
    rule = "(EvaluationPeriods * Period must be <= 86400)."
    assert why(Period=60, EvaluationPeriods=1441) == f"Metrics cannot be checked across more than a day {rule}"
    assert "mutually exclusive" in why(ExtendedStatistic="p90")
    assert "must be specified" in why(Statistic=None)
    assert "is not supported" in why(Statistic=None, ExtendedStatistic="median")
    assert "DatapointsToAlarm" in why(DatapointsToAlarm=2)
    supported = "Supported values are [breaching, notBreaching, ignore, missing]."
    assert why(TreatMissingData="x") == f"The value x is not supported for TreatMissingData parameter. {supported}"
    assert why(AlarmActions=["topic"]) == "Invalid arn syntax: topic"
    assert why(MetricName=None) == "The parameter MetricName is required."
    assert "non-ASCII" in why(Dimensions=[dict(Name="d", Value="\uae30")])
    math = [dict(Id="e", Expression="SUM(METRICS())")]
    assert "mutually exclusive" in why(Metrics=math)
    assert refused(make, Metrics=math, MetricName=None)[:2] == ("NotImplementedException", 501)


def test_alarms_survive_a_kill(fresh, name):
    server = fresh()
    cloudwatch = server.client("cloudwatch")
    request = dict(Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=5)
    request |= dict(ComparisonOperator="GreaterThanThreshold", TreatMissingData="breaching")
    cloudwatch.put_metric_alarm(AlarmName=name, **request)
    assert eventually(lambda: shown(cloudwatch, name)["StateValue"] == "ALARM")
    before = shown(cloudwatch, name)
    server.kill()
    server.start()
    assert shown(server.client("cloudwatch"), name) == before
