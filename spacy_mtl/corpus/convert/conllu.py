"""Read CoNLL-U: tags, POS, lemmas, morphology, parses, sentences, names, categories."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from . import gum_entities
from .conllu_sentence import Sentence, read_sentences
from .document import EntitySpan, SourceDoc
from .errors import ConversionError
from .taken import Taken

ENTITIES = ("auto", "gum", "none")


@dataclass
class _Block:
    """A sentence with the information from the comments up to it.

    group (Tuple[int, Optional[str]]): Source document and category. Documents
        don't cross groups.
    names (Optional[List[EntitySpan]]): None if names are not annotated.
    """

    sentence: Sentence
    group: Tuple[int, Optional[str]]
    names: Optional[List[EntitySpan]]


def read_conllu(
    path: Path,
    taken: Optional[Taken] = None,
    *,
    n_sents: int = 1,
    cats_from: Optional[str] = None,
    entities: str = "auto",
) -> List[SourceDoc]:
    """Read a CoNLL-U file.

    XPOS becomes the tag, UPOS the part of speech, and an underscore means that the
    annotation of that token is missing. FEATS is the exception: an underscore there
    means "no features" if any word of the file has some.

    path (Path): The file.
    taken (Optional[Taken]): Updated with how the file was interpreted.
    n_sents (int): Sentences per document. Documents never cross a `# newdoc`. 0
        keeps whole source documents.
    cats_from (Optional[str]): Document metadata to take the category from:
        `genre` reads `# meta::genre = x` or `# genre = x`. It applies until the
        next one or the next `# newdoc`; no document crosses a change.
    entities (str): "gum" for the names of GUM's `Entity=` field, "none", or "auto":
        "gum" if the file's `# global.Entity` header has the fields.
    RETURNS (List[SourceDoc]): The documents.
    RAISES (ConversionError): If the file violates the format, or lacks the metadata.
    """
    if n_sents < 0:
        raise ConversionError(f"n_sents is {n_sents}, expected 0 (no limit) or more")
    if entities not in ENTITIES:
        raise ConversionError(f"entities is '{entities}', expected one of {', '.join(ENTITIES)}")
    blocks = list(_annotate(path, cats_from, entities))
    if not blocks:
        raise ConversionError("there is no sentence in the file", path)
    taken = taken if taken is not None else Taken()
    if cats_from is not None:
        taken.add("categories", f"metadata '{cats_from}'")
    if any(block.names is not None for block in blocks):
        taken.add("entities", "linked names of the Entity field", "there is a GUM header")
    has_feats = any(word.feats for block in blocks for word in block.sentence.words)
    docs: List[SourceDoc] = []
    chunk: List[_Block] = []
    for block in blocks:
        if chunk and (len(chunk) == n_sents or block.group != chunk[-1].group):
            docs.append(_make_doc(chunk, has_feats, path))
            chunk = []
        chunk.append(block)
    docs.append(_make_doc(chunk, has_feats, path))
    return docs


def _annotate(path: Path, cats_from: Optional[str], entities: str) -> Iterator[_Block]:
    source_doc, category = 0, None
    header: List[str] = []
    keys = set()
    for sentence in read_sentences(path):
        for key, value in sentence.comments:
            if key.split()[:1] == ["newdoc"]:
                source_doc, category = source_doc + 1, None
            elif key == gum_entities.HEADER:
                header = value.split("-")
            if cats_from is not None and key in (cats_from, f"meta::{cats_from}"):
                category = value
            keys.add(key)
        if not sentence.words:
            continue
        names = None
        if entities == "gum" and not gum_entities.has_names(header):
            raise ConversionError(
                f"no `# {gum_entities.HEADER}` header with the fields "
                f"{', '.join(gum_entities.NEEDED)} before this sentence. Without it there are no "
                "named entities to read: use entities 'none'",
                path,
                sentence.line,
            )
        if entities != "none" and gum_entities.has_names(header):
            names = gum_entities.find_names(sentence, header, path)
        yield _Block(sentence, (source_doc, category), names)
    if cats_from is not None and not keys & {cats_from, f"meta::{cats_from}"}:
        found = ", ".join(sorted(keys)) or "none"
        raise ConversionError(f"no metadata comment '{cats_from}'. There are: {found}", path)


def _make_doc(blocks: List[_Block], has_feats: bool, path: Path) -> SourceDoc:
    words = [word for block in blocks for word in block.sentence.words]
    category = blocks[0].group[1]
    doc = SourceDoc(
        words=[word.form for word in words],
        spaces=[word.space for word in words],
        path=path,
        line=blocks[0].sentence.line,
        tags=[word.xpos for word in words],
        pos=[word.upos for word in words],
        lemmas=[word.lemma for word in words],
        morphs=[word.feats for word in words] if has_feats else None,
        sent_starts=[i == 0 for block in blocks for i in range(len(block.sentence.words))],
        ents=[] if any(block.names is not None for block in blocks) else None,
        categories=[category] if category else None,
    )
    heads: List[Optional[int]] = []
    deps: List[str] = []
    offset = 0
    for block in blocks:
        for i, word in enumerate(block.sentence.words):
            # spaCy recognizes a missing head by its missing label.
            known = word.head is not None and bool(word.deprel)
            heads.append(offset + (word.head - 1 if word.head else i) if known else None)
            # spaCy's parser uses "ROOT".
            deps.append(("ROOT" if word.head == 0 else word.deprel) if known else "")
        indices = range(offset, offset + len(block.sentence.words))
        if doc.ents is not None and block.names is None:
            doc.unknown_ents.extend(indices)
        elif doc.ents is not None:
            doc.ents.extend((s + offset, e + offset, label) for s, e, label in block.names or [])
        offset = indices.stop
    if any(head is not None for head in heads):
        doc.heads, doc.deps = heads, deps
    return doc
