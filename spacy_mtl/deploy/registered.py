"""Looking up functions and factories by name, without importing other packages.

The registries load every entry point that is looked up, and so import a module of its package,
which may be the one being checked.
"""

from contextlib import suppress
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Optional, Set

import catalogue
from spacy.util import registry

from ..compat.spacy import register_all

# These are safe to import: this package depends on them.
_OURS = {"spacy", "spacy_legacy", "spacy_loggers", "spacy_mtl", "spacy_transformers", "thinc"}


def register_own(lang: Any) -> None:
    """Make spaCy and spacy-transformers register their functions, which they do lazily.

    lang (Any): The language of a config; some languages have their own functions.
    """
    register_all()
    import_module("spacy_transformers")
    if isinstance(lang, str) and lang.isidentifier():
        with suppress(ImportError):
            import_module(f"spacy.lang.{lang}")


def has_function(group: str, name: str) -> bool:
    """Check whether a registry has a function.

    group (str): The registry, such as "architectures".
    name (str): The function's name.
    RETURNS (bool): Whether the function, or its version in spacy-legacy, exists.
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
    """Check whether a component factory exists.

    name (str): The factory's name.
    lang (Any): The language, which may have its own version.
    RETURNS (bool): Whether it exists.
    """
    names = {name, f"{lang}.{name}"}
    namespace = registry.factories.namespace
    if any(catalogue.check_exists(*namespace, each) for each in names):
        return True
    return bool(names & _offered("spacy_factories"))


def package_of(factory: str) -> Optional[str]:
    """Find the third-party package that offers a factory, and may register more when imported.

    factory (str): The factory.
    RETURNS (Optional[str]): The package; None if there is none, or if it is one of our own.
    """
    for each in entry_points(group="spacy_factories"):
        package = each.value.partition(":")[0].partition(".")[0].strip()
        if each.name == factory and package not in _OURS:
            return package
    return None


def _offered(group: str) -> Set[str]:
    return {each.name for each in entry_points(group=group)}
