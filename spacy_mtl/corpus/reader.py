"""Several corpora as one, each with the tasks that it annotates."""

import random
from functools import partial
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence
from weakref import WeakSet

from spacy.language import Language
from spacy.training import Example

from ..hints import shortened
from ..plain import as_schedule
from ..registry import register
from ..settings import takes
from ..tasks.collisions import check_outputs
from ..types import TASKS_KEY, Schedule
from .annotation import KINDS, clear, kinds_of
from .checks import (
    check_batcher,
    check_complete,
    check_development,
    check_schedule,
    check_stock,
    check_tasks,
)
from .example import CorpusExample
from .feedback import tell
from .labels import add_labels
from .mixer import Mixer
from .spec import CorpusSpec, Reader, read_spec
from .survey import Survey, look_through

CORPUS_BATCHER = "spacy_mtl.CorpusBatcher.v1"


@register("readers", "spacy_mtl.MultiCorpus.v1")
def create_multi_corpus(
    corpora: Dict[str, Dict[str, Any]],
    schedule: Any = None,  # A Schedule: the error below says more than spaCy's validation.
    shuffle_buffer: int = 1000,
) -> Reader:
    """Create a reader of several corpora that annotate different tasks.

    What a corpus does not annotate is made missing. Labels are complete without being named,
    with max_epochs = -1 as well, where spaCy shows the first 100 examples only.

    corpora (Dict[str, Dict[str, Any]]): By name, what each is:
        path (Union[str, Path, Callable]): A .spacy file or a folder of such, or a block with
            @readers: one that comes to an end, or with a limit.
        tasks (List[str]): The components whose gold annotation it has.
        limit (int): How many texts of it to read, of those that max_length leaves; 0 for all.
        max_length (int): Longer texts are left out (or, of a path, cut into sentences where
            there are some), in tokens; 0 for all.
        repeat (int): How often it is read in a pass.
    schedule (Optional[Schedule]): By what corpora are drawn. Without, each example comes once
        a pass, as in a development corpus. Batches are drawn by spacy_mtl.CorpusBatcher.v1:
        another [training.batcher] is put inside of one when the pipeline is initialised.
    shuffle_buffer (int): With max_epochs = -1, from how many examples of a corpus the next is
        drawn; 1 leaves them in order.
    RAISES (ValueError): If an entry is unknown, missing or out of range.
    """
    if not corpora:
        raise ValueError(
            "spacy_mtl.MultiCorpus.v1 has no corpora. Name some in [corpora.train.corpora.NAME], "
            "each with 'path' and 'tasks'."
        )
    if not isinstance(shuffle_buffer, int) or shuffle_buffer < 1:
        raise ValueError(
            f"'shuffle_buffer' of spacy_mtl.MultiCorpus.v1 is {shuffle_buffer!r}, but it is a "
            "number of examples, 1 or more. Mend it in [corpora.train]."
        )
    if schedule is not None and not takes(schedule, 1):
        raise ValueError(
            f"'schedule' of spacy_mtl.MultiCorpus.v1 is {shortened(schedule)}, which cannot be "
            "called with a progress. It is a function's work: set @mtl_schedules = "
            '"spacy_mtl.Proportional.v1" (or another) in [corpora.train.schedule].'
        )
    specs = {name: read_spec(name, settings) for name, settings in corpora.items()}
    found = None if schedule is None else as_schedule(schedule)
    return MultiCorpus(specs, found, shuffle_buffer)


