use bytes::Bytes;
use http::Method;
use serde_json::json;

use super::connection::Connection;
use super::{Failure, Report};
use crate::text::{commands as text, table};

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
        /// The account. Default: the server's
        #[arg(long)]
        account: Option<String>,
    },
    /// Delete a root key
    Delete {
        /// The key's id
        access_key_id: String,
    },
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
            let rows = [[text::access_key_id(), id.clone()], [text::secret_access_key(), secret.clone()]];
            let words = format!("{}\n{}", table(&rows), text::shown_once());
            Ok(Report::new(words, json!({ "access_key_id": id, "secret_access_key": secret })))
        }
        Keys::List { account } => {
            let ids = values(&call("Action=ListAccessKeys".to_owned(), account).await?, "AccessKeyId");
            Ok(Report::new(ids.join("\n"), json!({ "access_key_ids": ids })))
        }
        Keys::Delete { access_key_id } => {
            let form = format!("Action=DeleteAccessKey&AccessKeyId={access_key_id}");
            call(form, None).await?;
            Ok(Report::new(text::deleted(&access_key_id), json!({ "deleted": access_key_id })))
        }
    }
}

/// The texts of every `<element>` of an XML answer of ours.
fn values(xml: &str, element: &str) -> Vec<String> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    xml.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned())).collect()
}
