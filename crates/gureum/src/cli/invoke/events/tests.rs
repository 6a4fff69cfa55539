use serde_json::json;

use super::*;

/// Zeros: ids are then the same in every run.
struct Zeros;

impl Rng for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn made(kind: Kind, data: &[&str], with: &[&str]) -> Result<Value, Failure> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let around = Around {
        function: "arn:aws:lambda:ap-northeast-1:768556645518:function:echoTest",
        region: "ap-northeast-1",
        account: "test",
        now: Timestamp::from_millis(1_489_898_923_642),
        rng: &Zeros,
    };
    event(kind, &owned(data), &With::parse(kind, &owned(with))?, &around)
}

const UUID: &str = "00000000-0000-4000-8000-000000000000";

#[test]
fn a_message_of_a_queue_reads_as_the_third_post_sends_it() {
    let event =
        made(Kind::Sqs, &[r#"{"input":1}"#], &["queue=jobs", "attribute.AttributeName=Attribute Value"]).unwrap();
    let receipt = event["Records"][0]["receiptHandle"].clone();
    assert_eq!(
        event,
        json!({ "Records": [{
            "messageId": UUID,
            "receiptHandle": receipt,
            "body": "{\"input\":1}",
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1489898923642",
                "SenderId": "768556645518",
                "ApproximateFirstReceiveTimestamp": "1489898923642",
            },
            "messageAttributes": { "AttributeName": {
                "stringValue": "Attribute Value", "stringListValues": [], "binaryListValues": [], "dataType": "String",
            } },
            "md5OfBody": "1b478256373102a334a1e04e59b1d63f",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:ap-northeast-1:768556645518:jobs",
            "awsRegion": "ap-northeast-1",
        }] })
    );
    assert_eq!(made(Kind::Sqs, &["a", "b"], &[]).unwrap()["Records"].as_array().unwrap().len(), 2);
}

#[test]
fn a_notification_reads_as_the_fourth_post_prints_it() {
    let event = made(Kind::Sns, &["지켜보고 있다."], &["topic=testSns", "subject=test subject"]).unwrap();
    let record = &event["Records"][0];
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(record), ["EventSource", "EventVersion", "EventSubscriptionArn", "Sns"]);
    let sns = [
        "Type",
        "MessageId",
        "TopicArn",
        "Subject",
        "Message",
        "Timestamp",
        "SignatureVersion",
        "Signature",
        "SigningCertUrl",
        "UnsubscribeUrl",
        "MessageAttributes",
    ];
    assert_eq!(names(&record["Sns"]), sns);
    assert_eq!(record["Sns"]["Message"], "지켜보고 있다.");
    assert_eq!(record["Sns"]["Timestamp"], "2017-03-19T04:48:43.642Z");
    assert_eq!(record["EventSubscriptionArn"], format!("arn:aws:sns:ap-northeast-1:768556645518:testSns:{UUID}"));
    assert_eq!(made(Kind::Sns, &["x"], &[]).unwrap()["Records"][0]["Sns"]["Subject"], Value::Null);
}

#[test]
fn a_record_of_a_stream_reads_as_the_fourth_post_prints_it() {
    let data = r#"{"event_name":"Kinesis 예제","event_created_at":"2017-03-19T04:48:43.199Z"}"#;
    let event = made(Kind::Kinesis, &[data], &["stream=testKinesis", "role=lambda2"]).unwrap();
    let sequence = format!("4{}", "0".repeat(55));
    assert_eq!(
        event,
        json!({ "Records": [{
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "partition",
                "sequenceNumber": sequence,
                "data": "eyJldmVudF9uYW1lIjoiS2luZXNpcyDsmIjsoJwiLCJldmVudF9jcmVhdGVkX2F0IjoiMjAxNy0wMy0xOVQwNDo0ODo0My4xOTlaIn0=",
                "approximateArrivalTimestamp": 1_489_898_923.642,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": format!("shardId-000000000000:{sequence}"),
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::768556645518:role/lambda2",
            "awsRegion": "ap-northeast-1",
            "eventSourceARN": "arn:aws:kinesis:ap-northeast-1:768556645518:stream/testKinesis",
        }] })
    );
}

