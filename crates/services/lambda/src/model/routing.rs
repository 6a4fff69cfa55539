//! Which version an alias's invocation goes to.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::limits::ALIAS_ROUTES_MAX;
use crate::model::name::{LATEST, version_number};

/// Checks `AdditionalVersionWeights` against the alias's own version.
pub fn check(version: &str, weights: &BTreeMap<String, f64>) -> Result<(), Error> {
    if weights.len() > ALIAS_ROUTES_MAX {
        return Err(Error::invalid("Number of items in AdditionalVersionWeights cannot be greater than 1"));
    }
    for (other, weight) in weights {
        if version == LATEST || other == LATEST {
            return Err(Error::invalid("$LATEST is not supported for an alias pointing to more than 1 version"));
        }
        if version_number(other).is_none() {
            return Err(Error::constraint(
                other,
                "routingConfig.additionalVersionWeights",
                "satisfy regular expression pattern: [0-9]+",
            ));
        }
        if other == version {
            return Err(Error::invalid(format!(
                "Invalid function version {other}. Function version {other} is already included in routing configuration."
            )));
        }
        if !(0.0..=1.0).contains(weight) {
            return Err(Error::constraint(
                &weight.to_string(),
                "routingConfig.additionalVersionWeights",
                "have value between 0.0 and 1.0",
            ));
        }
    }
    Ok(())
}

/// Picks a version. `chance` is a number in 0..10_000, every one equally likely.
pub fn pick<'a>(version: &'a str, weights: &'a BTreeMap<String, f64>, chance: u32) -> &'a str {
    let mut left = f64::from(chance) / 10_000.0;
    for (other, weight) in weights {
        if left < *weight {
            return other;
        }
        left -= weight;
    }
    version
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(version: &str, weight: f64) -> BTreeMap<String, f64> {
        BTreeMap::from([(version.to_owned(), weight)])
    }

    #[test]
    fn the_weight_is_the_share_of_the_other_version() {
        let to_two = weights("2", 0.25);
        let share = (0..10_000).filter(|chance| pick("1", &to_two, *chance) == "2").count();
        assert_eq!(share, 2_500);
        assert_eq!(pick("1", &BTreeMap::new(), 0), "1");
        assert_eq!(pick("1", &weights("2", 1.0), 9_999), "2");
        assert_eq!(pick("1", &weights("2", 0.0), 0), "1");
    }

    #[test]
    fn weights_that_make_no_sense_are_refused() {
        assert!(check("1", &weights("2", 0.5)).is_ok());
        assert!(check("1", &BTreeMap::new()).is_ok());
        assert!(check("1", &weights("1", 0.5)).is_err());
        assert!(check("$LATEST", &weights("2", 0.5)).is_err());
        assert!(check("1", &weights("$LATEST", 0.5)).is_err());
        assert!(check("1", &weights("2", 1.5)).is_err());
        assert!(check("1", &weights("2", f64::NAN)).is_err());
        assert!(check("1", &weights("x", 0.5)).is_err());
    }
}
