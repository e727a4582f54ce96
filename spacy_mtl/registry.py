"""The registries that this package adds to spaCy's own.

spaCy resolves a block of a config by the registry that its `@` key names, so a
weighting written by a user needs no more than a decorator:

    @spacy_mtl.registry.mtl_weightings("halves.v1")
    def create_halves() -> Weighting: ...
"""

from typing import Any

import catalogue
from spacy.util import registry as spacy_registry

for _name in ("mtl_weightings", "mtl_schedules"):
    if not hasattr(spacy_registry, _name):
        # Not registry.create: that puts them under thinc's name, and packages would
        # have to offer "thinc_mtl_weightings" as an entry point.
        setattr(spacy_registry, _name, catalogue.create("spacy", _name, entry_points=True))

# Registries are attributes made at run time, which a type checker cannot see.
registry: Any = spacy_registry

mtl_weightings: Any = registry.mtl_weightings
mtl_schedules: Any = registry.mtl_schedules
