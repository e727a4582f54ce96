"""What is trained on several ranks and on one, to compare them."""

import os
from functools import partial
from pathlib import Path
from typing import Any, Dict

from ranked_steps import Case, pipeline
from stock_heads import STOCK
from taught_pipelines import KINDS, block, save_teacher
from thinc.api import fix_random_seed
from tiny_pipelines import CNN, CRF, inner

#: Methods with the settings that they need, at each place where they work.
METHODS: Dict[str, Dict[str, Any]] = {
    "Constant": {"weights": {"ner": 2.0, "tagger": 0.5}},
    "Uncertainty": {"learn_rate": 0.1},
    "GradNorm": {"learn_rate": 0.1},
    "PCGrad": {},
    "UPGrad": {},
    "FAMO": {"learn_rate": 0.1, "recompute": True},
    "DBMTL": {},
    "GradDrop": {},
}
PLACES = ("representation", "parameters")


def method(name: str, place: str = "parameters") -> Dict[str, Any]:
    # Its moving average can't be used at the representation.
    more = {"beta": 0.0} if (name, place) == ("DBMTL", "representation") else {}
    return {"@mtl_weightings": f"spacy_mtl.{name}.v1", **METHODS[name], **more}


def _cnn(encoder: str, **settings: Any) -> Any:
    return pipeline(None, **settings)


def _bert(encoder: str, **settings: Any) -> Any:
    return pipeline(inner(encoder), **settings)


def _upstream(encoder: str, **settings: Any) -> Any:
    return pipeline(encoder, **settings)


def _scheme(encoder: str, scheme: str, **settings: Any) -> Any:
    model = {"@architectures": f"spacy_mtl.{scheme}.v1", "tok2vec": CNN, "dropout": 0.0}
    return pipeline(None, model=model, weighting=method("PCGrad"))


def _taught(encoder: str, **settings: Any) -> Any:
    """Each process trains teachers of its own, which are the same."""
    folder = Path(encoder).with_name(f"teachers-{os.getpid()}")
    folder.mkdir(exist_ok=True)
    schedule = {"@schedules": "warmup_linear.v1", "initial_rate": 1.0, "warmup_steps": 0}
    weight = {**schedule, "total_steps": 30}
    heads = {}
    for name, kind in (("tagger", "tagger"), ("ner", "ner with transitions"), ("textcat", "multi")):
        path = folder / name
        teacher = block(path if path.exists() else save_teacher(kind, path, 5), folder, weight)
        factory, config = KINDS[kind]
        heads[name] = (factory, {**config, "teacher": {**teacher, "component": "head"}})
    fix_random_seed(0)
    return pipeline(None, heads=heads, **settings)


LISTENER = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
STOCK_HEADS = {name: (name, {"model": {**STOCK[name][1], "tok2vec": LISTENER}}) for name in STOCK}
CASES: Dict[str, Case] = {
    **{
        f"{name} at {place}": Case(partial(_cnn, weighting=method(name, place), gradients=place))
        for name in METHODS
        for place in PLACES
    },
    **{
        f"{name} every 3": Case(
            partial(_cnn, weighting=method(name), gradients="parameters", every=3)
        )
        for name in ("Constant", "PCGrad", "UPGrad", "FAMO")
    },
    **{
        f"BERT, {name} at {place}": Case(partial(make, weighting=method(name), gradients=place))
        for make, name in ((_bert, "UPGrad"), (_upstream, "GradNorm"))
        for place in PLACES
    },
    "Adam": Case(partial(_cnn, weighting=method("UPGrad")), adam=True),
    "frozen head": Case(partial(_cnn, weighting=method("UPGrad")), frozen=["ner"]),
    **{
        f"stock heads, {name} at {place}": Case(
            partial(
                _cnn,
                weighting=method(name),
                gradients=place,
                heads={"ner": "mtl_ner", **STOCK_HEADS},
            )
        )
        for name in ("Constant", "GradNorm", "FAMO")
        for place in PLACES
    },
    "bfloat16": Case(partial(_cnn, weighting=method("UPGrad")), kind="bfloat16"),
    "frozen encoder": Case(partial(_cnn, weighting=method("UPGrad")), frozen=["mtl"]),
    "CRF": Case(partial(_cnn, heads={"ner": ("mtl_ner", {"model": CRF}), "tagger": "mtl_tagger"})),
    # At a higher rate, UPGrad comes to a point where rounding decides, also on one rank.
    **{
        f"teachers, {name}": Case(partial(_taught, weighting=method(name)), rate=0.05)
        for name in ("Constant", "UPGrad", "GradNorm")
    },
    # Their towers learn fast, and rounding grows with them.
    **{
        scheme: Case(partial(_scheme, scheme=scheme), rate=0.05)
        for scheme in ("MMoE", "Sluice", "CGC")
    },
}
