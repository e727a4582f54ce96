"""A task's view as a model of its own, after `nlp.replace_listeners`."""

from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from predicted_values import predictions
from scheme_pipelines import build
from schemes import Row
from spacy.language import Language
from tiny_corpus import make_examples
from training_steps import parameters, train_steps

SCHEDULE = {
    "@schedules": "warmup_linear.v1",
    "initial_rate": 0.3,
    "warmup_steps": 2,
    "total_steps": 9,
}
PENALIZED = [
    Row("SoftSharing", {"strength": SCHEDULE}),
    Row("SharedPrivate", {"adversary_strength": SCHEDULE}),
    Row("MMoE", {"balance": SCHEDULE}),
]


def shim_of(nlp: Language, head: str) -> Any:
    model: Any = nlp.get_pipe(head).model  # type: ignore[attr-defined]
    view = model.get_ref("tok2vec")
    return view.layers[0].get_ref("sharing").shims[0]


@pytest.mark.parametrize("row", PENALIZED, ids=lambda row: row.name)
def test_no_auxiliary_losses(row: Row, tmp_path: Path) -> None:
    """Nobody adds them, and a copy of a schedule cannot continue."""
    nlp = build(row)
    train_steps(nlp, 2)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    nlp.to_disk(tmp_path)
    for each in (nlp, spacy.load(tmp_path)):
        before = parameters(each, "ner")
        train_steps(each, 2)
        assert parameters(each, "ner") != before
        assert not any(shim_of(each, "ner").strengths().values())
    # The shared scheme goes on.
    assert any(nlp.get_pipe("mtl").scheme.strengths().values())  # type: ignore[attr-defined]


def test_a_tree_that_is_not_fixed(tmp_path: Path) -> None:
    """Nobody counts steps, so a view takes what to expect of the choices, without draws."""
    nlp = build(Row("LearnedBranching"))
    train_steps(nlp, 2)
    expected = predictions(nlp)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    assert predictions(nlp) == expected
    nlp.to_disk(tmp_path)
    for each in (nlp, spacy.load(tmp_path)):
        docs = [eg.predicted for eg in make_examples(each)]
        view: Any = each.get_pipe("ner").model.get_ref("tok2vec")  # type: ignore[attr-defined]
        assert shim_of(each, "ner").network.choices["ner"].option is None
        # In training mode.
        (first, _), (second, _) = view(docs, True), view(docs, True)
        assert all((one == other).all() for one, other in zip(first, second))


def test_the_precision_of_the_encoder(encoder_dir: str, tmp_path: Path) -> None:
    encoder: Dict[str, Any] = {"name": encoder_dir, "precision": "bf16"}
    encoder["@architectures"] = "spacy_mtl.TransformerEncoder.v1"
    nlp = spacy.blank("en")
    nlp.add_pipe("mtl", config={"model": Row("TaskAttention").block(encoder)})
    for name in ("mtl_ner", "mtl_textcat"):
        nlp.add_pipe(name)
    nlp.initialize(lambda: make_examples(nlp))
    nlp.replace_listeners("mtl", "mtl_ner", ["model.tok2vec"])
    nlp.to_disk(tmp_path)
    seen: List[str] = []
    loaded = spacy.load(tmp_path)
    mask = shim_of(loaded, "mtl_ner").network.masks["mtl_ner"]
    mask.output.register_forward_hook(lambda module, inputs, Y: seen.append(str(Y.dtype)))
    loaded("old runs")
    assert seen == ["torch.bfloat16"]
