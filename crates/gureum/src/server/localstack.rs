//! What LocalStack's own paths answer. Their form is that of LocalStack's published OpenAPI description; what they say is
//! what holds here.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use config::Settings;
use edge::InternalError;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// Bytes of all that `PUT /_localstack/health` has left here.
const REMEMBERED_BYTES_MAX: usize = 256 * 1024;

/// What callers have asked us to show with the health.
#[derive(Default)]
pub struct Remembered(Mutex<Map<String, Value>>);

impl Remembered {
    /// `{"features:initScripts": "initializing"}` sets `initScripts` in `features`; a name without a colon is set as it is.
    /// Errors: 413 when too much would be kept.
    pub fn remember(&self, fresh: Map<String, Value>) -> Result<Value, InternalError> {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = remembered.clone();
        for (name, value) in fresh {
            match name.split_once(':') {
                Some((outer, inner)) => {
                    let place = next.entry(outer).or_insert_with(|| json!({}));
                    if !place.is_object() {
                        *place = json!({});
                    }
                    place[inner] = value;
                }
                None => {
                    next.insert(name, value);
                }
            }
        }
        if json!(next).to_string().len() > REMEMBERED_BYTES_MAX {
            let words = format!("no more than {REMEMBERED_BYTES_MAX} bytes are kept here");
            return Err(InternalError::new(StatusCode::PAYLOAD_TOO_LARGE, words));
        }
        *remembered = next;
        Ok(json!({ "status": "OK" }))
    }

    /// The health with what was remembered below it: what we know wins over what we were told.
    pub fn shown_with(&self, health: Value) -> Value {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Value::Object(health) = health {
            shown.extend(health);
        }
        Value::Object(shown)
    }
}

/// AWS's, unless LocalStack's variables say that there are none.
pub fn queue_pauses(variables: &config::LocalStack) -> service_sqs::Pauses {
    let pauses = service_sqs::Pauses::default();
    let kept = |pause, said: Option<bool>| if said == Some(false) { Duration::ZERO } else { pause };
    service_sqs::Pauses {
        purge: kept(pauses.purge, variables.purge_pause),
        deleted_name: kept(pauses.deleted_name, variables.deleted_queue_pause),
    }
}

/// The settings in force by LocalStack's names: what `/_localstack/config` says.
pub fn config(settings: &Settings) -> Value {
    let listen: Vec<String> = settings.listen.iter().map(ToString::to_string).collect();
    json!({
        "DEBUG": settings.log.is_some(),
        "EAGER_SERVICE_LOADING": settings.localstack.eager,
        "EXTRA_CORS_ALLOWED_ORIGINS": settings.cors_origins,
        "GATEWAY_LISTEN": listen,
        "LAMBDA_KEEPALIVE_MS": settings.keep_alive.map(|time| time.as_millis()),
        "LAMBDA_LIMITS_CONCURRENT_EXECUTIONS": settings.account_concurrency,
        "LOCALSTACK_HOST": settings.localstack.host,
        "PERSISTENCE": !settings.ephemeral,
        "SQS_DELAY_PURGE_RETRY": settings.localstack.purge_pause != Some(false),
        "SQS_DELAY_RECENTLY_DELETED": settings.localstack.deleted_queue_pause != Some(false),
        "IGNORED": settings.localstack.ignored,
    })
}

/// `/_aws/lambda/runtimes`. Errors: 400 for a filter that is none.
pub fn lambda_runtimes(filter: Option<&str>) -> Result<Value, InternalError> {
    let (offered, retired) = service_lambda::model::runtimes::offered_and_retired();
    let mut runtimes: Vec<&str> = match filter {
        None | Some("supported") => offered,
        Some("deprecated") => retired,
        Some("all") => [offered, retired].concat(),
        Some(_) => {
            let words = "filter is one of all, deprecated and supported";
            return Err(InternalError::new(StatusCode::BAD_REQUEST, words));
        }
    };
    runtimes.sort_unstable();
    Ok(json!({ "Runtimes": runtimes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn what_is_remembered_is_shown_and_does_not_replace_what_holds() {
        let remembered = Remembered::default();
        remembered.remember(object(json!({ "features:initScripts": "initializing", "version": "9" }))).unwrap();
        remembered.remember(object(json!({ "features:initScripts": "initialized", "note": 1 }))).unwrap();
        let shown = remembered.shown_with(json!({ "services": {}, "version": "1" }));
        assert_eq!(
            shown,
            json!({ "features": { "initScripts": "initialized" }, "version": "1", "note": 1, "services": {} })
        );
        let much = object(json!({ "much": "x".repeat(REMEMBERED_BYTES_MAX) }));
        assert_eq!(remembered.remember(much).unwrap_err().status, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn runtimes_are_filtered() {
        let named = |filter| lambda_runtimes(filter).unwrap()["Runtimes"].as_array().unwrap().clone();
        assert!(named(None).contains(&json!("nodejs20.x")) && !named(None).contains(&json!("nodejs4.3")));
        assert!(named(Some("deprecated")).contains(&json!("nodejs4.3")));
        assert_eq!(named(Some("all")).len(), named(None).len() + named(Some("deprecated")).len());
        assert!(lambda_runtimes(Some("new")).is_err());
    }
}
