"""The contestants with a pipeline: stock spaCy, this package."""

from pathlib import Path
from typing import Any, List, Sequence

from ..accuracy.suites import SUITES, corpus_of
from ..corpora.config import EQUAL_WEIGHTS
from ..places import ROOT
from ..timing import Contestant

#: The heads of a corpus, in pipeline order.
HEADS = {"gum": ("tagger", "ner", "textcat"), "snips": ("ner", "textcat")}


def gold_docs(corpus: str, split: str, limit: int, work: Path) -> List[Any]:
    """Read annotated documents.

    corpus (str): "gum", "snips", or a folder with train.spacy and test.spacy.
    split (str): "train" or "test".
    limit (int): The number of documents, evenly spaced, or 0 for all.
    work (Path): Folder for converted corpora.
    RETURNS (List[Doc]): The documents.
    """
    import spacy
    from spacy.tokens import DocBin

    path = corpus_of(SUITES[corpus], split, work) if corpus in SUITES else Path(corpus) / split
    docs = list(DocBin().from_disk(path.with_suffix(".spacy")).get_docs(spacy.blank("en").vocab))
    return docs[:: max(1, len(docs) // limit)][:limit] if limit else docs


def make_nlp(
    kind: str, heads: Sequence[str], encoder: str, gold: List[Any], **settings: Any
) -> Any:
    """Make a pipeline and briefly train it, so that it predicts something.

    kind (str): "stock" (spaCy's quickstart), "stock heads" (the same with our encoder
        model), "ours", or "ours, CNN" (with the encoder of configs/cnn.cfg).
    heads (Sequence[str]): "tagger", "ner" and "textcat"; in "ours" they may be repeated.
    encoder (str): A folder or a name on the model hub.
    gold (List[Doc]): Training documents, of which the first hundred are used.
    **settings (Any): Settings of our encoder.
    RETURNS (Language): The pipeline.
    """
    import spacy
    from spacy.training import Example
    from thinc.api import Config, fix_random_seed

    fix_random_seed(0)
    if kind.startswith("ours"):
        nlp = spacy.blank("en")
        tok2vec = {"@architectures": "spacy_mtl.TransformerEncoder.v1", "name": encoder, **settings}
        if kind == "ours, CNN":
            cnn = Config().from_disk(ROOT / "configs/cnn.cfg")
            tok2vec = cnn["components"]["mtl"]["model"]["tok2vec"]
        sharing = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": tok2vec}
        nlp.add_pipe("mtl", config={"model": sharing, "weighting": EQUAL_WEIGHTS})
        for i, head in enumerate(heads):
            nlp.add_pipe(f"mtl_{head}", name=f"{head}{i}")
    else:
        config = Config().from_disk(ROOT / "benchmarks/stock.cfg")
        model = config["components"]["transformer"]["model"]
        model["name"] = encoder
        if kind == "stock heads":
            ours = {"@architectures": "spacy_mtl.TransformerModel.v1", "name": encoder}
            config["components"]["transformer"]["model"] = {**ours, **settings}
        config["nlp"]["pipeline"] = ["transformer", *heads]
        unused = set(HEADS["gum"]) - set(heads)
        config["components"] = {k: v for k, v in config["components"].items() if k not in unused}
        nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in gold[:100]]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 2e-4
    for start in range(0, len(examples), 10):
        nlp.update(examples[start : start + 10], sgd=optimizer)
    return nlp


def inference(nlp: Any, texts: List[str]) -> Contestant:
    """RETURNS (Callable[[], None]): Runs a pipeline from raw texts to annotated documents."""

    def run() -> None:
        for _ in nlp.pipe(texts, batch_size=256):
            pass

    return run


def training(nlp: Any, gold: List[Any], budget: int, encoder: str) -> Contestant:
    """RETURNS (Callable[[], None]): Trains one pass in steps like those of `spacy train`."""
    from spacy.training import Example
    from spacy.training.batchers import minibatch_by_padded_size
    from thinc.api import Adam

    examples = [Example(nlp.make_doc(doc.text), doc) for doc in gold]
    # Steps with about as many wordpieces as the bare encoder's.
    size = int(budget * sum(map(len, gold)) / _n_pieces(gold, encoder))
    # As in the configs of this package and spaCy's quickstart.
    optimizer = Adam(1e-6, use_averages=False)

    def run() -> None:
        batches = minibatch_by_padded_size(examples, size, buffer=256, get_length=_n_tokens)
        for batch in batches:
            nlp.update(batch, sgd=False)
            for _, pipe in nlp.pipeline:
                pipe.finish_update(optimizer)

    return run


def _n_tokens(example: Any) -> int:
    return len(example.predicted)


def _n_pieces(docs: List[Any], encoder: str) -> int:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(encoder)
    return sum(map(len, tokenizer([doc.text for doc in docs], verbose=False)["input_ids"]))
