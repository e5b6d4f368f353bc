//! TLS on both sides: the host believes only a server that its authority vouches for, and
//! the server lets in only hosts with a certificate of that authority.
//!
//! ```sh
//! cargo run -p mortise-examples --example tls
//! ```
//!
//! The example makes the authority and both certificates itself, in a temporary folder. In
//! production they are files that something else writes and replaces: both sides read them
//! again when they change, without a restart.

use everruns_core::llmsim_driver::LlmSimConfig;
use everruns_runtime::InProcessRuntimeBuilder;
use mortise_adapter_client::{
    AdapterConfig, ClientTls, ConnectError, Endpoint, Mesh, MeshConfig, TlsIdentity,
};
use mortise_adapter_server::{AdapterServer, ListenAddress, ServerTls, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::fs;
use std::path::{Path, PathBuf};

/// The name in the server's certificate.
const SERVER: &str = "storage.internal";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let files = certificates(folder.path())?;

    let adapter = InProcessRuntimeBuilder::new()
        .llm_sim(LlmSimConfig::fixed("this model is never asked"))
        .build()
        .await?;
    let tls = Tls::open(
        ServerTls {
            cert: files.server.cert,
            key: files.server.key,
            client_ca: Some(files.authority.clone()),
            client_cert_optional: false,
        },
        &["h2"],
    )?;
    let address: ListenAddress = "127.0.0.1:0".parse().map_err(anyhow::Error::msg)?;
    let listener = address.bind().await?.with_tls(tls);
    let endpoint: Endpoint = listener.endpoint().parse()?;
    let served =
        tokio::spawn(AdapterServer::builder(adapter).serve(listener, std::future::pending()));

    let known = connect(&endpoint, &files.authority, Some(files.host)).await?;
    println!("with a certificate: {}", outcome(&known));
    let unknown = connect(&endpoint, &files.authority, None).await?;
    println!("without one: {}", outcome(&unknown));
    served.abort();
    Ok(())
}

/// Greets the adapter, with or without a certificate of this side's own.
async fn connect(
    endpoint: &Endpoint,
    authority: &Path,
    identity: Option<TlsIdentity>,
) -> anyhow::Result<Result<(), ConnectError>> {
    let mut config = MeshConfig::single(endpoint.clone());
    let tls = ClientTls {
        ca: Some(authority.into()),
        identity,
        server_name: Some(SERVER.into()),
        ..ClientTls::default()
    };
    let adapter = AdapterConfig {
        tls,
        ..AdapterConfig::new(endpoint.clone())
    };
    config
        .adapters
        .insert(config.routes.default.clone(), adapter);
    let mesh = Mesh::new(config)?;
    Ok(mesh.adapter(1).build().await.map(drop))
}

fn outcome(connected: &Result<(), ConnectError>) -> String {
    match connected {
        Ok(()) => "let in".into(),
        Err(error) => format!("refused ({error})"),
    }
}

/// PEM files.
struct Files {
    authority: PathBuf,
    server: TlsIdentity,
    host: TlsIdentity,
}

fn certificates(folder: &Path) -> anyhow::Result<Files> {
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "example authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let authority = folder.join("authority.pem");
    fs::write(&authority, issuer.pem())?;
    let issue = |file: &str, name: &str| -> anyhow::Result<TlsIdentity> {
        let key = KeyPair::generate()?;
        let certificate =
            CertificateParams::new(vec![name.to_string()])?.signed_by(&key, &issuer)?;
        let files = TlsIdentity {
            cert: folder.join(format!("{file}.pem")),
            key: folder.join(format!("{file}.key")),
        };
        fs::write(&files.cert, certificate.pem())?;
        fs::write(&files.key, key.serialize_pem())?;
        Ok(files)
    };
    Ok(Files {
        server: issue("server", SERVER)?,
        host: issue("host", "host.internal")?,
        authority,
    })
}
