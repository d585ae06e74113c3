#!/usr/bin/env python3
"""Writes the headers of the next minor, as if it were here: those of sdk/include with a member appended to every struct that
may grow, behind a fence. What a plugin of today meets in some years, and what a host must not trip over.
usage: headers.py INCLUDE OUT"""
import os
import re
import sys

# Every struct that the rules let grow, and what comes to its end. pdr_value, pdr_reals never grow: they are handed over by value.
APPENDED = {
    "pdr_param": "const char *next",
    "pdr_block": "int64_t next",
    "pdr_model_api": "int64_t (*next)(const pdr_model *m)",
    "pdr_step_api": "int64_t (*next)(const pdr_step *s)",
    "pdr_data_api": "int64_t (*next)(const pdr_task *t)",
    "pdr_memory_api": "int64_t (*next)(const pdr_memory *m)",
    "pdr_rng_api": "int64_t (*next)(pdr_rng *r)",
    "pdr_state_api": "int64_t (*next)(pdr_state *s)",
    "pdr_tensor_api": "int64_t (*next)(const pdr_tensor *t)",
    "pdr_host": "int64_t (*next)(const pdr_host *h)",
    "pdr_task": "int64_t next",
    "pdr_step": "int64_t next",
    "pdr_eval": "int64_t next",
    "pdr_hooks": "pdr_status (*next)(void *self)",
    "pdr_plugin": "const char *next",
}


def main(include, out):
    texts = {}
    for name in sorted(os.listdir(os.path.join(include, "perdure"))):
        with open(os.path.join(include, "perdure", name), encoding="utf-8") as f:
            texts[name] = f.read()
    minor = int(re.search(r"#define PDR_ABI_MINOR (\d+)u", texts["status.h"])[1]) + 1
    texts["status.h"] = re.sub(r"#define PDR_ABI_MINOR \d+u", f"#define PDR_ABI_MINOR {minor}u", texts["status.h"])
    for struct, member in APPENDED.items():
        fenced = f"#if PDR_VISIBLE_MINOR >= {minor}\n    {member};\n#endif\n}}"
        count = 0
        for name, text in texts.items():
            texts[name], found = re.subn(rf"(^(?:typedef )?struct {struct} \{{\n(?:(?!^\}}).*\n)*)\}}", lambda m: m[1] + fenced, text,
                                         flags=re.M)
            count += found
        if count != 1:
            sys.exit(f"headers.py: found {count} definitions of {struct}; expected one")
    os.makedirs(os.path.join(out, "perdure"), exist_ok=True)
    for name, text in texts.items():
        with open(os.path.join(out, "perdure", name), "w", encoding="utf-8") as f:
            f.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
