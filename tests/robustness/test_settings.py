"""Every setting of every registered function, with values that it must refuse."""

import inspect
import math
import warnings
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest
import spacy
from confection import ConfigValidationError
from scheme_pipelines import ONE_EACH
from spacy.language import Language
from tiny_pipelines import CNN

from spacy_mtl.registry import registry

#: The registries with functions of this package, by the group of their entry points.
GROUPS = {
    "spacy_factories": "factories",
    "spacy_architectures": "architectures",
    "spacy_scorers": "scorers",
    "spacy_loggers": "loggers",
    "spacy_readers": "readers",
    "spacy_batchers": "batchers",
    "spacy_mtl_weightings": "mtl_weightings",
    "spacy_mtl_schedules": "mtl_schedules",
}
BAD: Dict[str, Any] = {
    "NaN": math.nan,
    "infinity": math.inf,
    "minus infinity": -math.inf,
    "'nan'": "nan",
    "'1e999'": "1e999",
    "'0.5'": "0.5",
    "empty text": "",
    "'x'": "x",
    "null": None,
    "-1": -1,
    "0": 0,
    "1.5": 1.5,
    "[]": [],
    "{}": {},
    "true": True,
    "10**400": 10**400,
    "[NaN]": [math.nan],
    "{'a': NaN}": {"a": math.nan},
    "schedule of text": iter(["x"]),
}
TEXTS = {"'nan'", "'1e999'", "'0.5'", "'x'"}
#: Legal values, by setting, or by function and setting. All others of `BAD` are refused.
LEGAL: Dict[str, Any] = {
    "weights": {"{}"},
    "normalize": {"true"},
    "scorer": {"null"},
    "score_prefix": TEXTS | {"empty text"},
    "prefix": TEXTS | {"empty text"},
    "spans_key": TEXTS | {"null"},
    "overwrite": {"true"},
    "learn_rate_scale": {"1.5", "null"},
    "learn_rate": {"1.5"},
    "label_smoothing": {"0"},
    "threshold": {"0"},
    "mtl_ner.threshold": {"0", "null", "{}"},
    "confidence": {"true"},
    "n_best": {"0"},
    "class_weights": {"{}"},
    "ece": {"true"},
    "name": TEXTS,
    "upstream": TEXTS,
    "tokenizer_config": {"{}"},
    "transformer_config": {"{}"},
    "grad_scaler_config": {"{}"},
    "mixed_precision": {"true"},
    "get_spans": {"null"},
    "window": {"null"},
    "context": {"0"},
    "packing": {"true"},
    "batch_pieces": {"null"},
    "kept_pieces": {"null", "0"},
    # Negative values reverse gradients, for adversarial training.
    "grad_factor": {"-1", "0", "1.5"},
    "TaskListener.width": {"null"},
    "dropout": {"0"},
    "layer_dropout": {"0"},
    "LayerMix.last_weight": {"null"},
    "freeze_encoder": {"true"},
    "freeze_embeddings": {"true"},
    "Adapters.n_layers": {"null"},
    "targets": {"[]"},
    "Adapters.alpha": {"1.5"},
    "Adapters.tasks": {"[]"},
    "PartialSharing.n_private": {"0"},
    "groups": {"{}"},
    "strength": {"0", "1.5", "schedule of text"},
    "hidden_width": {"null"},
    "nO": {"null"},
    "learn_transitions": {"true"},
    "pooling": {"null"},
    "Tok2VecTransformer.pooling": set(),
    "own_weight": {"-1", "0", "1.5"},
    "other_weight": {"-1", "0", "1.5"},
    "last_weight": {"-1", "0", "1.5"},
    "stitch_rate_scale": {"1.5"},
    "orthogonality": {"0", "1.5", "schedule of text"},
    "progress_bar": {"null"},
    "console_output": {"true"},
    "output_file": TEXTS | {"null"},
    "logger": {"null"},
    "tasks": {"[]"},
    "TaskView.tasks": set(),
    "order": {"[]"},
    "gamma": {"1.5"},
    "balance": {"0", "1.5", "schedule of text"},
    "entropy": {"0", "1.5", "schedule of text"},
    "pass_gradient": {"true"},
    "start_temperature": {"1.5"},
    "end_temperature": {"1.5"},
    "adversary_strength": {"0", "1.5", "schedule of text"},
    "orthogonality_strength": {"0", "1.5", "schedule of text"},
    "mu": {"1.5"},
    "temperature": {"1.5", "schedule of text"},
    "DWA.temperature": {"1.5"},
    "weight_decay": {"0", "1.5"},
    "recompute": {"true"},
    "alpha": {"0", "1.5"},
    "epsilon": {"1.5"},
    "c": {"0", "1.5"},
    "reg_eps": {"1.5"},
    "beta": {"0"},
    "step_size": {"1.5"},
    "warmup_steps": {"0"},
    "decay": {"0", "1.5"},
    "ByLoss.decay": {"0"},
    "Balanced.decay": {"0"},
    "mtl.every": {"null"},
    "mtl.gradients": {"null"},
    "teacher": {"null"},
    "schedule": {"null"},
    "mixed": {"true"},
    "replay": {"0"},
    "power": {"0", "1.5"},
    "least": {"0"},
    "tolerance": {"0"},
    "fall": {"0"},
    "idle": {"0"},
    "boost": {"0", "1.5"},
    "target": TEXTS,
    "forget": {"0"},
}
LISTENER = {"@architectures": "spacy_mtl.TaskListener.v1"}
RATE = {"learn_rate": 0.1}
#: Valid values of settings without a default. Heads have theirs in `default_config`.
NEEDED: Dict[str, Dict[str, Any]] = {
    "mtl": {
        "model": {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": CNN},
        "weighting": {"@mtl_weightings": "spacy_mtl.Constant.v1"},
        "gradients": "representation",
    },
    "TransformerEncoder": {"name": "folder"},
    "TransformerModel": {"name": "folder"},
    "Tok2VecTransformer": {"name": "folder", "pooling": {"@layers": "reduce_mean.v1"}},
    "HardSharing": {"tok2vec": CNN},
    **{row.name: {"tok2vec": row.encoder} for row in ONE_EACH},
    "TaskView": {"scheme": ONE_EACH[0].block(), "tasks": ["ner", "tagger"], "task": "ner"},
    "TokenClassifier": {"tok2vec": LISTENER},
    "TextClassifier": {"tok2vec": LISTENER},
    "Uncertainty": RATE,
    "IMTLL": RATE,
    "FAMO": RATE,
    "GradNorm": RATE,
    "MultiCorpus": {
        "corpora": {
            "a": {
                "path": {
                    "@readers": "spacy.Corpus.v1",
                    "path": "folder",
                    "gold_preproc": False,
                    "max_length": 0,
                    "limit": 0,
                    "augmenter": None,
                },
                "tasks": ["ner"],
            }
        }
    },
    "CorpusBatcher": {"batcher": {"@batchers": "spacy.batch_by_sequence.v1", "size": 2}},
    "Sequential": {"phases": [{"tasks": ["ner"]}]},
    "Annealed": {"temperature": 2.0},
    "Weighted": {"shares": {"a": 1.0}},
    "Bandit": {"target": "ner"},
}


def functions() -> Iterator[Tuple[str, str, Callable]]:
    """Yield registry, name and function of everything a config can name."""
    for group, kind in GROUPS.items():
        for point in entry_points(group=group):
            if point.value.startswith("spacy_mtl."):
                module, _, attribute = point.value.partition(":")
                yield kind, point.name, getattr(import_module(module), attribute)


FUNCTIONS = list(functions())


def short(name: str) -> str:
    return name.split(".")[1] if "." in name else name


def settings_of(function: Callable) -> List[str]:
    found = inspect.signature(function).parameters
    return [key for key in found if key != "nlp" and not (key == "name" and "nlp" in found)]


def needed(name: str) -> Dict[str, Any]:
    block = NEEDED.get(short(name), {})
    if not block and Language.has_factory(name):
        block = Language.get_factory_meta(name).default_config
    return dict(registry.resolve({"block": block})["block"])


def legal(name: str, key: str) -> Any:
    return LEGAL.get(f"{short(name)}.{key}", LEGAL.get(key, set()))


def test_all_functions_accept_valid_settings() -> None:
    """They cover all registries."""
    assert {kind for kind, _, _ in FUNCTIONS} == set(GROUPS.values())
    nlp = spacy.blank("en")
    for kind, name, function in FUNCTIONS:
        given = {"nlp": nlp, "name": "head"} if kind == "factories" else {}
        assert function(**given, **needed(name)) is not None


@pytest.mark.parametrize("kind, name, function", FUNCTIONS, ids=[each[1] for each in FUNCTIONS])
def test_values_that_a_setting_cannot_have(kind: str, name: str, function: Callable) -> None:
    """Called directly, without confection's check of types."""
    good = needed(name)
    nlp = {"nlp": spacy.blank("en"), "name": "head"} if kind == "factories" else {}
    wrong = []
    for key in settings_of(function):
        for title, value in BAD.items():
            answer = _answer(lambda: function(**nlp, **{**good, key: value}), key)  # noqa: B023
            expected = "accepted" if title in legal(name, key) else "refused"
            if answer != expected:
                wrong.append(f"{key} = {title}: {answer}, not {expected}")
    assert not wrong


@pytest.mark.parametrize(
    "kind, name, function",
    [each for each in FUNCTIONS if each[0] != "factories"],
    ids=[each[1] for each in FUNCTIONS if each[0] != "factories"],
)
def test_values_in_a_config(kind: str, name: str, function: Callable) -> None:
    """Resolved from a config: what confection refuses must name the key, too."""
    block = {f"@{kind}": name, **NEEDED.get(short(name), {})}
    wrong = []
    for key in settings_of(function):
        for title, value in BAD.items():
            if title == "schedule of text":
                # Not a value in a config, which has a block for it.
                continue
            changed = {"block": {**block, key: value}}
            answer = _answer(lambda: registry.resolve(changed), key)  # noqa: B023
            expected = "accepted" if title in legal(name, key) else "refused"
            if answer != expected:
                wrong.append(f"{key} = {title}: {answer}, not {expected}")
        changed = {"block": {**block, f"{key}s_": 1.0}}
        if _answer(lambda: registry.resolve(changed), f"{key}s_") != "refused":  # noqa: B023
            wrong.append(f"{key}s_")
    assert not wrong


def _answer(run: Callable[[], Any], key: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run()
    except ConfigValidationError as err:
        return "refused" if key in str(err) else f"refused without its key: {err}"
    except ValueError as err:
        says = str(err)
        if key not in says and key.rstrip("s") not in says.lower():
            return f"refused without its key: {err}"
        ways = ("Add", "Fix", "Set", "set", "Leave", "Name", "Use", "Remove")
        is_helpful = any(word in says for word in ways)
        return "refused" if is_helpful else f"does not say how to fix it: {err}"
    except Exception as err:
        return f"{type(err).__name__}: {err}"
    return "accepted"
