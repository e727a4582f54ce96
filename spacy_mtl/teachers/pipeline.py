"""The pipeline of a teacher: found, loaded once, and run on the tokens of other documents."""

from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple
from weakref import WeakValueDictionary

import numpy
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ..chance import unchanged_chance
from ..checksums import fingerprint
from ..loading import explained
from .probabilities import GivesProbabilities
from .settings import TeacherSettings

#: One array per document. Shape of each: (n_units, n_classes).
Probabilities = List[numpy.ndarray]


class TeacherPipeline:
    """A loaded pipeline.

    nlp (Language): The pipeline.
    """

    def __init__(self, nlp: Language) -> None:
        self.nlp = nlp

    def run(self, component: GivesProbabilities, name: str, docs: Sequence[Doc]) -> Probabilities:
        """Compute the probabilities of documents on their own tokens.

        component (GivesProbabilities): The component.
        name (str): Its name in the pipeline.
        docs (Sequence[Doc]): Documents with tokens, of any vocabulary. They are not changed.
        RETURNS (List[Floats2d]): One array per document. Shape of each: (n_units, n_classes).
        RAISES (ValueError): If an earlier component changes the tokens.
        """
        return self.run_all({name: component.give_targets}, docs)[name]

    def run_all(
        self, heads: Dict[str, Callable[[Sequence[Doc]], Probabilities]], docs: Sequence[Doc]
    ) -> Dict[str, Probabilities]:
        """Compute the probabilities of several components in one run.

        heads (Dict[str, Callable]): By component, what computes its probabilities of documents in
            which earlier components, but not these, have run.
        docs (Sequence[Doc]): As in `run`.
        RETURNS (Dict[str, List[Floats2d]]): By component: see `run`.
        RAISES (ValueError): If an earlier component changes the tokens.
        """
        own = [copied(doc, self.nlp) for doc in docs]
        found: Dict[str, Probabilities] = {}
        with unchanged_chance():
            for name, pipe in self.nlp.components:
                if name in heads:
                    _check_tokens(name, docs, own)
                    found[name] = heads[name](own)
                elif name in self.nlp.pipe_names:
                    own = _annotated(pipe, own)
                if len(found) == len(heads):
                    break
        return found


#: Several heads may have the same teacher.
_LOADED: "WeakValueDictionary[Tuple[str, str], TeacherPipeline]" = WeakValueDictionary()


def find_fingerprint(settings: TeacherSettings) -> str:
    """Identify the pipeline of a teacher by its files.

    settings (TeacherSettings): The settings.
    RETURNS (str): Its fingerprint.
    RAISES (ValueError): If there is no pipeline.
    """
    path = settings.path
    way = (
        f"Set 'path' in {settings.block} to the folder of a trained pipeline, such as "
        "training/model-best. (A trained pipeline predicts without its teacher, but learns from "
        f"it as long as there is {settings.block}: remove the block to go on without it.)"
    )
    if not path.is_dir():
        what = "is not a folder" if path.exists() else "does not exist"
        raise ValueError(f"The teacher of the component '{settings.head}', {path}, {what}. {way}")
    if not (path / "config.cfg").is_file():
        raise ValueError(
            f"The teacher of the component '{settings.head}', {path}, is not a pipeline: it has no "
            f"config.cfg. {way}"
        )
    return fingerprint(path)


def load_teacher(settings: TeacherSettings, teacher: str) -> TeacherPipeline:
    """Load the pipeline of a teacher, unless it is in memory already.

    settings (TeacherSettings): The settings.
    teacher (str): Its fingerprint.
    RETURNS (TeacherPipeline): The pipeline.
    RAISES (ValueError): If it can't be loaded.
    """
    key = (str(Path(settings.path).resolve()), teacher)
    found = _LOADED.get(key)
    if found is None:
        what = f"{settings.path}, the teacher of the component '{settings.head}'"
        way = f"Use another copy, or change 'path' in {settings.block}."
        with unchanged_chance(), explained(what, way):
            found = TeacherPipeline(spacy.load(settings.path))
        _LOADED[key] = found
    return found


def copied(doc: Doc, nlp: Language) -> Doc:
    """Copy the words and spaces of a document, and nothing else.

    doc (Doc): A document of any vocabulary.
    nlp (Language): The pipeline that the copy is for.
    RETURNS (Doc): The copy.
    """
    words = [token.text for token in doc]
    return Doc(nlp.vocab, words=words, spaces=[bool(token.whitespace_) for token in doc])


def _check_tokens(name: str, docs: Sequence[Doc], copies: Sequence[Doc]) -> None:
    for doc, copy in zip(docs, copies):
        if len(doc) != len(copy):
            raise ValueError(
                f"A component before '{name}' in the pipeline of a teacher merges or splits "
                f"tokens: the text {doc.text[:60]!r} has {len(doc)}, but then {len(copy)}. Remove "
                "it from that pipeline."
            )


def _annotated(pipe: Any, docs: List[Doc]) -> List[Doc]:
    if hasattr(pipe, "pipe"):
        return list(pipe.pipe(docs, batch_size=len(docs)))
    return [pipe(doc) for doc in docs]
