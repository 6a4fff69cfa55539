//! Functions, versions, aliases, tags: made, changed, shown, deleted.

mod world;

use std::collections::BTreeMap;

use api_lambda::Lambda;
use api_lambda::types::*;
use kernel::{Access, AccountId, Caller, CallerKind};
use service_lambda::{CODE_PATH, CodeDoor, CodeRefused};
use world::*;

fn get(name: &str, qualifier: Option<&str>) -> GetFunctionRequest {
    GetFunctionRequest { function_name: name.to_owned(), qualifier: qualifier.map(str::to_owned) }
}

fn publish(name: &str) -> PublishVersionRequest {
    PublishVersionRequest { function_name: name.to_owned(), ..PublishVersionRequest::default() }
}

fn new_code(name: &str, source: &str) -> UpdateFunctionCodeRequest {
    UpdateFunctionCodeRequest {
        function_name: name.to_owned(),
        zip_file: Some(zip(source)),
        ..UpdateFunctionCodeRequest::default()
    }
}

fn new_timeout(name: &str, timeout: i32) -> UpdateFunctionConfigurationRequest {
    UpdateFunctionConfigurationRequest {
        function_name: name.to_owned(),
        timeout: Some(timeout),
        ..UpdateFunctionConfigurationRequest::default()
    }
}

fn new_alias(name: &str, alias: &str, version: &str) -> CreateAliasRequest {
    CreateAliasRequest {
        function_name: name.to_owned(),
        name: alias.to_owned(),
        function_version: version.to_owned(),
        ..CreateAliasRequest::default()
    }
}

#[tokio::test]
async fn a_function_is_pending_while_its_runtime_is_fetched_and_failed_when_it_cannot_be_had() {
    let world = World::new();
    for (runtime, expected) in [
        ("nodejs14.x", (Some(State::Pending), Some("The function is being created."))),
        ("nodejs16.x", (Some(State::Failed), Some("offline"))),
        ("nodejs20.x", (Some(State::Active), None)),
    ] {
        let name = runtime.trim_end_matches(".x");
        let function = CreateFunctionRequest { runtime: Some(runtime.into()), ..new_function(name) };
        world.lambda.create_function(&cx(), function).await.unwrap();
        let shown = world.lambda.get_function(&cx(), get(name, None)).await.unwrap().configuration.unwrap();
        assert_eq!((shown.state, shown.state_reason.as_deref()), expected);
    }
}

#[tokio::test]
async fn a_function_is_pending_in_its_answer_and_active_for_the_next_request() {
    let world = World::new();
    let made = world.create("f").await;
    assert_eq!((made.state, made.state_reason_code), (Some(State::Pending), Some(StateReasonCode::Creating)));
    assert_eq!((made.timeout, made.memory_size), (Some(3), Some(128)));
    let shown = world.lambda.get_function(&cx(), get("f", None)).await.unwrap().configuration.unwrap();
    assert_eq!((shown.state, shown.last_update_status), (Some(State::Active), Some(LastUpdateStatus::Successful)));
    assert_ne!(shown.revision_id, made.revision_id);
    let again = world.lambda.create_function(&cx(), new_function("f")).await.unwrap_err();
    assert_eq!((again.status, message(&again)), (409, "Function already exist: f"));
}

#[tokio::test]
async fn configuration_and_code_change_back_to_back() {
    let world = World::new();
    let made = world.create("f").await;
    let first = world.lambda.update_function_configuration(&cx(), new_timeout("f", 30)).await.unwrap();
    assert_eq!(first.last_update_status, Some(LastUpdateStatus::InProgress));
    let second = world.lambda.update_function_code(&cx(), new_code("f", "2")).await.unwrap();
    assert_eq!(second.timeout, Some(30));
    assert_ne!(second.code_sha256, made.code_sha256);
    let shown = world.lambda.get_function(&cx(), get("f", None)).await.unwrap().configuration.unwrap();
    assert_eq!((shown.timeout, shown.code_sha256), (Some(30), second.code_sha256));
    assert_eq!(world.engine.retired.lock().unwrap().len(), 2, "old environments are of no more use");
}

#[tokio::test]
async fn a_change_for_another_revision_is_refused() {
    let world = World::new();
    world.create("f").await;
    let stale = UpdateFunctionConfigurationRequest { revision_id: Some("wrong".to_owned()), ..new_timeout("f", 5) };
    let refused = world.lambda.update_function_configuration(&cx(), stale).await.unwrap_err();
    assert_eq!((refused.status, refused.name()), (412, "PreconditionFailedException"));
    let shown = world.lambda.get_function(&cx(), get("f", None)).await.unwrap().configuration.unwrap();
    let fresh = UpdateFunctionConfigurationRequest { revision_id: shown.revision_id, ..new_timeout("f", 5) };
    assert!(world.lambda.update_function_configuration(&cx(), fresh).await.is_ok());
}

