"""spaCy's ner, which grows by the labels of its texts, on several ranks."""

from typing import Any, Dict, List

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span
from stock_models import PARSER
from tiny_corpus import make_examples
from tiny_pipelines import CNN

from spacy_mtl.ranks.group import Group
from spacy_mtl.ranks.parsers import add_labels, note_seen, parsers_of, sizes_of, take_over


class Fixed(Group):
    """Another rank has said this."""

    size = 2

    def __init__(self, rank: int, said: Any = None) -> None:
        self.rank = rank
        self.said = said

    def gather(self, value: Any) -> List[Any]:
        return [value, self.said]

    def broadcast(self, value: Any) -> Any:
        self.said = value if self.is_first else self.said
        return self.said


@pytest.fixture
def make_ner() -> Any:
    def make() -> Language:
        nlp = spacy.blank("en")
        model = {**PARSER, "state_type": "ner", "tok2vec": CNN}
        nlp.add_pipe("ner", config={"model": model})
        nlp.add_pipe("parser", config={"model": {**PARSER, "tok2vec": CNN}})
        nlp.initialize(lambda: make_examples(nlp))
        return nlp

    return make


def classes(nlp: Language) -> Dict[str, Any]:
    pipe: Any = nlp.get_pipe("ner")
    return {"moves": pipe.move_names, "unseen": set(pipe.model.attrs["unseen_classes"])}


def test_labels_are_added_in_one_order(make_ner: Any) -> None:
    """Sets of strings have another order in each process."""
    nlp = make_ner()
    examples = make_examples(nlp)
    gold = examples[0].reference
    gold.ents = [Span(gold, i, i + 1, label) for i, label in enumerate(("Z", "A", "M"))]
    parsers = parsers_of(nlp)
    assert set(parsers) == {"ner", "parser"}
    assert set(parsers_of(nlp, ["ner"])) == {"parser"}
    before = sizes_of(parsers)
    add_labels(parsers, examples)
    new = parsers["ner"].move_names[before["ner"] :]
    assert [each.split("-")[1] for each in new[::5]] == ["A", "M", "Z"]
    # It has no rare labels.
    assert sizes_of(parsers)["parser"] == before["parser"]


def test_what_any_rank_has_seen(make_ner: Any) -> None:
    nlp = make_ner()
    parsers = {"ner": nlp.get_pipe("ner")}
    parsers["ner"].add_label("NEW")
    assert len(classes(nlp)["unseen"]) >= 4
    kept = sorted(classes(nlp)["unseen"])[1:]
    note_seen(parsers, Fixed(0, [[*kept, 999]]))
    assert classes(nlp)["unseen"] == set(kept)
    note_seen({}, Fixed(0, "nobody asks"))


def test_labels_of_an_evaluation(make_ner: Any) -> None:
    """Only the first rank predicts, and its ner adds labels that texts have before."""
    one, two = make_ner(), make_ner()
    group = Fixed(0)
    before = sizes_of(parsers_of(one))
    doc = one.make_doc("Anna books a room")
    doc.ents = [Span(doc, 0, 1, "Z"), Span(doc, 1, 2, "A")]
    one.get_pipe("ner").predict([doc])
    assert sizes_of(parsers_of(one)) != before
    take_over(parsers_of(one), before, group)
    take_over(parsers_of(two), before, Fixed(1, group.said))
    assert classes(one) == classes(two)
    found = [nlp.get_pipe("ner").model.get_ref("lower").get_param("W") for nlp in (one, two)]
    assert numpy.array_equal(*found)
    # Where nothing has grown, nothing is sent.
    take_over(parsers_of(one), sizes_of(parsers_of(one)), group)
    assert group.said == {}
