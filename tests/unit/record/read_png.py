#!/usr/bin/env python3
"""A PNG reader of a few lines, by the specification alone, finds the pixels that were written.

usage: read_png.py PROGRAM   (test_record_picture)
"""
import os
import struct
import subprocess
import sys
import tempfile
import zlib


def chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0] == zlib.crc32(kind + body)
        yield kind, body
        at += 12 + size


def nearest(left, up, corner):
    """Paeth's predictor."""
    guess = left + up - corner
    return min((left, up, corner), key=lambda v: abs(guess - v))


def pixels(path):
    """Width, height, channels and bytes of a picture with 8 bits a channel."""
    with open(path, "rb") as f:
        found = list(chunks(f.read()))
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", found[0][1])
    assert found[0][0] == b"IHDR" and found[-1][0] == b"IEND" and bits == 8 and not interlaced
    channels = {0: 1, 2: 3}[colour]
    stored = zlib.decompress(b"".join(body for kind, body in found if kind == b"IDAT"))
    line, out = width * channels, []
    above = bytes(line)
    for y in range(height):
        kind, row = stored[y * (line + 1)], bytearray(stored[y * (line + 1) + 1:(y + 1) * (line + 1)])
        for i in range(line):
            left, corner = (row[i - channels], above[i - channels]) if i >= channels else (0, 0)
            add = [0, left, above[i], (left + above[i]) // 2, nearest(left, above[i], corner)][kind]
            row[i] = (row[i] + add) & 255
        out.append(bytes(row))
        above = bytes(row)
    return width, height, channels, b"".join(out)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], "--write", folder], check=True)
        assert pixels(os.path.join(folder, "samples/grey.png")) == (3, 2, 1, bytes([0, 1, 127, 128, 254, 255]))
        assert pixels(os.path.join(folder, "samples/colours.png")) == (
            2, 2, 3, bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 80, 200]))
        assert sorted(os.listdir(os.path.join(folder, "samples"))) == ["colours.png", "grey.png"]  # and nothing beside them
    print("read by another reader")