#[tokio::test]
async fn the_zip_comes_back_byte_for_byte_for_ten_minutes() {
    let world = World::new();
    world.create("f").await;
    let code = world.lambda.get_function(&cx(), get("f", None)).await.unwrap().code.unwrap();
    let location = code.location.unwrap();
    let path = location.strip_prefix("http://127.0.0.1:4566").unwrap();
    assert!(path.starts_with(CODE_PATH));
    let uploaded = new_function("f").code.zip_file.unwrap();
    assert_eq!(world.lambda.fetch(path).await, Ok(uploaded));
    assert_eq!(world.lambda.fetch(&path.replace("Expires=", "Expires=9")).await, Err(CodeRefused::Forbidden));
    assert_eq!(world.lambda.fetch(CODE_PATH).await, Err(CodeRefused::Forbidden));
    world.advance(601);
    assert_eq!(world.lambda.fetch(path).await, Err(CodeRefused::Forbidden));
}

#[tokio::test]
async fn versions_do_not_change_and_are_not_published_twice() {
    let world = World::new();
    world.create("f").await;
    let one = world.lambda.publish_version(&cx(), publish("f")).await.unwrap();
    assert_eq!((one.version.as_deref(), one.state.as_ref()), (Some("1"), Some(&State::Active)));
    let again = world.lambda.publish_version(&cx(), publish("f")).await.unwrap();
    assert_eq!(again, one, "nothing has changed since");
    world.lambda.update_function_configuration(&cx(), new_timeout("f", 9)).await.unwrap();
    let two = world.lambda.publish_version(&cx(), publish("f")).await.unwrap();
    assert_eq!((two.version.as_deref(), two.timeout), (Some("2"), Some(9)));
    let shown = world.lambda.get_function(&cx(), get("f", Some("1"))).await.unwrap().configuration.unwrap();
    assert_eq!(shown.timeout, Some(3));
    let listed = ListVersionsByFunctionRequest { function_name: "f".to_owned(), ..Default::default() };
    let listed = world.lambda.list_versions_by_function(&cx(), listed).await.unwrap().versions.unwrap();
    let names: Vec<_> = listed.iter().filter_map(|version| version.version.as_deref()).collect();
    assert_eq!(names, ["$LATEST", "1", "2"]);
}

#[tokio::test]
async fn publishing_with_the_update_answers_the_new_version() {
    let world = World::new();
    world.create("f").await;
    let update = UpdateFunctionCodeRequest { publish: Some(true), ..new_code("f", "2") };
    let made = world.lambda.update_function_code(&cx(), update).await.unwrap();
    assert!(made.function_arn.unwrap().ends_with(":function:f:1"));
    assert_eq!((made.version.as_deref(), made.state), (Some("1"), Some(State::Pending)));
    let shown = |qualifier: &str| {
        let name = "f".to_owned();
        let request = GetFunctionConfigurationRequest { function_name: name, qualifier: Some(qualifier.to_owned()) };
        let lambda = world.lambda.clone();
        async move { lambda.get_function_configuration(&cx(), request).await.unwrap() }
    };
    assert_eq!(shown("1").await.state, Some(State::Pending), "for a moment, as AWS shows it");
    assert_eq!(shown("$LATEST").await.last_update_status, Some(LastUpdateStatus::InProgress));
    world.advance(1);
    assert_eq!(shown("1").await.state, Some(State::Active));
    assert_eq!(shown("$LATEST").await.last_update_status, Some(LastUpdateStatus::Successful));
}

#[tokio::test]
async fn a_version_that_an_alias_uses_stays() {
    let world = World::new();
    world.create("f").await;
    world.lambda.publish_version(&cx(), publish("f")).await.unwrap();
    world.lambda.create_alias(&cx(), new_alias("f", "live", "1")).await.unwrap();
    let delete = |qualifier: &str| DeleteFunctionRequest {
        function_name: "f".to_owned(),
        qualifier: Some(qualifier.to_owned()),
    };
    let refused = world.lambda.delete_function(&cx(), delete("1")).await.unwrap_err();
    assert_eq!(refused.status, 409);
    assert!(world.lambda.delete_function(&cx(), delete("$LATEST")).await.is_err());
    assert!(world.lambda.delete_function(&cx(), delete("live")).await.is_err());
    assert!(world.lambda.delete_function(&cx(), delete("77")).await.is_ok());
    let alias = DeleteAliasRequest { function_name: "f".to_owned(), name: "live".to_owned() };
    world.lambda.delete_alias(&cx(), alias).await.unwrap();
    assert!(world.lambda.delete_function(&cx(), delete("1")).await.is_ok());
    assert_eq!(world.lambda.get_function(&cx(), get("f", Some("1"))).await.unwrap_err().status, 404);
}

