//! Services call each other in cycles: clients are made first, and bound when their services exist.

use std::sync::Arc;

use api_lambda::types::{InvocationRequest, InvocationResponse};
use api_logs::types::{PutLogEventsRequest, PutLogEventsResponse};
use api_sqs::types::{SendMessageRequest, SendMessageResult};
use kernel::{Access, AccountId, Caller, Cx, Region};
use wire::ApiError;

/// Invoking writes the log.
struct Lambda {
    logs: api_logs::Client,
}

/// A log line goes to a queue.
struct Logs {
    sqs: api_sqs::Client,
}

/// A message in the dead-letter queue invokes a function, unless it is the last.
struct Sqs {
    lambda: api_lambda::Client,
}

impl api_lambda::Lambda for Lambda {
    async fn invoke(&self, cx: &Cx, input: InvocationRequest) -> Result<InvocationResponse, ApiError> {
        let request = PutLogEventsRequest { log_group_name: input.function_name, ..Default::default() };
        self.logs.put_log_events(cx, request).await?;
        Ok(InvocationResponse { status_code: Some(200), ..Default::default() })
    }
}

impl api_logs::Logs for Logs {
    async fn put_log_events(&self, cx: &Cx, input: PutLogEventsRequest) -> Result<PutLogEventsResponse, ApiError> {
        let message = SendMessageRequest { message_body: Some(input.log_group_name), ..Default::default() };
        self.sqs.send_message(cx, message).await?;
        Ok(PutLogEventsResponse::default())
    }
}

impl api_sqs::Sqs for Sqs {
    async fn send_message(&self, cx: &Cx, input: SendMessageRequest) -> Result<SendMessageResult, ApiError> {
        if let Some(shorter) = input.message_body.as_deref().and_then(|body| body.strip_suffix('!')) {
            let request = InvocationRequest { function_name: shorter.to_owned(), ..Default::default() };
            self.lambda.invoke(cx, request).await?;
        }
        Ok(SendMessageResult::default())
    }
}

fn cx() -> Cx {
    let account = AccountId::default();
    let caller = Caller::root(&account);
    Cx::new("test", account, Region::default(), caller, Access::Open)
}

#[tokio::test]
async fn lambda_logs_and_sqs_call_each_other_through_late_clients() {
    let (lambda, logs, sqs) = (api_lambda::Client::default(), api_logs::Client::default(), api_sqs::Client::default());
    lambda.bind(Arc::new(Lambda { logs: logs.clone() }));
    logs.bind(Arc::new(Logs { sqs: sqs.clone() }));
    sqs.bind(Arc::new(Sqs { lambda: lambda.clone() }));
    let request = InvocationRequest { function_name: "twice!!".to_owned(), ..Default::default() };
    assert_eq!(lambda.invoke(&cx(), request).await.map(|answer| answer.status_code).ok(), Some(Some(200)));
}

#[tokio::test]
async fn a_client_of_a_service_that_is_not_there_answers_501() {
    let refused = api_sqs::Client::default().send_message(&cx(), SendMessageRequest::default()).await;
    assert_eq!(refused.map_err(|error| error.status).err(), Some(501));
}
