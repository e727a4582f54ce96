"""A config in the making, with comments that say why its settings are as they are."""

import re
import textwrap
from typing import Any, Dict, List, Optional

from spacy.util import CONFIG_SECTION_ORDER, load_model_from_config
from thinc.api import Config

_SECTION = re.compile(r"^\[(.+)\]$")
_KEY = re.compile(r"^([^\s=]+) = ")
_WIDTH = 96


class Draft:
    """A config with comments by dotted path, such as "training.batcher" or "training.dropout".

    title (str): The comment at the top.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.config: Dict[str, Any] = {}
        self.comments: Dict[str, str] = {}

    def set(self, path: str, value: Any, why: str = "") -> None:
        """Set a block or a value, and say why.

        path (str): Its dotted path. Blocks on the way are made.
        value (Any): The value.
        why (str): The comment above it.
        """
        *blocks, key = path.split(".")
        place = self.config
        for block in blocks:
            place = place.setdefault(block, {})
        place[key] = value
        if why:
            self.comments[path] = why

    def filled(self) -> Config:
        """Fill in the defaults of everything that isn't set, which also validates what is.

        RETURNS (Config): The complete config.
        """
        filled = load_model_from_config(Config(self.config), auto_fill=True).config
        return Config(filled, section_order=CONFIG_SECTION_ORDER, is_interpolated=False)

    def to_str(self) -> str:
        """RETURNS (str): The complete config with the comments."""
        lines = [*_comment(self.title), ""]
        section: Optional[str] = None
        for line in self.filled().to_str().splitlines():
            if found := _SECTION.match(line):
                section = found[1]
                lines += _comment(self.comments.get(section, ""))
            elif (found := _KEY.match(line)) and section is not None:
                lines += _comment(self.comments.get(f"{section}.{found[1]}", ""))
            lines.append(line)
        return "\n".join([*lines, ""])


def _comment(text: str) -> List[str]:
    """RETURNS (List[str]): A text as lines of comments."""
    return [
        f"# {line}".rstrip()
        for paragraph in text.splitlines()
        for line in textwrap.wrap(paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False)
        or [""]
    ]
