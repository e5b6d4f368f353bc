//! A mesh of two adapters: one keeps the platform, the other the values of sessions.
//!
//! ```sh
//! cargo run -p mortise-examples --example mesh
//! ```
//!
//! Routes go by the name of a store, which is the name of its `.proto` file. To the host
//! both adapters together are one `RuntimeHostAdapter`; it does not know which of them
//! answers.

use everruns_core::llmsim_driver::LlmSimConfig;
use everruns_runtime::{InProcessRuntime, InProcessRuntimeBuilder, RuntimeHostAdapter};
use mortise_adapter_client::{AdapterConfig, Endpoint, Mesh, MeshConfig, Routes};
use mortise_adapter_server::{AdapterServer, ListenAddress};
use std::collections::BTreeMap;
use std::path::Path;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let platform = InProcessRuntimeBuilder::new()
        .single_session(|session| {
            session
                .harness("base", "You help.")
                .agent("helper", "Help.")
        })
        .llm_sim(LlmSimConfig::fixed("this model is never asked"))
        .build()
        .await?;
    let values = InProcessRuntimeBuilder::new()
        .llm_sim(LlmSimConfig::fixed("this model is never asked"))
        .build()
        .await?;
    let folder = tempfile::tempdir()?;
    let platform_at = serve(&platform, &folder.path().join("platform.sock")).await?;
    let values_at = serve(&values, &folder.path().join("values.sock")).await?;

    let mut config = MeshConfig::single(platform_at.clone());
    config.adapters = BTreeMap::from([
        ("platform".into(), AdapterConfig::new(platform_at)),
        ("values".into(), AdapterConfig::new(values_at)),
    ]);
    config.routes = Routes {
        default: "platform".into(),
        stores: BTreeMap::from([("session_storage_store".into(), "values".into())]),
        ..Routes::default()
    };
    let both = Mesh::new(config)?.adapter(1).build().await?;

    let session_id = platform
        .default_session_id()
        .ok_or_else(|| anyhow::anyhow!("the platform has no session"))?;
    let session = both.session_store(1).get_session(session_id).await?;
    println!(
        "from `platform`: session {:?}",
        session.map(|session| session.id)
    );
    if let Some(store) = both.storage_store() {
        store.set_value(session_id, "colour", "green").await?;
    }
    for (name, adapter) in [("platform", &platform), ("values", &values)] {
        let value = match adapter.storage_store() {
            Some(store) => store.get_value(session_id, "colour").await?,
            None => None,
        };
        println!("`{name}` keeps {value:?}");
    }
    Ok(())
}

/// Serves an adapter at a unix socket for as long as this process lives.
async fn serve(adapter: &InProcessRuntime, path: &Path) -> anyhow::Result<Endpoint> {
    let listener = ListenAddress::Unix(path.into()).bind().await?;
    let endpoint = listener.endpoint().parse()?;
    let server = AdapterServer::builder(adapter.clone());
    tokio::spawn(server.serve(listener, std::future::pending()));
    Ok(endpoint)
}
