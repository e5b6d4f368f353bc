//! `mortise-host mesh`: the adapters and their endpoints as a table, and the configuration
//! of a service mesh around them.

use mortise_adapter_client::{Mesh, MeshConfig};
use mortise_runtime_host::cli::mesh_table::table;
use mortise_runtime_host::cli::printed;
use mortise_runtime_host::config::{Diagnostics, HostConfig};
use mortise_runtime_host::export::{ExportOptions, Format, export};
use mortise_runtime_host::serve::adapters_view;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::timeout;

/// Something is wrong with an adapter, or nothing could be asked.
const FAILED: u8 = 1;

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(10);

/// Looks at a mesh.
#[derive(clap::Subcommand)]
pub(crate) enum MeshCommand {
    /// Print adapters and endpoints as a running host sees them: which are ready, away or
    /// ejected and why, and what was called.
    ///
    /// Exit code: 0, or 1 when the host cannot be asked or an adapter is not ready.
    Show {
        /// Where the host serves its administration.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7452")]
        admin: String,
    },
    /// Connect to the adapters of a configuration, without a host, and print what is found.
    ///
    /// Exit code: 0, or 1 when an adapter is not ready. Adapters that a host starts itself
    /// are left out.
    Probe {
        /// The configuration file.
        file: PathBuf,
    },
    /// Write the configuration of a service mesh between host and adapter, made from what
    /// the contract says about each method. No call that may not be repeated is sent again.
    Export {
        /// For whom.
        #[arg(long, value_enum)]
        format: For,
        /// Envoy's cluster, or the Kubernetes service.
        #[arg(long, value_name = "NAME", default_value = "adapter")]
        backend: String,
        /// The port of the service.
        #[arg(long, default_value_t = 7443)]
        port: u16,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum For {
    /// A gRPC client's service config.
    ServiceConfig,
    /// A route configuration of Envoy.
    Envoy,
    /// GRPCRoutes of Kubernetes' Gateway API, with Linkerd's annotations.
    Grpcroute,
    /// A VirtualService of Istio.
    Istio,
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Config(#[from] Diagnostics),
    #[error(transparent)]
    Mesh(#[from] mortise_adapter_client::ConfigError),
    #[error("{url} cannot be asked: {cause}; is the host running, and is `listen.admin` there?")]
    Admin { url: String, cause: String },
    #[error("the file names no adapter that runs already")]
    Nothing,
}

impl MeshCommand {
    pub(crate) async fn run(self) -> ExitCode {
        let adapters = match self {
            Self::Export {
                format,
                backend,
                port,
            } => {
                return printed(&export(format.into(), &options(backend, port)));
            }
            Self::Show { admin } => shown(&admin).await,
            Self::Probe { file } => probed(&file).await,
        };
        match adapters {
            Ok(adapters) => {
                let (text, is_well) = table(&adapters);
                match is_well {
                    true => printed(&text),
                    false => {
                        printed(&text);
                        ExitCode::from(FAILED)
                    }
                }
            }
            Err(failure) => {
                eprintln!("mortise-host: {failure}");
                ExitCode::from(FAILED)
            }
        }
    }
}

fn options(backend: String, port: u16) -> ExportOptions {
    let endpoint = mortise_adapter_client::Endpoint::Unix(PathBuf::new());
    let default = MeshConfig::single(endpoint);
    ExportOptions {
        backend,
        port,
        deadline: default.deadline,
        long_deadline: default.long_deadline,
    }
}

/// What a running host says.
async fn shown(admin: &str) -> Result<Value, Failure> {
    let url = format!("{}/admin/overview", admin.trim_end_matches('/'));
    let failed = |cause: String| Failure::Admin {
        url: url.clone(),
        cause,
    };
    let asking = async {
        #[expect(
            clippy::disallowed_methods,
            reason = "one question of a command line to a host on this machine"
        )]
        let client = reqwest::Client::new();
        let answer = client.get(&url).send().await?.error_for_status()?;
        answer.json::<Value>().await
    };
    match timeout(WITHIN, asking).await {
        Ok(Ok(overview)) => Ok(overview["adapters"].clone()),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed(format!("no answer within {} s", WITHIN.as_secs()))),
    }
}

/// What the adapters of a file say.
async fn probed(file: &Path) -> Result<Value, Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command line reads the environment"
    )]
    let environment = std::env::vars_os();
    let texts = environment
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut config = HostConfig::load(file, texts)?;
    config.check_files()?;
    config
        .adapters
        .retain(|_, adapter| adapter.command.is_none());
    if config.adapters.is_empty() {
        return Err(Failure::Nothing);
    }
    let mut made_of = config.mesh(&BTreeMap::new());
    // A route to an adapter that is left out leads nowhere, and nothing is called by it.
    let known = made_of.adapters.keys().next().cloned().unwrap_or_default();
    made_of.routes = mortise_adapter_client::Routes {
        default: known,
        ..Default::default()
    };
    let mesh = Mesh::new(made_of)?;
    for org in &config.orgs {
        // Why one does not answer is in the table.
        drop(mesh.handshakes(*org).look(WITHIN).await);
    }
    let mut view = adapters_view(&mesh);
    name_stores(&mut view, &config);
    Ok(view)
}

/// Which stores each adapter serves by the file.
fn name_stores(view: &mut Value, config: &HostConfig) {
    for adapter in view.as_array_mut().into_iter().flatten() {
        let name = adapter["name"].as_str().unwrap_or_default().to_string();
        let served = mortise_adapter_client::stores()
            .into_iter()
            .filter(|store| {
                let routed = config.routes.stores.get(store);
                *routed.unwrap_or(&config.routes.default) == name
            });
        adapter["stores"] = served.collect();
    }
}

impl From<For> for Format {
    fn from(format: For) -> Self {
        match format {
            For::ServiceConfig => Self::ServiceConfig,
            For::Envoy => Self::Envoy,
            For::Grpcroute => Self::GrpcRoute,
            For::Istio => Self::Istio,
        }
    }
}
