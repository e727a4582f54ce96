"""Look at corpora before there is a config: what they annotate, how much, and how long they are."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Callable, Dict, Iterable, Iterator, List, Sequence, Set

import spacy
import spacy.lang
from spacy.language import Language
from spacy.training import Corpus, Example

from ..hints import nearest
from ..report.corpora import CorpusCounts, TaskCounts, count_corpus
from ..tasks.kinds import KINDS, has

#: An encoder for pipelines that are only asked what their heads would learn.
_SMALL = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 8,
    "depth": 1,
    "embed_size": 50,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}
#: The share of words that the tokenizer may split otherwise than the corpus.
_RESPLIT = 0.05
#: Shows the progress of reading a file.
Progress = Callable[[Iterable[Example], str], Iterable[Example]]


@dataclass
class Facts:
    """What is known of a corpus.

    name (str): Its name.
    train (Path): The .spacy file, or folder, to train on.
    dev (Path): That to score on.
    counts (CorpusCounts): What the training texts annotate, by task.
    dev_counts (CorpusCounts): The same of the development texts.
    n_own_words (int): The corpus's own words in the training texts.
    n_resplit (int): Those that the tokenizer splits otherwise.
    n_own_dev_words (int): The corpus's own words in the development texts.
    n_longest (int): The words of the longest training text.
    n_not_one (int): The training texts with categories of which none or several hold.
    n_sentences (int): The sentences of training texts, if they are annotated.
    further (Counter): By kind of annotation, the training texts that have it.
    """

    name: str
    train: Path
    dev: Path
    counts: CorpusCounts = field(default_factory=CorpusCounts)
    dev_counts: CorpusCounts = field(default_factory=CorpusCounts)
    n_own_words: int = 0
    n_resplit: int = 0
    n_own_dev_words: int = 0
    n_longest: int = 0
    n_not_one: int = 0
    n_sentences: int = 0
    further: "Counter[str]" = field(default_factory=Counter)

    @property
    def n_words(self) -> int:
        """RETURNS (int): The number of words to train on."""
        return self.n_own_words if self.keeps_words else self.counts.n_tokens

    @property
    def n_dev_words(self) -> int:
        """RETURNS (int): The number of words to score on."""
        return self.n_own_dev_words if self.keeps_words else self.dev_counts.n_tokens

    @property
    def n_texts(self) -> int:
        """RETURNS (int): The number of training texts."""
        return self.counts.n_texts

    @property
    def mean_length(self) -> float:
        """RETURNS (float): The mean number of words in a training text."""
        return self.n_words / max(1, self.n_texts)

    @property
    def is_resplit(self) -> bool:
        """RETURNS (bool): Whether the tokenizer splits many words otherwise than the corpus."""
        return self.n_resplit > _RESPLIT * self.n_own_words

    @property
    def keeps_words(self) -> bool:
        """RETURNS (bool): Whether to train on the corpus's own words, for its tokenizer's sake.

        spaCy's reader then takes texts apart into sentences: not if the text has categories.
        """
        is_whole = bool(self.further["categories"]) and self.n_sentences > self.n_texts
        return self.is_resplit and not is_whole

    def of(self, task: str) -> TaskCounts:
        """RETURNS (TaskCounts): What the training texts have for a task."""
        return self.counts.tasks.get(task, TaskCounts())

    def annotates(self, task: str) -> bool:
        """RETURNS (bool): Whether the training texts annotate a task."""
        return _annotates(self.of(task))

    def dev_annotates(self, task: str) -> bool:
        """RETURNS (bool): Whether the development texts annotate a task."""
        return _annotates(self.dev_counts.tasks.get(task, TaskCounts()))


def _annotates(found: TaskCounts) -> bool:
    return found.n_texts > 0 and (bool(found.labels) or not found.knows_labels)


def survey(
    nlp: Language, pairs: Sequence[Any], tasks: Sequence[str], progress: Progress
) -> List[Facts]:
    """Read corpora once.

    nlp (Language): A pipeline with these tasks: see `survey_pipeline`.
    pairs (Sequence[Tuple[Path, Path]]): For each corpus the texts to train and to score on.
    tasks (Sequence[str]): The tasks to look for.
    progress (Progress): Shows the progress.
    RETURNS (List[Facts]): What was found.
    RAISES (ValueError): If a file is missing, empty or no corpus.
    """
    names = corpus_names([train for train, _ in pairs])
    found = []
    for name, (train, dev) in zip(names, pairs):
        facts = Facts(name, train, dev)
        texts = progress(_read(nlp, train), str(train))
        facts.counts = count_corpus(nlp, _noted(facts, texts), tasks, None)
        texts = progress(_read(nlp, dev), str(dev))
        facts.dev_counts = count_corpus(nlp, _noted_dev(facts, texts), tasks, None)
        for path, counts in ((train, facts.counts), (dev, facts.dev_counts)):
            if not counts.n_tokens:
                raise ValueError(f"{path} has no texts. Specify a corpus with texts.")
        found.append(facts)
    return found


def survey_pipeline(lang: str, factories: Dict[str, str]) -> Language:
    """Make a pipeline that knows which annotation tasks learn from.

    lang (str): The language, whose tokenizer reads the texts.
    factories (Dict[str, str]): The factories of the tasks, by name.
    RETURNS (Language): The pipeline, which isn't initialized.
    RAISES (ValueError): If there is no such language, or its tokenizer needs a library.
    """
    try:
        nlp = spacy.blank(lang)
    except ImportError as err:
        near = nearest(lang, (module.name for module in iter_modules(spacy.lang.__path__)))
        mend = near.strip() or "Specify the code of a language of spaCy's, such as 'en' or 'de'."
        raise ValueError(f"--lang {lang}: {' '.join(str(err).split())}. {mend}") from err
    if nlp.lang != lang:
        # spaCy finds languages by other codes, too, and then refuses these in a config.
        raise ValueError(f"--lang {lang}: spaCy's code of this language is '{nlp.lang}'.")
    nlp.add_pipe(
        "mtl",
        config={"model": {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": _SMALL}},
    )
    for name, factory in factories.items():
        nlp.add_pipe(factory, name=name)
    return nlp


def _read(nlp: Language, path: Path) -> Iterator[Example]:
    if not path.exists():
        raise ValueError(f"There is no file or folder {path}. Specify a corpus in .spacy files.")
    if path.is_file() and path.suffix != ".spacy":
        raise ValueError(
            f"{path} is not a .spacy file. Convert it with `python -m spacy mtl convert`."
        )
    if path.is_dir() and not any(path.rglob("*.spacy")):
        raise ValueError(f"The folder {path} has no .spacy files. Specify another.")
    try:
        yield from Corpus(path)(nlp)
    except Exception as err:
        raise ValueError(f"{path} cannot be read as a corpus: {err}. Convert it again.") from err


def _noted(facts: Facts, examples: Iterable[Example]) -> Iterator[Example]:
    """Note what `count_corpus` doesn't count."""
    for example in examples:
        doc = example.reference
        facts.n_own_words += len(doc)
        facts.n_longest = max(facts.n_longest, len(example.predicted))
        facts.further.update(kind for kind in KINDS if has(doc, kind))
        if doc.has_annotation("SENT_START"):
            facts.n_sentences += sum(1 for _ in doc.sents)
        if doc.cats:
            facts.n_not_one += sum(value >= 0.5 for value in doc.cats.values()) != 1
        facts.n_resplit += len(doc) - len(_borders(doc) & _borders(example.predicted))
        yield example


def _noted_dev(facts: Facts, examples: Iterable[Example]) -> Iterator[Example]:
    for example in examples:
        facts.n_own_dev_words += len(example.reference)
        yield example


def _borders(doc: Any) -> Set[Any]:
    return {(token.idx, len(token)) for token in doc}


def corpus_names(paths: Sequence[Path]) -> List[str]:
    """Name corpora after their files, or if these are all called "train", after their folders."""
    found: List[str] = []
    for path in paths:
        words = [word for word in _words(path.stem) if word.lower() not in ("train", "training")]
        base = "_".join(words or _words(path.resolve().parent.name)) or "corpus"
        numbered = (f"{base}_{n}" for n in count(2))
        found.append(next(name for name in chain([base], numbered) if name not in found))
    return found


def _words(text: str) -> List[str]:
    return "".join(c if c.isalnum() else " " for c in text).split()
