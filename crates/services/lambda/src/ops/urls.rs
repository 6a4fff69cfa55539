//! CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig, DeleteFunctionUrlConfig, ListFunctionUrlConfigs.

use std::sync::Arc;

use api_lambda::types::{
    Cors, CreateFunctionUrlConfigRequest, CreateFunctionUrlConfigResponse, DeleteFunctionUrlConfigRequest,
    DeleteFunctionUrlConfigResponse, FunctionUrlAuthType, FunctionUrlConfig, GetFunctionUrlConfigRequest,
    GetFunctionUrlConfigResponse, InvokeMode, ListFunctionUrlConfigsRequest, ListFunctionUrlConfigsResponse,
    UpdateFunctionUrlConfigRequest, UpdateFunctionUrlConfigResponse,
};
use kernel::{Cx, id};

use super::pages::page_size;
use crate::error::Error;
use crate::functions::Function;
use crate::limits::PAGE_MAX;
use crate::model::name::FunctionRef;
use crate::records::Place;
use crate::service::{Shared, existing};
use crate::url::records::{self, CorsRecord, UrlRecord};

/// What AllowMethods may hold. Source: Lambda Developer Guide, "Creating and managing Lambda function URLs".
const METHODS: [&str; 7] = ["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "*"];

/// What a URL's name ends in on AWS.
const AWS_DOMAIN: &str = "on.aws";

impl Shared {
    /// Source: Lambda API Reference, CreateFunctionUrlConfig.
    pub async fn create_function_url_config(
        &self,
        cx: &Cx,
        input: CreateFunctionUrlConfigRequest,
    ) -> Result<CreateFunctionUrlConfigResponse, Error> {
        let action = "CreateFunctionUrlConfig";
        let named = self.named(cx, &input.function_name, input.qualifier.as_deref(), action)?;
        let function = self.url_owner(cx, &named)?;
        let now = self.clock.wall();
        let record = UrlRecord {
            id: id::function_url(&*self.rng),
            signed: input.auth_type == FunctionUrlAuthType::AwsIam,
            cors: input.cors.map(cors).transpose()?,
            invoke_mode: input.invoke_mode.map(|mode| mode.to_string()),
            created: now,
            modified: now,
        };
        let (here, made, subject) = (function.place.clone(), record.clone(), named.clone());
        self.change(&function.place, &named.name, move |txn| {
            existing(txn, &here, &subject.name).map_err(|_| Error::UrlFunctionNotFound)?;
            if records::find(txn, &here, &subject.name, subject.qualifier.as_deref())?.is_some() {
                return Err(Error::UrlExists { arn: subject.qualified_arn() });
            }
            Ok(records::put(txn, &here, &subject.name, subject.qualifier.as_deref(), &made)?)
        })
        .await?;
        let shown = self.url_shown(&named, &record);
        Ok(CreateFunctionUrlConfigResponse {
            function_url: shown.function_url,
            function_arn: shown.function_arn,
            auth_type: shown.auth_type,
            cors: shown.cors,
            creation_time: shown.creation_time,
            invoke_mode: shown.invoke_mode,
        })
    }

    pub async fn get_function_url_config(
        &self,
        cx: &Cx,
        input: GetFunctionUrlConfigRequest,
    ) -> Result<GetFunctionUrlConfigResponse, Error> {
        let action = "GetFunctionUrlConfig";
        let named = self.named(cx, &input.function_name, input.qualifier.as_deref(), action)?;
        let function = self.functions.find(&Place::of(cx), &named.name)?.ok_or(Error::UrlNotFound)?;
        let record = function.urls.get(named.qualifier.as_deref().unwrap_or_default()).ok_or(Error::UrlNotFound)?;
        let shown = self.url_shown(&named, record);
        Ok(GetFunctionUrlConfigResponse {
            function_url: shown.function_url,
            function_arn: shown.function_arn,
            auth_type: shown.auth_type,
            cors: shown.cors,
            creation_time: shown.creation_time,
            last_modified_time: shown.last_modified_time,
            invoke_mode: shown.invoke_mode,
        })
    }

    /// Changes what the request names, and nothing else; the address stays.
    pub async fn update_function_url_config(
        &self,
        cx: &Cx,
        input: UpdateFunctionUrlConfigRequest,
    ) -> Result<UpdateFunctionUrlConfigResponse, Error> {
        let action = "UpdateFunctionUrlConfig";
        let named = self.named(cx, &input.function_name, input.qualifier.as_deref(), action)?;
        let function = self.url_owner(cx, &named)?;
        let (auth_type, mode, now) = (input.auth_type, input.invoke_mode, self.clock.wall());
        let cors = input.cors.map(cors).transpose()?;
        let (here, subject) = (function.place.clone(), named.clone());
        let changed = self.change(&function.place, &named.name, move |txn| {
            let found = records::find(txn, &here, &subject.name, subject.qualifier.as_deref())?;
            let mut record = found.ok_or(Error::UrlNotFound)?;
            if let Some(auth_type) = auth_type {
                record.signed = auth_type == FunctionUrlAuthType::AwsIam;
            }
            if let Some(mode) = mode {
                record.invoke_mode = Some(mode.to_string());
            }
            if let Some(cors) = cors {
                record.cors = Some(cors);
            }
            record.modified = now;
            records::put(txn, &here, &subject.name, subject.qualifier.as_deref(), &record)?;
            Ok(record)
        });
        let shown = self.url_shown(&named, &changed.await?);
        Ok(UpdateFunctionUrlConfigResponse {
            function_url: shown.function_url,
            function_arn: shown.function_arn,
            auth_type: shown.auth_type,
            cors: shown.cors,
            creation_time: shown.creation_time,
            last_modified_time: shown.last_modified_time,
            invoke_mode: shown.invoke_mode,
        })
    }

    /// The policy that let callers in stays, as on AWS.
    pub async fn delete_function_url_config(
        &self,
        cx: &Cx,
        input: DeleteFunctionUrlConfigRequest,
    ) -> Result<DeleteFunctionUrlConfigResponse, Error> {
        let action = "DeleteFunctionUrlConfig";
        let named = self.named(cx, &input.function_name, input.qualifier.as_deref(), action)?;
        let here = Place::of(cx);
        let (place, name) = (here.clone(), named.name.clone());
        self.change(&place, &name, move |txn| {
            let qualifier = named.qualifier.as_deref();
            let record = records::find(txn, &here, &named.name, qualifier)?.ok_or(Error::UrlNotFound)?;
            records::delete(txn, &here, &named.name, qualifier, &record);
            Ok(())
        })
        .await?;
        Ok(DeleteFunctionUrlConfigResponse {})
    }

    pub async fn list_function_url_configs(
        &self,
        cx: &Cx,
        input: ListFunctionUrlConfigsRequest,
    ) -> Result<ListFunctionUrlConfigsResponse, Error> {
        let (named, function) = self.own(cx, &input.function_name, None, "ListFunctionUrlConfigs")?;
        let start = self.page_start(cx, "ListFunctionUrlConfigs", &named.name, input.marker.as_deref())?;
        let items = function.urls.iter().filter(|(qualifier, _)| start.as_ref().is_none_or(|start| *qualifier > start));
        let items = items.map(|(qualifier, record)| {
            let of = FunctionRef { qualifier: Some(qualifier.clone()).filter(|q| !q.is_empty()), ..named.clone() };
            // A marker is never empty, and the empty qualifier comes first.
            (if qualifier.is_empty() { "\0".to_owned() } else { qualifier.clone() }, self.url_shown(&of, record))
        });
        let max = page_size(input.max_items, PAGE_MAX);
        let (function_url_configs, next_marker) = self.page(cx, "ListFunctionUrlConfigs", &named.name, items, max);
        Ok(ListFunctionUrlConfigsResponse { function_url_configs, next_marker })
    }

    /// The function that a URL is made or changed for. Errors: it is not there, or has no such alias.
    fn url_owner(&self, cx: &Cx, named: &FunctionRef) -> Result<Arc<Function>, Error> {
        let function = self.functions.find(&Place::of(cx), &named.name)?.ok_or(Error::UrlFunctionNotFound)?;
        match &named.qualifier {
            Some(alias) if !function.aliases.contains_key(alias) => Err(Error::UrlFunctionNotFound),
            _ => Ok(function),
        }
    }

    fn url_shown(&self, named: &FunctionRef, record: &UrlRecord) -> FunctionUrlConfig {
        let labels = format!("{}.lambda-url.{}", record.id, named.region);
        FunctionUrlConfig {
            function_url: self.public_hosts.url(&labels, AWS_DOMAIN),
            function_arn: named.qualified_arn(),
            creation_time: record.created.iso8601_millis(),
            last_modified_time: record.modified.iso8601_millis(),
            cors: record.cors.clone().map(cors_shown),
            auth_type: if record.signed { FunctionUrlAuthType::AwsIam } else { FunctionUrlAuthType::None },
            invoke_mode: record.invoke_mode.as_deref().map(InvokeMode::from),
        }
    }
}

/// Errors: a method that cannot be called by. The model has checked counts and lengths.
fn cors(asked: Cors) -> Result<CorsRecord, Error> {
    if let Some(method) = asked.allow_methods.iter().flatten().find(|method| !METHODS.contains(&method.as_str())) {
        return Err(Error::invalid(format!(
            "{method} is not a valid method for CORS. You can use GET, PUT, POST, DELETE, HEAD, PATCH, and the wildcard \
             character (*)."
        )));
    }
    Ok(CorsRecord {
        allow_credentials: asked.allow_credentials,
        allow_headers: asked.allow_headers,
        allow_methods: asked.allow_methods,
        allow_origins: asked.allow_origins,
        expose_headers: asked.expose_headers,
        max_age_s: asked.max_age,
    })
}

fn cors_shown(kept: CorsRecord) -> Cors {
    Cors {
        allow_credentials: kept.allow_credentials,
        allow_headers: kept.allow_headers,
        allow_methods: kept.allow_methods,
        allow_origins: kept.allow_origins,
        expose_headers: kept.expose_headers,
        max_age: kept.max_age_s,
    }
}
