//! PublishLayerVersion, GetLayerVersion, GetLayerVersionByArn, DeleteLayerVersion.

use std::collections::BTreeSet;

use api_lambda::types::{
    Architecture, DeleteLayerVersionRequest, DeleteLayerVersionResponse, GetLayerVersionByArnRequest,
    GetLayerVersionRequest, GetLayerVersionResponse, LayerVersionContentInput, LayerVersionContentOutput,
    PublishLayerVersionRequest, PublishLayerVersionResponse, Runtime,
};
use bytes::Bytes;
use kernel::Cx;

use crate::error::Error;
use crate::layer_records::{LayerRecord, LayerVersionRecord};
use crate::layers::GET_LAYER_VERSION;
use crate::model::layer::{LayerRef, LayerVersionRef};
use crate::model::runtimes;
use crate::present::code_sha256;
use crate::records::{CodeRecord, Place, PlaceRecord, place};
use crate::service::Shared;

impl Shared {
    /// Source: Lambda API Reference, PublishLayerVersion.
    pub async fn publish_layer_version(
        &self,
        cx: &Cx,
        input: PublishLayerVersionRequest,
    ) -> Result<PublishLayerVersionResponse, Error> {
        let layer = self.own_layer(cx, &input.layer_name, "PublishLayerVersion")?;
        let runtimes = input.compatible_runtimes.map(checked_runtimes).transpose()?;
        let architectures = input.compatible_architectures.map(|all| all.iter().map(ToString::to_string).collect());
        let zip = zip_of(input.content)?;
        let held = self.code.keep(zip.clone(), "PublishLayerVersion").await?;
        let size = i64::try_from(zip.len()).unwrap_or(i64::MAX);
        let measured = self.code.unzipped_bytes(held.id()).await;
        let fits = measured.and_then(|bytes| self.check_storage(&layer.place(), zip.len()).map(|()| bytes));
        let blob = held.id().clone();
        let mut record = LayerVersionRecord {
            number: 0,
            created: self.clock.wall(),
            description: input.description.unwrap_or_default(),
            license: input.license_info,
            runtimes,
            architectures,
            code: CodeRecord { blob: blob.clone(), size },
            unzipped_bytes: *fits.as_ref().unwrap_or(&0),
        };
        let published = async {
            fits?;
            let layer = layer.clone();
            let kept = self.store.transact::<_, Error, _>(move |txn| {
                let before: Option<LayerRecord> = txn.get_record(&layer.key())?;
                record.number = before.map_or(0, |before| before.last_version) + 1;
                let counted = LayerRecord { name: layer.name.clone(), last_version: record.number };
                txn.put_record(layer.key(), &counted)?;
                txn.put_record(place(&layer.place()), &PlaceRecord {})?;
                LayerVersionRef { layer, number: record.number }.keep(txn, &record)?;
                Ok(record)
            });
            kept.await
        };
        let published = published.await;
        drop(held);
        if published.is_err() {
            self.code.drop_unused(blob).await;
        }
        let shown = self.layer_shown(&layer, published?);
        Ok(PublishLayerVersionResponse {
            content: shown.content,
            layer_arn: shown.layer_arn,
            layer_version_arn: shown.layer_version_arn,
            description: shown.description,
            created_date: shown.created_date,
            version: shown.version,
            compatible_architectures: shown.compatible_architectures,
            compatible_runtimes: shown.compatible_runtimes,
            license_info: shown.license_info,
        })
    }

    pub async fn get_layer_version(
        &self,
        cx: &Cx,
        input: GetLayerVersionRequest,
    ) -> Result<GetLayerVersionResponse, Error> {
        let layer = LayerRef::read(&cx.account, &cx.region, &input.layer_name)?;
        self.find_layer_version(cx, layer.version(input.version_number)?)
    }

    pub async fn get_layer_version_by_arn(
        &self,
        cx: &Cx,
        input: GetLayerVersionByArnRequest,
    ) -> Result<GetLayerVersionResponse, Error> {
        self.find_layer_version(cx, LayerVersionRef::read(&input.arn)?)
    }

