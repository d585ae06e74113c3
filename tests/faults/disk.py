"""What a disk may hold after a power loss, worked out from a journal of all that was done to it (FAULT_JOURNAL of interpose/).

The model promises as little as POSIX does:
- bytes of a file are there for certain once the file was synced after they were written; until then each write may be there,
  be missing, be there up to a sector, or, where the file grew by it, have left zeros or what lay on the disk before;
- names (create, mkdir, rename, symlink, unlink, rmdir) are there for certain once their folder was synced after them; until
  then any of them may be there and any other missing, whatever their order. A rename is whole or not at all;
- to sync a file says nothing about its name, and to sync a folder nothing about what is in its files."""
import os
import random
from dataclasses import dataclass, field

SECTOR = 512
WRITES = ("write", "writev", "pwrite", "pwritev")


@dataclass
class Step:
    name: str
    path: str
    second: str
    inode: int
    offset: int
    length: int
    synced: bool
    data: bytes = b""


def journal_read(path):
    with open(path, "rb") as f:
        whole = f.read()
    steps, at = [], 0
    while at < len(whole):
        end = whole.index(b"\n", at)
        name, first, second, inode, offset, length, synced = whole[at:end].decode().split("\t")
        step = Step(name, first, second, int(inode), int(offset), int(length), synced == "1")
        at = end + 1
        if name in WRITES:
            step.data = whole[at:at + step.length]
            at += step.length
        steps.append(step)
    if not steps or steps[0].name != "root":
        raise ValueError(f"{path}: found a journal without its root; expected one of interpose")
    return steps


@dataclass
class File:
    durable: bytes = b""
    pending: list = field(default_factory=list)  # Steps


@dataclass
class Folder:
    live: dict = field(default_factory=dict)  # name -> File, Folder or the text of a link
    durable: dict = field(default_factory=dict)


def put(content, offset, data):
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset:offset + len(data)] = data


def resize(content, size):
    if size < len(content):
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))


