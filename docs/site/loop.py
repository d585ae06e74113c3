"""The loop as a picture (SVG): every hook at its moment, one of them marked. The lines between hooks are what the host does."""
from xml.sax.saxutils import escape

WIDTH, LINE, INDENT = 460, 22, 18
# ("hook", name) | ("host", words) | ("open", words) | ("close",): boxes nest as run > task > epoch > batch
LOOP = [
    ("host", "create"), ("hook", "load"), ("hook", "before_run"),
    ("open", "each task"), ("hook", "before_task"),
    ("open", "each epoch"), ("hook", "before_epoch"),
    ("open", "each batch"), ("host", "fresh rows are read"), ("hook", "before_batch"), ("host", "rows are put together"),
    ("hook", "before_forward"), ("host", "forward pass"), ("hook", "after_forward"), ("hook", "before_loss"),
    ("host", "loss of each row, or:"), ("hook", "compute_loss"), ("hook", "after_loss"), ("host", "backward pass"),
    ("hook", "after_backward"), ("host", "penalties, clipping"), ("hook", "before_update"), ("host", "optimizer's step"),
    ("hook", "after_update"), ("hook", "after_batch"), ("host", "a checkpoint, when due:"), ("hook", "save"), ("close",),
    ("hook", "after_epoch"), ("close",), ("hook", "after_task"),
    ("open", "each task that is measured"), ("hook", "before_eval"), ("host", "test rows go through the network, or:"),
    ("hook", "predict"), ("hook", "after_eval"), ("close",), ("close",),
    ("hook", "after_run"), ("host", "destroy"),
]


def names():
    return [row[1] for row in LOOP if row[0] == "hook"]


def box(depth, top, bottom, words):
    x = 4 + depth * INDENT
    return (f'<rect class="box" x="{x}" y="{top}" width="{WIDTH - 2 * x}" height="{bottom - top}" rx="5"/>'
            f'<text class="box-name" x="{WIDTH - x - 8}" y="{top + 15}">{escape(words)}</text>')


def row(kind, words, depth, y, marked, link):
    x = 14 + depth * INDENT
    if kind == "host":
        return f'<text class="host" x="{x + 12}" y="{y + 15}">{escape(words)}</text>'
    mark = ""
    if words == marked:
        mark = f'<rect class="mark" x="{x - 2}" y="{y + 1}" width="{len(words) * 8 + 16}" height="{LINE - 3}" rx="4"/>'
    return mark + (f'<a href="{link(words)}"><text class="{"marked" if mark else "hook"}" x="{x + 6}" y="{y + 15}">'
                   f'{escape(words)}</text></a>')


def draw(marked, link):
    """The picture with the hook `marked` (None: none) and a link at each hook: link(name)."""
    y, depth, open_boxes, out = 6, 0, [], []
    for kind, *words in LOOP:
        if kind == "open":
            open_boxes.append((depth, y, words[0], len(out)))
            depth, y = depth + 1, y + LINE
        elif kind == "close":
            depth, top, name, at = open_boxes.pop()
            out.insert(at, box(depth, top, y + 3, name))
            y += 8
        else:
            out.append(row(kind, words[0], depth, y, marked, link))
            y += LINE
    title = f"The loop, with {marked} marked" if marked else "The loop"
    return (f'<svg class="loop" role="img" viewBox="0 0 {WIDTH} {y + 4}" width="{WIDTH}" height="{y + 4}" '
            f'xmlns="http://www.w3.org/2000/svg"><title>{title}</title>{"".join(out)}</svg>')
