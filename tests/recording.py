"""What a training does, step by step, in numbers that another one can be compared with.

`tests/recordings/joint_step.json` was written before the rooms of the joint step moved, and
`training.zip`, a training that was interrupted, by the version before. Where behavior is meant to
change, `python tests/recording.py` writes the former again.
"""

import hashlib
import io
import json
import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import numpy
import spacy
import thinc
import torch
from methods import BY_GRADIENTS, NAMES, block
from random_encoders import save_bert
from short_training import config_of, set_corpora
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Adam, fix_random_seed
from tiny_corpus import TEXTS, strip
from tiny_pipelines import CNN, add_joint

from spacy_mtl.train.checkpoint import find_latest
from spacy_mtl.train.loop import train as train_on

N_STEPS = 20
PATH = Path(__file__).parent / "recordings" / "joint_step.json"
#: A folder with "corpus.spacy" and a checkpoint of `record_interrupted`.
INTERRUPTED = PATH.with_name("training.zip")

Record = Dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A pipeline and how it is trained.

    heads (Dict[str, Tuple[str, Dict]]): Factory and settings by name.
    encoder (str): "cnn" or "bert" inside of `mtl`; or a component before it, "transformer",
        "stock transformer" or "tok2vec".
    mtl (Dict[str, Any]): Settings of the joint component.
    keep (Sequence[str]): Which annotation the examples of each batch have, in turn: "all", ""
        for none, or one kind of `tiny.strip`.
    drop (float): The dropout rate.
    n_parts (int): Into how many sub-batches a batch is cut.
    frozen (Sequence[str]): Components that are not trained.
    """

    heads: Dict[str, Tuple[str, Dict[str, Any]]]
    encoder: str = "cnn"
    mtl: Dict[str, Any] = field(default_factory=dict)
    keep: Sequence[str] = ("all",)
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
#: Each kind of annotation alone, all, and none.
PARTLY = ("tag", "all", "cats", "", "ents")
KINDS = ("tag", "ents", "cats")


def runs() -> Dict[str, Run]:
    """All that is recorded, by name."""
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
    for name in NAMES:
        at = {"weighting": block(name)}
        if name != "ExcessMTL":
            if name == "DBMTL":
                at["weighting"]["beta"] = 0.0
            found[f"{name}"] = Run(OURS, mtl=at, keep=PARTLY)
            found[f"{name}, stock heads"] = Run(STOCK, mtl=at)
        if name in BY_GRADIENTS or name == "FAMO":
            at = {"weighting": block(name), "gradients": "parameters"}
            found[f"{name}, at the parameters"] = Run(OURS, mtl=at, keep=PARTLY)
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


def make_gold(nlp: Language) -> List[Doc]:
    """The tiny corpus, with one part of speech for each tag, and entities in `doc.spans`, too."""
    docs = []
    for text, tags, ents, cat in TEXTS:
        pos = ["NOUN" if tag.startswith("N") else "X" for tag in tags.split()]
        doc = Doc(nlp.vocab, words=text.split(), tags=tags.split(), pos=pos)
        doc.set_ents([Span(doc, *ent) for ent in ents], default="outside")
        doc.spans["sc"] = [Span(doc, *ent) for ent in ents]
        doc.cats = {label: float(label == cat) for label in "ab"}
        docs.append(doc)
    return docs


def build(run: Run, encoder_dir: str) -> Language:
    """The pipeline of a run, initialised."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    tok2vec: Any = dict(CNN)
    if run.encoder == "bert":
        tok2vec = {"@architectures": "spacy_mtl.TransformerEncoder.v1", "name": encoder_dir}
    elif run.encoder == "tok2vec":
        nlp.add_pipe("tok2vec", config={"model": CNN})
        tok2vec = {
            "@architectures": "spacy.Tok2VecListener.v1",
            "width": 16,
            "upstream": "tok2vec",
        }
    elif run.encoder != "cnn":
        model: Dict[str, Any] = {"name": encoder_dir}
        if run.encoder == "stock transformer":
            model = {
                "@architectures": "spacy-transformers.TransformerModel.v3",
                "name": encoder_dir,
                "tokenizer_config": {"use_fast": True},
                "get_spans": {
                    "@span_getters": "spacy-transformers.strided_spans.v1",
                    "window": 16,
                    "stride": 12,
                },
            }
        nlp.add_pipe("transformer", config={"model": model})
        tok2vec = None
    mtl = dict(run.mtl)
    if tok2vec is not None:
        mtl["model"] = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": tok2vec}
    nlp.add_pipe("mtl", config=mtl)
    for name, (factory, settings) in run.heads.items():
        nlp.add_pipe(factory, name=name, config=settings)
    gold = make_gold(nlp)
    nlp.initialize(lambda: [Example(strip(doc, ""), doc) for doc in gold])
    nlp.config["training"]["frozen_components"] = list(run.frozen)
    return nlp


