//! `service.rs`: the trait that a service implements, the client that other services hold, the door for the edge.

use std::fmt::Write as _;

use super::names::{snake, type_name};
use super::{HEADER, Selection};
use crate::facts::{Kind, Operation};

pub fn emit(selection: &Selection) -> String {
    let mut out = String::from(HEADER);
    let (name, service) = (selection.trait_name(), &selection.facts.service.name);
    out.push_str(
        "//! The trait, its client and its door.\n\nuse std::future::Future;\nuse std::sync::Arc;\n\n\
         #[allow(unused_imports)]\nuse wire::{Answer, ApiError, BoxFuture, Cx, Doc, Late, Model, OperationId, Service, Shaped};\n\n\
         use crate::types::*;\n\n",
    );
    emit_trait(&mut out, selection, &name, service);
    emit_calls(&mut out, selection, &name);
    emit_client(&mut out, selection, &name, service);
    emit_server(&mut out, selection, &name);
    emit_errors(&mut out, selection);
    out
}

fn input(op: &Operation) -> String {
    op.input.as_deref().map_or_else(|| format!("{}Request", op.name), type_name)
}

fn output(op: &Operation) -> String {
    op.output.as_deref().map_or_else(|| format!("{}Response", op.name), type_name)
}

fn emit_trait(out: &mut String, selection: &Selection, name: &str, service: &str) {
    let _ = writeln!(
        out,
        "/// {} {}. An operation that is not written answers 501, honestly.\npub trait {name}: Send + Sync + 'static {{",
        selection.facts.service.sdk_id, selection.facts.service.api_version
    );
    for op in &selection.operations {
        let _ = writeln!(
            out,
            "    fn {}(&self, cx: &Cx, input: {}) -> impl Future<Output = Result<{}, ApiError>> + Send {{\n        \
             let _ = (cx, input);\n        std::future::ready(Err(ApiError::not_implemented({service:?}, {:?})))\n    }}",
            snake(&op.name),
            input(op),
            output(op),
            op.name
        );
    }
    out.push_str("}\n\n");
}

fn emit_calls(out: &mut String, selection: &Selection, name: &str) {
    let _ = writeln!(
        out,
        "/// The dyn-compatible face of [`{name}`]: what a [`Client`] is bound to.\npub trait Calls: Send + Sync + 'static {{"
    );
    for op in &selection.operations {
        let _ = writeln!(
            out,
            "    fn {}<'a>(&'a self, cx: &'a Cx, input: {}) -> BoxFuture<'a, Result<{}, ApiError>>;",
            snake(&op.name),
            input(op),
            output(op)
        );
    }
    let _ = writeln!(out, "}}\n\nimpl<T: {name}> Calls for T {{");
    for op in &selection.operations {
        let f = snake(&op.name);
        let _ = writeln!(
            out,
            "    fn {f}<'a>(&'a self, cx: &'a Cx, input: {}) -> BoxFuture<'a, Result<{}, ApiError>> {{\n        \
             Box::pin({name}::{f}(self, cx, input))\n    }}",
            input(op),
            output(op)
        );
    }
    out.push_str("}\n\n");
}

fn emit_client(out: &mut String, selection: &Selection, name: &str, service: &str) {
    let _ = writeln!(
        out,
        "/// What another service holds: bound once, when every service has been made.\n#[derive(Clone)]\n\
         pub struct Client(Late<dyn Calls>);\n\nimpl Default for Client {{\n    fn default() -> Self {{\n        Self(Late::new({service:?}))\n    }}\n}}\n\n\
         impl Client {{\n    /// A second binding is ignored.\n    pub fn bind(&self, service: Arc<impl {name}>) {{\n        self.0.bind(service);\n    }}\n\n    /// Lets go of the service.\n    pub fn unbind(&self) {{\n        self.0.unbind();\n    }}\n"
    );
    for op in &selection.operations {
        let f = snake(&op.name);
        let _ = writeln!(
            out,
            "    pub async fn {f}(&self, cx: &Cx, input: {}) -> Result<{}, ApiError> {{\n        self.0.get()?.{f}(cx, input).await\n    }}",
            input(op),
            output(op)
        );
    }
    out.push_str("}\n\n");
}

fn emit_server(out: &mut String, selection: &Selection, name: &str) {
    let _ = writeln!(
        out,
        "/// What the edge holds.\npub struct Server<T>(pub Arc<T>);\n\nimpl<T: {name}> Service for Server<T> {{\n    \
         fn model(&self) -> &'static Model {{\n        &crate::MODEL\n    }}\n\n    \
         fn call<'a>(&'a self, operation: OperationId, cx: &'a Cx, input: Doc) -> BoxFuture<'a, Result<Answer, ApiError>> {{\n        \
         let service = &*self.0;\n        match operation {{"
    );
    for (id, op) in selection.operations.iter().enumerate() {
        let call = format!("service.{}(cx, {}::from_slot(Some(input)))", snake(&op.name), input(op));
        let events = op.output.as_deref().and_then(|o| selection.facts.shape(o)).and_then(|shape| match &shape.kind {
            Kind::Structure(members) => members.iter().find(|m| m.event_stream),
            _ => None,
        });
        let answer = match events {
            Some(member) => format!(
                "let mut output = {call}.await?; let events = std::mem::take(&mut output.{}).into_docs(); Ok(Answer::with_events(output, events))",
                snake(&member.name)
            ),
            None => format!("Ok(Answer::of({call}.await?))"),
        };
        let _ = writeln!(out, "            {id} => Box::pin(async move {{ {answer} }}),");
    }
    out.push_str("            _ => Box::pin(std::future::ready(Err(ApiError::internal(\"no such operation\")))),\n        }\n    }\n}\n\n");
}

fn emit_errors(out: &mut String, selection: &Selection) {
    out.push_str("/// The modelled errors of the served operations.\npub mod errors {\n    use wire::ApiError;\n\n    use crate::schema::ERRORS;\n");
    for (at, shape) in selection.errors.iter().enumerate() {
        let _ = writeln!(
            out,
            "\n    pub fn {}(message: impl Into<String>) -> ApiError {{\n        ApiError::modeled(&ERRORS[{at}], message)\n    }}",
            snake(&shape.name)
        );
    }
    out.push_str("}\n");
}
