"""Labels of stock components to which spaCy only shows the first 100 texts of a stream."""

from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.training.initialize import init_nlp
from thinc.api import Config

from spacy_mtl.corpus.spec import CorpusSpec

SETTINGS: Dict[str, Dict[str, Any]] = {
    "parser": {"min_action_freq": 5},
    "morphologizer": {},
    "trainable_lemmatizer": {"min_tree_freq": 5},
}


def make_docs(n_texts: int) -> List[Doc]:
    """Texts whose last ten have labels that no other has; each has something rare."""
    vocab = spacy.blank("en").vocab
    docs = []
    for i in range(n_texts):
        is_late = i >= n_texts - 10
        docs.append(
            Doc(
                vocab,
                words=["Dogs", "ran", "taps" if is_late else "home"],
                heads=[1, 1, 1],
                deps=["nsubj", "ROOT", "late" if is_late else f"rare{i}"],
                pos=["NOUN", "VERB", "ADV" if is_late else ""],
                morphs=["Number=Plur", "Tense=Past", "Late=Yes" if is_late else ""],
                lemmas=["dog", "run", "tap" if is_late else "home"],
            )
        )
    return docs


def initialize(factory: str, path: Path, max_epochs: int) -> Any:
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    nlp.add_pipe(factory, config=SETTINGS.get(factory, {}))
    config: Any = Config(nlp.config).copy()
    config["paths"] = {"train": None, "dev": None, "vectors": None, "init_tok2vec": None}
    block = {"path": str(path), "tasks": [factory]}
    reader = {"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": {"all": block}}
    config["corpora"] = {"train": reader, "dev": reader}
    config["training"]["max_epochs"] = max_epochs
    return init_nlp(config).get_pipe(factory)


def labels_of(factory: str, path: Path, max_epochs: int) -> Any:
    found = initialize(factory, path, max_epochs)
    if factory == "parser":
        return {name for name in found.move_names if "rare" not in name}
    return {str(label) for label in found.labels}


@pytest.mark.parametrize("factory", list(SETTINGS))
def test_a_stream_shows_all_labels(tmp_path: Path, factory: str) -> None:
    """The same labels as if the component had been shown all texts."""
    path = tmp_path / "all.spacy"
    DocBin(docs=make_docs(150)).to_disk(path)
    DocBin(docs=make_docs(150)[:100]).to_disk(tmp_path / "first.spacy")
    expected = labels_of(factory, path, max_epochs=0)
    assert expected != labels_of(factory, tmp_path / "first.spacy", max_epochs=0)
    assert labels_of(factory, path, max_epochs=-1) == expected


def test_spans_of_the_key_of_the_component(tmp_path: Path) -> None:
    """Other keys don't count, and components without labels aren't asked for any."""
    docs = make_docs(150)
    for doc in docs:
        doc.spans["other"] = [Span(doc, 0, 1, label="OTHER")]
    DocBin(docs=docs).to_disk(tmp_path / "other.spacy")
    for i, doc in enumerate(docs):
        doc.spans["sc"] = [Span(doc, 1, 3, label="LATE" if i > 120 else "SPAN")]
    DocBin(docs=docs).to_disk(tmp_path / "all.spacy")
    for max_epochs in (0, -1):
        spancat = initialize("spancat", tmp_path / "all.spacy", max_epochs)
        assert set(spancat.labels) == {"SPAN", "LATE"}
        initialize("span_finder", tmp_path / "all.spacy", max_epochs)
        initialize("senter", tmp_path / "all.spacy", max_epochs)
    with pytest.raises(ValueError, match="declares the task 'spancat', but none of its 150 texts"):
        initialize("spancat", tmp_path / "other.spacy", max_epochs=0)


def test_a_stream_is_read_for_labels_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every time a component asks for examples."""
    path = tmp_path / "all.spacy"
    DocBin(docs=make_docs(150)).to_disk(path)
    n_read = [0]
    read = CorpusSpec.read

    def counted(self: CorpusSpec, nlp: Language) -> Iterator[Example]:
        for example in read(self, nlp):
            n_read[0] += 1
            yield example

    monkeypatch.setattr(CorpusSpec, "read", counted)
    initialize("parser", path, max_epochs=-1)
    # Once for the survey, once for the actions. Then spaCy takes 100 and 10 texts at a time.
    assert n_read[0] < 5 * 150