def record(run: Run, encoder_dir: str) -> Record:
    """Train for some steps and take down what there is to see.

    RETURNS (Record): "losses" of the first batch, summed, and as a digest; "gradients" after the
        first and the last backward pass, "weights" after the last step, as norms and digests;
        "scores" and "annotation".
    """
    nlp = build(run, encoder_dir)
    fix_random_seed(1)
    optimizer = Adam(0.01, grad_clip=1.0)
    gold = make_gold(nlp)
    losses: List[Dict[str, float]] = []
    gradients: Dict[str, Any] = {}
    for step in range(N_STEPS):
        batch = [
            Example(strip(doc, ""), doc if keep == "all" else strip(doc, keep))
            for doc, keep in zip(gold, _turned(run.keep, step, len(gold)))
        ]
        for part in _cut(batch, run.n_parts):
            found: Dict[str, float] = {}
            nlp.update(part, drop=run.drop, sgd=False, losses=found, exclude=list(run.frozen))
            losses.append({name: float(value) for name, value in found.items()})
        if step in (0, N_STEPS - 1):
            gradients[str(step)] = _summed_up(parameters(nlp, gradients=True))
        for name, pipe in nlp.pipeline:
            if name not in run.frozen:
                pipe.finish_update(optimizer)
        optimizer.step_schedules()
    weights = _summed_up(parameters(nlp))
    docs = list(nlp.pipe([doc.text for doc in gold]))
    scores = nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in gold])
    scores.pop("speed")
    return {
        "first losses": losses[0],
        "losses": {name: sum(found.get(name, 0.0) for found in losses) for name in losses[0]},
        "every loss": _digest(_hexadecimal(found) for found in losses),
        "gradients": gradients,
        "weights": weights,
        "scores": _numbers(scores),
        "annotation": _digest(_annotation(doc).encode() for doc in docs),
    }


def parameters(nlp: Language, gradients: bool = False) -> Iterator[Tuple[str, Any]]:
    """The parameters of a pipeline, or their gradients where there are some, with the component."""
    for component, pipe in nlp.pipeline:
        for node in pipe.model.walk() if hasattr(pipe, "model") else ():
            for key in node.param_names:
                if not gradients:
                    yield component, node.get_param(key)
                elif node.has_grad(key):
                    yield component, node.get_grad(key)
            for shim in node.shims:
                for p in shim._model.parameters():
                    value = p.grad if gradients else p.detach()
                    if value is not None:
                        yield component, value.numpy()


