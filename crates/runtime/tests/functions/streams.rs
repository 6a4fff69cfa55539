//! Answers that are read while the function writes them.

use runtime::{InvocationError, Piece};

use super::world::World;

const PARTS: &str = "
    exports.handler = awslambda.streamifyResponse(async (event, out) => {
        out.setContentType('text/plain');
        for (const part of event) {
            out.write(part);
            await new Promise((done) => setTimeout(done, 50));
        }
        out.end();
    });";

#[tokio::test]
async fn pieces_come_in_order_and_their_end_after_them() {
    let world = World::new();
    let spec = world.nodejs(PARTS);
    let (answer, pieces) = world.stream(&spec, r#"["a","b"]"#).await;
    let bytes = |text: &'static str| Piece::Bytes(text.into());
    assert_eq!(pieces, [Piece::Began { content_type: "text/plain".into() }, bytes("a"), bytes("b")]);
    assert_eq!(answer.text(), "", "what was written is not told twice");
    let (answer, pieces) = world.stream(&spec, r#"["again"]"#).await;
    assert_eq!(pieces.last(), Some(&bytes("again")));
    assert!(answer.outcome.report.unwrap().init.is_none(), "the environment is warm");
}

#[tokio::test]
async fn a_handler_that_returns_has_no_pieces() {
    let world = World::new();
    let spec = world.nodejs("exports.handler = async (event) => event;");
    let (answer, pieces) = world.stream(&spec, "[1]").await;
    assert_eq!((pieces, answer.text()), (Vec::new(), "[1]"));
}

#[tokio::test]
async fn nobody_who_reads_is_nobody_who_is_waited_for() {
    let world = World::new();
    let spec = world.nodejs(PARTS);
    let parts = format!("[{}]", vec!["\"x\""; 40].join(","));
    let answer = world.stream_to_nobody(&spec, &parts).await;
    assert!(answer.outcome.result.is_ok());
}

#[tokio::test]
async fn an_end_in_the_middle_is_the_functions_end() {
    let world = World::new();
    let spec = world.nodejs(
        "exports.handler = awslambda.streamifyResponse(async (event, out) => {
             out.write('half');
             setTimeout(() => process.exit(3), 100);
             await new Promise(() => {});
         });",
    );
    let (answer, pieces) = world.stream(&spec, "{}").await;
    assert_eq!(pieces.last(), Some(&Piece::Bytes("half".into())));
    assert!(matches!(answer.outcome.result, Err(InvocationError::Function(_))));
}
