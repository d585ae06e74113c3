#!/usr/bin/env python3
"""The public reader of safetensors opens what Perdure writes.

usage: read_safetensors.py PROGRAM   (test_record_safetensors)
Skipped (77) where the package is not there, a failure under PERDURE_CI=1.
"""
import os
import subprocess
import sys
import tempfile

try:
    from safetensors import safe_open
    from safetensors.numpy import load_file
except ImportError as why:
    print(f"skipped: {why}")
    sys.exit(1 if os.environ.get("PERDURE_CI") == "1" else 77)

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "weights.safetensors")
    subprocess.run([sys.argv[1], "--write", path], check=True)
    tensors = load_file(path)
    with safe_open(path, framework="numpy") as opened:
        metadata = opened.metadata()

assert sorted(tensors) == ["hidden.0.bias", "hidden.0.weight"], sorted(tensors)
assert tensors["hidden.0.weight"].tolist() == [[0.0, 0.5, 1.0], [1.5, 2.0, 2.5]]
assert tensors["hidden.0.bias"].tolist() == [3.0, 3.5, 4.0]
assert str(tensors["hidden.0.bias"].dtype) == "float32"
assert metadata == {"perdure.method": "replay"}, metadata
print("read by the public reader")
