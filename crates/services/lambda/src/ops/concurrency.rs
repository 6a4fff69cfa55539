//! PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency.

use api_lambda::types::{
    Concurrency, DeleteFunctionConcurrencyRequest, DeleteFunctionConcurrencyResponse, GetFunctionConcurrencyRequest,
    GetFunctionConcurrencyResponse, PutFunctionConcurrencyRequest,
};
use kernel::Cx;

use crate::error::Error;
use crate::model::name::FunctionRef;
use crate::model::room::TooMuch;
use crate::records::Place;
use crate::service::{Shared, existing};

impl Shared {
    pub async fn put_function_concurrency(
        &self,
        cx: &Cx,
        input: PutFunctionConcurrencyRequest,
    ) -> Result<Concurrency, Error> {
        let named = self.unqualified(cx, &input.function_name, "PutFunctionConcurrency")?;
        let place = Place::of(cx);
        if self.functions.find(&place, &named.name)?.is_none() {
            // AWS names $LATEST here, and only here.
            return Err(Error::FunctionNotFound { arn: format!("{}:$LATEST", named.arn()) });
        }
        let wanted = u32::try_from(input.reserved_concurrent_executions).unwrap_or(0);
        self.concurrency.may_reserve(&place, &named.name, wanted).map_err(|why| refused(&why, wanted))?;
        self.set_reserved(&place, &named.name, Some(wanted)).await?;
        Ok(Concurrency { reserved_concurrent_executions: Some(input.reserved_concurrent_executions) })
    }

    pub async fn get_function_concurrency(
        &self,
        cx: &Cx,
        input: GetFunctionConcurrencyRequest,
    ) -> Result<GetFunctionConcurrencyResponse, Error> {
        let named = self.unqualified(cx, &input.function_name, "GetFunctionConcurrency")?;
        let reserved = self.functions.get(&named)?.record.reserved_concurrency;
        let reserved = reserved.and_then(|reserved| i32::try_from(reserved).ok());
        Ok(GetFunctionConcurrencyResponse { reserved_concurrent_executions: reserved })
    }

    pub async fn delete_function_concurrency(
        &self,
        cx: &Cx,
        input: DeleteFunctionConcurrencyRequest,
    ) -> Result<DeleteFunctionConcurrencyResponse, Error> {
        let named = self.unqualified(cx, &input.function_name, "DeleteFunctionConcurrency")?;
        self.functions.get(&named)?;
        self.set_reserved(&Place::of(cx), &named.name, None).await?;
        Ok(DeleteFunctionConcurrencyResponse {})
    }

    async fn set_reserved(&self, place: &Place, name: &str, reserved: Option<u32>) -> Result<(), Error> {
        let (here, function) = (place.clone(), name.to_owned());
        self.change(place, name, move |txn| {
            let mut record = existing(txn, &here, &function)?;
            record.reserved_concurrency = reserved;
            txn.put_record(here.function(&function), &record)?;
            Ok(())
        })
        .await?;
        self.concurrency.reserve(place, name, reserved);
        Ok(())
    }

    fn unqualified(&self, cx: &Cx, name: &str, action: &str) -> Result<FunctionRef, Error> {
        let named = self.named(cx, name, None, action)?;
        match named.qualifier {
            None => Ok(named),
            Some(_) => Err(Error::invalid(
                "This operation is permitted on Lambda functions only. Aliases and versions do not support this \
                 operation. Please specify either a function name or an unqualified function ARN.",
            )),
        }
    }
}

/// Source: recorded answers; the second from memory.
fn refused(why: &TooMuch, wanted: u32) -> Error {
    Error::invalid(match why {
        TooMuch::Claimed(claimed) => format!(
            "ReservedConcurrentExecutions  {wanted} should not be lower than function's total provisioned concurrency \
             [{claimed}]."
        ),
        TooMuch::Least(least) | TooMuch::Unreserved { left: least } => format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below \
             its minimum value of [{least}]."
        ),
        TooMuch::Reserved => "Specified ReservedConcurrentExecutions for function is too high.".to_owned(),
    })
}
