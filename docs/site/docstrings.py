"""Docstrings in spaCy's form, translated for mkdocstrings, which reads Google's.

A line such as `weights (Dict[str, float]): Factors of the losses.` becomes an item of "Args:".
"""

import re
from typing import Any, Dict, List

import griffe

#: "name (type): text", at the left margin.
_ITEM = re.compile(r"^(?P<name>\w[\w, ]*?) \((?P<type>.+?)\): (?P<text>.*)$")
_SECTIONS = {"RETURNS": "Returns", "YIELDS": "Yields", "RAISES": "Raises"}
_SOURCE = re.compile(r"^SOURCE: ", re.MULTILINE)
_ARXIV = re.compile(r"(?<![\w/\[])arXiv:(\d{4}\.\d{4,5})")


def to_google(text: str) -> str:
    """Translate a docstring.

    text (str): The docstring, without indentation.
    RETURNS (str): The same with Google's sections.
    """
    before: List[str] = []
    sections: Dict[str, List[str]] = {}
    after: List[str] = []
    current = before
    for line in text.splitlines():
        item = _ITEM.match(line)
        if item:
            name = item["name"]
            title = _SECTIONS.get(name, "Args")
            shown = item["type"] if name in _SECTIONS else f"{name} ({item['type']})"
            current = sections.setdefault(title, [])
            current.append(f"    {shown}: {item['text']}")
        elif current is before or (line and not line.startswith(" ")):
            # Prose, or a source after the items.
            current = before if current is before else after
            current.append(line)
        else:
            current.append(f"    {line}" if line and current is not after else line)
    found = list(before)
    for title in ("Args", *_SECTIONS.values()):
        if title in sections:
            found += ["", f"{title}:", *sections[title]]
    found += ["", *after] if after else []
    return _ARXIV.sub(
        r"[arXiv:\1](https://arxiv.org/abs/\1)", _SOURCE.sub("**Source**: ", "\n".join(found))
    )


class SpacyDocstrings(griffe.Extension):
    """Translates the docstring of every object that griffe finds."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Translate a docstring in place."""
        if obj.docstring is not None:
            obj.docstring.value = to_google(obj.docstring.value)
