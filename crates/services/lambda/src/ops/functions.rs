//! CreateFunction, UpdateFunctionCode, UpdateFunctionConfiguration.

use std::collections::BTreeSet;

use api_lambda::types::{
    CreateFunctionRequest, FunctionConfiguration, UpdateFunctionCodeRequest, UpdateFunctionConfigurationRequest,
};
use bytes::Bytes;
use kernel::Cx;
use store::HeldBlob;

use super::{code_signing, configuration, tags, versions};
use crate::access::{check_dead_letter, check_pass_role, check_role};
use crate::error::Error;
use crate::layers;
use crate::model::name::LATEST;
use crate::present::{Moment, code_sha256, configuration as shown};
use crate::records::{
    CodeRecord, ConfigRecord, FunctionRecord, Place, PlaceRecord, VersionRecord, drop_uses, place, put_uses,
};
use crate::service::{Shared, existing};

impl Shared {
    pub async fn create_function(&self, cx: &Cx, input: CreateFunctionRequest) -> Result<FunctionConfiguration, Error> {
        let named = self.named(cx, &input.function_name, None, "CreateFunction")?;
        let mut config = configuration::of_new(&input)?;
        let tags = tags::checked(input.tags.unwrap_or_default())?;
        let (place, name) = (Place::of(cx), named.name);
        if self.functions.find(&place, &name)?.is_some() {
            return Err(Error::FunctionExists { name });
        }
        self.check_role(cx, &config.role).await?;
        self.check_dead_letter(cx, &config).await?;
        let zip = zip_of(input.code.zip_file, input.code.s3_bucket.as_deref(), "CreateFunction")?;
        config.layers = self.layers_of(cx, input.layers.as_deref().unwrap_or_default())?;
        let held = self.code.keep(zip.clone(), "CreateFunction").await?;
        let fits = self.check_with_layers(held.id(), &config.layers).await;
        let held = self.hold_if(held, fits).await?;
        self.check_storage(&place, zip.len())?;
        let code = CodeRecord { blob: held.id().clone(), size: size_of(&zip) };
        let mut function = FunctionRecord {
            name: name.clone(),
            id: self.uuid(),
            latest: VersionRecord {
                version: LATEST.to_owned(),
                revision_id: self.uuid(),
                answered_revision_id: Some(self.uuid()),
                generation: self.uuid(),
                last_modified: self.clock.wall(),
                code,
                config,
                runtime_update: None,
            },
            last_version: 0,
            tags,
            reserved_concurrency: None,
            recursive_loop: None,
            code_signing: None,
        };
        let publish = input.publish == Some(true);
        let code_signing = input.code_signing_config_arn.filter(|arn| !arn.is_empty());
        let (here, rng) = (place.clone(), self.rng.clone());
        let made = self.change(&place, &name, move |txn| {
            let key = here.function(&function.name);
            if txn.get(&key)?.is_some() {
                return Err(Error::FunctionExists { name: function.name });
            }
            function.code_signing = code_signing.map(|arn| code_signing::of_function(txn, &here, &arn)).transpose()?;
            let made = if publish {
                versions::publish(txn, &here, &mut function, None, &*rng)?
            } else {
                function.latest.clone()
            };
            txn.put_record(place_key(&here), &PlaceRecord {})?;
            put_uses(txn, &here, &function.name, &function.latest)?;
            layers::still_there(txn, &function.latest.config.layers)?;
            txn.put_record(key, &function)?;
            Ok(made)
        });
        let made = self.settle(held, made.await).await?;
        self.begin_runtime(&made.config.runtime).await;
        Ok(self.in_flight(&place, &name, made, Moment::Created))
    }

