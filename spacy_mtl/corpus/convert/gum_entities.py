"""Read named entities from GUM's `Entity=` field (also used by other CorefUD corpora)."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence

from .conllu_sentence import EntityField, Sentence
from .digits import whole_number
from .document import EntitySpan
from .errors import ConversionError, show

HEADER = "global.Entity"
NEEDED = ("etype", "minspan", "identity")
NAME_TAGS = ("NNP", "NNPS", "PROPN")
_PART = re.compile(r"[()]|[^()]+")


@dataclass
class Mention:
    """A mention of an entity. `end` is exclusive, and -1 while it is open."""

    id: str
    fields: Dict[str, str]
    line: int
    start: int
    end: int = -1


def has_names(header: Sequence[str]) -> bool:
    """Check whether mentions with these fields identify named entities.

    header (Sequence[str]): The names of the fields.
    RETURNS (bool): Whether all required fields are there.
    """
    return all(name in header for name in NEEDED)


def find_names(sentence: Sentence, header: Sequence[str], path: Path) -> List[EntitySpan]:
    """Find the named entities of a sentence.

    These are the mentions with an identity (a Wikipedia page) that have a proper noun
    in their minimal span. The identity alone is not enough: in GUM, pronouns have it
    too. Of nested names only the outermost is kept.

    sentence (Sentence): The sentence.
    header (Sequence[str]): The names of a mention's fields, in order.
    path (Path): The file, for errors.
    RETURNS (List[EntitySpan]): Names in order, token offsets in the sentence.
    RAISES (ConversionError): If brackets do not match or a minimal span is broken.
    """
    spans: List[EntitySpan] = []
    names = [m for m in _find_mentions(sentence, header, path) if _is_name(m, sentence, path)]
    # Python's sort is stable: for two mentions of the same words, the first to open wins.
    for mention in sorted(names, key=lambda m: (m.start, -m.end)):
        if not spans or mention.start >= spans[-1][1]:
            spans.append((mention.start, mention.end, mention.fields["etype"]))
    return spans


def _find_mentions(sentence: Sentence, header: Sequence[str], path: Path) -> List[Mention]:
    mentions: List[Mention] = []
    open_mentions: List[Mention] = []
    for entity in sentence.entities:
        parts = _PART.findall(entity.value)
        for i, part in enumerate(parts):
            before = parts[i - 1] if i else ""
            if part == ")":
                if before in ("", "(", ")"):
                    raise _unbalanced(entity, ") closes no mention", path)
                opens = i >= 2 and parts[i - 2] == "("
                _close(open_mentions, before.split("-")[0] if opens else before, entity, path)
            elif part != "(" and before == "(":
                # The identity comes last and may itself contain hyphens.
                fields = dict(zip(header, part.split("-", len(header) - 1)))
                mention = Mention(part.split("-")[0], fields, entity.line, entity.start)
                mentions.append(mention)
                open_mentions.append(mention)
            elif part != "(" and parts[i + 1 : i + 2] != [")"]:
                raise _unbalanced(entity, f"'{part}' neither opens nor closes a mention", path)
    if open_mentions:
        mention = open_mentions[-1]
        reason = f"mention {mention.id} is opened, but not closed in its sentence"
        raise ConversionError(f"unbalanced Entity brackets: {reason}", path, mention.line)
    return mentions


def _close(open_mentions: List[Mention], id_: str, entity: EntityField, path: Path) -> None:
    for i in range(len(open_mentions) - 1, -1, -1):
        if open_mentions[i].id == id_:
            open_mentions.pop(i).end = entity.end
            return
    raise _unbalanced(entity, f"mention {id_} is closed, but not open", path)


def _unbalanced(entity: EntityField, reason: str, path: Path) -> ConversionError:
    return ConversionError(
        f"unbalanced Entity brackets: {reason} in '{entity.value}'", path, entity.line
    )


def _is_name(mention: Mention, sentence: Sentence, path: Path) -> bool:
    # A bracket in the id marks one piece of a discontinuous mention.
    if not mention.fields.get("identity") or "[" in mention.id or mention.end <= mention.start:
        return False
    width = mention.end - mention.start
    offsets = mention.fields["minspan"].split(",")
    numbers = [number for n in offsets if (number := whole_number(n)) is not None]
    if len(numbers) < len(offsets) or not all(1 <= n <= width for n in numbers):
        raise ConversionError(
            f"minimal span {show(mention.fields['minspan'])} of mention {mention.id}, expected "
            f"numbers from 1 to {width} separated by commas",
            path,
            mention.line,
        )
    words = [sentence.words[mention.start + n - 1] for n in numbers]
    return any(word.xpos in NAME_TAGS or word.upos in NAME_TAGS for word in words)
