"""links.py FOLDER: every link of the built site that stays within it leads to a file, and to an anchor that is there."""
import os
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlparse


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids, self.links = set(), []

    def handle_starttag(self, tag, attrs):
        for key, value in attrs:
            if key in ("id", "name"):
                self.ids.add(value)
            elif key in ("href", "src") and value:
                self.links.append((value, self.getpos()[0]))


def read(folder):
    pages = {}
    for where, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".html"):
                path, page = os.path.join(where, name), Page()
                with open(path, encoding="utf-8") as f:
                    page.feed(f.read())
                pages[os.path.realpath(path)] = page
    return pages


def fault(path, link, pages):
    parts = urlparse(link)
    if parts.scheme or parts.netloc:
        return None
    aim = os.path.realpath(os.path.join(os.path.dirname(path), unquote(parts.path))) if parts.path else path
    if not os.path.isfile(aim):
        return "no such file"
    if parts.fragment and aim in pages and unquote(parts.fragment) not in pages[aim].ids:
        return "no such anchor"
    return None


def main():
    folder = os.path.realpath(sys.argv[1])
    pages, count, bad = read(folder), 0, 0
    for path, page in sorted(pages.items()):
        for link, line in page.links:
            count += 1
            what = fault(path, link, pages)
            if what:
                bad += 1
                print(f"{os.path.relpath(path, folder)}:{line}: found {link}: {what}; expected a page or anchor of the site",
                      file=sys.stderr)
    if not pages or bad:
        sys.exit(1)
    print(f"{len(pages)} pages, {count} links")


main()
