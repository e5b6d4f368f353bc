//! Adapter and host on one machine: a unix socket in a folder that one user may enter.
//!
//! ```sh
//! cargo run -p mortise-examples --example unix_socket
//! ```
//!
//! Who may enter the folder may call: there is no TLS and no token to configure. The socket
//! file is removed when the server stops. One that a killed server left behind is replaced
//! at the next start; one that answers is not.

use everruns_core::llmsim_driver::LlmSimConfig;
use everruns_runtime::{InProcessRuntimeBuilder, RuntimeHostAdapter};
use mortise_adapter_client::{Mesh, MeshConfig};
use mortise_adapter_server::{AdapterServer, ListenAddress};
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let adapter = InProcessRuntimeBuilder::new()
        .llm_sim(LlmSimConfig::fixed("this model is never asked"))
        .build()
        .await?;

    // The server. A temporary folder is its owner's alone.
    let folder = tempfile::tempdir()?;
    let address = ListenAddress::Unix(folder.path().join("adapter.sock"));
    let listener = address.bind().await?;
    let endpoint = listener.endpoint();
    let (stop, stopped) = oneshot::channel::<()>();
    let server =
        AdapterServer::builder(adapter).serve(listener, async move { drop(stopped.await) });
    let served = tokio::spawn(server);

    // The host's side. What comes out of `build` is a `RuntimeHostAdapter` again.
    println!("calling {endpoint}");
    let mesh = Mesh::new(MeshConfig::single(endpoint.parse()?))?;
    let remote = mesh.adapter(1).build().await?;
    for (service, served_by) in remote.offers().by_service() {
        println!("{service}: {}", served_by.unwrap_or("not offered"));
    }
    let model = remote.provider_store(1).get_default_model().await?;
    println!("default model: {:?}", model.map(|model| model.model));

    // Dropped or sent to: either way the server lets calls under way end, and returns.
    drop(stop);
    served.await??;
    Ok(())
}
