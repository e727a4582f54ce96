"""Compare the predictions of a trained pipeline with several encoder models or settings."""

import statistics
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple
from unittest.mock import patch

from ..timing import keep
from .bench import Bench

SCORES = ("tag_acc", "ents_f", "cats_micro_f")


@dataclass(frozen=True)
class Variant:
    """A way to predict.

    name (str): How the output calls it.
    config (Dict[str, Any]): What it changes in the config of the pipeline.
    within (Callable[[], AbstractContextManager]): Makes what to enter while predicting.
    """

    name: str
    config: Dict[str, Any] = field(default_factory=dict)
    within: Callable[[], AbstractContextManager] = nullcontext


def compare_windows(bench: Bench) -> None:
    """Compare the library's encoder model with ours."""
    block = "components.transformer.model"
    library = {f"{block}.@architectures": "spacy-transformers.TransformerModel.v3"}
    spans = {f"{block}.get_spans": {"@span_getters": "spacy-transformers.doc_spans.v1"}}
    ours = {f"{block}.@architectures": "spacy_mtl.TransformerModel.v1", f"{block}.get_spans": None}
    variants = [
        Variant("our model", ours),
        Variant("as it was trained"),
        Variant("library's model, whole documents", {**library, **spans}),
    ]
    compare_variants("windows", variants, bench)


def compare_precisions(bench: Bench) -> None:
    """Compare float32 by torch's default with oneDNN, bfloat16 and OpenVINO."""
    block = block_of_encoder(bench.args.pipeline[0])
    # Trained pipelines may say "auto".
    variants = [Variant("fp32, eager", {f"{block}.precision": "fp32"}, eager)]
    for precision in ("fp32", "bf16") if bench.args.bf16 else ("fp32",):
        config = {f"{block}.precision": precision}
        variants.append(Variant(precision, config))
        if find_spec("openvino") is not None:
            by_openvino = {**config, f"{block}.engine": "openvino"}
            variants.append(Variant(f"{precision}, OpenVINO", by_openvino))
    compare_variants("precision", variants, bench)


def compare_variants(title: str, variants: List[Variant], bench: Bench) -> None:
    """Print scores, and how many labels are equal to those of the first variant.

    title (str): What is compared.
    variants (List[Variant]): What to compare.
    bench (Bench): The test documents, and trained pipelines of like kind in the options. Of
        several, the means count.
    """
    names = ", ".join(Path(path).parent.name for path in bench.args.pipeline)
    print(f"\n{bench.args.corpus}, {len(bench.test)} documents, {names}\n")
    rows: List[List[Dict[str, float]]] = []
    for path in bench.args.pipeline:
        first: List[Any] = []
        of_variants = []
        for variant in variants:
            scores, docs = _predict(path, variant, bench.test)
            first = first or docs
            of_variants.append({**scores, "equal": 100 * share_of_equal(docs, first)})
        rows.append(of_variants)
    for variant, found in zip(variants, zip(*rows)):
        means = {key: statistics.mean(row[key] for row in found) for key in found[0]}
        shown = ", ".join(f"{key} {means[key]:.2f}" for key in SCORES if key in means)
        print(f"{variant.name}: {shown}", end="")
        print(f"; {means['equal']:.3f} % of tags and entity labels as with {variants[0].name}")
        keep({"title": f"{bench.args.corpus}, {title}, {variant.name}", **means})


def _predict(path: str, variant: Variant, gold: List[Any]) -> Tuple[Dict[str, float], List[Any]]:
    """RETURNS (Tuple[Dict[str, float], List[Doc]]): Scores (0 to 100), and annotated documents."""
    import spacy
    from spacy.training import Example

    nlp = spacy.load(path, config=variant.config)
    with variant.within():
        scores = nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in gold])
        docs = list(nlp.pipe([doc.text for doc in gold]))
    return {k: 100 * scores[k] for k in SCORES if isinstance(scores.get(k), float)}, docs


def share_of_equal(docs: List[Any], others: List[Any]) -> float:
    """RETURNS (float): The share of tokens with the same tag and entity label."""
    keys = ["TAG", "ENT_IOB", "ENT_TYPE"]
    rows = [(a.to_array(keys) == b.to_array(keys)).all(axis=1) for a, b in zip(docs, others)]
    return sum(int(row.sum()) for row in rows) / sum(map(len, rows))


def block_of_encoder(pipeline: str) -> str:
    """RETURNS (str): The config block of the encoder of a saved pipeline."""
    from spacy.util import load_config

    components = load_config(f"{pipeline}/config.cfg")["components"]
    if "transformer" in components:
        return "components.transformer.model"
    return "components.mtl.model.tok2vec"


@contextmanager
def eager() -> Iterator[None]:
    """Run the encoder as PyTorch does without this package."""
    from spacy_mtl.encoder import attention, fast_linear, prepacked

    with (
        patch.object(fast_linear, "is_fast", lambda dtype: False),
        patch.object(prepacked, "is_fast", lambda dtype: False),
        patch.object(attention, "is_faster_for", lambda query: False),
    ):
        yield
