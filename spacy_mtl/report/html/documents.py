"""Documents as displaCy shows them, with tags, entities and categories."""

from dataclasses import dataclass
from typing import Dict, List

from markupsafe import Markup, escape
from spacy import displacy
from spacy.tokens import Doc

#: Longer documents are cut, in tokens.
_LONGEST = 120
#: Between words with tags, in pixels.
_DISTANCE = 96


@dataclass(frozen=True)
class ShownDocument:
    """A document.

    entities (Markup): The text with its entities.
    tags (Markup): Its words with their tags; empty without tags.
    categories (Dict[str, float]): Its categories, the most probable first.
    is_cut (bool): Whether only its beginning is shown.
    """

    entities: Markup
    tags: Markup
    categories: Dict[str, float]
    is_cut: bool


def show_document(doc: Doc, n: int) -> ShownDocument:
    """Render an annotated document.

    doc (Doc): The document.
    n (int): A number that no other document of the page has.
    RETURNS (ShownDocument): Its parts. Texts and labels are escaped.
    """
    shown = doc[:_LONGEST]
    ordered = sorted(doc.cats.items(), key=lambda pair: -pair[1])
    return ShownDocument(
        entities=_entities(doc, shown.end_char if len(shown) else 0),
        tags=_tags(doc, n),
        categories=dict(ordered),
        is_cut=len(doc) > _LONGEST,
    )


def _entities(doc: Doc, end: int) -> Markup:
    groups: Dict[str, List] = {"": list(doc.ents)}
    groups.update({key: list(spans) for key, spans in doc.spans.items() if len(spans)})
    parts = []
    for key, spans in groups.items():
        # displaCy escapes the text, but no label.
        ents = [
            {"start": s.start_char, "end": s.end_char, "label": str(escape(s.label_))}
            for s in sorted(spans, key=lambda span: span.start_char)
            if s.end_char <= end
        ]
        settings = {"text": doc.text[:end], "ents": ents, "title": None}
        if key:
            parts.append(f'<p class="note">{escape(key)}</p>')
        parts.append(displacy.render(settings, style="ent", manual=True, jupyter=False))
    return Markup("\n".join(parts))


def _tags(doc: Doc, n: int) -> Markup:
    tags = [token.tag_ or token.pos_ for token in doc[:_LONGEST]]
    if not any(tags):
        return Markup("")
    words = [
        {"text": token.text, "tag": str(escape(tag))} for token, tag in zip(doc[:_LONGEST], tags)
    ]
    options = {
        "distance": _DISTANCE,
        "offset_x": 40,
        "word_spacing": 24,
        "color": "currentColor",
        "bg": "transparent",
        "font": "inherit",
    }
    # An id of its own: displaCy's are random.
    settings = {"words": words, "arcs": [], "settings": {}, "lang": doc.lang_}
    svg = displacy.render(settings, style="dep", manual=True, jupyter=False, options=options)
    start, rest = svg.split(' id="', 1)
    return Markup(f'{start} id="document-{n}"{rest[rest.index(chr(34)) + 1 :]}')
