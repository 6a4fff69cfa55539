//! Who may do what to a queue: services and other accounts by its policy.

mod world;

use api_sqs::Sqs;
use api_sqs::types::*;
use kernel::{Access, AccountId, Caller, Cx, Region};
use world::{ACCOUNT, World};

const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:news";

fn service(source_arn: &str) -> Cx {
    let account = AccountId::parse(ACCOUNT).unwrap();
    let mut cx = Cx::new("test", account, Region::default(), Caller::service("sns.amazonaws.com"), Access::Open);
    cx.source_arn = Some(source_arn.into());
    cx
}

fn other_account(access: Access) -> Cx {
    let account = AccountId::parse("222222222222").unwrap();
    let caller = Caller::root(&account);
    Cx::new("test", account, Region::default(), caller, access)
}

async fn send(world: &World, cx: &Cx, url: &str) -> Result<(), String> {
    let input = SendMessageRequest {
        queue_url: Some(url.to_owned()),
        message_body: Some("x".to_owned()),
        ..SendMessageRequest::default()
    };
    world.sqs.send_message(cx, input).await.map(|_| ()).map_err(|error| error.code.into_owned())
}

async fn allow(world: &World, url: &str, principal: &str, condition: &str) {
    let arn = world.arn(url).await;
    let policy = format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{principal},\
         \"Action\":\"sqs:SendMessage\",\"Resource\":\"{arn}\",\"Condition\":{{{condition}}}}}]}}"
    );
    let input = SetQueueAttributesRequest {
        queue_url: Some(url.to_owned()),
        attributes: Some([("Policy".to_owned(), policy)].into()),
    };
    world.sqs.set_queue_attributes(&world.cx, input).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_sends_only_where_the_policy_lets_it_and_for_whom() {
    let world = World::new();
    let url = world.queue("q", &[]).await;
    assert_eq!(send(&world, &service(TOPIC), &url).await, Err("AccessDenied".to_owned()));
    let only_this = format!("\"ArnEquals\":{{\"aws:SourceArn\":\"{TOPIC}\"}}");
    allow(&world, &url, "{\"Service\":\"sns.amazonaws.com\"}", &only_this).await;
    assert_eq!(send(&world, &service(TOPIC), &url).await, Ok(()));
    let another = "arn:aws:sns:us-east-1:111111111111:other";
    assert_eq!(send(&world, &service(another), &url).await, Err("AccessDenied".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_refused_in_strict_access_until_the_policy_lets_it_in() {
    let world = World::new();
    let url = world.queue("q", &[]).await;
    let (strict, open) = (other_account(Access::Strict), other_account(Access::Open));
    assert_eq!(send(&world, &strict, &url).await, Err("AccessDenied".to_owned()));
    assert_eq!(send(&world, &open, &url).await, Ok(()));
    assert_eq!(open.hints().len(), 1);
    allow(&world, &url, "{\"AWS\":\"arn:aws:iam::222222222222:root\"}", "").await;
    assert_eq!(send(&world, &strict, &url).await, Ok(()));
    let input = DeleteQueueRequest { queue_url: Some(url) };
    let refused = world.sqs.delete_queue(&strict, input).await.unwrap_err();
    assert_eq!(refused.code, "AccessDenied");
}
