"""Which functions and factories there are, by their names: no package of others is imported.

The registries themselves load every entry point that they are asked about, and with it a module
of its package, which may be the one that is checked.
"""

from contextlib import suppress
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Optional, Set

import catalogue
from spacy.util import registry

from ..compat.spacy import register_all

# Importing these is importing what this package itself builds on.
_OURS = {"spacy", "spacy_legacy", "spacy_loggers", "spacy_mtl", "spacy_transformers", "thinc"}


def register_own(lang: Any) -> None:
    """Have spaCy and spacy-transformers register what they bring, which they do when asked.

    lang (Any): The language of a config; some have functions of their own.
    """
    register_all()
    import_module("spacy_transformers")
    if isinstance(lang, str) and lang.isidentifier():
        with suppress(ImportError):
            import_module(f"spacy.lang.{lang}")


def has_function(group: str, name: str) -> bool:
    """Tell whether a registry has a function.

    group (str): The registry, such as "architectures".
    name (str): The function's name.
    RETURNS (bool): Whether it, or an older one of spaCy's under its name, is there.
    """
    found = getattr(registry, group, None)
    if not isinstance(found, catalogue.Registry):
        return False
    names = {name}
    if name.startswith("spacy."):
        names.add(name.replace("spacy.", "spacy-legacy.", 1))
    if any(catalogue.check_exists(*found.namespace, each) for each in names):
        return True
    return bool(found.entry_points and names & _offered("_".join(found.namespace)))


def has_factory(name: str, lang: Any) -> bool:
    """Tell whether there is a factory of components.

    name (str): The factory's name.
    lang (Any): The language, which may have one of its own.
    RETURNS (bool): Whether it is there.
    """
    names = {name, f"{lang}.{name}"}
    namespace = registry.factories.namespace
    if any(catalogue.check_exists(*namespace, each) for each in names):
        return True
    return bool(names & _offered("spacy_factories"))


def package_of(factory: str) -> Optional[str]:
    """Find a package of others that offers a factory, and may register more once it is imported.

    factory (str): The factory.
    RETURNS (Optional[str]): The package; None if there is none, or it is one of those known here.
    """
    for each in entry_points(group="spacy_factories"):
        package = each.value.partition(":")[0].partition(".")[0].strip()
        if each.name == factory and package not in _OURS:
            return package
    return None


def _offered(group: str) -> Set[str]:
    return {each.name for each in entry_points(group=group)}
