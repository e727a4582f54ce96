"""Checking the functions, factories and components that a saved pipeline's config names."""

from pathlib import Path
from typing import Any, Dict, Iterator, List

from ..encoder.saved_settings import CODE
from .blocks import blocks_of
from .check_component import check_component
from .findings import DAMAGE, DANGER, NOTE, Finding, Part
from .registered import has_factory, has_function, package_of, register_own
from .saved import CONFIG
from .saved_files import is_plain


def check_config(config: Dict[str, Any]) -> Iterator[Finding]:
    """Find missing functions and factories, and settings that name code.

    config (Dict[str, Any]): The config, not resolved.
    YIELDS (Finding): The problems.
    """
    nlp = config.get("nlp")
    if not nlp or not isinstance(nlp, dict):
        yield Finding(DAMAGE, CONFIG, "It has no block [nlp], which every pipeline needs")
        nlp = {}
    lang = nlp.get("lang")
    register_own(lang)
    components = config.get("components")
    brought = set()
    for name, block in components.items() if isinstance(components, dict) else ():
        factory = block.get("factory") if isinstance(block, dict) else None
        if isinstance(factory, str):
            brought.add(package_of(factory))
            if not has_factory(factory, lang):
                text = f"The factory '{factory}' doesn't exist: its package is not installed"
                yield Finding(DAMAGE, f"{CONFIG} [components.{name}]", text)
    packages = ", ".join(sorted(filter(None, brought)))
    for path, block in blocks_of(config):
        where = f"{CONFIG} [{path}]"
        for key in sorted(CODE & block.keys()):
            if block[key]:
                text = f"'{key}' is {block[key]!r:.80}: code from the encoder's folder may run"
                yield Finding(DANGER, where, text)
        for key, value in block.items():
            if not key.startswith("@") or not isinstance(value, str) or _is_known(key[1:], value):
                continue
            text = f"{key} = '{value}' doesn't exist"
            if packages:
                text += f", unless a package registers it when imported: {packages}"
                yield Finding(NOTE, where, text)
            else:
                text += ": its package is not installed, or its code is not imported (--code)"
                yield Finding(DAMAGE, where, text)


def _is_known(group: str, name: str) -> bool:
    # Names with variables are unknown until they are interpolated.
    return "$" in name or has_function(group, name)


def check_components(folder: Path, config: Dict[str, Any], parts: List[Part]) -> Iterator[Finding]:
    """Check the components in a config, with their saved files.

    folder (Path): The pipeline.
    config (Dict[str, Any]): Its config, not resolved.
    parts (List[Part]): The components are added to this list on the way.
    YIELDS (Finding): The problems.
    """
    nlp, components = config.get("nlp"), config.get("components", {})
    names = nlp.get("pipeline", []) if isinstance(nlp, dict) else []
    if not isinstance(names, list):
        text = f"'pipeline' is {names!r:.80}, but it must be a list of component names"
        yield Finding(DAMAGE, f"{CONFIG} [nlp]", text)
        names = []
    if not isinstance(components, dict):
        yield Finding(DAMAGE, f"{CONFIG} [components]", f"It is not a block: {components!r:.80}")
        components = {}
    for i, name in enumerate(names):
        if not isinstance(name, str):
            text = f"'pipeline' has {name!r:.80}, but it must be a list of component names"
            yield Finding(DAMAGE, f"{CONFIG} [nlp]", text)
        elif not is_plain(name):
            text = f"'pipeline' has {name!r:.200}, which is not a plain name of a folder in the "
            text += "pipeline. It is not opened"
            yield Finding(DANGER, f"{CONFIG} [nlp]", text)
        elif name in names[:i]:
            yield Finding(DAMAGE, f"{CONFIG} [nlp]", f"'pipeline' has '{name}' more than once")
        else:
            block = components.get(name)
            if not isinstance(block, dict):
                has = "There is no such block" if block is None else f"It is {block!r:.80}"
                text = f"{has}, but 'pipeline' in [nlp] has the component"
                yield Finding(DAMAGE, f"{CONFIG} [components.{name}]", text)
                block = {}
            part, found = check_component(folder, name, block)
            parts.append(part)
            yield from found
