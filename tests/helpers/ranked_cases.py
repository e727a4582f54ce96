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
from tiny_corpus import make_examples
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


def _scheme(encoder: str, scheme: str, settings: Any) -> Any:
    model = {"@architectures": f"spacy_mtl.{scheme}.v1", "tok2vec": CNN, "dropout": 0.0, **settings}
    return pipeline(None, model=model, weighting=method("PCGrad"))


def _inside(encoder: str, scheme: str, settings: Any, place: str) -> Any:
    return build_inside(scheme, weighting=method("PCGrad"), gradients=place, **settings)


def _with_parser(encoder: str, **settings: Any) -> Any:
    """A parser, as the last one. `use_upper = false`: it has no dropout of its own."""
    parser = ("parser", {**WHOLE_TEXTS, "model": stock_models.PARSER})
    nlp = pipeline(
        None, heads={**HEADS, "parser": parser}, examples=stock_models.examples_for, **settings
    )
    _end_with_zeros(nlp.get_pipe("parser"))
    return nlp


def _end_with_zeros(pipe: Any) -> None:
    """The gradient of a parser's lower layer has the batch's last token in place of what is missing
    in a state (spacy/ml/_precomputable_affine.py: X[-1]), so that it depends on the order of texts.
    Let the last one be zeros."""
    resize = pipe.model.attrs["resize_output"]

    def resized(model: Any, n: int) -> Any:
        # It makes a new layer.
        found = resize(model, n)
        _zeros_at_end(model.get_ref("lower"))
        return found

    pipe.model.attrs["resize_output"] = resized
    _zeros_at_end(pipe.model.get_ref("lower"))


def _zeros_at_end(lower: Any) -> None:
    forward = lower._func

    def with_zeros(model: Any, tokens: Any, is_train: bool) -> Any:
        return forward(model, numpy.vstack([tokens, numpy.zeros_like(tokens[:1])]), is_train)

    lower._func = with_zeros


def _with_new_labels(encoder: str, **settings: Any) -> Any:
    """An ner that is initialized with one label, and meets another one in training."""

    def with_one_label(nlp: Any) -> Any:
        examples = make_examples(nlp)
        for eg in examples:
            eg.reference.ents = [ent for ent in eg.reference.ents if ent.label_ == "PER"]
        return examples

    model = {**stock_models.PARSER, "state_type": "ner"}
    ner = ("ner", {"update_with_oracle_cut_size": 0, "model": model})
    nlp = pipeline(
        None, heads={"tagger": "mtl_tagger", "stock": ner}, examples=with_one_label, **settings
    )
    _end_with_zeros(nlp.get_pipe("stock"))
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
#: Schemes without those losses of their own that aren't means over tokens.
OUTSIDE: Dict[str, Any] = {
    **{scheme: {} for scheme in ("MMoE", "CGC", "PLE", "DSelectK", "Sluice", "CrossStitch")},
    **{scheme: {} for scheme in ("SoftSharing", "TaskRelation", "TaskAttention")},
    "InformationPassing": {"method": "attention"},
    "SharedPrivate": {"adversary_strength": 0.0, "orthogonality_strength": 0.0},
}
INSIDE: Dict[str, Any] = {
    "two copies of the upper layer": (
        PARTIAL,
        {"n_private": 1, "groups": {"a": ["tagger", "ner"], "b": ["textcat"]}},
    ),
    "adapters": (ADAPTERS, {"freeze_encoder": False, "rank": 2}),
    "a mix of layers": (MIX, {"layer_dropout": 0.0}),
}
SPAN_FINDER = (
    "span_finder",
    {
        "model": {
            "@architectures": "spacy.SpanFinder.v1",
            "scorer": {"@layers": "spacy.LinearLogistic.v1", "nO": 2},
            "tok2vec": LISTENER,
        }
    },
)
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
    # Until it has an example, a class has the least score of all in the batch.
    "labels that ner meets in training": Case(_with_new_labels, rate=0.05, tolerance=1e-3),
    "span_finder": Case(
        partial(
            _cnn,
            heads={"ner": "mtl_ner", "spans": SPAN_FINDER},
            examples=stock_models.examples_for,
        ),
        rate=0.05,
        examples=stock_models.examples_for,
    ),
    # What is sent has 8 bits.
    "bfloat16": Case(partial(_cnn, weighting=method("UPGrad")), kind="bfloat16", tolerance=2e-2),
    "frozen encoder": Case(partial(_cnn, weighting=method("UPGrad")), frozen=["mtl"]),
    "CRF": Case(partial(_cnn, heads={"ner": ("mtl_ner", {"model": CRF}), "tagger": "mtl_tagger"})),
    # At a higher rate, UPGrad comes to a point where rounding decides, also on one rank.
    **{
        f"teachers, {name}": Case(partial(_taught, weighting=method(name)), rate=0.05)
        for name in ("Constant", "UPGrad", "GradNorm")
    },
    # Their towers learn fast, and rounding grows with them.
    **{
        scheme: Case(partial(_scheme, scheme=scheme, settings=settings), rate=0.05)
        for scheme, settings in OUTSIDE.items()
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
#: Their own losses aren't those of all texts together: means over documents count by tokens.
CASES_OF_CLASSES: Dict[str, Case] = {
    "SharedPrivate with its adversary": Case(
        partial(_scheme, scheme="SharedPrivate", settings={}), rate=0.05
    )
}
