use api_logs::types::{
    AssociateKmsKeyRequest, CreateLogGroupRequest, DeleteLogGroupRequest, DescribeLogGroupsRequest,
    DescribeLogGroupsResponse, DisassociateKmsKeyRequest, ListLogGroupsRequest, ListLogGroupsResponse, LogGroup,
    LogGroupClass, LogGroupSummary, PutRetentionPolicyRequest, TagFilter,
};
use kernel::Cx;
use store::{Direction, KeyRange, Txn};
use wire::ApiError;

use super::tags::check_tags;
use crate::error::{Error, Result};
use crate::limits::{DESCRIBE_MAX, LIST_MAX, METRIC_FILTERS_MAX, RETENTION_DAYS};
use crate::records::{Group, Place, read_size};
use crate::service::{Listing, Service, group_arn, group_named, group_of_identifier, limit_of};

impl Service {
    pub(crate) async fn create_group(&self, cx: &Cx, input: CreateLogGroupRequest) -> Result<()> {
        let CreateLogGroupRequest { log_group_name, kms_key_id, tags, log_group_class, deletion_protection_enabled } =
            input;
        if deletion_protection_enabled == Some(true) {
            return Err(ApiError::not_implemented("logs", "CreateLogGroup with deletionProtectionEnabled").into());
        }
        // Source: API reference, CreateLogGroup; the text and either case as users have reported them.
        if log_group_name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws/")) {
            return Err(Error::ReservedName);
        }
        let tags = tags.unwrap_or_default();
        check_tags(&tags)?;
        let group = Group {
            id: u64::from_le_bytes(self.rng.bytes()),
            created: self.wall(),
            retention_days: None,
            kms_key: kms_key_id,
            class: log_group_class.unwrap_or(LogGroupClass::Standard).as_str().to_owned(),
            tags,
            next_stream: 0,
            metric_filters: 0,
            subscriptions: Vec::new(),
        };
        let key = Place::of(cx).group(&log_group_name);
        self.store
            .transact(move |txn| match txn.get(&key)? {
                Some(_) => Err(Error::GroupExists),
                None => Ok(txn.put_record(key, &group)?),
            })
            .await
    }

    pub(crate) async fn delete_group(&self, cx: &Cx, input: DeleteLogGroupRequest) -> Result<()> {
        let place = Place::of(cx);
        let name = input.log_group_name;
        self.store
            .transact(move |txn| {
                let key = place.group(&name);
                let group: Group = txn.get_record(&key)?.ok_or(Error::NoSuchGroup)?;
                let filters = KeyRange::prefix(&place.group_metric_filters(&name));
                for (filter, _) in txn.scan(&filters, METRIC_FILTERS_MAX, Direction::Forward)? {
                    txn.delete(filter);
                }
                txn.delete(key);
                txn.delete(place.size(group.id));
                txn.put(place.leftover(group.id, None), Vec::new())?;
                Ok::<_, Error>(())
            })
            .await?;
        self.sweep.notify_one();
        Ok(())
    }

    /// Changes a group's record. Errors: there is no such group.
    pub(crate) async fn change_group<T: Send + 'static>(
        &self,
        cx: &Cx,
        name: String,
        change: impl FnOnce(&mut Txn, &Place, &mut Group) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = Place::of(cx);
        self.store
            .transact(move |txn| {
                let key = place.group(&name);
                let mut group: Group = txn.get_record(&key)?.ok_or(Error::NoSuchGroup)?;
                let answer = change(txn, &place, &mut group)?;
                txn.put_record(key, &group)?;
                Ok(answer)
            })
            .await
    }

    pub(crate) fn describe_groups(
        &self,
        cx: &Cx,
        input: DescribeLogGroupsRequest,
    ) -> Result<DescribeLogGroupsResponse> {
        let DescribeLogGroupsRequest {
            log_group_name_prefix: prefix,
            log_group_name_pattern: pattern,
            next_token,
            limit,
            log_group_class: class,
            log_group_identifiers: identifiers,
            ..
        } = input;
        if prefix.is_some() && pattern.is_some() {
            return Err(Error::PrefixAndPattern);
        }
        let place = Place::of(cx);
        let names = identifiers.map(|all| all.iter().filter_map(|one| group_of_identifier(cx, one).ok()).collect());
        let names: Option<Vec<String>> = names;
        let listing = Listing {
            operation: "DescribeLogGroups",
            parameters: format!("{prefix:?} {pattern:?} {class:?} {names:?}"),
            range: KeyRange::starting_with(&place.groups(), prefix.as_deref().unwrap_or_default()),
            direction: Direction::Forward,
            limit: limit_of(limit, DESCRIBE_MAX),
            token: next_token.as_deref(),
        };
        let (page, next_token) = self.page::<Group>(cx, listing, |key, group| {
            let name = key.last_text().unwrap_or_default();
            pattern.as_ref().is_none_or(|pattern| name.contains(pattern.as_str()))
                && class.as_ref().is_none_or(|class| class.as_str() == group.class)
                && names.as_ref().is_none_or(|names| names.contains(&name))
        })?;
        let described = page.into_iter().map(|(key, group)| {
            let size = self.store.get(&place.size(group.id))?;
            Ok(describe(cx, key.last_text().unwrap_or_default(), group, read_size(size.as_ref()), pattern.is_some()))
        });
        Ok(DescribeLogGroupsResponse { log_groups: Some(described.collect::<Result<_>>()?), next_token })
    }

    pub(crate) fn list_groups(&self, cx: &Cx, input: ListLogGroupsRequest) -> Result<ListLogGroupsResponse> {
        if input.data_sources.is_some() || input.field_index_names.is_some() {
            return Err(ApiError::not_implemented("logs", "ListLogGroups by data source or field index").into());
        }
        let ListLogGroupsRequest {
            log_group_name_pattern: pattern,
            log_group_class: class,
            log_group_tags: tags,
            next_token,
            limit,
            ..
        } = input;
        let listing = Listing {
            operation: "ListLogGroups",
            parameters: format!("{pattern:?} {class:?} {tags:?}"),
            range: KeyRange::prefix(&Place::of(cx).groups()),
            direction: Direction::Forward,
            limit: limit_of(limit, LIST_MAX),
            token: next_token.as_deref(),
        };
        let (page, next_token) = self.page::<Group>(cx, listing, |key, group| {
            let name = key.last_text().unwrap_or_default();
            pattern.as_ref().is_none_or(|pattern| pattern.split('|').any(|part| name_matches(&name, part)))
                && class.as_ref().is_none_or(|class| class.as_str() == group.class)
                && tags.iter().flatten().all(|filter| tag_matches(group, filter))
        })?;
        let summary = |name: String, group: &Group| LogGroupSummary {
            log_group_arn: Some(group_arn(cx, &name)),
            log_group_name: Some(name),
            log_group_class: Some(group.class.as_str().into()),
        };
        let groups = page.iter().map(|(key, group)| summary(key.last_text().unwrap_or_default(), group));
        Ok(ListLogGroupsResponse { log_groups: Some(groups.collect()), next_token })
    }

    pub(crate) async fn put_retention(&self, cx: &Cx, input: PutRetentionPolicyRequest) -> Result<()> {
        let days = input.retention_in_days;
        if !RETENTION_DAYS.contains(&days) {
            return Err(Error::Retention);
        }
        self.change_group(cx, input.log_group_name, move |_, _, group| {
            group.retention_days = Some(days);
            Ok(())
        })
        .await?;
        self.sweep.notify_one();
        Ok(())
    }

    pub(crate) async fn delete_retention(&self, cx: &Cx, group_name: String) -> Result<()> {
        self.change_group(cx, group_name, |_, _, group| {
            group.retention_days = None;
            Ok(())
        })
        .await
    }

    /// Keeps the key's name; nothing is encrypted with it.
    pub(crate) async fn associate_key(&self, cx: &Cx, input: AssociateKmsKeyRequest) -> Result<()> {
        let name = group_named(cx, input.log_group_name, input.resource_identifier)?;
        self.change_group(cx, name, move |_, _, group| {
            group.kms_key = Some(input.kms_key_id);
            Ok(())
        })
        .await
    }

    pub(crate) async fn disassociate_key(&self, cx: &Cx, input: DisassociateKmsKeyRequest) -> Result<()> {
        let name = group_named(cx, input.log_group_name, input.resource_identifier)?;
        self.change_group(cx, name, |_, _, group| {
            group.kms_key = None;
            Ok(())
        })
        .await
    }
}