#[tokio::test]
async fn aliases_move_and_share() {
    let world = World::new();
    world.create("f").await;
    let missing = world.lambda.create_alias(&cx(), new_alias("f", "live", "1")).await.unwrap_err();
    assert_eq!(message(&missing), "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:1");
    world.lambda.publish_version(&cx(), publish("f")).await.unwrap();
    world.lambda.update_function_code(&cx(), new_code("f", "2")).await.unwrap();
    world.lambda.publish_version(&cx(), publish("f")).await.unwrap();
    let made = world.lambda.create_alias(&cx(), new_alias("f", "live", "1")).await.unwrap();
    let exists = world.lambda.create_alias(&cx(), new_alias("f", "live", "1")).await.unwrap_err();
    assert_eq!(exists.status, 409);
    let weights =
        AliasRoutingConfiguration { additional_version_weights: Some(BTreeMap::from([("2".to_owned(), 0.5)])) };
    let update = UpdateAliasRequest {
        function_name: "f".to_owned(),
        name: "live".to_owned(),
        routing_config: Some(weights),
        revision_id: made.revision_id,
        ..UpdateAliasRequest::default()
    };
    world.lambda.update_alias(&cx(), update.clone()).await.unwrap();
    assert_eq!(world.lambda.update_alias(&cx(), update).await.unwrap_err().status, 412);
    let mut versions = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let mut request = invocation("f:live", "{}", "RequestResponse");
        request.qualifier = Some("live".to_owned());
        versions.insert(world.lambda.invoke(&cx(), request).await.unwrap().executed_version.unwrap());
    }
    assert_eq!(versions.into_iter().collect::<Vec<_>>(), ["1", "2"]);
    let list = ListAliasesRequest { function_name: "f".to_owned(), ..Default::default() };
    assert_eq!(world.lambda.list_aliases(&cx(), list).await.unwrap().aliases.unwrap().len(), 1);
}

