"""Read several corpora, each with the tasks that it annotates."""

from functools import partial
from pathlib import Path
from typing import Dict, Iterator, List, Sequence
from weakref import WeakKeyDictionary

from spacy.language import Language

from ..types import CORPUS_KEY, TASKS_KEY
from .annotation import KINDS, clear, kinds_of
from .example import CorpusExample, Origin
from .spec import CorpusSpec
from .survey import Survey, look_through


class CorpusSet:
    """Several corpora, each limited to the tasks that it declares.

    specs (Dict[str, CorpusSpec]): The corpora by name.
    """

    def __init__(self, specs: Dict[str, CorpusSpec]) -> None:
        self.specs = specs
        #: Marks the examples of these corpora.
        self.origin = Origin()
        self._surveys: "WeakKeyDictionary[Language, Survey]" = WeakKeyDictionary()

    @property
    def tasks(self) -> Dict[str, Sequence[str]]:
        """RETURNS (Dict[str, Sequence[str]]): The tasks annotated in each corpus."""
        return {name: spec.tasks for name, spec in self.specs.items()}

    def read(self, nlp: Language, name: str) -> Iterator[CorpusExample]:
        """Read a corpus, with the annotation of undeclared tasks removed.

        nlp (Language): The pipeline.
        name (str): The name of the corpus.
        YIELDS (CorpusExample): Its examples.
        RAISES (ValueError): If it cannot be read.
        """
        spec = self.specs[name]
        kinds = _foreign_kinds(nlp, spec)
        for example in spec.read(nlp):
            reference = example.reference
            if not isinstance(spec.path, Path):
                # A custom reader may keep its documents.
                reference = reference.copy()
            clear(reference, kinds)
            reference.user_data[TASKS_KEY] = list(spec.tasks)
            reference.user_data[CORPUS_KEY] = name
            yield CorpusExample(example.predicted, reference, corpus=name, origin=self.origin)

    def read_task(self, nlp: Language, task: str) -> Iterator[CorpusExample]:
        """Read all corpora that annotate a task, one after another.

        nlp (Language): The pipeline.
        task (str): The task.
        YIELDS (CorpusExample): Their examples.
        """
        for name, spec in self.specs.items():
            if task in spec.tasks:
                yield from self.read(nlp, name)

    def read_all(self, nlp: Language) -> Iterator[CorpusExample]:
        """Read all corpora once, alternating between them, so that the first texts cover each.

        nlp (Language): The pipeline.
        YIELDS (CorpusExample): Their examples.
        RAISES (ValueError): If a corpus is empty.
        """
        streams = {name: self.read(nlp, name) for name in self.specs}
        given = set()
        while streams:
            for name in list(streams):
                example = next(streams[name], None)
                if example is not None:
                    given.add(name)
                    yield example
                    continue
                if name not in given:
                    self.specs[name].check_found(0)
                del streams[name]

    def survey(self, nlp: Language) -> Survey:
        """Survey all corpora, once per pipeline.

        nlp (Language): The pipeline.
        RETURNS (Survey): Their sizes and labels.
        RAISES (ValueError): If a corpus is empty, or has no annotation for a task that it declares.
        """
        if nlp not in self._surveys:
            self._surveys[nlp] = look_through(nlp, self.specs.values(), partial(self.read, nlp))
        return self._surveys[nlp]


def _foreign_kinds(nlp: Language, spec: CorpusSpec) -> List[str]:
    """Find annotation that only tasks of other corpora would read."""
    own = {kind for task in spec.tasks for kind in kinds_of(nlp, task)}
    read = {kind for name in nlp.component_names for kind in kinds_of(nlp, name)}
    if "dependencies" in own:
        own.add("sentence starts")
    return [kind for kind in KINDS if kind in read - own]