    pub async fn update_function_code(
        &self,
        cx: &Cx,
        input: UpdateFunctionCodeRequest,
    ) -> Result<FunctionConfiguration, Error> {
        let (named, function) = self.own(cx, &input.function_name, None, "UpdateFunctionCode")?;
        refuse_qualifier(named.qualifier.as_deref())?;
        check_revision(input.revision_id.as_deref(), &function.record)?;
        if input.image_uri.is_some() {
            return Err(Error::invalid("Please don't provide ImageUri when updating a function with packageType Zip."));
        }
        let architectures = configuration::architectures(input.architectures.as_deref())?;
        let zip = zip_of(input.zip_file, input.s3_bucket.as_deref(), "UpdateFunctionCode")?;
        let held = self.code.keep(zip.clone(), "UpdateFunctionCode").await?;
        let fits = self.check_with_layers(held.id(), &function.record.latest.config.layers).await;
        let held = self.hold_if(held, fits).await?;
        let place = Place::of(cx);
        self.check_storage(&place, zip.len())?;
        let code = CodeRecord { blob: held.id().clone(), size: size_of(&zip) };
        if input.dry_run == Some(true) {
            let preview = VersionRecord { code, ..function.record.latest.clone() };
            drop(held);
            self.code.drop_unused(preview.code.blob.clone()).await;
            return Ok(shown(&place, &named.name, &preview, None, Moment::Settled));
        }
        let publish = input.publish == Some(true);
        let (here, name, rng) = (place.clone(), named.name.clone(), self.rng.clone());
        let revision = input.revision_id;
        let latest = self.new_moment();
        let made = self.change(&place, &named.name, move |txn| {
            let mut function = existing(txn, &here, &name)?;
            check_revision(revision.as_deref(), &function)?;
            latest.mark(&mut function.latest);
            let before = drop_uses(txn, &here, &name, &function.latest);
            function.latest.code = code;
            put_uses(txn, &here, &name, &function.latest)?;
            if let Some(architectures) = architectures {
                function.latest.config.architectures = architectures;
            }
            let made = if publish {
                versions::publish(txn, &here, &mut function, None, &*rng)?
            } else {
                function.latest.clone()
            };
            txn.put_record(here.function(&name), &function)?;
            Ok((made, before))
        });
        let (made, before) = self.settle(held, made.await).await?;
        self.code.drop_all_unused(before).await;
        self.retire_latest(&place, &named.name, &made);
        let moment = if publish { Moment::Created } else { Moment::Updated };
        if publish {
            self.settling.begin(&place, &named.name, &made.version, self.clock.now());
        }
        Ok(self.in_flight(&place, &named.name, made, moment))
    }

    pub async fn update_function_configuration(
        &self,
        cx: &Cx,
        mut input: UpdateFunctionConfigurationRequest,
    ) -> Result<FunctionConfiguration, Error> {
        let (named, function) = self.own(cx, &input.function_name, None, "UpdateFunctionConfiguration")?;
        refuse_qualifier(named.qualifier.as_deref())?;
        let revision = input.revision_id.take();
        check_revision(revision.as_deref(), &function.record)?;
        let mut wanted = function.record.latest.config.clone();
        configuration::update(&mut wanted, input.clone())?;
        if let Some(role) = input.role.as_deref().filter(|role| *role != function.record.latest.config.role) {
            self.check_role(cx, role).await?;
        }
        if input.role.is_some() || input.dead_letter_config.is_some() {
            self.check_dead_letter(cx, &wanted).await?;
        }
        let layers = input.layers.as_deref().map(|layers| self.layers_of(cx, layers)).transpose()?;
        if let Some(layers) = &layers {
            self.check_with_layers(&function.record.latest.code.blob, layers).await?;
        }
        let place = Place::of(cx);
        let (here, name) = (place.clone(), named.name.clone());
        let latest = self.new_moment();
        let made = self.change(&place, &named.name, move |txn| {
            let mut function = existing(txn, &here, &name)?;
            check_revision(revision.as_deref(), &function)?;
            configuration::update(&mut function.latest.config, input)?;
            let mut before = BTreeSet::new();
            if let Some(layers) = layers {
                layers::still_there(txn, &layers)?;
                before = drop_uses(txn, &here, &name, &function.latest);
                function.latest.config.layers = layers;
                put_uses(txn, &here, &name, &function.latest)?;
            }
            latest.mark(&mut function.latest);
            txn.put_record(here.function(&name), &function)?;
            Ok((function.latest, before))
        });
        let (made, before) = made.await?;
        self.code.drop_all_unused(before).await;
        self.retire_latest(&place, &named.name, &made);
        self.begin_runtime(&made.config.runtime).await;
        Ok(self.in_flight(&place, &named.name, made, Moment::Updated))
    }

    /// Goes on holding a zip unless it was found not to do; then it goes.
    async fn hold_if(&self, held: HeldBlob, fits: Result<(), Error>) -> Result<HeldBlob, Error> {
        match fits {
            Ok(()) => Ok(held),
            Err(error) => self.settle(held, Err(error)).await,
        }
    }

