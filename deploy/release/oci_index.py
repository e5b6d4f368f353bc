"""Puts an index over the images of an OCI layout, under the tag of the version.

usage: oci_index.py LAYOUT VERSION
"""

import hashlib
import json
import pathlib
import sys

TITLE = "org.opencontainers.image.ref.name"
INDEX = "application/vnd.oci.image.index.v1+json"


def main(layout: pathlib.Path, version: str) -> None:
    top = json.loads((layout / "index.json").read_text())
    images = [image for image in top["manifests"] if image["mediaType"] != INDEX]
    listed = [with_platform(layout, image) for image in images]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}
    text = json.dumps(index, sort_keys=True, separators=(",", ":")).encode()
    digest = hashlib.sha256(text).hexdigest()
    (layout / "blobs/sha256" / digest).write_bytes(text)
    entry = {
        "mediaType": INDEX,
        "digest": f"sha256:{digest}",
        "size": len(text),
        "annotations": {TITLE: version},
    }
    top["manifests"] = [entry, *images]
    (layout / "index.json").write_text(json.dumps(top, sort_keys=True))


def with_platform(layout: pathlib.Path, image: dict) -> dict:
    """What an index says of an image: its architecture stands in its configuration."""
    manifest = blob(layout, image["digest"])
    config = blob(layout, manifest["config"]["digest"])
    platform = {"os": config["os"], "architecture": config["architecture"]}
    listed = {key: image[key] for key in ("mediaType", "digest", "size")}
    return {**listed, "platform": platform}


def blob(layout: pathlib.Path, digest: str) -> dict:
    kind, name = digest.split(":", 1)
    return json.loads((layout / "blobs" / kind / name).read_text())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
