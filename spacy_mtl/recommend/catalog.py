"""What is registered: weightings, sharing schemes, schedules and heads, also of other packages.

What each is comes from its docstring: the first sentence, and the paper in its SOURCE.
"""

import inspect
import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple, get_type_hints

import spacy
from thinc.api import Model

from ..hints import nearest
from ..registry import registry
from ..tasks.task import Task

_SOURCE = re.compile(r"^SOURCE: (.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_ID = re.compile(r"(?:arXiv:\d{4}\.\d+|doi:\S+?(?=[.,;]?(?:\s|$))|ACL [A-Z]\d\d-\d+)")


@dataclass(frozen=True)
class Entry:
    """Something registered.

    name (str): Its registered name.
    line (str): What it does, in a sentence. Empty if it has no docstring.
    paper (str): The paper, in short: authors, year, and where to find it. Empty if it has none.
    source (str): The whole SOURCE of its docstring.
    required (Tuple[str, ...]): The settings without a default.
    """

    name: str
    line: str
    paper: str
    source: str
    required: Tuple[str, ...] = ()


def _weightings() -> Iterator[Tuple[str, Any]]:
    yield from registry.mtl_weightings.get_all().items()


def _schedules() -> Iterator[Tuple[str, Any]]:
    yield from registry.mtl_schedules.get_all().items()


def _schemes() -> Iterator[Tuple[str, Any]]:
    for name, function in registry.architectures.get_all().items():
        if _required(function) == ("tok2vec",) and _is_scheme(function):
            yield name, function


def _heads() -> Iterator[Tuple[str, Any]]:
    # Imports the factories of all packages.
    spacy.blank("xx")
    for name, function in registry.factories.get_all().items():
        made = _made_by(function)
        if isinstance(made, type) and issubclass(made, Task):
            yield name, function


#: By kind: what finds them, and the settings that the config's other blocks provide.
KINDS: Dict[str, Callable[[], Iterator[Tuple[str, Any]]]] = {
    "weightings": _weightings,
    "sharing": _schemes,
    "schedules": _schedules,
    "heads": _heads,
}
#: The name of one of each kind, for messages.
ONE_OF = {
    "weightings": "weighting",
    "sharing": "sharing scheme",
    "schedules": "schedule",
    "heads": "head",
}


def entries_of(kind: str) -> List[Entry]:
    """List everything registered of a kind.

    kind (str): A key of `KINDS`.
    RETURNS (List[Entry]): The entries by name, this package's first.
    """
    found = [_entry(name, function) for name, function in KINDS[kind]()]
    return sorted(found, key=lambda e: (not e.name.startswith(("spacy_mtl.", "mtl_")), e.name))


def find_entry(kind: str, given: str, others: Sequence[str] = ()) -> Entry:
    """Find something registered by its name, in full or without prefix and version.

    kind (str): A key of `KINDS`.
    given (str): A name such as "spacy_mtl.PCGrad.v1", "pcgrad" or "ner".
    others (Sequence[str]): Other names that it may have been meant to be.
    RETURNS (Entry): The entry.
    RAISES (ValueError): If there is none. The message has the nearest name.
    """
    entries = {entry.name: entry for entry in entries_of(kind)}
    if given in entries:
        return entries[given]
    short = {short_name(name).lower(): name for name in reversed(list(entries))}
    if given.lower() in short:
        return entries[short[given.lower()]]
    hint = nearest(short_name(given), [*others, *map(short_name, short.values())])
    raise ValueError(
        f"There is no {ONE_OF[kind]} '{given}'. {hint}See `python -m spacy mtl list {kind}`, or "
        "import the file that registers it with --code."
    )


def short_name(name: str) -> str:
    """RETURNS (str): A registered name without its prefix and version: "PCGrad" or "ner"."""
    parts = name.removeprefix("mtl_").split(".")
    return parts[-2] if len(parts) > 1 and re.fullmatch(r"v\d+", parts[-1]) else parts[-1]


def _entry(name: str, function: Any) -> Entry:
    doc = inspect.getdoc(function) or ""
    found = _SOURCE.search(doc)
    source = " ".join(found[1].split()) if found else ""
    line = " ".join(doc.split("\n\n")[0].split())
    return Entry(name, line, _paper(source), source, _required(function))


def _paper(source: str) -> str:
    """Shorten a source to authors and year, and where to find it, or its title."""
    own = source.split(" Differs:")[0]
    who = re.match(r".*?\b(?:19|20)\d\d\b", own)
    if who is None:
        return own
    where = _ID.search(own)
    title = re.search(r'"[^"]+"', own)
    what = where[0] if where else title[0] if title else ""
    return f"{who[0]}, {what}" if what else who[0]


def _required(function: Any) -> Tuple[str, ...]:
    """RETURNS (Tuple[str, ...]): The settings without a default."""
    try:
        settings = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(s.name for s in settings if s.kind in named and s.default is s.empty)


def _is_scheme(function: Any) -> bool:
    """Build it around an encoder that is none, as nothing in its type tells it from a head.

    A scheme inside the encoder takes only a transformer, which isn't loaded for that.
    """
    transformer: Any = registry.architectures.get("spacy_mtl.TransformerEncoder.v1")
    for make in (_make_no_encoder, lambda: transformer(name="no-encoder")):
        try:
            made = function(tok2vec=make())
        except Exception:
            # Someone else's architecture, which may do anything.
            continue
        return isinstance(made, Model) and made.has_ref("sharing") is True
    return False


def _make_no_encoder() -> Model:
    return Model("no_encoder", _no_encoder, dims={"nO": None})


def _no_encoder(model: Model, docs: Any, is_train: bool) -> Any:
    raise NotImplementedError("this encoder is never run")


def _made_by(factory: Any) -> Any:
    try:
        return get_type_hints(factory).get("return")
    except Exception:
        # Someone else's hints, which may name what isn't there.
        return None
