"""Score the pipelines of a comparison on the same documents, and time them."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus, Example
from spacy.util import load_model, resolve_dot_names

from ..evaluation.counts import DocumentCounts, count_documents
from ..evaluation.saved import load_counts, save_counts
from .setups import Run
from .training_runs import read_record, write_record

_COUNTS = "counts.npz"
#: Documents to annotate before the time is taken.
_N_WARM_UP = 16


@dataclass(frozen=True)
class TestTexts:
    """The documents that all pipelines are scored on.

    source (str): Where they come from: a file, or a block of the config.
    predicted (bytes): The documents to annotate, as a `DocBin`.
    gold (bytes): The annotated ones.
    """

    # pytest takes it for a test otherwise.
    __test__ = False

    source: str
    predicted: bytes
    gold: bytes

    def examples(self, nlp: Language) -> List[Example]:
        """RETURNS (List[Example]): The texts, not annotated yet."""
        both = (DocBin().from_bytes(each) for each in (self.predicted, self.gold))
        docs = (found.get_docs(nlp.vocab) for found in both)
        return [Example(predicted, gold) for predicted, gold in zip(*docs)]


def read_texts(nlp: Language, test: Optional[Path]) -> TestTexts:
    """Read the documents to score pipelines on.

    nlp (Language): A pipeline with all tasks.
    test (Optional[Path]): A .spacy file. None for the development corpus of its config.
    RETURNS (TestTexts): The documents.
    RAISES (ValueError): If there are none.
    """
    if test is None:
        settings = nlp.config.interpolate()
        source = str(settings["training"]["dev_corpus"])
        (reader,) = resolve_dot_names(settings, [source])
    else:
        source, reader = str(test), Corpus(test)
    examples = list(reader(nlp))
    if not examples:
        raise ValueError(f"{source} has no texts, so nothing can be scored.")
    docs = [[eg.predicted for eg in examples], [eg.reference for eg in examples]]
    predicted, gold = (DocBin(docs=each, store_user_data=True).to_bytes() for each in docs)
    return TestTexts(source, predicted, gold)


def score_run(run: Run, texts: TestTexts, model: str) -> DocumentCounts:
    """Score the pipeline of a run, or read its counts if that has been done.

    run (Run): A run that is done.
    texts (TestTexts): The documents.
    model (str): The folder of the pipeline, such as "model-last".
    RETURNS (DocumentCounts): The counts, which are saved with the run, as is its speed.
    """
    path = run.output / _COUNTS
    record = read_record(run)
    scored = {"texts": _checksum(texts), "model": model}
    if record.get("scored") == scored and path.exists():
        return load_counts(path)
    nlp = load_model(run.output / model)
    examples = texts.examples(nlp)
    warm_up = texts.examples(nlp)[:_N_WARM_UP]
    list(nlp.pipe([eg.predicted for eg in warm_up]))
    started = time.perf_counter()
    docs: List[Doc] = list(nlp.pipe([eg.predicted for eg in examples]))
    seconds = time.perf_counter() - started
    for eg, doc in zip(examples, docs):
        eg.predicted = doc
    counts = count_documents(nlp, examples)
    save_counts(path, counts)
    speed = sum(map(len, docs)) / seconds
    write_record(run, {**record, "scored": scored, "words_per_second": speed})
    return counts


def _checksum(texts: TestTexts) -> str:
    return hashlib.sha256(texts.gold).hexdigest()
