//! LoggingConfig: text or JSON, which levels, and which log group.

use api_lambda::types::{LogFormat, LoggingConfig};

use crate::error::Error;
use crate::records::{ConfigRecord, JsonLogsRecord};

/// The level when none is asked for. Source: Lambda Developer Guide, "Log-level filtering".
const LEVEL_DEFAULT: &str = "INFO";

/// Changes what the request names, and nothing else. Text has no levels.
pub fn update(config: &mut ConfigRecord, asked: LoggingConfig) -> Result<(), Error> {
    let json = match &asked.log_format {
        Some(format) => *format == LogFormat::Json,
        None => config.json_logs.is_some(),
    };
    let application = asked.application_log_level.map(|level| level.to_string());
    let system = asked.system_log_level.map(|level| level.to_string());
    if !json && (application.is_some() || system.is_some()) {
        return Err(Error::invalid(
            "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your request or change \
             the LogFormat to \"JSON\" and try again.",
        ));
    }
    let before = config.json_logs.take();
    config.json_logs = json.then(|| {
        let (was_application, was_system) = before.map(|logs| (logs.application_level, logs.system_level)).unzip();
        let level = |asked: Option<String>, was: Option<String>| asked.or(was).unwrap_or(LEVEL_DEFAULT.to_owned());
        JsonLogsRecord {
            application_level: level(application, was_application),
            system_level: level(system, was_system),
        }
    });
    config.log_group = asked.log_group.or(config.log_group.take());
    Ok(())
}

/// As answers show it.
pub fn shown(config: &ConfigRecord, function: &str) -> LoggingConfig {
    let logs = config.json_logs.as_ref();
    LoggingConfig {
        log_format: Some(if logs.is_some() { LogFormat::Json } else { LogFormat::Text }),
        application_log_level: logs.map(|logs| logs.application_level.as_str().into()),
        system_log_level: logs.map(|logs| logs.system_level.as_str().into()),
        log_group: Some(config.log_group_of(function)),
    }
}

/// What the runtime is told.
pub fn effective(config: &ConfigRecord) -> runtime::LogFormat {
    let level = |name: &str| runtime::LogLevel::parse(name).unwrap_or(runtime::LogLevel::Info);
    match &config.json_logs {
        None => runtime::LogFormat::Text,
        Some(logs) => {
            runtime::LogFormat::Json { application: level(&logs.application_level), system: level(&logs.system_level) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(format: Option<&str>, application: Option<&str>) -> LoggingConfig {
        LoggingConfig {
            log_format: format.map(Into::into),
            application_log_level: application.map(Into::into),
            ..LoggingConfig::default()
        }
    }

    #[test]
    fn levels_belong_to_json_and_stay_until_they_are_changed() {
        let mut config = crate::records::test_config();
        assert!(update(&mut config, asked(None, Some("WARN"))).is_err(), "text is the default");
        update(&mut config, asked(Some("JSON"), None)).unwrap();
        assert_eq!(shown(&config, "f").application_log_level, Some("INFO".into()));
        update(&mut config, asked(None, Some("WARN"))).unwrap();
        update(&mut config, asked(Some("JSON"), None)).unwrap();
        assert_eq!(shown(&config, "f").application_log_level, Some("WARN".into()));
        update(&mut config, asked(Some("Text"), None)).unwrap();
        assert_eq!(shown(&config, "f").application_log_level, None);
        assert_eq!(effective(&config), runtime::LogFormat::Text);
    }
}
