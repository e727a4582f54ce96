"""Labels of stock components where spaCy shows them the first 100 texts of a stream only."""

from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from thinc.api import Config

SETTINGS: Dict[str, Dict[str, Any]] = {
    "parser": {"min_action_freq": 5},
    "morphologizer": {},
    "trainable_lemmatizer": {"min_tree_freq": 5},
}


def make_docs(n_texts: int) -> List[Doc]:
    """Texts of which the last ten have what no other has; and each, something that is rare."""
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


def labels_of(factory: str, path: Path, max_epochs: int) -> Any:
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    nlp.add_pipe(factory, config=SETTINGS[factory])
    config: Any = Config(nlp.config).copy()
    config["paths"] = {"train": None, "dev": None, "vectors": None, "init_tok2vec": None}
    block = {"path": str(path), "tasks": [factory]}
    reader = {"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": {"all": block}}
    config["corpora"] = {"train": reader, "dev": reader}
    config["training"]["max_epochs"] = max_epochs
    found: Any = init_nlp(config).get_pipe(factory)
    if factory == "parser":
        return {name for name in found.move_names if "rare" not in name}
    return {str(label) for label in found.labels}


@pytest.mark.parametrize("factory", list(SETTINGS))
def test_a_stream_shows_all_labels(tmp_path: Path, factory: str) -> None:
    """Those that the component has where it is shown all texts, and no others."""
    path = tmp_path / "all.spacy"
    DocBin(docs=make_docs(150)).to_disk(path)
    DocBin(docs=make_docs(150)[:100]).to_disk(tmp_path / "first.spacy")
    expected = labels_of(factory, path, max_epochs=0)
    assert expected != labels_of(factory, tmp_path / "first.spacy", max_epochs=0)
    assert labels_of(factory, path, max_epochs=-1) == expected
