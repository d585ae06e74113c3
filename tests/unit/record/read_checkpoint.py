#!/usr/bin/env python3
"""The public reader of safetensors opens what is in a checkpoint, and ours what the public writer writes.

usage: read_checkpoint.py CHECKPOINT ARRAYS   (test_record_checkpoint, test_record_arrays_file)
Skipped (77) where the package is not there, a failure under PERDURE_CI=1.
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file
except ImportError as why:
    print(f"skipped: {why}")
    sys.exit(1 if os.environ.get("PERDURE_CI") == "1" else 77)


def checkpoint(program, folder):
    """What `latest` names: digests as anybody can work them out, weights and state."""
    subprocess.run([program, "--write", folder], check=True)
    latest = folder / os.readlink(folder / "latest")
    text = (latest / "manifest.json").read_bytes()
    manifest = json.loads(text)
    body = text[:text.rindex(b"  \"manifest_sha256\"")]  # all before the last line that says something
    assert hashlib.sha256(body).hexdigest() == manifest["manifest_sha256"]
    assert (manifest["schema"], manifest["format"], manifest["requires"]) == ("perdure.checkpoint/1", 1, [])
    assert latest.name == "step-%08d-after-task-%d" % (manifest["step"], manifest["task"]), latest
    assert sorted(manifest["files"]) == ["state.safetensors", "weights.safetensors"]
    for name, said in manifest["files"].items():
        data = (latest / name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (said["bytes"], said["sha256"]), name
    weights, state = load_file(latest / "weights.safetensors"), load_file(latest / "state.safetensors")
    assert list(weights) == ["hidden.0.weight"] and weights["hidden.0.weight"].shape == (20, 15)
    assert weights["hidden.0.weight"].dtype == numpy.float32 and weights["hidden.0.weight"][0, :3].tolist() == [1, 2, 3]
    assert sorted(state) == ["memory/replay/main/rows", "optimizer/step"]
    assert state["optimizer/step"].tolist() == [1500] and state["memory/replay/main/rows"][:3].tolist() == [7, 8, 9]
    with safe_open(latest / "weights.safetensors", framework="numpy") as opened:
        assert opened.metadata() == {"format": "pt", "perdure.plan_sha256": manifest["plan_sha256"]}


def foreign(program, path):
    """Types, shapes and bytes of a file of theirs, with the order and padding that their writer gives it."""
    arrays = {"b": numpy.array([True, False, True]), "h": numpy.arange(4, dtype=numpy.float16).reshape(2, 2),
              "i": numpy.array(7, dtype=numpy.int64), "model.0.weight": numpy.linspace(-1, 1, 15, dtype=numpy.float32),
              "d": numpy.array([[0.1]]), "u": numpy.zeros((0, 3), numpy.uint8), "n": numpy.array([-1], numpy.int32)}
    save_file(arrays, path, metadata={"made by": "theirs\n"})
    said = subprocess.run([program, "--read", path], check=True, capture_output=True, text=True).stdout
    found = {name: (shape, digest) for name, shape, digest in (line.split(" ") for line in said.splitlines())}
    expected = {name: ("x".join(map(str, a.shape)) or "-", hashlib.sha256(a.tobytes()).hexdigest())
                for name, a in arrays.items()}
    assert found == expected, (found, expected)


with tempfile.TemporaryDirectory() as folder:
    checkpoint(sys.argv[1], pathlib.Path(folder) / "checkpoints")
    foreign(sys.argv[2], os.path.join(folder, "theirs.safetensors"))
print("read by the public reader, and its files by ours")
