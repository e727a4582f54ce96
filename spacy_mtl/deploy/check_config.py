"""Check what the config of a saved pipeline names: functions, factories, components."""

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
    """Look for functions and factories that are not there, and for settings that name code.

    config (Dict[str, Any]): The config, not resolved.
    YIELDS (Finding): What is wrong.
    """
    nlp = config.get("nlp")
    if not nlp or not isinstance(nlp, dict):
        yield Finding(DAMAGE, CONFIG, "It has no block [nlp], as pipelines have")
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
                text = f"The factory '{factory}' is not there: its package is not installed"
                yield Finding(DAMAGE, f"{CONFIG} [components.{name}]", text)
    packages = ", ".join(sorted(filter(None, brought)))
    for path, block in blocks_of(config):
        where = f"{CONFIG} [{path}]"
        for key in sorted(CODE & block.keys()):
            if block[key]:
                text = (
                    f"'{key}' is {block[key]!r:.80}: the encoder's folder may bring code that runs"
                )
                yield Finding(DANGER, where, text)
        for key, value in block.items():
            if not key.startswith("@") or not isinstance(value, str) or _is_known(key[1:], value):
                continue
            text = f"{key} = '{value}' is not there"
            if packages:
                text += f", unless a package registers it once it is imported: {packages}"
                yield Finding(NOTE, where, text)
            else:
                text += ": its package is not installed, or its code is not imported (--code)"
                yield Finding(DAMAGE, where, text)


def _is_known(group: str, name: str) -> bool:
    # What stands in variables is not known before they are filled in.
    return "$" in name or has_function(group, name)


def check_components(folder: Path, config: Dict[str, Any], parts: List[Part]) -> Iterator[Finding]:
    """Check the components that a config names, each with what it has saved.

    folder (Path): The pipeline.
    config (Dict[str, Any]): Its config, not resolved.
    parts (List[Part]): What the components are is added here on the way.
    YIELDS (Finding): What is wrong.
    """
    nlp, components = config.get("nlp"), config.get("components", {})
    names = nlp.get("pipeline", []) if isinstance(nlp, dict) else []
    if not isinstance(names, list):
        text = f"'pipeline' is {names!r:.80}, but it must be a list of names of components"
        yield Finding(DAMAGE, f"{CONFIG} [nlp]", text)
        names = []
    if not isinstance(components, dict):
        yield Finding(DAMAGE, f"{CONFIG} [components]", f"It is no block, but {components!r:.80}")
        components = {}
    for i, name in enumerate(names):
        if not isinstance(name, str):
            text = f"'pipeline' has {name!r:.80}, but it must be a list of names of components"
            yield Finding(DAMAGE, f"{CONFIG} [nlp]", text)
        elif not is_plain(name):
            text = f"'pipeline' has {name!r:.200}, but each is the plain name of a folder in the "
            text += "pipeline. It is not opened"
            yield Finding(DANGER, f"{CONFIG} [nlp]", text)
        elif name in names[:i]:
            yield Finding(DAMAGE, f"{CONFIG} [nlp]", f"'pipeline' has '{name}' more than once")
        else:
            block = components.get(name)
            if not isinstance(block, dict):
                has = "There is no such block" if block is None else f"It is {block!r:.80}"
                text = f"{has}, but 'pipeline' of [nlp] names the component"
                yield Finding(DAMAGE, f"{CONFIG} [components.{name}]", text)
                block = {}
            part, found = check_component(folder, name, block)
            parts.append(part)
            yield from found
