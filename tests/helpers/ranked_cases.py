"""What is trained on several ranks and on one, to compare them."""

import os
from functools import partial
from pathlib import Path
from typing import Any, Dict, Sequence

import methods
import numpy
import stock_models
from inside_pipelines import ADAPTERS, MIX, PARTIAL
from inside_pipelines import build as build_inside
from ranked_steps import Case, pipeline
from stock_heads import STOCK
from taught_pipelines import KINDS, block, save_teacher
from thinc.api import fix_random_seed
from tiny_pipelines import CNN, CRF, HEADS, inner

#: Settings of methods beside a learning rate.
SETTINGS: Dict[str, Dict[str, Any]] = {
    "Constant": {"weights": {"ner": 2.0, "tagger": 0.5}},
    "Uncertainty": {"learn_rate": 0.1},
    "GradNorm": {"learn_rate": 0.1},
    "FAMO": {"learn_rate": 0.1, "recompute": True},
    "ExcessMTL": {"warmup_steps": 3},
}
PLACES = ("representation", "parameters")


def method(name: str, place: str = "parameters") -> Dict[str, Any]:
    # Its moving average can't be used at the representation.
    more = {"beta": 0.0} if (name, place) == ("DBMTL", "representation") else {}
    return methods.block(name, **SETTINGS.get(name, {}), **more)


def places_of(name: str) -> Sequence[str]:
    """Where a method can have its gradients."""
    return PLACES[1:] if name in methods.ONLY_AT_PARAMETERS else PLACES


def _cnn(encoder: str, **settings: Any) -> Any:
    return pipeline(None, **settings)


def _bert(encoder: str, **settings: Any) -> Any:
    return pipeline(inner(encoder), **settings)


def _upstream(encoder: str, **settings: Any) -> Any:
    return pipeline(encoder, **settings)


def _scheme(encoder: str, scheme: str, **settings: Any) -> Any:
    model = {"@architectures": f"spacy_mtl.{scheme}.v1", "tok2vec": CNN, "dropout": 0.0}
    return pipeline(None, model=model, weighting=method("PCGrad"))


def _inside(encoder: str, scheme: str, settings: Any, place: str) -> Any:
    return build_inside(scheme, weighting=method("PCGrad"), gradients=place, **settings)


def _with_parser(encoder: str, **settings: Any) -> Any:
    """A parser, as the last one. `use_upper = false`: it has no dropout of its own."""
    parser = ("parser", {**WHOLE_TEXTS, "model": stock_models.PARSER})
    nlp = pipeline(
        None, heads={**HEADS, "parser": parser}, examples=stock_models.examples_for, **settings
    )
    # The gradient of its lower layer has the batch's last token in place of what is missing in a
    # state (spacy/ml/_precomputable_affine.py: X[-1]), so that it depends on the order of texts.
    # Let the last one be zeros.
    lower: Any = nlp.get_pipe("parser").model.get_ref("lower")  # type: ignore[attr-defined]
    forward = lower._func

    def with_zeros(model: Any, tokens: Any, is_train: bool) -> Any:
        return forward(model, numpy.vstack([tokens, numpy.zeros_like(tokens[:1])]), is_train)

    lower._func = with_zeros
    return nlp


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


#: It learns from all states of a text, and keeps all labels.
WHOLE_TEXTS = {"update_with_oracle_cut_size": 0, "min_action_freq": 1}
LISTENER = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
STOCK_HEADS = {name: (name, {"model": {**STOCK[name][1], "tok2vec": LISTENER}}) for name in STOCK}
INSIDE: Dict[str, Any] = {
    "two copies of the upper layer": (
        PARTIAL,
        {"n_private": 1, "groups": {"a": ["tagger", "ner"], "b": ["textcat"]}},
    ),
    "adapters": (ADAPTERS, {"freeze_encoder": False, "rank": 2}),
    "a mix of layers": (MIX, {"layer_dropout": 0.0}),
}
CASES: Dict[str, Case] = {
    **{
        f"{name} at {place}": Case(partial(_cnn, weighting=method(name, place), gradients=place))
        for name in methods.NAMES
        for place in places_of(name)
    },
    **{
        f"{name} every 3": Case(
            partial(_cnn, weighting=method(name), gradients="parameters", every=3)
        )
        for name in ("Constant", "Uncertainty", "GradNorm", "PCGrad", "UPGrad", "FAMO")
    },
    **{
        f"BERT, {name} at {place}": Case(partial(make, weighting=method(name), gradients=place))
        for make, name in ((_bert, "UPGrad"), (_upstream, "GradNorm"))
        for place in PLACES
    },
    "Adam": Case(partial(_cnn, weighting=method("UPGrad")), adam=True),
    "BERT, Adam": Case(partial(_bert, weighting=method("UPGrad")), adam=True),
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
    **{
        f"inside the encoder, {name} at {place}": Case(
            partial(_inside, scheme=scheme, settings=settings, place=place), rate=0.05
        )
        for name, (scheme, settings) in INSIDE.items()
        for place in PLACES
    },
    **{
        f"parser, {name} at {place}": Case(
            partial(_with_parser, weighting=method(name), gradients=place),
            rate=0.05,
            examples=stock_models.examples_for,
        )
        for name in ("Constant", "UPGrad")
        for place in PLACES
    },
}
