//! How requests name layers and their versions.

use kernel::{AccountId, Arn, Region};

use crate::error::Error;

/// A layer as a request names it: by name or ARN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LayerRef {
    pub account: AccountId,
    pub region: Region,
    pub name: String,
}

/// One version of a layer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LayerVersionRef {
    pub layer: LayerRef,
    pub number: u64,
}

impl LayerRef {
    /// Reads `LayerName`. Shape: the model's pattern has been checked. Errors: an ARN of another kind.
    pub fn read(account: &AccountId, region: &Region, text: &str) -> Result<Self, Error> {
        if !text.starts_with("arn:") {
            return Ok(Self { account: account.clone(), region: region.clone(), name: text.to_owned() });
        }
        let unknown = || Error::LayerNotFound;
        let arn: Arn = text.parse().map_err(|_| unknown())?;
        let owner = AccountId::parse(&arn.account).map_err(|_| unknown())?;
        match arn.resource_parts() {
            ("layer", name) if !name.contains(':') => {
                Ok(Self { account: owner, region: Region::new(&arn.region), name: name.to_owned() })
            }
            _ => Err(unknown()),
        }
    }

    pub fn arn(&self) -> String {
        Arn::regional("lambda", &self.region, &self.account, format!("layer:{}", self.name)).to_string()
    }

    /// Errors: AWS counts versions from one on.
    pub fn version(self, number: i64) -> Result<LayerVersionRef, Error> {
        match u64::try_from(number) {
            Ok(number) if number > 0 => Ok(LayerVersionRef { layer: self, number }),
            _ => Err(Error::invalid("Layer Version Cannot be less than 1.")),
        }
    }
}

impl LayerVersionRef {
    /// Reads `…:layer:NAME:NUMBER`. Errors: nothing that exists is named so.
    pub fn read(text: &str) -> Result<Self, Error> {
        let (layer, number) = text.rsplit_once(':').ok_or(Error::LayerNotFound)?;
        let number = number.parse().map_err(|_| Error::LayerNotFound)?;
        if !layer.starts_with("arn:") {
            return Err(Error::LayerNotFound);
        }
        // Account and region are in the ARN.
        LayerRef::read(&AccountId::default(), &Region::default(), layer)?.version(number)
    }

    pub fn arn(&self) -> String {
        format!("{}:{}", self.layer.arn(), self.number)
    }
}

/// Parses any text as a layer's version: the body of a fuzz target.
pub fn fuzz(text: &str) {
    if let Ok(version) = LayerVersionRef::read(text) {
        let again = LayerVersionRef::read(&version.arn());
        assert_eq!(again.ok(), Some(version), "an ARN that we print names the same version");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:layer:tools";

    fn read(text: &str) -> LayerRef {
        LayerRef::read(&AccountId::default(), &Region::default(), text).unwrap()
    }

    #[test]
    fn a_name_and_its_arn_are_the_same_layer() {
        assert_eq!(read("tools"), read(ARN));
        assert_eq!(read("tools").arn(), ARN);
    }

    #[test]
    fn versions_count_from_one_on() {
        assert_eq!(LayerVersionRef::read(&format!("{ARN}:7")).unwrap(), read("tools").version(7).unwrap());
        assert_eq!(read("tools").version(0).unwrap_err().to_string(), "Layer Version Cannot be less than 1.");
        assert!(LayerVersionRef::read(ARN).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(arn:)?\\PC{0,60}(:[0-9]{0,3})?") {
            fuzz(&text);
        }
    }
}
