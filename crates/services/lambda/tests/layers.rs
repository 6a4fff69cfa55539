//! Zips of layers are there as long as anything uses them, and no longer.

mod world;

use api_lambda::Lambda;
use api_lambda::types::*;
use bytes::Bytes;
use store::BlobId;
use world::{World, cx, new_function, zip};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:layer:tools:1";

async fn publish(world: &World, content: &Bytes) -> PublishLayerVersionResponse {
    let content = LayerVersionContentInput { zip_file: Some(content.clone()), ..Default::default() };
    let input = PublishLayerVersionRequest { layer_name: "tools".to_owned(), content, ..Default::default() };
    world.lambda.publish_layer_version(&cx(), input).await.unwrap()
}

async fn delete(world: &World, version: i64) {
    let input = DeleteLayerVersionRequest { layer_name: "tools".to_owned(), version_number: version };
    world.lambda.delete_layer_version(&cx(), input).await.unwrap();
}

async fn set_layers(world: &World, layers: &[&str]) {
    let layers = Some(layers.iter().map(|arn| (*arn).to_owned()).collect());
    let input = UpdateFunctionConfigurationRequest { function_name: "f".to_owned(), layers, ..Default::default() };
    world.lambda.update_function_configuration(&cx(), input).await.unwrap();
}

#[tokio::test]
async fn a_deleted_version_stays_until_the_last_function_lets_it_go() {
    let world = World::new();
    let content = zip("layer");
    let blob = BlobId::of(&content);
    publish(&world, &content).await;
    let input = CreateFunctionRequest { layers: Some(vec![ARN.to_owned()]), ..new_function("f") };
    world.lambda.create_function(&cx(), input).await.unwrap();
    let input = PublishVersionRequest { function_name: "f".to_owned(), ..Default::default() };
    world.lambda.publish_version(&cx(), input).await.unwrap();
    delete(&world, 1).await;
    assert!(world.lambda.uses_blob(&blob), "$LATEST and version 1 use it");
    set_layers(&world, &[]).await;
    assert!(world.lambda.uses_blob(&blob), "version 1 uses it");
    let input = DeleteFunctionRequest { function_name: "f".to_owned(), qualifier: Some("1".to_owned()) };
    world.lambda.delete_function(&cx(), input).await.unwrap();
    assert!(!world.lambda.uses_blob(&blob));
}

#[tokio::test]
async fn one_zip_may_be_code_and_layer_at_once() {
    let world = World::new();
    let content = new_function("f").code.zip_file.unwrap();
    let blob = BlobId::of(&content);
    publish(&world, &content).await;
    world.create("f").await;
    set_layers(&world, &[ARN]).await;
    delete(&world, 1).await;
    set_layers(&world, &[]).await;
    assert!(world.lambda.uses_blob(&blob), "it is the function's code");
    let input = DeleteFunctionRequest { function_name: "f".to_owned(), ..Default::default() };
    world.lambda.delete_function(&cx(), input).await.unwrap();
    assert!(!world.lambda.uses_blob(&blob));
}

#[tokio::test]
async fn the_engine_gets_the_layers_in_the_functions_order() {
    let world = World::new();
    publish(&world, &zip("one")).await;
    let input = PublishLayerVersionRequest {
        layer_name: "more".to_owned(),
        content: LayerVersionContentInput { zip_file: Some(zip("two")), ..Default::default() },
        ..Default::default()
    };
    let more = world.lambda.publish_layer_version(&cx(), input).await.unwrap().layer_version_arn.unwrap();
    world.create("f").await;
    set_layers(&world, &[&more, ARN]).await;
    world.invoke("f", "{}").await.unwrap();
    let ran = world.engine.ran.lock().unwrap();
    let names: Vec<_> = ran[0].0.layers.iter().map(|layer| layer.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, [BlobId::of(&zip("two")).as_str(), BlobId::of(&zip("one")).as_str()]);
    assert!(ran[0].0.layers.iter().all(|layer| layer.is_dir()));
}
