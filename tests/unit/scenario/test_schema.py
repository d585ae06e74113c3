#!/usr/bin/env python3
"""The JSON Schema that Perdure prints, held against Perdure by a validator that is not ours (python3-jsonschema).

    test_schema.py PROBE BAD_FOLDER GOOD_FOLDER ...

Every good file passes both, and so does each example; every bad file fails both, but for faults of form that no tree reaches the validator from,
and the few rules between keys that JSON Schema is not asked to know. Both are listed by name, so that none slips in.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: found no Python module {missing.name}; expected jsonschema and yaml")
    sys.exit(1 if os.environ.get("PERDURE_CI") == "1" else 77)

# Only Perdure sees these: names or labels twice, two keys that exclude or need each other, lists of unlike length,
# variables in a path, sums.
BETWEEN_KEYS = {"cells_many", "csv_test", "csv_both", "normalize", "order_count", "order_repeated", "output",
                "path_variable", "seeds_range", "step_at", "cosine_above_lr", "metrics_needs", "expect_rest",
                "expect_between", "expect_metrics", "blurry_one_task", "task_free", "task_free_grid", "task_free_search",
                "anytime_metrics", "baseline",
                "grid_cells", "grid_gate", "grid_values", "search_cells", "search_rest", "search_values"}
# PyYAML's loader refuses these as well, or drops what is wrong with them; Perdure's tree refuses them first.
OF_FORM = {"alias_bomb", "alias_circle", "alias_unknown", "bad_token", "bad_utf8", "colon_in_text", "complex_key",
           "control_byte", "duplicate_key", "merge_key", "no_colon", "open_brace", "open_bracket", "open_quote",
           "second_document", "tab", "tag", "tag_directive", "utf16", "yaml_version"}
# Keys that come later, each as the design has it: laid alone over a good file, both refuse it.
LATER = ["device.graph=auto", "device.memory_share=1.0"]


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, as far as Perdure has it: PyYAML's own is that of 1.1."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in (("bool", r"true|false", "tf"), ("null", r"~|null|", ["~", "n", ""]),
                            ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
                            ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", "-0123456789")):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))
Core.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))
Core.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))


def is_whole(checker, value):
    return isinstance(value, int) and not isinstance(value, bool)  # draft-07 would take 5.0 for a whole number


def main(probe, bad, *good):
    schema = json.loads(subprocess.run([probe, "schema"], check=True, capture_output=True).stdout)
    base = jsonschema.Draft7Validator
    base.check_schema(schema)
    kind = jsonschema.validators.extend(base, type_checker=base.TYPE_CHECKER.redefine("integer", is_whole))
    validator = kind(schema)
    failed = []

    def perdure_accepts(path, *sets):
        return subprocess.run([probe, "check", path, *sets], capture_output=True).returncode == 0

    files = sorted(path for folder in good for path in pathlib.Path(folder).rglob("*.yaml"))
    described = subprocess.run([probe, "describe"], check=True, capture_output=True, text=True).stdout
    documents = [(path.name, yaml.load(path.read_text(), Core), perdure_accepts(path)) for path in files]
    documents.append(("describe scenario", yaml.load(described, Core), True))
    for name, document, accepted in documents:
        errors = [error.message for error in validator.iter_errors(document)]
        if errors or not accepted:
            failed.append(f"good {name}: Perdure {'accepts' if accepted else 'refuses'} it; validator: {errors[:1]}")

    tried = 0
    for path in sorted(pathlib.Path(bad).glob("*.yaml")):
        if perdure_accepts(path):
            failed.append(f"bad {path.name}: Perdure accepts it")
        if path.stem in OF_FORM:
            continue
        tried += 1
        refused = not validator.is_valid(yaml.load(path.read_text(), Core))
        if refused == (path.stem in BETWEEN_KEYS):
            failed.append(f"bad {path.name}: the validator {'refuses' if refused else 'accepts'} it")

    later = []
    for line in described.splitlines():  # the list above holds every key that describe says comes later
        key = re.match(r" *# (\w+): .*; comes later$", line)
        later += [key.group(1)] if key else []
    if sorted(later) != sorted(re.search(r"(\w+)=", one).group(1) for one in LATER):
        failed.append(f"keys that come later: describe has {later}")
    for one in LATER:
        path, value = one.split("=", 1)
        section, key = path.split(".")
        document = yaml.load(files[0].read_text(), Core)
        document.setdefault(section, {})[key] = yaml.load(value, Core)
        if validator.is_valid(document) or perdure_accepts(files[0], one):
            failed.append(f"later {path}: the validator or Perdure accepts it")

    print("\n".join(failed))
    print(f"{len(documents)} good and {tried} bad files; {len(failed)} failed")
    return 1 if failed or not files or not tried else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
