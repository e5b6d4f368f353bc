//! The server half of the contract: one `impl` per service that passes each call to the
//! function of the same name in `adapter-server/src/services`, and the list of services
//! that are mounted.

use super::{PACKAGE, own_services, snake_case, store_option};
use anyhow::Result;
use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};
use std::fmt::Write;

pub(super) fn generate(pool: &DescriptorPool) -> Result<String> {
    let services = own_services(pool);
    let mut out = String::from(
        "use super::*;
        use crate::net::bearer::Admit;
        use crate::inbound::Inbound;
        use crate::serve::{ResponseStream, Room, Serving};
        use mortise_proto::pb;
        use mortise_proto::rpc::table;
        use std::sync::Arc;
        use tonic::codec::CompressionEncoding;
        use tonic::service::Routes;
        use tonic::service::interceptor::InterceptedService;
        use tonic::{Request, Response, Status, Streaming, async_trait};\n",
    );
    let mut mounted = String::new();
    for service in &services {
        shell(&mut out, service, pool)?;
        let module = snake_case(service.name());
        write!(
            mounted,
            ".add_service(Inbound::new(
                InterceptedService::new(
                    pb::{module}_server::{}Server::new(serving.clone())
                        .accept_compressed(CompressionEncoding::Gzip)
                        .accept_compressed(CompressionEncoding::Zstd)
                        .max_decoding_message_size(request_bytes_max)
                        .max_encoding_message_size(usize::MAX),
                    admit.clone(),
                ),
                room.clone(),
                request_bytes_max,
            ))",
            service.name()
        )?;
    }
    writeln!(
        out,
        "/// Adds every service of the contract, for callers that are admitted. Requests have a
        /// largest size, and room for all of them that are in memory. ResponseStream may be as large
        /// as they are; the client says what it takes.
        #[allow(clippy::redundant_clone)]
        pub(crate) fn mount(
            routes: Routes,
            serving: &Serving,
            (request_bytes_max, room): (usize, Arc<Room>),
            admit: &Admit,
        ) -> Routes {{
            routes{mounted}
        }}"
    )?;
    Ok(out)
}

fn shell(out: &mut String, service: &ServiceDescriptor, pool: &DescriptorPool) -> Result<()> {
    let (store, _) = store_option(service, pool)?;
    let module = snake_case(service.name());
    writeln!(
        out,
        "#[async_trait] impl pb::{module}_server::{} for Serving {{",
        service.name()
    )?;
    for method in service.methods() {
        if method.is_server_streaming() {
            writeln!(
                out,
                "type {}Stream = ResponseStream<pb::{}>;",
                method.name(),
                method.output().name()
            )?;
        }
    }
    for method in service.methods() {
        function(out, &store, service, &method)?;
    }
    writeln!(out, "}}")?;
    Ok(())
}

fn function(
    out: &mut String,
    store: &str,
    service: &ServiceDescriptor,
    method: &MethodDescriptor,
) -> Result<()> {
    let name = snake_case(method.name());
    let request = match method.is_client_streaming() {
        true => format!("Streaming<pb::{}>", method.input().name()),
        false => format!("pb::{}", method.input().name()),
    };
    let answer = match method.is_server_streaming() {
        true => format!("Self::{}Stream", method.name()),
        false => format!("pb::{}", method.output().name()),
    };
    let handler = format!("{store}::{name}");
    let constant = format!(
        "table::{}::{}",
        snake_case(service.name()),
        name.to_uppercase()
    );
    // The handshake is the one call whose org may be missing, and a streamed request is
    // put together first.
    let is_plain =
        !method.is_client_streaming() && service.full_name() != format!("{PACKAGE}.AdapterService");
    let body = match (is_plain, method.is_server_streaming()) {
        (false, _) => format!("{handler}(self, request).await"),
        (true, true) => format!("self.stream(&{constant}, request, {handler}).await"),
        (true, false) => format!("self.unary(&{constant}, request, {handler}).await"),
    };
    writeln!(
        out,
        "async fn {name}(&self, request: Request<{request}>) -> Result<Response<{answer}>, Status> {{ {body} }}"
    )?;
    Ok(())
}
