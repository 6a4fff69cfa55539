use bytes::Bytes;
use http::Method;
use serde_json::json;

use super::connection::Connection;
use super::{Failure, Report};

pub async fn run(connection: &Connection) -> Result<Report, Failure> {
    connection.rest("gureum", Method::POST, "/_gureum/v1/reset", &[], Bytes::new()).await?;
    Ok(Report::new(crate::text::commands::forgotten(), json!({ "reset": true })))
}
