"""Checks an OCI layout: each blob has the digest of its name, and the index of the version
has an image for the architecture.

usage: layout.py LAYOUT VERSION ARCH
"""

import hashlib
import json
import pathlib
import sys


def main(layout: pathlib.Path, version: str, arch: str) -> None:
    assert json.loads((layout / "oci-layout").read_text())["imageLayoutVersion"] == "1.0.0"
    for file in (layout / "blobs/sha256").iterdir():
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        assert found == file.name, f"{file.name} holds {found}"
    entries = json.loads((layout / "index.json").read_text())["manifests"]
    title = "org.opencontainers.image.ref.name"
    index = next(entry for entry in entries if entry["annotations"][title] == version)
    images = json.loads(blob(layout, index["digest"]))["manifests"]
    image = next(image for image in images if image["platform"] == {"os": "linux", "architecture": arch})
    manifest = json.loads(blob(layout, image["digest"]))
    config = json.loads(blob(layout, manifest["config"]["digest"]))["config"]
    assert config["User"] == "65532:65532", config
    assert config["Entrypoint"] == ["/usr/bin/mortise-host"], config
    assert config["Cmd"] == ["serve", "--config", "/etc/mortise/host.toml"], config
    for layer in manifest["layers"]:
        assert len(blob(layout, layer["digest"])) == layer["size"], layer


def blob(layout: pathlib.Path, digest: str) -> bytes:
    return (layout / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3])
