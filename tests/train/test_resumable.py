"""Custom components and readers with a training state."""

from typing import Any, Dict, List

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_mtl.corpus.reader import MultiCorpus
from spacy_mtl.joint.component import MultiTask
from spacy_mtl.train.resumable import (
    ResumableComponent,
    ResumableReader,
    get_component_states,
    set_component_states,
)


class Counting:
    """A component that counts documents."""

    def __init__(self) -> None:
        self.n_docs = 0

    def __call__(self, doc: Doc) -> Doc:
        self.n_docs += 1
        return doc

    def get_training_state(self) -> Dict[str, Any]:
        return {"n_docs": self.n_docs}

    def set_training_state(self, state: Dict[str, Any]) -> None:
        self.n_docs = state["n_docs"]


@pytest.fixture
def nlp() -> Language:
    Language.factory("tests_counting", func=lambda nlp, name: Counting())
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("tests_counting", name="counting")
    return nlp


def test_resumable_classes_of_this_package() -> None:
    assert issubclass(MultiTask, ResumableComponent)
    assert issubclass(MultiCorpus, ResumableReader)


def test_custom_component(nlp: Language) -> None:
    nlp("a")
    nlp("b")
    states = get_component_states(nlp)
    assert states == {"counting": {"n_docs": 2}}
    nlp("c")
    set_component_states(nlp, states)
    counting: Any = nlp.get_pipe("counting")
    assert counting.n_docs == 2


def test_states_of_other_components(nlp: Language) -> None:
    with pytest.raises(ValueError, match="its 'components' have no 'counting'"):
        set_component_states(nlp, {})
    states = {"counting": {"n_docs": 0}, "other": {}}
    with pytest.raises(ValueError, match="have 'other', which the pipeline does not have"):
        set_component_states(nlp, states)


def test_reader_of_a_plain_list() -> None:
    examples: List[Any] = []
    assert not isinstance(lambda nlp: examples, ResumableReader)
