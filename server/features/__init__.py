"""The features: one folder each, named after the feature. No file lists them."""

import functools
import importlib
import pkgutil
from collections.abc import Mapping

from server.feature import BadFeature, Feature, facts_of, in_order
from server.rooms.fact_book import FactBook


@functools.cache
def find() -> Mapping[str, Feature]:
    """The FEATURE of each folder here, by the folder's name; looked for once. Raises BadFeature."""
    found = {}
    for entry in pkgutil.iter_modules(__path__):
        try:
            module = importlib.import_module(f"{__name__}.{entry.name}")
        except ImportError as error:
            raise BadFeature(
                f"The feature {entry.name} imports what is not there: {error.msg}. "
                "Write it, or take it out of the feature."
            ) from error
        feature = getattr(module, "FEATURE", None)
        if not isinstance(feature, Feature):
            raise BadFeature(
                f"server/features/{entry.name}/__init__.py has no FEATURE = Feature(...)."
            )
        found[entry.name] = feature
    return found


@functools.cache
def all_facts() -> FactBook:
    """The facts of all features that there are. Modules of features call it only when they run."""
    return facts_of(in_order(find()))
