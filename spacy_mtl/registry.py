"""The registries that this package adds to spaCy's own.

spaCy resolves a config block through the registry that its `@` key names, so a user's
own weighting only needs a decorator:

    @spacy_mtl.registry.mtl_weightings("halves.v1")
    def create_halves() -> Weighting: ...
"""

from typing import Any, Callable

import catalogue
from spacy.util import registry as spacy_registry

from .compat.spacy import add_registry
from .hints import suggested
from .plain import as_schedule, as_weighting, giving
from .settings import Function, Rule, check_finite_config, checked
from .types import Schedule, Weighting

__all__ = [
    "Registry",
    "block_of",
    "check_finite_config",
    "mtl_schedules",
    "mtl_weightings",
    "register",
    "registry",
]

#: Where a config uses each registry, for messages.
BLOCKS = {
    "architectures": 'the block that has @architectures = "{title}"',
    "batchers": "[training.batcher]",
    "loggers": "[training.logger]",
    "mtl_schedules": "the block [schedule] of the corpus (usually [corpora.train.schedule])",
    "mtl_weightings": (
        "the block [weighting] of the 'mtl' component (usually [components.mtl.weighting])"
    ),
    "readers": "[corpora.train] (or [corpora.dev])",
    "scorers": "the block [scorer] of the component",
}


def block_of(architecture: str) -> str:
    """RETURNS (str): Where a config has the settings of an architecture, for messages."""
    return BLOCKS["architectures"].format(title=architecture)


class Registry(catalogue.Registry):
    """A registry of functions that return objects of one kind.

    Its error for an unknown name suggests the closest matches.

    name (str): The name of the registry.
    kind (type): The base class of what the functions return.
    adapt (Callable[[Any], Any]): Wraps return values of other classes.
    """

    def __init__(self, name: str, kind: type, adapt: Callable[[Any], Any]) -> None:
        super().__init__(("spacy", name), entry_points=True)
        self.kind = kind
        self.adapt = adapt

    def get(self, name: str) -> Any:
        """Look up a function.

        name (str): The name it was registered with.
        RETURNS (Callable): The function, made to return objects of this registry's kind.
        RAISES (ValueError): If the name is unknown.
        """
        try:
            return giving(self.kind, self.adapt, super().get(name))
        except catalogue.RegistryError:
            names = sorted(self.get_all())
            raise ValueError(
                f"There is no '{name}' in the registry '{self.namespace[-1]}'. "
                f"{_nearest(name, names)}Registered names: {', '.join(names) or 'none'}. Fix "
                f"'@{self.namespace[-1]}' in the config, or import the module that registers it."
            ) from None

    def find(self, name: str) -> Any:
        """Find where a function comes from: see `catalogue.Registry.find`.

        RAISES (catalogue.RegistryError): If the name is unknown. `spacy package` looks up names
            that may not exist, and expects this error.
        """
        if name not in self:
            raise catalogue.RegistryError(f"There is no '{name}' in '{self.namespace[-1]}'.")
        # Where the registered function is defined, not the wrapper that `get` returns.
        return catalogue.Registry(self.namespace, entry_points=self.entry_points).find(name)


def _nearest(name: str, names: Any) -> str:
    # People mix up upper and lower case, prefixes and versions.
    parts = {known.lower().split(".")[-2 if "." in known else 0]: known for known in names}
    wanted = [part for part in name.lower().split(".") if part != "spacy_mtl"]
    return suggested(wanted[0] if wanted else "", parts, n=3, cutoff=0.5)


for _made in (
    Registry("mtl_weightings", Weighting, as_weighting),
    Registry("mtl_schedules", Schedule, as_schedule),
):
    add_registry(_made.namespace[-1], _made)

# Registries are attributes created at run time, which type checkers cannot see.
registry: Any = spacy_registry

mtl_weightings: Any = registry.mtl_weightings
mtl_schedules: Any = registry.mtl_schedules


def register(registry_name: str, name: str, /, **rules: Rule) -> Callable[[Function], Function]:
    """Register a function or class of this package and check its settings: see `checked`.

    registry_name (str): The registry, such as "architectures".
    name (str): The name, such as "spacy_mtl.HardSharing.v1".
    **rules (Rule): Further requirements of settings, beside their types.
    RETURNS (Callable): A decorator.
    """

    def decorate(function: Function) -> Function:
        check = checked(name, BLOCKS[registry_name].replace("{title}", name), **rules)
        found: Any = function
        if isinstance(found, type):
            # `object.__init__` looks as if it had settings.
            own: Any = getattr(found, "__init__")  # noqa: B009
            init = own if own is not object.__init__ else _no_settings
            # Keep the class itself, for pickle and `isinstance`, and set `__init__` on it alone:
            # it may be inherited.
            setattr(found, "__init__", check(init))  # noqa: B010
        else:
            found = check(found)
        getattr(registry, registry_name)(name, func=found)
        return found

    return decorate


def _no_settings(self: Any) -> None:
    """Initialize an object without settings."""