    /// One that is not there is no error. Functions that use it go on using it.
    /// Source: Lambda API Reference, DeleteLayerVersion.
    pub async fn delete_layer_version(
        &self,
        cx: &Cx,
        input: DeleteLayerVersionRequest,
    ) -> Result<DeleteLayerVersionResponse, Error> {
        let layer = self.own_layer(cx, &input.layer_name, "DeleteLayerVersion")?;
        let version = layer.version(input.version_number)?;
        let gone = self.store.transact::<_, Error, _>(move |txn| {
            let found: Option<LayerVersionRecord> = txn.get_record(&version.key())?;
            if let Some(found) = &found {
                version.forget(txn, found);
            }
            Ok(found.map(|found| found.code.blob))
        });
        self.code.drop_all_unused(gone.await?.into_iter().collect::<BTreeSet<_>>()).await;
        Ok(DeleteLayerVersionResponse {})
    }

    /// A layer of an operation that only its own account may call, in the region that it is called in.
    pub(super) fn own_layer(&self, cx: &Cx, name: &str, action: &str) -> Result<LayerRef, Error> {
        let layer = LayerRef::read(&cx.account, &cx.region, name)?;
        if layer.region != cx.region {
            return Err(Error::LayerNotFound);
        }
        if layer.account != cx.account {
            return Err(Error::AccessDenied {
                caller: cx.caller.to_string(),
                action: format!("lambda:{action}"),
                resource: layer.arn(),
            });
        }
        Ok(layer)
    }

    fn find_layer_version(&self, cx: &Cx, version: LayerVersionRef) -> Result<GetLayerVersionResponse, Error> {
        if version.layer.region != cx.region {
            return Err(Error::LayerNotFound);
        }
        self.check_layer_use(cx, &version, GET_LAYER_VERSION)?;
        let found = self.store.get_record(&version.key())?.ok_or(Error::LayerNotFound)?;
        Ok(self.layer_shown(&version.layer, found))
    }

    /// A version as AWS shows it, with an address of its zip.
    fn layer_shown(&self, layer: &LayerRef, record: LayerVersionRecord) -> GetLayerVersionResponse {
        let arn = layer.arn();
        GetLayerVersionResponse {
            content: Some(LayerVersionContentOutput {
                location: Some(self.code.location(&record.code.blob)),
                code_sha256: Some(code_sha256(&record.code.blob)),
                code_size: Some(record.code.size),
                ..LayerVersionContentOutput::default()
            }),
            layer_version_arn: Some(format!("{arn}:{}", record.number)),
            layer_arn: Some(arn),
            description: Some(record.description),
            created_date: Some(record.created.iso8601_offset()),
            version: i64::try_from(record.number).ok(),
            compatible_architectures: record.architectures.map(|all| names::<Architecture>(&all)),
            compatible_runtimes: record.runtimes.map(|all| names::<Runtime>(&all)),
            license_info: record.license,
        }
    }

    /// The bytes of all layers' versions of a place.
    pub fn layer_bytes(&self, here: &Place) -> Result<i64, Error> {
        let range = store::KeyRange::prefix(&crate::layer_records::all_layer_versions(here));
        let all =
            self.store.scan_records::<LayerVersionRecord>(&range, usize::MAX, store::backend::Direction::Forward)?;
        Ok(all.iter().map(|(_, version)| version.code.size).sum())
    }
}

/// Stored names as the API's enumerations.
pub(super) fn names<T: for<'a> From<&'a str>>(all: &[String]) -> Vec<T> {
    all.iter().map(|name| T::from(name.as_str())).collect()
}

fn checked_runtimes(all: Vec<Runtime>) -> Result<Vec<String>, Error> {
    let names: Vec<String> = all.iter().map(ToString::to_string).collect();
    if names.iter().any(|name| runtimes::check(name).is_err()) {
        let value = format!("[{}]", names.join(", "));
        let rule = format!("satisfy constraint: [Member must satisfy enum value set: {}]", runtimes::LISTED);
        return Err(Error::constraint(&value, "compatibleRuntimes", &rule));
    }
    Ok(names)
}

fn zip_of(content: LayerVersionContentInput) -> Result<Bytes, Error> {
    let from_s3 = content.s3_bucket.is_some() || content.s3_key.is_some();
    match content.zip_file {
        Some(_) if from_s3 => {
            Err(Error::invalid("Please do not provide other FunctionCode parameters when providing a ZipFile."))
        }
        Some(zip) => Ok(zip),
        None if from_s3 => Err(Error::NotServed("PublishLayerVersion with content in S3".to_owned())),
        None => Err(Error::invalid("Please provide a source for layer content.")),
    }
}