#[test]
fn a_request_reads_as_its_gateway_hands_it_on() {
    let with = ["path=/info", "query.name=Luna", "header.X-Own=1", "stage=prod"];
    let rest = made(Kind::Apigw, &[r#"{"id":1}"#], &with).unwrap();
    assert_eq!(
        (&rest["httpMethod"], &rest["resource"], &rest["path"]),
        (&json!("POST"), &json!("/info"), &json!("/info"))
    );
    assert_eq!(rest["queryStringParameters"], json!({ "name": "Luna" }));
    assert_eq!(rest["multiValueQueryStringParameters"], json!({ "name": ["Luna"] }));
    assert_eq!(rest["headers"]["X-Own"], "1");
    assert_eq!(rest["requestContext"]["path"], "/prod/info");
    assert_eq!(rest["requestContext"]["requestTime"], "19/Mar/2017:04:48:43 +0000");
    assert_eq!((&rest["body"], &rest["isBase64Encoded"]), (&json!("{\"id\":1}"), &json!(false)));
    assert_eq!(rest["pathParameters"], Value::Null);

    let get = made(Kind::Apigwv2, &[], &["path=/info", "query.name=Lu na", "parameter.id=7"]).unwrap();
    assert_eq!(
        (&get["version"], &get["routeKey"], &get["rawPath"]),
        (&json!("2.0"), &json!("GET /info"), &json!("/info"))
    );
    assert_eq!((&get["rawQueryString"], &get["pathParameters"]), (&json!("name=Lu%20na"), &json!({ "id": "7" })));
    assert!(get.get("body").is_none());

    let url = made(Kind::Url, &["Hello"], &["header.X-Own=1"]).unwrap();
    assert_eq!((&url["routeKey"], &url["body"]), (&json!("$default"), &json!("Hello")));
    assert_eq!(url["headers"]["x-own"], "1");
    assert!(url["requestContext"]["domainName"].as_str().unwrap().ends_with(".lambda-url.ap-northeast-1.on.aws"));
}

#[test]
fn what_happened_to_objects_items_and_the_clock_is_told() {
    let object = made(Kind::S3, &["사진 1.png"], &["bucket=photos", "size=3"]).unwrap();
    let object = &object["Records"][0];
    assert_eq!(object["s3"]["object"]["key"], "%EC%82%AC%EC%A7%84+1.png");
    assert_eq!(
        (&object["s3"]["bucket"]["arn"], &object["s3"]["object"]["size"]),
        (&json!("arn:aws:s3:::photos"), &json!(3))
    );

    let item = r#"{"name":"Luna","id":7,"tags":["a",true,null],"typed":{"N":"1"}}"#;
    let change = made(Kind::Dynamodb, &[item], &["table=users"]).unwrap()["Records"][0].clone();
    assert_eq!(change["dynamodb"]["Keys"], json!({ "id": { "N": "7" } }));
    assert_eq!(
        change["dynamodb"]["NewImage"],
        json!({
            "name": { "S": "Luna" }, "id": { "N": "7" }, "typed": { "N": "1" },
            "tags": { "L": [{ "S": "a" }, { "BOOL": true }, { "NULL": true }] },
        })
    );
    assert_eq!((&change["eventName"], &change["eventVersion"]), (&json!("INSERT"), &json!("1.1")));
    assert!(change["eventSourceARN"].as_str().unwrap().ends_with(":table/users/stream/2017-03-19T04:48:43.642"));

    let event = made(Kind::Eventbridge, &[r#"{"n":1}"#], &["source=app", "detail-type=Made"]).unwrap();
    assert_eq!(
        event,
        json!({
            "version": "0", "id": UUID, "detail-type": "Made", "source": "app", "account": "768556645518",
            "time": "2017-03-19T04:48:43Z", "region": "ap-northeast-1", "resources": [], "detail": { "n": 1 },
        })
    );
    let schedule = made(Kind::Schedule, &[], &["rule=nightly"]).unwrap();
    assert_eq!(schedule["resources"], json!(["arn:aws:events:ap-northeast-1:768556645518:rule/nightly"]));
    assert_eq!((&schedule["detail-type"], &schedule["detail"]), (&json!("Scheduled Event"), &json!({})));
}

#[test]
fn a_part_that_a_kind_does_not_have_is_told_with_those_that_it_has() {
    for (kind, with) in
        [(Kind::Sqs, "topic=x"), (Kind::Sqs, "attribute.=x"), (Kind::Url, "stage=x"), (Kind::S3, "bucket")]
    {
        let Err(failure) = made(kind, &["x"], &[with]) else { panic!("{with}") };
        assert_eq!(failure.code(), "Usage");
    }
    assert_eq!(
        made(Kind::Sqs, &[], &["topic=x"]).unwrap_err().hint(),
        "the parts of this event: queue, attribute.NAME"
    );
    assert!(made(Kind::Dynamodb, &["[]"], &[]).is_err() && made(Kind::Eventbridge, &["{"], &[]).is_err());
    assert!(made(Kind::Url, &["a", "b"], &[]).is_err());
}
