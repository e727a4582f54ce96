"""What is taken from annotated documents, as plain values, with its types for Arrow and Spark."""

from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Sequence

from spacy.tokens import Doc, Span

from ..hints import nearest

#: A type: the name of a simple one, a list of one, or a struct or map of some.
_SPAN = {"start": "int32", "end": "int32", "label": "string", "text": "string", "score": "float64"}


@dataclass(frozen=True)
class Field:
    """A column of annotation.

    read (Callable[[Doc], Any]): Takes it from a document.
    kind (Any): Its type: a name, [type] for a list, {"key": type} for a struct, or {"*": type} for
        a map from strings.
    """

    read: Callable[[Doc], Any]
    kind: Any


def _span(span: Span, score: Any = None) -> Dict[str, Any]:
    known = span._.has("confidence")
    found = span._.confidence if score is None and known else score
    return {
        "start": span.start_char,
        "end": span.end_char,
        "label": span.label_,
        "text": span.text,
        "score": None if found is None else float(found),
    }


def _groups(doc: Doc) -> List[Dict[str, Any]]:
    found = []
    for key, group in doc.spans.items():
        scores = group.attrs.get("scores")
        many = [None] * len(group) if scores is None else list(scores)
        found += [{"key": key, **_span(span, score)} for span, score in zip(group, many)]
    return found


FIELDS: Dict[str, Field] = {
    "tokens": Field(lambda doc: [token.text for token in doc], ["string"]),
    "tags": Field(lambda doc: [token.tag_ for token in doc], ["string"]),
    "pos": Field(lambda doc: [token.pos_ for token in doc], ["string"]),
    "lemmas": Field(lambda doc: [token.lemma_ for token in doc], ["string"]),
    "ents": Field(lambda doc: [_span(ent) for ent in doc.ents], [_SPAN]),
    "spans": Field(_groups, [{"key": "string", **_SPAN}]),
    "cats": Field(
        lambda doc: {label: float(score) for label, score in doc.cats.items()}, {"*": "float64"}
    ),
}
#: What most pipelines of this package predict.
DEFAULT = ("tokens", "tags", "ents", "cats")


def check_fields(fields: Sequence[str]) -> None:
    """Refuse unknown fields.

    fields (Sequence[str]): The names.
    RAISES (ValueError): If there is none, or one is unknown.
    """
    if isinstance(fields, str) or not fields:
        raise ValueError(
            f"'fields' of an Annotator is {fields!r}, but must be a list with some of: "
            f"{', '.join(FIELDS)}."
        )
    for field in fields:
        if field not in FIELDS:
            raise ValueError(
                f"'fields' of an Annotator has '{field}'. {nearest(field, FIELDS)}It can have: "
                f"{', '.join(FIELDS)}."
            )


def arrow_type(kind: Any) -> Any:
    """RETURNS (DataType): The type of a field for pyarrow."""
    import pyarrow

    if isinstance(kind, list):
        return pyarrow.list_(arrow_type(kind[0]))
    if isinstance(kind, dict):
        if "*" in kind:
            return pyarrow.map_(pyarrow.string(), arrow_type(kind["*"]))
        return pyarrow.struct([(key, arrow_type(own)) for key, own in kind.items()])
    return getattr(pyarrow, kind)()


def spark_type(kind: Any) -> str:
    """RETURNS (str): The type of a field for Spark, as in a schema that is a text."""
    if isinstance(kind, list):
        return f"array<{spark_type(kind[0])}>"
    if isinstance(kind, dict):
        if "*" in kind:
            return f"map<string,{spark_type(kind['*'])}>"
        return "struct<" + ",".join(f"{key}:{spark_type(own)}" for key, own in kind.items()) + ">"
    return {"int32": "int", "float64": "double", "string": "string"}[kind]


def arrow_values(values: Sequence[Any], kind: Any) -> Any:
    """Make the column of a field.

    values (Sequence[Any]): One per row, or None.
    kind (Any): Its type.
    RETURNS (Array): The column.
    """
    import pyarrow

    # A map is made from pairs.
    if isinstance(kind, dict) and "*" in kind:
        values = [None if value is None else list(value.items()) for value in values]
    return pyarrow.array(values, type=arrow_type(kind))
