//! ListFunctions, ListVersionsByFunction, GetAccountSettings.

use api_lambda::types::{
    AccountLimit, AccountUsage, FunctionVersion, GetAccountSettingsRequest, GetAccountSettingsResponse,
    ListFunctionsRequest, ListFunctionsResponse, ListVersionsByFunctionRequest, ListVersionsByFunctionResponse,
};
use kernel::Cx;
use store::KeyRange;
use store::backend::Direction;

use super::pages::page_size;
use crate::error::Error;
use crate::limits::{LONG_PAGE_MAX, PAGE_MAX, TOTAL_CODE_BYTES_MAX, UNZIPPED_BYTES_MAX, ZIPPED_BYTES_MAX};
use crate::model::name::LATEST;
use crate::present::{Moment, configuration as shown};
use crate::records::{FunctionRecord, Place, VersionRecord};
use crate::service::Shared;

/// Where a list goes on after it, the function's name, and one of its versions.
type Positioned = (String, (String, VersionRecord));

impl Shared {
    /// Shape: by name; with `FunctionVersion=ALL`, `$LATEST` first and then the versions of each.
    pub async fn list_functions(&self, cx: &Cx, input: ListFunctionsRequest) -> Result<ListFunctionsResponse, Error> {
        let all = input.function_version == Some(FunctionVersion::All);
        if let Some(region) = input.master_region.as_deref() {
            if !all {
                return Err(Error::invalid("FunctionVersion must be set to ALL when MasterRegion is specified."));
            }
            // Functions of Lambda@Edge, replicated from there: there are none.
            if region != "ALL" {
                return Ok(ListFunctionsResponse { next_marker: None, functions: Some(Vec::new()) });
            }
        }
        let operation = if all { "ListFunctions/ALL" } else { "ListFunctions" };
        let start = self.page_start(cx, operation, "", input.marker.as_deref())?;
        let (place, max) = (Place::of(cx), page_size(input.max_items, PAGE_MAX));
        let items = if all {
            self.all_versions_after(&place, start.as_deref())?
        } else {
            self.functions_after(&place, start.as_deref(), max)?
        };
        let (page, next_marker) = self.page(cx, operation, "", items.into_iter(), max);
        let functions = page
            .iter()
            .map(|(name, version)| {
                let qualifier = all.then_some(version.version.as_str());
                shown(&place, name, version, qualifier, Moment::Listed)
            })
            .collect();
        Ok(ListFunctionsResponse { next_marker, functions: Some(functions) })
    }

    fn functions_after(&self, place: &Place, start: Option<&str>, max: usize) -> Result<Vec<Positioned>, Error> {
        let prefix = place.functions();
        let range = match start {
            Some(name) => KeyRange::after(&prefix, &place.function(name)),
            None => KeyRange::prefix(&prefix),
        };
        let records = self.store.scan_records::<FunctionRecord>(&range, max + 1, Direction::Forward)?;
        Ok(records.into_iter().map(|(_, f)| (f.name.clone(), (f.name, f.latest))).collect())
    }

    /// Positions are a name and a version's number of a fixed width, `$LATEST` being zero.
    fn all_versions_after(&self, place: &Place, start: Option<&str>) -> Result<Vec<Positioned>, Error> {
        let mut items = Vec::new();
        for (_, function) in self.functions_of(place)? {
            let name = function.name;
            items.push((format!("{name}\0{:020}", 0), (name.clone(), function.latest)));
            for (key, version) in self.versions_of(place, &name)? {
                let number = key.last_u64().unwrap_or_default();
                items.push((format!("{name}\0{number:020}"), (name.clone(), version)));
            }
        }
        items.retain(|(position, _)| start.is_none_or(|start| position.as_str() > start));
        Ok(items)
    }

    pub async fn list_versions_by_function(
        &self,
        cx: &Cx,
        input: ListVersionsByFunctionRequest,
    ) -> Result<ListVersionsByFunctionResponse, Error> {
        let (named, function) = self.own(cx, &input.function_name, None, "ListVersionsByFunction")?;
        let start = self.page_start(cx, "ListVersionsByFunction", &named.name, input.marker.as_deref())?;
        let latest = std::iter::once((0, &function.record.latest));
        let items = latest
            .chain(function.versions.iter().map(|(number, version)| (*number, version)))
            .map(|(number, version)| (format!("{number:020}"), version))
            .filter(|(position, _)| start.as_ref().is_none_or(|start| position > start));
        let max = page_size(input.max_items, LONG_PAGE_MAX).min(PAGE_MAX);
        let (page, next_marker) = self.page(cx, "ListVersionsByFunction", &named.name, items, max);
        let versions = page
            .into_iter()
            .map(|version| {
                let qualifier = if version.is_latest() { LATEST } else { &version.version };
                shown(&function.place, &named.name, version, Some(qualifier), Moment::Listed)
            })
            .collect();
        Ok(ListVersionsByFunctionResponse { next_marker, versions: Some(versions) })
    }

    pub async fn get_account_settings(
        &self,
        cx: &Cx,
        _input: GetAccountSettingsRequest,
    ) -> Result<GetAccountSettingsResponse, Error> {
        let place = Place::of(cx);
        let (functions, bytes) = self.usage(&place)?;
        let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        Ok(GetAccountSettingsResponse {
            account_limit: Some(AccountLimit {
                total_code_size: Some(TOTAL_CODE_BYTES_MAX),
                code_size_unzipped: i64::try_from(UNZIPPED_BYTES_MAX).ok(),
                code_size_zipped: i64::try_from(ZIPPED_BYTES_MAX).ok(),
                concurrent_executions: Some(number(self.concurrency.limit())),
                unreserved_concurrent_executions: Some(number(self.concurrency.unreserved(&place))),
            }),
            account_usage: Some(AccountUsage {
                total_code_size: Some(bytes),
                function_count: i64::try_from(functions).ok(),
            }),
        })
    }

    /// Functions, and the bytes of code of all their versions and of all versions of layers.
    fn usage(&self, place: &Place) -> Result<(usize, i64), Error> {
        let functions = self.functions_of(place)?;
        let range = KeyRange::prefix(&place.all_versions());
        let versions = self.store.scan_records::<VersionRecord>(&range, usize::MAX, Direction::Forward)?;
        let latest: i64 = functions.iter().map(|(_, function)| function.latest.code.size).sum();
        let published: i64 = versions.iter().map(|(_, version)| version.code.size).sum();
        Ok((functions.len(), latest.saturating_add(published).saturating_add(self.layer_bytes(place)?)))
    }

    /// Errors: the account's code would be more than AWS keeps.
    pub fn check_storage(&self, place: &Place, more: usize) -> Result<(), Error> {
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        if more.saturating_add(self.usage(place)?.1) > TOTAL_CODE_BYTES_MAX {
            return Err(Error::CodeStorageExceeded);
        }
        Ok(())
    }

    pub(super) fn functions_of(&self, place: &Place) -> Result<Vec<(store::Key, FunctionRecord)>, Error> {
        Ok(self.store.scan_records(&KeyRange::prefix(&place.functions()), usize::MAX, Direction::Forward)?)
    }

    fn versions_of(&self, place: &Place, name: &str) -> Result<Vec<(store::Key, VersionRecord)>, Error> {
        Ok(self.store.scan_records(&KeyRange::prefix(&place.versions(name)), usize::MAX, Direction::Forward)?)
    }
}