/// With a name pattern AWS tells less. Source: API reference, DescribeLogGroups.
fn describe(cx: &Cx, name: String, group: Group, bytes: u64, brief: bool) -> LogGroup {
    let without_star = group_arn(cx, &name);
    let known = LogGroup {
        arn: Some(format!("{without_star}:*")),
        creation_time: Some(group.created),
        log_group_name: Some(name),
        ..LogGroup::default()
    };
    if brief {
        return known;
    }
    LogGroup {
        retention_in_days: group.retention_days,
        metric_filter_count: Some(group.metric_filters),
        stored_bytes: Some(i64::try_from(bytes).unwrap_or(i64::MAX)),
        kms_key_id: group.kms_key,
        log_group_class: Some(group.class.as_str().into()),
        log_group_arn: Some(without_star),
        ..known
    }
}

/// `^text` at the start of the name, `text` anywhere.
fn name_matches(name: &str, pattern: &str) -> bool {
    match pattern.strip_prefix('^') {
        Some(start) => name.starts_with(start),
        None => name.contains(pattern),
    }
}

/// No values: the key is there. A value may have a star at either end, and `!` before it.
fn tag_matches(group: &Group, filter: &TagFilter) -> bool {
    let Some(actual) = group.tags.get(&filter.key) else { return false };
    let values = filter.values.as_deref().unwrap_or_default();
    values.is_empty()
        || values.iter().any(|value| {
            let (negated, value) = value.strip_prefix('!').map_or((false, value.as_str()), |value| (true, value));
            let matches = match (value.strip_prefix('*'), value.strip_suffix('*')) {
                (None, None) => actual == value,
                (Some(end), None) => actual.ends_with(end),
                (None, Some(start)) => actual.starts_with(start),
                (Some(_), Some(_)) => actual.contains(value.trim_matches('*')),
            };
            matches != negated
        })
}
