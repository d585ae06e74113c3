"""The scripts of bench/ as modules: they have no .py in their names."""
import importlib.machinery
import importlib.util
import os
import sys

SOURCE = os.environ["PERDURE_SOURCE_DIR"]
sys.dont_write_bytecode = True
sys.path.insert(0, SOURCE + "/bench")


def script(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), f"{SOURCE}/bench/{name}")
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module
