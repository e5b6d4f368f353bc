//! What deploy/ holds: configurations that are right, and files that can be read.

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
    let admin = sidecar.listen.admin.unwrap().to_string();
    let port = host["ports"][0]["containerPort"].to_string();
    assert_eq!(admin, format!("0.0.0.0:{port}"));
    let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
    assert!(grace > sidecar.turns.drain.as_secs());
    for container in [host["args"].to_string(), read("docker/Dockerfile")] {
        assert!(container.contains("--config"), "{container}");
    }
}

/// Every manifest is YAML with what Kubernetes asks of all.
#[test]
fn manifests_can_be_read() {
    for file in ["kubernetes/adapter.yaml", "kubernetes/sidecar.yaml"] {
        let manifests = documents(file);
        assert!(manifests.len() > 1, "{file}");
        for manifest in manifests {
            for field in ["apiVersion", "kind"] {
                assert!(manifest[field].is_string(), "{file}: {manifest}");
            }
            assert!(
                manifest["metadata"]["name"].is_string(),
                "{file}: {manifest}"
            );
        }
    }
}

/// systemd finds nothing wrong with the units, but that the programs are not installed.
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
            .filter(|line| !line.contains("is not executable"))
            .collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }
}
