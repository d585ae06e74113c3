"""unpack.py FOLDER WHEEL...: what a C++ program needs of each wheel (torch/lib, torch/include, nvidia/) into FOLDER."""
import os
import sys
import zipfile

WANTED = ("torch/lib/", "torch/include/", "nvidia/")


def unpack(folder, wheel):
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            name = entry.filename
            if not name.startswith(WANTED) or name.endswith("/") or ".." in name.split("/"):
                continue
            # The folder may hold links to files in use: replace a file, never write into it.
            target = os.path.join(folder, name)
            if os.path.lexists(target):
                os.unlink(target)
            archive.extract(entry, folder)


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 64
    for wheel in sys.argv[2:]:
        unpack(sys.argv[1], wheel)
    return 0


if __name__ == "__main__":
    sys.exit(main())
