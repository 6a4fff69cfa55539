//! Saved queries of Logs Insights: kept. Running them comes with CloudWatch.

use api_logs::types::{
    DescribeQueryDefinitionsRequest, DescribeQueryDefinitionsResponse, PutQueryDefinitionRequest, QueryLanguage,
};
use kernel::{Cx, id};
use store::{Direction, KeyRange};

use crate::error::{Error, Result};
use crate::limits::{LIST_MAX, QUERY_DEFINITIONS_MAX};
use crate::records::{Place, QueryDefinition, QueryParameter};
use crate::service::{Listing, Service, limit_of};

impl Service {
    /// Makes a definition, or changes the one whose id is given. Answers the id.
    pub(crate) async fn put_query_definition(&self, cx: &Cx, input: PutQueryDefinitionRequest) -> Result<String> {
        let parameter = |given: api_logs::types::QueryParameter| QueryParameter {
            name: given.name,
            default_value: given.default_value,
            description: given.description,
        };
        let record = QueryDefinition {
            name: input.name,
            language: input.query_language.unwrap_or(QueryLanguage::Cwli).as_str().to_owned(),
            query: input.query_string,
            groups: input.log_group_names.unwrap_or_default(),
            parameters: input.parameters.unwrap_or_default().into_iter().map(parameter).collect(),
            modified: self.wall(),
        };
        let (place, changes) = (Place::of(cx), input.query_definition_id.is_some());
        let id = input.query_definition_id.unwrap_or_else(|| id::uuid(&*self.rng));
        let key = place.query_definitions().part(&id);
        self.store
            .transact(move |txn| {
                if changes {
                    txn.get(&key)?.ok_or_else(missing)?;
                } else {
                    let all = KeyRange::prefix(&place.query_definitions());
                    if txn.scan(&all, QUERY_DEFINITIONS_MAX, Direction::Forward)?.len() >= QUERY_DEFINITIONS_MAX {
                        return Err(Error::LimitExceeded);
                    }
                }
                Ok(txn.put_record(key, &record)?)
            })
            .await?;
        Ok(id)
    }

    pub(crate) fn describe_query_definitions(
        &self,
        cx: &Cx,
        input: DescribeQueryDefinitionsRequest,
    ) -> Result<DescribeQueryDefinitionsResponse> {
        let DescribeQueryDefinitionsRequest { query_language, query_definition_name_prefix, max_results, next_token } =
            input;
        let prefix = query_definition_name_prefix.unwrap_or_default();
        let listing = Listing {
            operation: "DescribeQueryDefinitions",
            parameters: format!("{prefix:?} {query_language:?}"),
            range: KeyRange::prefix(&Place::of(cx).query_definitions()),
            direction: Direction::Forward,
            limit: limit_of(max_results, LIST_MAX),
            token: next_token.as_deref(),
        };
        let (page, next_token) = self.page::<QueryDefinition>(cx, listing, |_, record| {
            record.name.starts_with(&prefix)
                && query_language.as_ref().is_none_or(|language| language.as_str() == record.language)
        })?;
        let all = page.into_iter().map(|(key, record)| describe(key.last_text().unwrap_or_default(), record));
        Ok(DescribeQueryDefinitionsResponse { query_definitions: Some(all.collect()), next_token })
    }

    pub(crate) async fn delete_query_definition(&self, cx: &Cx, id: String) -> Result<()> {
        let key = Place::of(cx).query_definitions().part(id);
        self.store
            .transact(move |txn| {
                txn.get(&key)?.ok_or_else(missing)?;
                txn.delete(key);
                Ok(())
            })
            .await
    }
}

fn missing() -> Error {
    Error::NotFound("The specified query definition does not exist.".to_owned())
}

fn describe(id: String, record: QueryDefinition) -> api_logs::types::QueryDefinition {
    let parameter = |kept: QueryParameter| api_logs::types::QueryParameter {
        name: kept.name,
        default_value: kept.default_value,
        description: kept.description,
    };
    api_logs::types::QueryDefinition {
        query_language: Some(record.language.as_str().into()),
        query_definition_id: Some(id),
        name: Some(record.name),
        query_string: Some(record.query),
        last_modified: Some(record.modified),
        log_group_names: Some(record.groups),
        parameters: (!record.parameters.is_empty()).then(|| record.parameters.into_iter().map(parameter).collect()),
    }
}
