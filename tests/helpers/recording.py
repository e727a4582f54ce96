"""Record what a training does, step by step, in numbers that can be compared later."""

import hashlib
import platform
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import numpy
import spacy
import thinc
import torch
from recorded_runs import Run
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from tiny_corpus import TEXTS, strip
from tiny_pipelines import CNN, constant

N_STEPS = 20

Record = Dict[str, Any]


def make_gold(nlp: Language) -> List[Doc]:
    """The tiny corpus, with parts of speech as well, and the entities in `doc.spans` too."""
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
    """Build and initialize the pipeline of a run."""
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
    mtl = {"weighting": constant(), **run.mtl}
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
    """Train for `N_STEPS` steps and record the results.

    RETURNS (Record): The losses of the first batch, their sums over all batches and a digest of
        all; "gradients" of the first and the last step and "weights" after the last, as norms
        and digests; "scores" and "annotation".
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
            for doc, keep in zip(gold, _cycled(run, step, len(gold)))
        ]
        for part in _cut(batch, run.n_parts):
            found: Dict[str, float] = {}
            nlp.update(part, drop=run.drop, sgd=False, losses=found, exclude=list(run.frozen))
            losses.append({name: float(value) for name, value in found.items()})
        if step in (0, N_STEPS - 1):
            found_now = summed_up(parameters(nlp, gradients=True))
            # A head without gold used to have gradients of zeros; it has none now.
            gradients[str(step)] = {k: v for k, v in found_now.items() if v["norm"]}
        for name, pipe in nlp.pipeline:
            if name not in run.frozen:
                pipe.finish_update(optimizer)
        optimizer.step_schedules()
    weights = summed_up(parameters(nlp))
    docs = list(nlp.pipe([doc.text for doc in gold]))
    scores = nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in gold])
    scores.pop("speed")
    return {
        "first losses": losses[0],
        "losses": {name: sum(found.get(name, 0.0) for found in losses) for name in losses[0]},
        "every loss": _digest(_hexadecimal(found) for found in losses),
        "gradients": gradients,
        "weights": weights,
        "scores": numbers(scores),
        "annotation": _digest(_annotation(doc).encode() for doc in docs),
    }


def parameters(nlp: Language, gradients: bool = False) -> Iterator[Tuple[str, Any]]:
    """The parameters of a pipeline (or their gradients, if any), each with its component."""
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
    """Everything that affects the last bits of a number."""
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


def _cycled(run: Run, step: int, n: int) -> List[str]:
    turns = range(step, step + n)
    return [run.keep[(step if run.keep_by_batch else i) % len(run.keep)] for i in turns]


def _cut(batch: List[Example], n_parts: int) -> Iterator[List[Example]]:
    size = -(-len(batch) // n_parts)
    for start in range(0, len(batch), size):
        yield batch[start : start + size]


def summed_up(arrays: Iterator[Tuple[str, Any]]) -> Dict[str, Dict[str, Any]]:
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


def numbers(scores: Dict[str, Any]) -> Dict[str, float]:
    found: Dict[str, float] = {}
    for key, value in sorted(scores.items()):
        if isinstance(value, dict):
            found.update({f"{key}.{k}": v for k, v in numbers(value).items()})
        elif value is not None and not isinstance(value, str):
            found[key] = float(value)
    return found