def fingerprint() -> Dict[str, str]:
    """What decides about the last bits of a number."""
    return {
        "torch": torch.__version__.split("+")[0],
        "numpy": numpy.__version__,
        "thinc": thinc.__version__,
        "spacy": spacy.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "machine": platform.machine(),
        "processor": _processor(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    lines = info.read_text(encoding="utf8").split("\n\n")[0].splitlines()
    known = dict(line.split(":", 1) for line in lines if ":" in line)
    kept = ("vendor_id", "cpu family", "model")
    found = {key.strip(): value.strip() for key, value in known.items()}
    return " ".join(found.get(key, "") for key in kept)


def _turned(keep: Sequence[str], step: int, n: int) -> List[str]:
    return [keep[(step + i) % len(keep)] for i in range(n)]


def _cut(batch: List[Example], n_parts: int) -> Iterator[List[Example]]:
    size = -(-len(batch) // n_parts)
    for start in range(0, len(batch), size):
        yield batch[start : start + size]


def _summed_up(arrays: Iterator[Tuple[str, Any]]) -> Dict[str, Dict[str, Any]]:
    by_component: Dict[str, List[Any]] = {}
    for component, array in arrays:
        by_component.setdefault(component, []).append(numpy.ascontiguousarray(array))
    return {
        component: {
            "n": sum(array.size for array in found),
            "norm": float(sum((array.astype("float64") ** 2).sum() for array in found) ** 0.5),
            "digest": _digest(array.tobytes() for array in found),
        }
        for component, found in by_component.items()
    }


def _digest(parts: Any) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()[:16]


def _hexadecimal(losses: Dict[str, float]) -> bytes:
    return repr([(name, value.hex()) for name, value in losses.items()]).encode()


def _annotation(doc: Doc) -> str:
    tokens = [(t.text, t.tag_, t.pos_, t.ent_iob_, t.ent_type_) for t in doc]
    spans = {key: [(s.start, s.end, s.label_) for s in group] for key, group in doc.spans.items()}
    cats = {label: float(value).hex() for label, value in doc.cats.items()}
    return repr((tokens, spans, sorted(cats.items())))


def _numbers(scores: Dict[str, Any]) -> Dict[str, float]:
    found: Dict[str, float] = {}
    for key, value in sorted(scores.items()):
        if isinstance(value, dict):
            found.update({f"{key}.{k}": v for k, v in _numbers(value).items()})
        elif value is not None and not isinstance(value, str):
            found[key] = float(value)
    return found


SCHEDULES: Dict[str, Dict[str, Any]] = {
    "RoundRobin": {},
    "Uniform": {},
    "Proportional": {},
    "Temperature": {"temperature": 3.0},
    "Annealed": {
        "temperature": {"@schedules": "compounding.v1", "start": 1.0, "stop": 5.0, "compound": 1.1}
    },
    "Weighted": {"shares": {"tags": 2.0, "entities": 1.0, "categories": 0.5}},
    "Sequential": {
        "phases": [{"tasks": ["tagger"], "steps": 5}, {"tasks": ["ner", "textcat"]}],
        "replay": 0.2,
    },
    "ByLoss": {},
    "ByScore": {},
    "Bandit": {"target": "ner"},
}


def record_training(schedule: str, folder: Path, *, is_streamed: bool, mixed: bool) -> Record:
    """Train on three corpora by a schedule, and take down what was drawn and what came of it.

    RETURNS (Record): "batches" as texts, "weights" as norms and digests, the last "scores".
    """
    blank = spacy.blank("en")
    for name, keep in (("tags", "tag"), ("entities", "ents"), ("categories", "cats")):
        docs = [strip(doc, keep) for doc in make_gold(blank)]
        docs = docs if name == "tags" else docs[:3]
        DocBin(docs=docs, store_user_data=False).to_disk(folder / f"{name}.spacy")
    DocBin(docs=make_gold(blank)).to_disk(folder / "dev.spacy")
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for head, (factory, _) in OURS.items():
        nlp.add_pipe(factory, name=head)
    config = nlp.config.copy()
    tasks = {"tags": ["tagger"], "entities": ["ner"], "categories": ["textcat"]}
    config["corpora"] = {
        "train": {
            "@readers": "spacy_mtl.MultiCorpus.v1",
            "shuffle_buffer": 3,
            "schedule": {
                "@mtl_schedules": f"spacy_mtl.{schedule}.v1",
                **SCHEDULES[schedule],
            },
            "corpora": {
                name: {"path": str(folder / f"{name}.spacy"), "tasks": found}
                for name, found in tasks.items()
            },
        },
        "dev": {"@readers": "spacy.Corpus.v1", "path": str(folder / "dev.spacy")},
    }
    config["training"].update(
        {
            "max_epochs": -1 if is_streamed else 0,
            "max_steps": 24,
            "eval_frequency": 6,
            "seed": 3,
            "dropout": 0.0,
            "logger": {"@loggers": "spacy_mtl.ConsoleLogger.v1", "console_output": False},
            "batcher": {
                "@batchers": "spacy_mtl.CorpusBatcher.v1",
                "mixed": mixed,
                "batcher": {
                    "@batchers": "spacy.batch_by_sequence.v1",
                    "size": 2,
                },
            },
        }
    )
    trained = init_nlp(config)
    batches: List[str] = []
    update = trained.update

    def note(examples: Any, *args: Any, **settings: Any) -> Any:
        batches.append(" | ".join(eg.reference.text[:6] for eg in examples))
        return update(examples, *args, **settings)

    trained.update = note  # type: ignore[method-assign]
    stream = io.StringIO()
    train(trained, None, stdout=stream, stderr=stream)
    del trained.update
    dev = [Example(trained.make_doc(doc.text), doc) for doc in make_gold(trained)]
    scores = trained.evaluate(dev)
    scores.pop("speed")
    return {
        "batches": batches,
        "weights": _summed_up(parameters(trained)),
        "scores": _numbers(scores),
    }


def record_interrupted(folder: Path, *, checkpoint: bool = False) -> Record:
    """Train with checkpoints, or from the one that the folder has, to the end.

    Losses are looked at again, corpora are streamed by their losses: much has to be kept.

    folder (Path): The working directory, for paths in the config.
    RETURNS (Record): "weights" as norms and digests.
    """
    if not checkpoint:
        blank = spacy.blank("en")
        DocBin(docs=[doc for _ in range(5) for doc in make_gold(blank)]).to_disk(
            folder / "corpus.spacy"
        )
        config = config_of("corpus.spacy", dropout=0.0)
        weighting = block("FAMO", recompute=True)
        config["components"]["mtl"]["weighting"] = weighting
        schedule = {"@mtl_schedules": "spacy_mtl.ByLoss.v1"}
        set_corpora(config, "corpus.spacy", schedule, mixed=False)
        config["training"]["max_epochs"] = -1
        nlp, found = init_nlp(config), None
    else:
        found = find_latest(folder)
        assert found is not None
        nlp = found.load_pipeline()
    stream = io.StringIO()
    train_on(nlp, folder, checkpoint=found, stdout=stream, stderr=stream)
    trained = spacy.load(folder / "model-last")
    return {"weights": _summed_up(parameters(trained))}


def trainings() -> Dict[str, Dict[str, Any]]:
    """The settings of `record_training`, by name."""
    return {
        f"{schedule}, {stream}, {mix}": {
            "schedule": schedule,
            "is_streamed": stream == "streamed",
            "mixed": mix == "mixed",
        }
        for schedule in SCHEDULES
        for stream in ("streamed", "listed")
        for mix in ("one corpus a batch", "mixed")
    }


def read() -> Dict[str, Any]:
    """What was recorded."""
    return dict(json.loads(PATH.read_text(encoding="utf8")))


def write(encoder_dir: str, only: str = "") -> None:
    """Record anew the runs and trainings whose names contain a text."""
    found = read() if PATH.exists() else {"runs": {}, "trainings": {}}
    found["of"] = fingerprint()
    for name, run in runs().items():
        if only in name:
            found["runs"][name] = record(run, encoder_dir)
    for name, settings in trainings().items():
        if only in name:
            with TemporaryDirectory() as folder:
                found["trainings"][name] = record_training(folder=Path(folder), **settings)
    PATH.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf8")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with TemporaryDirectory() as encoder:
        write(str(save_bert(Path(encoder))), *sys.argv[1:])
