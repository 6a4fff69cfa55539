use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use auth::sigv4::Credentials;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::connection::Connection;
use super::{Failure, Report};

#[derive(Debug, clap::Subcommand)]
pub enum Keys {
    /// Make a root key; its secret is shown once
    Create {
        /// The account. Default: the server's
        #[arg(long)]
        account: Option<String>,
    },
    /// The ids of the root keys
    List {
        #[arg(long)]
        account: Option<String>,
    },
    /// Delete a root key
    Delete { access_key_id: String },
}

/// Root keys are made, listed and deleted as on AWS: by IAM's own operations, called as root and without a user's name.
pub async fn run(command: Keys, connection: &Connection) -> Result<Report, Failure> {
    let call = |form: String, account: Option<String>| async move {
        let body = Bytes::from(format!("{form}&Version=2010-05-08"));
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let reply = match account {
            Some(account) => connection.as_account(&account).rest("iam", Method::POST, "/", &headers, body).await?,
            None => connection.rest("iam", Method::POST, "/", &headers, body).await?,
        };
        Ok::<_, Failure>(String::from_utf8_lossy(&reply.body).into_owned())
    };
    match command {
        Keys::Create { account } => {
            let answer = call("Action=CreateAccessKey".to_owned(), account).await?;
            let (id, secret) = (values(&answer, "AccessKeyId"), values(&answer, "SecretAccessKey"));
            let (id, secret) = (id.concat(), secret.concat());
            let words = format!("access key id      {id}\nsecret access key  {secret}\nThe secret is not shown again.");
            Ok(Report::new(words, json!({ "access_key_id": id, "secret_access_key": secret })))
        }
        Keys::List { account } => {
            let ids = values(&call("Action=ListAccessKeys".to_owned(), account).await?, "AccessKeyId");
            Ok(Report::new(ids.join("\n"), json!({ "access_key_ids": ids })))
        }
        Keys::Delete { access_key_id } => {
            let form = format!("Action=DeleteAccessKey&AccessKeyId={access_key_id}");
            call(form, None).await?;
            Ok(Report::new(format!("deleted {access_key_id}"), json!({ "deleted": access_key_id })))
        }
    }
}

/// The texts of every `<element>` of an XML answer of ours.
fn values(xml: &str, element: &str) -> Vec<String> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    xml.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned())).collect()
}

fn path(state: &Path) -> PathBuf {
    state.join("root-key.json")
}

/// The root key that the first strict start has left for this user's own commands.
pub fn stored(state: &Path) -> Option<Credentials> {
    let key: Value = serde_json::from_slice(&fs::read(path(state)).ok()?).ok()?;
    Some(Credentials {
        access_key_id: key["access_key_id"].as_str()?.to_owned(),
        secret_access_key: key["secret_access_key"].as_str()?.to_owned(),
        session_token: None,
    })
}

/// Keeps a root key, readable by its user alone.
pub fn store(state: &Path, access_key_id: &str, secret_access_key: &str) -> std::io::Result<PathBuf> {
    fs::create_dir_all(state)?;
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path(state))?;
    let key = json!({ "access_key_id": access_key_id, "secret_access_key": secret_access_key });
    file.write_all(key.to_string().as_bytes())?;
    file.sync_all()?;
    Ok(path(state))
}