class Disk:
    """The disk after some steps of a journal: what is certain, and what is not."""

    def __init__(self, root):
        self.root_path = root.path
        self.root = Folder()
        self.inodes = {root.inode: self.root}
        self.names = []  # not yet certain, in order: lists of (folder, name, what or None)

    # ---- the journal's steps ----

    def find(self, path):
        node = self.root
        for part in os.path.relpath(path, self.root_path).split(os.sep):
            if part != ".":
                node = node.live[part]
        return node

    def entry(self, path, what):
        folder = self.find(os.path.dirname(path))
        name = os.path.basename(path)
        if what is None:
            folder.live.pop(name, None)
        else:
            folder.live[name] = what
        return folder, name, what

    def inside(self, path):
        return path.startswith(self.root_path + os.sep)

    def rename(self, step):
        changes = []
        what = self.find(step.path) if self.inside(step.path) else File()
        if self.inside(step.path):
            changes.append(self.entry(step.path, None))
        if self.inside(step.second):
            changes.append(self.entry(step.second, what))
        self.names.append(changes)

    def sync(self, step):
        node = self.inodes.get(step.inode)
        if isinstance(node, File):
            node.durable = self.content(node, node.pending)
            node.pending = []
        elif isinstance(node, Folder):
            for change in [c for c in self.names if any(folder is node for folder, _, _ in c)]:
                self.names_make(change)
            self.names = [c for c in self.names if not any(folder is node for folder, _, _ in c)]

    def step(self, step):
        name = step.name
        if name in ("create", "mkdir"):
            node = File() if name == "create" else Folder()
            self.inodes[step.inode] = node
            self.names.append([self.entry(step.path, node)])
        elif name == "symlink":
            self.names.append([self.entry(step.path, step.second)])
        elif name in ("unlink", "rmdir"):
            self.names.append([self.entry(step.path, None)])
        elif name == "rename":
            self.rename(step)
        elif name in ("fsync", "fdatasync"):
            self.sync(step)
        elif name in WRITES or name in ("truncate", "ftruncate", "fallocate"):
            self.write(step)
        elif name != "root":
            raise ValueError(f"found step {name} in the journal; expected one that is known here")

    def write(self, step):
        node = self.inodes.get(step.inode)
        if node is None:  # it was there before the journal: not ours to judge
            return
        if step.synced:  # O_DSYNC: these bytes alone, and not those written before
            durable = bytearray(node.durable)
            put(durable, step.offset, step.data)
            node.durable = bytes(durable)
        node.pending.append(step)

    # ---- what may be left ----

    @staticmethod
    def names_make(change):
        for folder, name, what in change:
            if what is None:
                folder.durable.pop(name, None)
            else:
                folder.durable[name] = what

    @staticmethod
    def content(node, steps):
        content = bytearray(node.durable)
        for step in steps:
            if step.name in WRITES:
                put(content, step.offset, step.data)
            elif step.name == "fallocate":
                resize(content, max(len(content), step.offset))
            else:
                resize(content, step.offset)
        return bytes(content)

    def damage(self, node, draw, share):
        """The file's bytes with some of what is not certain."""
        content = bytearray(node.durable)
        for step in node.pending:
            if step.name not in WRITES:
                if draw.random() < share:
                    resize(content, step.offset if step.name != "fallocate" else max(len(content), step.offset))
                continue
            fate = draw.random()
            grown = step.offset >= len(node.durable)
            if fate < share * 0.7:
                put(content, step.offset, step.data)
            elif fate < share * 0.85:
                cut = -step.offset % SECTOR + SECTOR * draw.randrange(0, step.length // SECTOR + 1)
                put(content, step.offset, step.data[:cut])
            elif fate < share and grown:
                put(content, step.offset, bytes(step.length) if draw.random() < 0.5 else draw.randbytes(step.length))
        return bytes(content)

    def state(self, draw=None, share=0.0):
        """A state as nested dicts: bytes of files, texts of links. Without `draw` all that is not certain is lost."""
        kept = [change for change in self.names if draw and draw.random() < share]
        entries = {}

        def of(folder):
            return entries.setdefault(id(folder), dict(folder.durable))

        for change in kept:
            for folder, name, what in change:
                if what is None:
                    of(folder).pop(name, None)
                else:
                    of(folder)[name] = what

        def tree(folder):
            return {name: what if isinstance(what, str) else tree(what) if isinstance(what, Folder) else
                    self.damage(what, draw, share) if draw else what.durable for name, what in of(folder).items()}
        return tree(self.root)

    def live(self):
        """What a process sees that dies now: nothing is lost."""
        def tree(folder):
            return {name: what if isinstance(what, str) else tree(what) if isinstance(what, Folder) else
                    self.content(what, what.pending) for name, what in folder.live.items()}
        return tree(self.root)


def state_write(state, folder):
    os.mkdir(folder)
    for name, what in state.items():
        path = os.path.join(folder, name)
        if isinstance(what, dict):
            state_write(what, path)
        elif isinstance(what, str):
            os.symlink(what, path)
        else:
            with open(path, "wb") as f:
                f.write(what)


def states(steps, count, seed, part=lambda step: True):
    """(number of steps done, state): everything uncertain lost at every step that `part` picks, then drawn ones up to `count`
    in all. The step that was going on when the power went may be there in part, even one that syncs by itself."""
    draw = random.Random(seed)
    disk = Disk(steps[0])
    picked = [i for i, step in enumerate(steps) if i > 0 and part(step)] + [len(steps)]
    drawn = max(0, count - len(picked))
    share = {i: drawn // len(picked) + (n < drawn % len(picked)) for n, i in enumerate(picked)}
    for i, step in enumerate(steps + [None]):
        if i in share:
            yield i, disk.state()
            extra = None
            if step and step.name in WRITES and step.inode in disk.inodes:
                extra = disk.inodes[step.inode]
                extra.pending.append(step)
            for _ in range(share[i]):
                yield i, disk.state(draw, draw.choice((0.2, 0.5, 0.8, 1.0)))
            if extra:
                extra.pending.pop()
        if step:
            disk.step(step)
