"""Decode entity tags (IOB1, IOB2 alias BIO, BILUO alias BILOU, IOBES) into spans."""

import re
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from .checks import label_fault
from .document import EntitySpan
from .errors import ConversionError, show

# The closed schemes only differ in the names of two prefixes, and share a decoder.
SCHEMES: Dict[str, str] = {
    "iob1": "iob1",
    "iob2": "iob2",
    "bio": "iob2",
    "biluo": "closed",
    "bilou": "closed",
    "iobes": "closed",
}
MISSING = "-"
# A label may contain any of these separators, but not with a tag on both sides.
_SEVERAL = re.compile(r"([BILUES]-.*|O\s*)[,;|#]\s*([BILUES]-|O\s*$|O\s*[,;|#])")

TagLines = Sequence[Tuple[int, str]]


def detect_scheme(blocks: Sequence[TagLines], path: Path) -> str:
    """Detect which scheme a file uses.

    blocks (Sequence[TagLines]): The sentences: line and tag of every token.
    path (Path): The file, for errors.
    RETURNS (str): "biluo", "iob2" or "iob1". "iob2" if it makes no difference.
    RAISES (ConversionError): If some tags are only legal in IOB1 and others only in
        IOB2, or a tag isn't an entity tag.
    """
    only_iob1: Optional[Tuple[int, str]] = None
    only_iob2: Optional[Tuple[int, str]] = None
    closed = False
    for block in blocks:
        before = ""
        for line, tag in block:
            prefix, label = _split_tag(tag, path, line)
            closed = closed or prefix in "LUES"
            if prefix == "I" and before != label:
                only_iob1 = only_iob1 or (line, tag)
            elif prefix == "B" and before != label:
                only_iob2 = only_iob2 or (line, tag)
            before = label
    if closed:
        return "biluo"
    if only_iob1 and only_iob2:
        raise ConversionError(
            f"{only_iob1[1]} starts an entity, which is legal in IOB1 only, but line "
            f"{only_iob2[0]} starts one with {only_iob2[1]}, which is legal in IOB2 only. Fix the "
            "tag, or set the scheme 'iob1' to accept both as starts",
            path,
            only_iob1[0],
        )
    return "iob1" if only_iob1 else "iob2"


def decode_tags(block: TagLines, scheme: str, path: Path) -> Tuple[List[EntitySpan], List[int]]:
    """Decode the entity tags of one sentence.

    The tag "-" means that nothing is known about the token. Under "iob1" a B- may
    start any entity, not only one next to another with its label.

    block (TagLines): Line and tag of every token.
    scheme (str): A key of `SCHEMES`.
    path (Path): The file, for errors.
    RETURNS (Tuple[List[EntitySpan], List[int]]): The entities, and the tokens
        without annotation.
    RAISES (ConversionError): If the scheme doesn't allow a tag in its place.
    """
    kind = check_scheme(scheme)
    spans: List[EntitySpan] = []
    unknown: List[int] = []
    start, open_label = -1, ""
    for i, (line, tag) in enumerate(block):
        prefix, label = _split_tag(tag, path, line)
        prefix = {"L": "E", "U": "S"}.get(prefix, prefix)
        if prefix in "ES" and kind != "closed":
            raise ConversionError(f"{tag} is not legal in the scheme '{scheme}'", path, line)
        continues = prefix in "IE" and open_label == label
        if open_label and not continues:
            if kind == "closed":
                reason = f"{tag} follows the {open_label} entity, which has not ended"
                raise ConversionError(reason, path, line)
            spans.append((start, i, open_label))
            open_label = ""
        if prefix in "IE" and not continues and not (prefix == "I" and kind == "iob1"):
            raise ConversionError(
                f"{tag} has no {label} entity to continue, which the scheme '{scheme}' requires",
                path,
                line,
            )
        if prefix == MISSING:
            unknown.append(i)
        elif prefix in "BSI" and not continues:
            start, open_label = i, label
        if prefix in "ES":
            spans.append((start, i + 1, label))
            open_label = ""
    if open_label and kind == "closed":
        last_line = block[-1][0]
        raise ConversionError(f"the {open_label} entity does not end", path, last_line)
    if open_label:
        spans.append((start, len(block), open_label))
    return spans, unknown


def check_scheme(scheme: str) -> str:
    """Look up how a scheme is decoded.

    scheme (str): Its name.
    RETURNS (str): "iob1", "iob2" or "closed".
    RAISES (ConversionError): If there is no such scheme.
    """
    if scheme not in SCHEMES:
        raise ConversionError(f"unknown scheme '{scheme}'. There are: auto, {', '.join(SCHEMES)}")
    return SCHEMES[scheme]


def is_entity_tag(tag: str) -> bool:
    """Check whether a text is a single entity tag of any scheme.

    tag (str): The text.
    RETURNS (bool): Whether it is.
    """
    return _fault(tag) is None


def _split_tag(tag: str, path: Path, line: int) -> Tuple[str, str]:
    if fault := _fault(tag):
        raise ConversionError(f"{show(tag)} {fault}", path, line)
    prefix, _, label = tag.partition("-")
    return (tag, "") if tag in ("O", MISSING) else (prefix, label)


def _fault(tag: str) -> Optional[str]:
    if tag in ("O", MISSING):
        return None
    prefix, _, label = tag.partition("-")
    if _SEVERAL.match(tag):
        return "contains several tags. Expected one: keep the outermost, or convert each separately"
    if len(prefix) != 1 or prefix not in "BILUES" or not label:
        return (
            "is not an entity tag. Expected O, - (not annotated), or prefix and label like B-person"
        )
    if fault := label_fault(label):
        return f"is not an entity tag: its label {fault}"
    return None
