//! What deploy/ holds: configurations that are right. deploy/test.sh starts what they
//! describe.

use mortise_runtime_host::config::HostConfig;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn deploy(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    root.join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(deploy(path)).unwrap()
}

fn documents(path: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&read(path)).unwrap()
}

fn config(text: &str) -> HostConfig {
    HostConfig::parse(text, []).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The configurations are right, and the ports and paths around them are theirs.
#[test]
fn configurations_are_right() {
    let docker = config(&read("docker/host.toml"));
    let compose = &documents("docker/compose.yaml")[0]["services"]["host"];
    for address in docker.listen.grpc.iter().chain(&docker.listen.http) {
        let port = address.to_string().replace("0.0.0.0:", "");
        let published = compose["ports"].to_string();
        assert!(published.contains(&format!("{port}:{port}")), "{published}");
    }
    let volumes = compose["volumes"].to_string();
    let data = docker.data.display().to_string();
    assert!(volumes.contains(&data), "{volumes}");

    let manifests = documents("kubernetes/sidecar.yaml");
    let text = manifests[0]["data"]["host.toml"].as_str().unwrap();
    let sidecar = config(text);
    let pod = &manifests[1]["spec"]["template"]["spec"];
    let host = &pod["initContainers"][0];
    let mounts = host["volumeMounts"].to_string();
    for path in [
        sidecar.data.to_str().unwrap(),
        "/run/secrets/mortise",
        "/run/mortise",
    ] {
        assert!(mounts.contains(path), "{path}: {mounts}");
    }
    // Other pods reach health and metrics, and not what changes or shows more.
    let probes = sidecar.listen.probes.unwrap().to_string();
    let port = host["ports"][0]["containerPort"].to_string();
    assert_eq!(probes, format!("0.0.0.0:{port}"));
    let admin = sidecar.listen.admin.unwrap().to_string();
    assert!(admin.starts_with("127.0.0.1:"), "{admin}");
    let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
    assert!(grace > sidecar.turns.drain.as_secs());
    for container in [host["args"].to_string(), read("docker/Dockerfile")] {
        assert!(container.contains("--config"), "{container}");
    }
}

/// The host's socket of the units is where its unit makes a folder, and its adapter is where
/// the adapter's unit listens.
#[test]
fn units_meet_at_their_sockets() {
    let host = config(&read("systemd/host.toml"));
    let units = ["mortise-adapter", "mortise-host"]
        .map(|unit| (unit, read(&format!("systemd/{unit}.service"))));
    for (unit, text) in &units {
        assert!(
            text.contains(&format!("RuntimeDirectory={unit}\n")),
            "{text}"
        );
        assert!(text.contains(&format!("User={unit}\n")), "{text}");
    }
    let own = host.listen.grpc[0].to_string();
    assert!(own.starts_with("unix:/run/mortise-host/"), "{own}");
    let adapter = host.adapters["main"].config.endpoints[0].to_string();
    assert!(
        units[0].1.contains(&format!("--listen {adapter} ")),
        "{adapter}"
    );
    let stop = |text: &str| text.contains("TimeoutStopSec=45s");
    assert!(stop(&units[1].1) && host.turns.drain.as_secs() < 45);
}

/// systemd finds nothing wrong with the units, but that the programs and their pages are not
/// installed.
#[test]
fn units_can_be_read() {
    for unit in ["mortise-adapter.service", "mortise-host.service"] {
        let file = deploy(&format!("systemd/{unit}"));
        let text = fs::read_to_string(&file).unwrap();
        for section in ["[Unit]", "[Service]", "[Install]", "ExecStart="] {
            assert!(text.contains(section), "{unit}: {section}");
        }
        let Ok(verified) = Command::new("systemd-analyze")
            .arg("verify")
            .arg(file)
            .output()
        else {
            // Not a machine of systemd.
            continue;
        };
        let said = String::from_utf8(verified.stderr).unwrap();
        let own = said.lines().filter(|line| line.contains(unit));
        let faults: Vec<_> = own
            .filter(|line| !line.contains("is not executable") && !line.contains("'man "))
            .collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }
}
