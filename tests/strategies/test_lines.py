"""examples/strategies/lines: what it counts, and that the table of README.md is what it counts."""
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import unittest

SOURCE = os.environ["PERDURE_SOURCE_DIR"]
SCRIPT = os.path.join(SOURCE, "examples", "strategies", "lines")
LOADER = importlib.machinery.SourceFileLoader("lines", SCRIPT)
lines = importlib.util.module_from_spec(importlib.util.spec_from_loader("lines", LOADER))
LOADER.exec_module(lines)

C = '''/* what it is
 * for */
#include <a.h>

static const char *s = "/* no comment */"; // one
/* one */ int x; /* another
   that goes on */ int y;
// none
char quote = '"'; /* none " */
'''

PYTHON = '''"""What it is
for."""
import a

# none
class Left:
    """Of the class."""

    def go(self):
        """Of the function,

        with a blank line."""
        return f(  # why
            "# no comment",
        )


class Right:
    text = """a text

of three lines"""
'''


class Lines(unittest.TestCase):
    def test_c_without_comments_and_blank_lines(self):
        self.assertEqual(lines.c_lines(C), 5)

    def test_python_without_docstrings(self):
        self.assertEqual(lines.python_lines(PYTHON), 10)

    def test_a_class_of_python(self):
        self.assertEqual(lines.python_lines(PYTHON, "Left"), 5)
        self.assertEqual(lines.python_lines(PYTHON, "Right"), 4)

    def test_every_strategy_is_there_and_found(self):
        names = {os.path.basename(folder) for kind in ("plugins", "examples/strategies")
                 for folder in (entry.path for entry in os.scandir(os.path.join(SOURCE, kind)) if entry.is_dir())
                 if any(name.endswith(".c") for name in os.listdir(folder))}
        counted = {here[0].split("/")[-2] for _, here, _ in lines.METHODS}
        self.assertEqual(names, counted)
        self.assertTrue(all(lines.ours(here)[0] > 50 for _, here, _ in lines.METHODS))

    def test_the_table_is_what_is_counted(self):
        done = subprocess.run([sys.executable, "-B", SCRIPT, "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
