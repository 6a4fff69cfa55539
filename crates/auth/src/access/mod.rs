//! Who may do what: a listener's kind, a signature (or none) and where a request comes from, made into a [`kernel::Cx`] or a
//! refusal. Pure: keys are asked of [`Keys`], times are arguments.
//! Source: ARCHITECTURE.md, "Who may do what".

mod gate;
mod host;
mod keys;
mod principals;
mod proxy;
mod refusal;
mod site;

pub use gate::{Admitted, Call, Gate, Listener, Settings};
pub use host::is_own_host;
pub use keys::{Key, Keys};
pub use principals::{Role, Roles, ServicePrincipals};
pub use proxy::{ProxyCall, ProxyPass, ProxyRefusal, former_proxy, may_lead_to, proxy_user};
pub use refusal::{Refusal, RefusalStyle};
pub use site::{Site, check_site};