    /// Lets go of a zip once the record that names it is written; one that no record names goes.
    async fn settle<T>(&self, held: HeldBlob, written: Result<T, Error>) -> Result<T, Error> {
        let blob = held.id().clone();
        drop(held);
        if written.is_err() {
            self.code.drop_unused(blob).await;
        }
        written
    }

    async fn check_role(&self, cx: &Cx, role: &str) -> Result<(), Error> {
        check_pass_role(cx, &self.iam, &*self.principals, role).await?;
        check_role(cx, &self.iam, &*self.principals, role, self.clock.now()).await
    }

    async fn check_dead_letter(&self, cx: &Cx, config: &ConfigRecord) -> Result<(), Error> {
        match &config.dead_letter_arn {
            Some(target) => check_dead_letter(cx, &self.iam, &*self.principals, &config.role, target).await,
            None => Ok(()),
        }
    }

    /// An answer about work that AWS still does when it answers: the record is settled already, and its revision is
    /// therefore another.
    fn in_flight(&self, place: &Place, name: &str, mut made: VersionRecord, moment: Moment) -> FunctionConfiguration {
        let published = (!made.is_latest()).then(|| made.version.clone());
        if let Some(answered) = made.answered_revision_id.take().filter(|_| published.is_none()) {
            made.revision_id = answered;
        }
        shown(place, name, &made, published.as_deref(), moment)
    }

    fn new_moment(&self) -> NewMoment {
        NewMoment {
            revision_id: self.uuid(),
            answered_revision_id: self.uuid(),
            generation: self.uuid(),
            at: self.clock.wall(),
        }
    }

    /// Idle environments of what was `$LATEST` before are of no more use.
    fn retire_latest(&self, place: &Place, name: &str, latest: &VersionRecord) {
        self.engine.retire(&format!("{}:{LATEST}", place.arn(name)), Some(&latest.generation));
    }
}

/// What changes in `$LATEST` whenever code or configuration do.
struct NewMoment {
    revision_id: String,
    answered_revision_id: String,
    generation: String,
    at: kernel::Timestamp,
}

impl NewMoment {
    fn mark(self, latest: &mut VersionRecord) {
        latest.revision_id = self.revision_id;
        latest.answered_revision_id = Some(self.answered_revision_id);
        latest.generation = self.generation;
        latest.last_modified = self.at;
    }
}

fn place_key(here: &Place) -> store::Key {
    place(here)
}

fn size_of(zip: &Bytes) -> i64 {
    i64::try_from(zip.len()).unwrap_or(i64::MAX)
}

fn zip_of(zip: Option<Bytes>, bucket: Option<&str>, operation: &str) -> Result<Bytes, Error> {
    match (zip, bucket) {
        (Some(_), Some(_)) => {
            Err(Error::invalid("Please do not provide other FunctionCode parameters when providing a ZipFile."))
        }
        (Some(zip), None) => Ok(zip),
        (None, Some(_)) => Err(Error::NotServed(format!("{operation} with code in S3"))),
        (None, None) => Err(Error::invalid("Please provide a source for function code.")),
    }
}

fn refuse_qualifier(qualifier: Option<&str>) -> Result<(), Error> {
    match qualifier {
        None | Some(LATEST) => Ok(()),
        Some(_) => Err(Error::invalid(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. \
             Please specify either a function name or an unqualified function ARN.",
        )),
    }
}

/// Errors: the request was made for another revision.
pub(super) fn check_revision(asked: Option<&str>, function: &FunctionRecord) -> Result<(), Error> {
    match asked {
        Some(asked) if !function.latest.is_revision(asked) => Err(Error::FunctionRevision),
        _ => Ok(()),
    }
}

/// Whether `CodeSha256` of a request is that of `$LATEST`.
pub(super) fn check_code(asked: Option<&str>, latest: &VersionRecord) -> Result<(), Error> {
    let current = code_sha256(&latest.code.blob);
    match asked.filter(|asked| !asked.is_empty() && *asked != current) {
        None => Ok(()),
        Some(asked) => Err(Error::invalid(format!(
            "CodeSHA256 ({asked}) is different from current CodeSHA256 in $LATEST ({current}). Please try again with the \
             CodeSHA256 in $LATEST."
        ))),
    }
}
