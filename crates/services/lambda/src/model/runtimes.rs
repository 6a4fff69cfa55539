//! Which runtimes can be asked for.

use api_lambda::types::Runtime;

use crate::error::Error;

/// What AWS lists when it refuses a runtime, in its order. Source: its answer to `non-existent-runtime`.
pub const LISTED: &str = "[nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, \
                      java25, python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, \
                      nodejs16.x, dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2]";

/// Names in the model that were never a function's runtime here.
const NEVER: [&str; 3] = ["nodejs", "nodejs4.3-edge", "custom"];

/// Runtimes that AWS has retired: no function can be made with one there any more.
/// Source: Lambda Developer Guide, "Deprecated runtimes".
const RETIRED: [&str; 18] = [
    "nodejs4.3",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "java8",
    "python2.7",
    "python3.6",
    "python3.7",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "go1.x",
    "ruby2.5",
    "ruby2.7",
    "provided",
];

/// The runtimes that AWS offers, and those that it has retired. A function can be made here with any of them.
pub fn offered_and_retired() -> (Vec<&'static str>, Vec<&'static str>) {
    let offered = LISTED.trim_matches(['[', ']']).split(',').map(str::trim);
    (offered.collect(), RETIRED.to_vec())
}

/// Accepts every runtime that AWS ever ran: functions from before a runtime's retirement keep their runtime on AWS, and
/// here nobody has any from before. Errors: `InvalidParameterValueException` with AWS's list of today.
pub fn check(runtime: &str) -> Result<(), Error> {
    let known = !matches!(Runtime::from(runtime), Runtime::Other(_)) && !NEVER.contains(&runtime);
    if known {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: {LISTED} or be \
         a valid ARN"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_and_what_is_retired_can_be_deployed() {
        let (offered, retired) = offered_and_retired();
        assert!(offered.iter().all(|name| !retired.contains(name)));
        assert!(offered.iter().chain(&retired).all(|name| check(name).is_ok()));
    }

    #[test]
    fn old_and_new_runtimes_pass_and_others_do_not() {
        for runtime in ["nodejs4.3", "nodejs14.x", "nodejs20.x", "python3.12", "provided.al2023", "java21"] {
            assert!(check(runtime).is_ok(), "{runtime}");
        }
        for runtime in ["non-existent-runtime", "PYTHON3.9", "nodejs", ""] {
            assert!(check(runtime).is_err(), "{runtime}");
        }
    }
}