#[tokio::test]
async fn pages_of_functions_follow_each_other() {
    let world = World::new();
    for n in 0..5 {
        world.create(&format!("f{n}")).await;
    }
    let (mut names, mut marker) = (Vec::new(), None);
    loop {
        let request = ListFunctionsRequest { marker, max_items: Some(2), ..Default::default() };
        let page = world.lambda.list_functions(&cx(), request).await.unwrap();
        names.extend(page.functions.unwrap().into_iter().filter_map(|function| function.function_name));
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(names, ["f0", "f1", "f2", "f3", "f4"]);
    let forged = ListFunctionsRequest { marker: Some("x".to_owned()), ..Default::default() };
    assert_eq!(world.lambda.list_functions(&cx(), forged).await.unwrap_err().status, 400);
    let all = ListFunctionsRequest { function_version: Some(FunctionVersion::All), ..Default::default() };
    let all = world.lambda.list_functions(&cx(), all).await.unwrap().functions.unwrap();
    assert_eq!(all.len(), 5);
    assert!(all[0].function_arn.as_ref().unwrap().ends_with(":$LATEST"));
}

#[tokio::test]
async fn another_account_or_region_sees_nothing() {
    let world = World::new();
    world.create("f").await;
    world.lambda.publish_version(&cx(), publish("f")).await.unwrap();
    for elsewhere in [cx_in("111111111111", "us-east-1"), cx_in("000000000000", "eu-west-1")] {
        let list = world.lambda.list_functions(&elsewhere, ListFunctionsRequest::default()).await.unwrap();
        assert_eq!(list.functions, Some(Vec::new()));
        let all = ListFunctionsRequest { function_version: Some(FunctionVersion::All), ..Default::default() };
        assert_eq!(world.lambda.list_functions(&elsewhere, all).await.unwrap().functions, Some(Vec::new()));
        assert_eq!(world.lambda.get_function(&elsewhere, get("f", None)).await.unwrap_err().status, 404);
        let versions = ListVersionsByFunctionRequest { function_name: "f".to_owned(), ..Default::default() };
        assert_eq!(world.lambda.list_versions_by_function(&elsewhere, versions).await.unwrap_err().status, 404);
        let usage = world.lambda.get_account_settings(&elsewhere, GetAccountSettingsRequest {}).await.unwrap();
        assert_eq!(usage.account_usage.unwrap().function_count, Some(0));
    }
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let refused = world.lambda.get_function(&cx_in("111111111111", "us-east-1"), get(arn, None)).await.unwrap_err();
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_deleted_function_leaves_nothing_for_its_successor() {
    let world = World::new();
    world.create("f").await;
    world.lambda.publish_version(&cx(), publish("f")).await.unwrap();
    world.lambda.create_alias(&cx(), new_alias("f", "live", "1")).await.unwrap();
    let reserve = PutFunctionConcurrencyRequest { function_name: "f".to_owned(), reserved_concurrent_executions: 5 };
    world.lambda.put_function_concurrency(&cx(), reserve).await.unwrap();
    let delete = DeleteFunctionRequest { function_name: "f".to_owned(), qualifier: None };
    world.lambda.delete_function(&cx(), delete.clone()).await.unwrap();
    assert_eq!(world.lambda.delete_function(&cx(), delete).await.unwrap_err().status, 404);
    world.create("f").await;
    assert_eq!(world.lambda.get_function(&cx(), get("f", Some("live"))).await.unwrap_err().status, 404);
    assert_eq!(world.lambda.get_function(&cx(), get("f", Some("1"))).await.unwrap_err().status, 404);
    let settings = world.lambda.get_account_settings(&cx(), GetAccountSettingsRequest {}).await.unwrap();
    assert_eq!(settings.account_limit.unwrap().unreserved_concurrent_executions, Some(1_000));
}

#[tokio::test]
async fn bad_zips_are_refused_in_aws_words_and_leave_nothing() {
    let world = World::new();
    let mut request = new_function("f");
    request.code.zip_file = Some("no zip".into());
    let refused = world.lambda.create_function(&cx(), request.clone()).await.unwrap_err();
    assert_eq!(message(&refused), "Could not unzip uploaded file. Please check your file, then try to upload again.");
    request.code.zip_file = Some(vec![0; (50 << 20) + 1].into());
    let refused = world.lambda.create_function(&cx(), request).await.unwrap_err();
    assert_eq!((refused.status, refused.name()), (413, "RequestEntityTooLargeException"));
    assert_eq!(std::fs::read_dir(world.code_dir.path().join("code")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_role_that_lambda_cannot_assume_is_refused_in_strict_and_noted_in_open_access() {
    let world = World::new();
    let root = || Caller::root(&AccountId::default());
    for role in ["other", "missing"] {
        let mut request = new_function(role);
        request.role = format!("arn:aws:iam::000000000000:role/{role}");
        let strict = cx_of(root(), Access::Strict);
        let refused = world.lambda.create_function(&strict, request.clone()).await.unwrap_err();
        assert_eq!(message(&refused), "The role defined for the function cannot be assumed by Lambda.");
        let open = cx_of(root(), Access::Open);
        world.lambda.create_function(&open, request).await.unwrap();
        assert_eq!(open.hints().len(), 1);
    }
    let strict = cx_of(root(), Access::Strict);
    assert!(world.lambda.create_function(&strict, new_function("f")).await.is_ok());
    let user = Caller {
        kind: CallerKind::User,
        arn: "arn:aws:iam::000000000000:user/u".to_owned(),
        ..Caller::root(&AccountId::default())
    };
    let refused = world.lambda.create_function(&cx_of(user, Access::Strict), new_function("g")).await.unwrap_err();
    assert!(message(&refused).contains("not authorized to perform: iam:PassRole"), "{refused}");
}

#[tokio::test]
async fn what_is_not_built_says_so() {
    let world = World::new();
    let mut request = new_function("f");
    request.package_type = Some(PackageType::Image);
    let refused = world.lambda.create_function(&cx(), request).await.unwrap_err();
    assert_eq!(refused.status, 501);
    let mut request = new_function("f");
    request.code = FunctionCode { s3_bucket: Some("b".to_owned()), ..FunctionCode::default() };
    assert_eq!(world.lambda.create_function(&cx(), request).await.unwrap_err().status, 501);
}

#[tokio::test]
async fn tags_are_counted_and_hang_on_functions_only() {
    let world = World::new();
    let arn = world.create("f").await.function_arn.unwrap();
    let tags = |count: usize| (0..count).map(|n| (format!("k{n}"), "v".to_owned())).collect::<BTreeMap<_, _>>();
    let tag = |resource: &str, tags| TagResourceRequest { resource: resource.to_owned(), tags };
    let refused = world.lambda.tag_resource(&cx(), tag(&arn, tags(51))).await.unwrap_err();
    assert_eq!(message(&refused), "Number of tags exceeds resource tag limit.");
    world.lambda.tag_resource(&cx(), tag(&arn, tags(50))).await.unwrap();
    assert!(world.lambda.tag_resource(&cx(), tag(&format!("{arn}:$LATEST"), tags(1))).await.is_err());
    let untag = UntagResourceRequest { resource: arn.clone(), tag_keys: (1..50).map(|n| format!("k{n}")).collect() };
    world.lambda.untag_resource(&cx(), untag).await.unwrap();
    let listed = world.lambda.list_tags(&cx(), ListTagsRequest { resource: arn }).await.unwrap();
    assert_eq!(listed.tags, Some(tags(1)));
}

#[tokio::test]
async fn settings_that_change_nothing_are_kept() {
    let world = World::new();
    world.create("f").await;
    let name = || "f".to_owned();
    let get = || GetFunctionRecursionConfigRequest { function_name: name() };
    let before = world.lambda.get_function_recursion_config(&cx(), get()).await.unwrap();
    assert_eq!(before.recursive_loop, Some(RecursiveLoop::Terminate));
    let allow = PutFunctionRecursionConfigRequest { function_name: name(), recursive_loop: RecursiveLoop::Allow };
    world.lambda.put_function_recursion_config(&cx(), allow).await.unwrap();
    let after = world.lambda.get_function_recursion_config(&cx(), get()).await.unwrap();
    assert_eq!(after.recursive_loop, Some(RecursiveLoop::Allow));
    let manual = PutRuntimeManagementConfigRequest {
        function_name: name(),
        update_runtime_on: UpdateRuntimeOn::Manual,
        ..PutRuntimeManagementConfigRequest::default()
    };
    assert_eq!(world.lambda.put_runtime_management_config(&cx(), manual.clone()).await.unwrap_err().status, 400);
    let update = PutRuntimeManagementConfigRequest { update_runtime_on: UpdateRuntimeOn::FunctionUpdate, ..manual };
    world.lambda.put_runtime_management_config(&cx(), update).await.unwrap();
    let get = GetRuntimeManagementConfigRequest { function_name: name(), qualifier: None };
    let kept = world.lambda.get_runtime_management_config(&cx(), get).await.unwrap();
    assert_eq!(kept.update_runtime_on, Some(UpdateRuntimeOn::FunctionUpdate));
    let signing = GetFunctionCodeSigningConfigRequest { function_name: name() };
    assert_eq!(
        world.lambda.get_function_code_signing_config(&cx(), signing).await.unwrap().code_signing_config_arn,
        ""
    );
}

#[tokio::test]
async fn a_zip_goes_with_the_last_version_that_uses_it() {
    let world = World::new();
    world.create("f").await;
    world.create("g").await;
    let first = store::BlobId::of(&new_function("f").code.zip_file.unwrap());
    let second = store::BlobId::of(&zip("2"));
    world.lambda.publish_version(&cx(), publish("f")).await.unwrap();
    world.lambda.update_function_code(&cx(), new_code("f", "2")).await.unwrap();
    let there = |id: &store::BlobId| (world.lambda.uses_blob(id), world.store.blobs().path(id).exists());
    assert_eq!((there(&first), there(&second)), ((true, true), (true, true)));
    let delete = |name: &str, qualifier: Option<&str>| DeleteFunctionRequest {
        function_name: name.to_owned(),
        qualifier: qualifier.map(str::to_owned),
    };
    world.lambda.delete_function(&cx(), delete("f", Some("1"))).await.unwrap();
    assert_eq!(there(&first), (true, true), "g uses it");
    world.lambda.delete_function(&cx(), delete("g", None)).await.unwrap();
    assert_eq!(there(&first), (false, false));
    let dry = UpdateFunctionCodeRequest { dry_run: Some(true), ..new_code("f", "3") };
    world.lambda.update_function_code(&cx(), dry).await.unwrap();
    assert_eq!(there(&store::BlobId::of(&zip("3"))), (false, false), "a dry run keeps nothing");
    world.lambda.update_function_code(&cx(), new_code("f", "2")).await.unwrap();
    assert_eq!(there(&second), (true, true), "the same code again");
    world.lambda.delete_function(&cx(), delete("f", None)).await.unwrap();
    assert_eq!(there(&second), (false, false));
}
