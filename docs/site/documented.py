"""documented.py FOLDER: every declaration in Doxygen's XML has a comment. Doxygen itself tells of most, but not of the values of
an enum, nor of an enum without a name."""
import glob
import sys
import xml.etree.ElementTree as tree


def told(node):
    return any("".join(node.find(kind).itertext()).strip() for kind in ("briefdescription", "detaileddescription"))


def main():
    count, bad = 0, set()
    for path in sorted(glob.glob(sys.argv[1] + "/*.xml")):
        for member in tree.parse(path).iter("memberdef"):
            place = member.find("location")
            for node in [member, *member.findall("enumvalue")]:
                count += 1
                if not told(node):
                    name = node.findtext("name")
                    what = "an enum" if name.startswith("@") else name
                    bad.add(f"{place.get('file')}:{place.get('line')}: found {what} without a comment; expected one")
    print("\n".join(sorted(bad)) if bad else f"{count} declarations, each with a comment", file=sys.stderr)
    sys.exit(1 if bad or not count else 0)


main()
