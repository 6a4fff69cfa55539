use api_lambda::types::InvocationType;
use api_logs::types::{
    DescribeSubscriptionFiltersRequest, DescribeSubscriptionFiltersResponse, Distribution,
    PutSubscriptionFilterRequest, SubscriptionFilter,
};
use kernel::{Arn, Cx};
use wire::ApiError;

use crate::delivery::is_final;
use crate::error::{Error, Result};
use crate::limits::{DESCRIBE_MAX, SUBSCRIPTION_FILTERS_MAX};
use crate::patterns::Pattern;
use crate::records::{Place, Subscription};
use crate::service::{Service, limit_of};

const CROSS_ACCOUNT: &str = "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create \
                             cross account lambda triggers.";
const NOT_EXECUTABLE: &str = "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to \
                              execute your function.";
impl Service {
    /// Subscribes a function to a group. Other destinations are refused as AWS refuses them, else with an honest 501.
    pub(crate) async fn put_subscription_filter(&self, cx: &Cx, input: PutSubscriptionFilterRequest) -> Result<()> {
        let destination: Arn = input
            .destination_arn
            .parse()
            .map_err(|_| Error::Invalid("Invalid destinationArn specified.".to_owned()))?;
        match destination.service.as_str() {
            "lambda" if destination.account != cx.account.as_str() => return Err(Error::AccessDenied(CROSS_ACCOUNT)),
            "lambda" => {}
            vendor => {
                self.find_group(cx, &input.log_group_name)?;
                return Err(unserved(vendor, input.role_arn.is_some()));
            }
        }
        self.find_group(cx, &input.log_group_name)?;
        Pattern::parse(&input.filter_pattern)?;
        self.check_executable(cx, &input.log_group_name, &destination).await?;
        let subscription = Subscription {
            name: input.filter_name,
            pattern: input.filter_pattern,
            destination_arn: input.destination_arn,
            role_arn: input.role_arn,
            distribution: input.distribution.map(|distribution| distribution.as_str().to_owned()),
            created: self.wall(),
            on_transformed: input.apply_on_transformed_logs.unwrap_or(false),
            field_selection: input.field_selection_criteria,
            system_fields: input.emit_system_fields,
        };
        self.change_group(cx, input.log_group_name, |_, _, group| {
            let full = group.subscriptions.len() >= SUBSCRIPTION_FILTERS_MAX;
            match group.subscriptions.iter_mut().find(|kept| kept.name == subscription.name) {
                Some(kept) => *kept = Subscription { created: kept.created, ..subscription },
                None if full => return Err(Error::LimitExceeded),
                None => group.subscriptions.push(subscription),
            }
            Ok(())
        })
        .await
    }

    /// Tries the function, as AWS does before it accepts the filter.
    async fn check_executable(&self, cx: &Cx, group: &str, function: &Arn) -> Result<()> {
        let refused = || Error::Invalid(NOT_EXECUTABLE.to_owned());
        let place = Place::of(cx);
        match self.invoke(&place, group, function, InvocationType::DryRun, None).await {
            Ok(()) => Ok(()),
            Err(error) if is_final(&error) => Err(refused()),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn delete_subscription_filter(&self, cx: &Cx, group: String, name: String) -> Result<()> {
        self.change_group(cx, group, move |_, _, group| {
            let before = group.subscriptions.len();
            group.subscriptions.retain(|kept| kept.name != name);
            if group.subscriptions.len() == before {
                return Err(Error::NotFound("The specified subscription filter does not exist.".to_owned()));
            }
            Ok(())
        })
        .await
    }

    pub(crate) fn describe_subscription_filters(
        &self,
        cx: &Cx,
        input: DescribeSubscriptionFiltersRequest,
    ) -> Result<DescribeSubscriptionFiltersResponse> {
        const OPERATION: &str = "DescribeSubscriptionFilters";
        let DescribeSubscriptionFiltersRequest { log_group_name, filter_name_prefix, next_token, limit } = input;
        let mut kept = self.find_group(cx, &log_group_name)?.subscriptions;
        let prefix = filter_name_prefix.unwrap_or_default();
        let parameters = format!("{log_group_name:?} {prefix:?}");
        let after = self.open_token(cx, OPERATION, &parameters, next_token.as_deref())?;
        kept.sort_by(|a, b| a.name.cmp(&b.name));
        kept.retain(|filter| {
            filter.name.starts_with(&prefix)
                && after.as_ref().is_none_or(|after| filter.name.as_bytes() > after.as_slice())
        });
        let limit = limit_of(limit, DESCRIBE_MAX);
        let more = kept.len() > limit;
        kept.truncate(limit);
        let last = kept.last().filter(|_| more);
        let next_token = last.map(|last| self.give_token(cx, OPERATION, &parameters, last.name.as_bytes()));
        let filters = kept.into_iter().map(|filter| describe(&log_group_name, filter));
        Ok(DescribeSubscriptionFiltersResponse { subscription_filters: Some(filters.collect()), next_token })
    }
}

fn unserved(vendor: &str, has_role: bool) -> Error {
    match vendor {
        "kinesis" | "firehose" if !has_role => {
            Error::Invalid(format!("destinationArn for vendor {vendor} cannot be used without roleArn"))
        }
        "kinesis" | "firehose" | "logs" => {
            ApiError::not_implemented("logs", &format!("PutSubscriptionFilter to {vendor}")).into()
        }
        _ => Error::Invalid("Invalid destinationArn specified.".to_owned()),
    }
}

fn describe(group: &str, filter: Subscription) -> SubscriptionFilter {
    SubscriptionFilter {
        filter_name: Some(filter.name),
        log_group_name: Some(group.to_owned()),
        filter_pattern: Some(filter.pattern),
        destination_arn: Some(filter.destination_arn),
        role_arn: filter.role_arn,
        distribution: Some(filter.distribution.as_deref().map_or(Distribution::ByLogStream, Into::into)),
        apply_on_transformed_logs: Some(filter.on_transformed),
        creation_time: Some(filter.created),
        field_selection_criteria: filter.field_selection,
        emit_system_fields: filter.system_fields,
    }
}
