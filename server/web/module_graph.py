"""Finds which modules a page's script imports, at any depth, from the import statements.

A browser learns of an import only when it has read the module that holds it. A page that names all
of its modules lets the browser fetch them at once.
"""

import posixpath
import re
from collections.abc import Mapping

_IMPORT = re.compile(
    r"""^(?:import(?:\s+[\w$*{}\s,]+?\s+from)?|export\s+(?:\*(?:\s+as\s+[\w$]+)?|\{[\w$\s,]*\})\s+from)
        \s*(["'])(?P<address>[^"'\n]+)\1""",
    re.MULTILINE | re.VERBOSE,
)
"""A static `import` or re-export at the start of a line; `import()` loads later, on purpose."""


class BrokenImport(Exception):
    """A module imports a file that is not there; the text names both."""


def modules_of(entry: str, sources: Mapping[str, str]) -> list[str]:
    """Return the paths of all modules that `entry` imports, itself left out, the nearest first.

    `sources` are the texts of all files by path. Raises BrokenImport.
    """
    found: dict[str, None] = {entry: None}
    for path in (queue := [entry]):
        for wanted in imports_of(path, sources[path]):
            if wanted not in sources:
                raise BrokenImport(f"{path} imports {wanted}, and there is no such file.")
            if wanted not in found:
                found[wanted] = None
                queue.append(wanted)
    return [path for path in found if path != entry]


def imports_of(path: str, source: str) -> list[str]:
    """Return the paths that one module imports, in the order of its statements."""
    return [
        posixpath.normpath(posixpath.join(posixpath.dirname(path), match["address"]))
        for match in _IMPORT.finditer(source)
    ]