class MultiCorpus:
    """Reads several corpora: see `create_multi_corpus`."""

    def __init__(
        self, specs: Dict[str, CorpusSpec], schedule: Optional[Schedule], shuffle_buffer: int
    ) -> None:
        self.specs = specs
        self.schedule = schedule
        self.shuffle_buffer = shuffle_buffer
        self._survey: Optional[Survey] = None
        self._mixer: Optional[Mixer] = None
        self._streams: Dict[str, Iterator[Example]] = {}
        self._replayed: Optional[Dict[str, Any]] = None
        self._is_checked = False
        self._labelled: "WeakSet[Language]" = WeakSet()

    def __call__(self, nlp: Language) -> Iterable[Example]:
        """Give the examples of a pass.

        nlp (Language): The pipeline.
        RETURNS (Iterable[Example]): Examples that know their corpus.
        RAISES (ValueError): If a corpus is empty or lacks what it declares, or a task is
            annotated by none, or is none of the pipeline, or two heads set the same.
        """
        specs = list(self.specs.values())
        untrained = [name for name, pipe in nlp.pipeline if not _is_initialized(pipe)]
        check_tasks(nlp, specs)
        if untrained or self.schedule is not None:
            # Else it may be a development corpus, from which nobody learns.
            check_stock(nlp, specs)
        is_streamed = nlp.config.interpolate()["training"]["max_epochs"] == -1
        if untrained:
            survey = self._look(nlp)
            check_complete(nlp, specs, untrained)
            check_development(nlp)
            if self.schedule is not None:
                check_schedule(self.schedule, survey.sizes, self.tasks)
                _wrap_batcher(nlp)
            # Each component that is initialised asks for examples.
            if is_streamed and nlp not in self._labelled:
                self._labelled.add(nlp)
                declared = [task for task in survey.labels if task in untrained]
                add_labels(nlp, declared, survey.labels, partial(self._read_task, nlp))
            return self._interleaved(nlp)
        if not self._is_checked:
            # Now that heads have their labels.
            check_outputs(nlp)
            if self.schedule is not None:
                check_batcher(nlp, CORPUS_BATCHER)
            self._is_checked = True
        if self.schedule is None:
            return self._interleaved(nlp)
        if self._mixer is None:
            self._mixer = Mixer(self.schedule, self._look(nlp).sizes, self.tasks)
            if self._replayed is not None:
                self._mixer.replay(self._replayed)
            tell(nlp, self.schedule)
        if not is_streamed:
            return self._interleaved(nlp)
        if not self._streams:
            self._streams = {name: self._endless(nlp, name) for name in self.specs}
        return Stream(self._mixer, self._streams)

    @property
    def tasks(self) -> Dict[str, Sequence[str]]:
        """RETURNS (Dict[str, Sequence[str]]): The tasks that each corpus annotates."""
        return {name: spec.tasks for name, spec in self.specs.items()}

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What was drawn until now, and what the schedule knows."""
        return {"mixer": None if self._mixer is None else self._mixer.get_state()}

    def replay(self, state: Dict[str, Any]) -> None:
        """Prepare to be drawn from once more, until a state.

        state (Dict[str, Any]): What `get_state` gave.
        """
        self._replayed = state["mixer"]

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state, once all has been drawn again that was drawn until then.

        state (Dict[str, Any]): What `get_state` gave.
        """
        self._replayed = None
        if self._mixer is not None and state["mixer"] is not None:
            self._mixer.set_state(state["mixer"])

    def read(self, nlp: Language, name: str) -> Iterator[CorpusExample]:
        """Read a corpus, without what it does not annotate.

        nlp (Language): The pipeline.
        name (str): The corpus.
        YIELDS (CorpusExample): Its examples.
        """
        spec = self.specs[name]
        kinds = self._foreign_kinds(nlp, spec)
        for example in spec.read(nlp):
            reference = example.reference
            if not isinstance(spec.path, Path):
                # Another reader may keep its documents.
                reference = reference.copy()
            clear(reference, kinds)
            reference.user_data[TASKS_KEY] = list(spec.tasks)
            yield CorpusExample(example.predicted, reference, corpus=name, mixer=self._mixer)

    def _interleaved(self, nlp: Language) -> Iterator[CorpusExample]:
        """All examples once, a text of each corpus in turn: the first ones show them all."""
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

    def _endless(self, nlp: Language, name: str) -> Iterator[CorpusExample]:
        """A corpus over and over, each pass drawn from a buffer."""
        # Numbers of its own: each text takes one.
        numbers = random.Random(random.getrandbits(64))
        while True:
            buffer: List[CorpusExample] = []
            for example in self.read(nlp, name):
                buffer.append(example)
                if len(buffer) >= self.shuffle_buffer:
                    i = numbers.randrange(len(buffer))
                    buffer[i], buffer[-1] = buffer[-1], buffer[i]
                    yield buffer.pop()
            numbers.shuffle(buffer)
            yield from buffer

    def _look(self, nlp: Language) -> Survey:
        if self._survey is None:
            self._survey = look_through(nlp, self.specs.values(), partial(self.read, nlp))
        return self._survey

    def _read_task(self, nlp: Language, task: str) -> Iterator[CorpusExample]:
        for name, spec in self.specs.items():
            if task in spec.tasks:
                yield from self.read(nlp, name)

    def _foreign_kinds(self, nlp: Language, spec: CorpusSpec) -> List[str]:
        """Annotation that other tasks would read, and none of the corpus' own."""
        own = {kind for task in spec.tasks for kind in kinds_of(nlp, task)}
        read = {kind for name in nlp.component_names for kind in kinds_of(nlp, name)}
        if "dependencies" in own:
            own.add("sentence starts")
        return [kind for kind in KINDS if kind in read - own]


class Stream:
    """A pass over corpora that are streamed, in the order that their schedule gives."""

    def __init__(self, mixer: Mixer, streams: Dict[str, Iterator[Example]]) -> None:
        #: For spacy_mtl.CorpusBatcher.v1, which draws batches, not examples.
        self.mixer = mixer
        self.streams = streams

    def __iter__(self) -> Iterator[Example]:
        for _ in range(sum(self.mixer.sizes.values())):
            name = self.mixer.draw()
            self.mixer.note(name)
            yield next(self.streams[name])


def _wrap_batcher(nlp: Language) -> None:
    """Have batches drawn by the schedule."""
    batcher = nlp.config["training"]["batcher"]
    if batcher.get("@batchers") != CORPUS_BATCHER:
        nlp.config["training"]["batcher"] = {
            "@batchers": CORPUS_BATCHER,
            "mixed": False,
            "batcher": batcher,
        }


def _is_initialized(pipe: Any) -> bool:
    if not getattr(pipe, "is_trainable", False):
        return True
    return all(
        node.has_param(n) is not None for node in pipe.model.walk() for n in node.param_names
    )
