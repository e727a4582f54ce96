"""The pipelines whose training is recorded: encoders, heads, weightings, meetings, annotation."""

from dataclasses import dataclass, field, replace
from typing import Any, Dict, Sequence, Tuple

from methods import BY_GRADIENTS, NAMES, ONLY_AT_PARAMETERS, STATEFUL, block


@dataclass(frozen=True)
class Run:
    """A pipeline and how it is trained.

    heads (Dict[str, Tuple[str, Dict]]): The factory and settings of each head, by name.
    encoder (str): "cnn" or "bert" inside `mtl`, or a component before it: "transformer",
        "stock transformer" or "tok2vec".
    mtl (Dict[str, Any]): The settings of the joint component.
    keep (Sequence[str]): The annotation that the examples of a batch have, in turn: "all",
        "" for none, or a kind of `tiny_corpus.strip`.
    keep_by_batch (bool): Whether to change the annotation per batch instead of per example.
    drop (float): The dropout rate.
    n_parts (int): The number of sub-batches in a batch.
    frozen (Sequence[str]): The components that are not trained.
    """

    heads: Dict[str, Tuple[str, Dict[str, Any]]]
    encoder: str = "cnn"
    mtl: Dict[str, Any] = field(default_factory=dict)
    keep: Sequence[str] = ("all",)
    keep_by_batch: bool = False
    drop: float = 0.0
    n_parts: int = 1
    frozen: Sequence[str] = ()


OURS: Dict[str, Tuple[str, Dict[str, Any]]] = {
    "tagger": ("mtl_tagger", {}),
    "ner": ("mtl_ner", {}),
    "textcat": ("mtl_textcat", {}),
}
CRF = {
    "@architectures": "spacy_mtl.TokenClassifier.v1",
    "learn_transitions": True,
    "tok2vec": {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"},
}
LISTENER = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl", "width": 16}
STOCK: Dict[str, Tuple[str, Dict[str, Any]]] = {
    "tagger": (
        "tagger",
        {"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}},
    ),
    "ner": (
        "ner",
        {
            "model": {
                "@architectures": "spacy.TransitionBasedParser.v2",
                "state_type": "ner",
                "extra_state_tokens": False,
                "hidden_width": 8,
                "maxout_pieces": 2,
                "use_upper": True,
                "tok2vec": LISTENER,
            }
        },
    ),
    "textcat": (
        "textcat",
        {
            "model": {
                "@architectures": "spacy.TextCatReduce.v1",
                "exclusive_classes": True,
                "nO": None,
                "use_reduce_first": False,
                "use_reduce_last": False,
                "use_reduce_max": False,
                "use_reduce_mean": True,
                "tok2vec": LISTENER,
            }
        },
    ),
}
#: All annotation, none, and each kind alone.
PARTLY = ("tag", "all", "cats", "", "ents")
KINDS = ("tag", "ents", "cats")


def runs() -> Dict[str, Run]:
    """All recorded runs, by name."""
    found: Dict[str, Run] = {}
    for encoder in ("cnn", "bert", "transformer", "stock transformer", "tok2vec"):
        found[f"{encoder}, all annotated"] = Run(OURS, encoder)
        found[f"{encoder}, partly annotated"] = Run(OURS, encoder, keep=PARTLY)
        found[f"{encoder}, all annotated, dropout"] = Run(OURS, encoder, drop=0.2)
        found[f"{encoder}, partly annotated, dropout"] = Run(OURS, encoder, keep=PARTLY, drop=0.2)
        found[f"{encoder}, at the parameters"] = Run(
            OURS, encoder, {"gradients": "parameters", "weighting": block("PCGrad")}, PARTLY
        )
        found[f"{encoder}, sub-batches"] = Run(OURS, encoder, keep=KINDS, n_parts=2)
        found[f"{encoder}, stock heads"] = Run(STOCK, encoder)
        found[f"{encoder}, stock heads, partly annotated"] = Run(STOCK, encoder, keep=KINDS)
        alone = Run(OURS, encoder, keep=PARTLY, keep_by_batch=True)
        found[f"{encoder}, a kind a batch"] = alone
        found[f"{encoder}, a kind a batch, dropout"] = replace(alone, drop=0.2)
        found[f"{encoder}, a kind a batch, at the parameters"] = replace(
            alone, mtl={"gradients": "parameters", "weighting": block("GradNorm")}
        )
        found[f"{encoder}, a kind a batch, stock heads"] = replace(alone, heads=STOCK)
    for name in NAMES:
        at = {"weighting": block(name)}
        if name not in ONLY_AT_PARAMETERS:
            if name == "DBMTL":
                at["weighting"]["beta"] = 0.0
            found[f"{name}"] = Run(OURS, mtl=at, keep=PARTLY)
            found[f"{name}, stock heads"] = Run(STOCK, mtl=at)
        if name in BY_GRADIENTS or name == "FAMO":
            at = {"weighting": block(name), "gradients": "parameters"}
            found[f"{name}, at the parameters"] = Run(OURS, mtl=at, keep=PARTLY)
    for name in STATEFUL:
        if name not in ("DBMTL", *ONLY_AT_PARAMETERS):
            found[f"{name}, a kind a batch"] = Run(
                OURS, mtl={"weighting": block(name)}, keep=("tag", "all"), keep_by_batch=True
            )
    found["FAMO looks back, a kind a batch"] = Run(
        OURS,
        "transformer",
        {"weighting": block("FAMO", recompute=True)},
        KINDS,
        keep_by_batch=True,
    )
    mixed = {"tagger": OURS["tagger"], "ner": STOCK["ner"], "textcat": OURS["textcat"]}
    found["stock head in the middle"] = Run(mixed, keep=KINDS)
    found["stock head last"] = Run({**OURS, "stock": STOCK["tagger"]}, keep=PARTLY)
    found["FAMO looks back"] = Run(
        OURS, "transformer", {"weighting": block("FAMO", recompute=True)}, PARTLY
    )
    found["FAMO looks back, stock heads"] = Run(
        STOCK, "transformer", {"weighting": block("FAMO", recompute=True)}
    )
    found["last head frozen"] = Run(OURS, keep=PARTLY, frozen=["textcat"])
    found["encoder frozen"] = Run(OURS, "transformer", frozen=["transformer", "mtl"])
    found["heads of a kind"] = Run(
        {
            **OURS,
            "crf": ("mtl_ner", {"model": CRF, "spans_key": "sc"}),
            "multi": ("mtl_textcat_multilabel", {}),
            "slow": ("mtl_tagger", {"learn_rate_scale": 3.0, "attribute": "pos"}),
        }
    )
    found["weights and a schedule"] = Run(
        OURS,
        mtl={
            "weighting": block(
                "Constant",
                weights={
                    "tagger": 0.5,
                    "ner": {
                        "@schedules": "warmup_linear.v1",
                        "initial_rate": 2.0,
                        "warmup_steps": 5,
                        "total_steps": 15,
                    },
                },
            )
        },
        keep=PARTLY,
    )
    return found
