"""Prints the repository's sources that a compile database knows, one a line."""

import json
import os
import sys

ROOT = os.getcwd()

with open(sys.argv[1], encoding="utf-8") as database:
    for entry in json.load(database):
        path = os.path.join(entry["directory"], entry["file"])
        print(os.path.relpath(path, ROOT))
