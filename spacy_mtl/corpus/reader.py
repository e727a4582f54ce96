"""Several corpora as one, each with the tasks that it annotates."""

import random
from dataclasses import dataclass, fields
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Union

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example
from spacy.util import ensure_path

from ..heads.scores import check_outputs
from ..registry import registry
from ..types import TASKS_KEY, Schedule
from .annotation import KINDS, clear, has, kinds_of, labels_of
from .example import CorpusExample
from .feedback import tell
from .mixer import Mixer

Reader = Callable[[Language], Iterable[Example]]
BLOCK = "[corpora.train.corpora.{}]"


@registry.readers("spacy_mtl.MultiCorpus.v1")
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
            @readers.
        tasks (List[str]): The components whose gold annotation it has.
        limit (int): How many texts of it to read; 0 for all.
        max_length (int): Longer texts are left out (or, of a path, cut into sentences where
            there are some), in tokens; 0 for all.
        repeat (int): How often it is read in a pass.
    schedule (Optional[Schedule]): By what corpora are drawn. Without, each example comes once
        a pass, as in a development corpus. It decides about batches with the batcher
        spacy_mtl.CorpusBatcher.v1; with others and max_epochs = -1, about examples; with
        others and max_epochs >= 0 spaCy shuffles all examples, so it has no say.
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
    if schedule is not None and not callable(schedule):
        raise ValueError(
            f"'schedule' of spacy_mtl.MultiCorpus.v1 is {schedule!r}, which cannot be called. It "
            'is a function\'s work: set @mtl_schedules = "spacy_mtl.Proportional.v1" (or another) '
            "in [corpora.train.schedule]."
        )
    specs = {name: _read_spec(name, settings) for name, settings in corpora.items()}
    return MultiCorpus(specs, schedule, shuffle_buffer)


@dataclass(frozen=True)
class CorpusSpec:
    """One of the corpora: see `create_multi_corpus`."""

    name: str
    path: Union[Path, Reader]
    tasks: Sequence[str]
    limit: int = 0
    max_length: int = 0
    repeat: int = 1

    def read(self, nlp: Language) -> Iterator[Example]:
        """Read the corpus, `repeat` times.

        nlp (Language): The pipeline.
        YIELDS (Example): Its examples.
        """
        for _ in range(self.repeat):
            if isinstance(self.path, Path):
                yield from Corpus(self.path, limit=self.limit, max_length=self.max_length)(nlp)
            else:
                fitting = (
                    example
                    for example in self.path(nlp)
                    if not self.max_length or len(example.reference) < self.max_length
                )
                yield from islice(fitting, self.limit or None)


@dataclass
class _Survey:
    """What reading all corpora once has shown."""

    sizes: Dict[str, int]
    #: By task, its labels in the order in which they were found.
    labels: Dict[str, Dict[str, None]]


class MultiCorpus:
    """Reads several corpora: see `create_multi_corpus`."""

    def __init__(
        self, specs: Dict[str, CorpusSpec], schedule: Optional[Schedule], shuffle_buffer: int
    ) -> None:
        self.specs = specs
        self.schedule = schedule
        self.shuffle_buffer = shuffle_buffer
        self._survey: Optional[_Survey] = None
        self._mixer: Optional[Mixer] = None
        self._streams: Dict[str, Iterator[Example]] = {}
        self._replayed: Optional[Dict[str, Any]] = None
        self._is_checked = False

    def __call__(self, nlp: Language) -> Iterable[Example]:
        """Give the examples of a pass.

        nlp (Language): The pipeline.
        RETURNS (Iterable[Example]): Examples that know their corpus.
        RAISES (ValueError): If a corpus is empty or lacks what it declares, or a task is
            annotated by none, or is none of the pipeline, or two heads set the same.
        """
        self._check_tasks(nlp)
        is_streamed = nlp.config["training"]["max_epochs"] == -1
        untrained = [name for name, pipe in nlp.pipeline if not _is_initialized(pipe)]
        if untrained:
            survey = self._look(nlp)
            self._check_complete(nlp, untrained)
            if is_streamed:
                _add_labels(nlp, untrained, survey.labels)
            return self._interleaved(nlp)
        if not self._is_checked:
            # Now that heads have their labels.
            check_outputs(nlp)
            self._is_checked = True
        if self.schedule is None:
            return self._interleaved(nlp)
        if self._mixer is None:
            tasks = {name: spec.tasks for name, spec in self.specs.items()}
            self._mixer = Mixer(self.schedule, self._look(nlp).sizes, tasks)
            if self._replayed is not None:
                self._mixer.replay(self._replayed)
            tell(nlp, self.schedule)
        if not is_streamed:
            return self._interleaved(nlp)
        if not self._streams:
            self._streams = {name: self._endless(nlp, name) for name in self.specs}
        return Stream(self._mixer, self._streams)

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
            yield CorpusExample(
                example.predicted, reference, corpus=name, mixer=self._mixer
            )

    def _interleaved(self, nlp: Language) -> Iterator[CorpusExample]:
        """All examples once, a text of each corpus in turn: the first ones show them all."""
        streams = {name: self.read(nlp, name) for name in self.specs}
        while streams:
            for name in list(streams):
                example = next(streams[name], None)
                if example is None:
                    del streams[name]
                else:
                    yield example

    def _endless(self, nlp: Language, name: str) -> Iterator[CorpusExample]:
        """A corpus over and over, drawn from a buffer."""
        # Numbers of its own: each text takes one.
        numbers = random.Random(random.getrandbits(64))
        examples = chain.from_iterable(self.read(nlp, name) for _ in cycle([None]))
        buffer: List[CorpusExample] = []
        for example in examples:
            buffer.append(example)
            if len(buffer) >= min(self.shuffle_buffer, self._look(nlp).sizes[name]):
                i = numbers.randrange(len(buffer))
                buffer[i], buffer[-1] = buffer[-1], buffer[i]
                yield buffer.pop()

    def _look(self, nlp: Language) -> _Survey:
        """Read everything once: the sizes, and which labels and annotation there are."""
        if self._survey is not None:
            return self._survey
        sizes: Dict[str, int] = {}
        labels: Dict[str, Dict[str, None]] = {}
        for name, spec in self.specs.items():
            missing = set(spec.tasks)
            sizes[name] = 0
            for example in self.read(nlp, name):
                sizes[name] += 1
                for task in spec.tasks:
                    found = labels_of(nlp, task, example)
                    labels.setdefault(task, {}).update(dict.fromkeys(found))
                    kinds = kinds_of(nlp, task)
                    if not kinds or any(has(example.reference, kind) for kind in kinds):
                        missing.discard(task)
            _check_found(spec, sizes[name], missing)
        self._survey = _Survey(sizes, labels)
        return self._survey

    def _foreign_kinds(self, nlp: Language, spec: CorpusSpec) -> List[str]:
        """Annotation that other tasks would read, and none of the corpus' own."""
        own = {kind for task in spec.tasks for kind in kinds_of(nlp, task)}
        read = {kind for name in nlp.component_names for kind in kinds_of(nlp, name)}
        if "dependencies" in own:
            own.add("sentence starts")
        return [kind for kind in KINDS if kind in read - own]

    def _check_tasks(self, nlp: Language) -> None:
        known = [name for name, pipe in nlp.components if getattr(pipe, "is_trainable", False)]
        for name, spec in self.specs.items():
            unknown = [task for task in spec.tasks if task not in known]
            if unknown:
                raise ValueError(
                    f"The corpus '{name}' declares the task '{unknown[0]}', but the trainable "
                    f"components of this pipeline are {', '.join(known) or 'none'}. Mend 'tasks' "
                    f"in {BLOCK.format(name)}, or [nlp.pipeline]."
                )

    def _check_complete(self, nlp: Language, untrained: Sequence[str]) -> None:
        declared = {task for spec in self.specs.values() for task in spec.tasks}
        for task in untrained:
            if task not in declared and nlp.get_pipe_meta(task).default_score_weights:
                raise ValueError(
                    f"The task '{task}' is annotated by no corpus: none of "
                    f"{', '.join(self.specs)} names it in 'tasks'. Name it where its annotation "
                    f"is, such as in {BLOCK.format(next(iter(self.specs)))}, or take it out of "
                    "[nlp.pipeline]."
                )


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


def _is_initialized(pipe: Any) -> bool:
    if not getattr(pipe, "is_trainable", False):
        return True
    return all(node.has_param(n) is not None for node in pipe.model.walk() for n in node.param_names)


def _add_labels(nlp: Language, untrained: Sequence[str], labels: Dict[str, Dict[str, None]]) -> None:
    for task in untrained:
        pipe: Any = nlp.get_pipe(task)
        for label in labels.get(task, {}):
            pipe.add_label(label)


def _check_found(spec: CorpusSpec, size: int, missing: Iterable[str]) -> None:
    where = BLOCK.format(spec.name)
    if not size:
        raise ValueError(
            f"The corpus '{spec.name}' has no text ({_path_of(spec)}"
            f"{f', max_length = {spec.max_length}' if spec.max_length else ''}). Mend {where}."
        )
    for task in sorted(missing):
        raise ValueError(
            f"The corpus '{spec.name}' declares the task '{task}', but none of its {size} texts "
            f"has that annotation ({_path_of(spec)}). Take '{task}' out of 'tasks' in {where}, or "
            "mend the file."
        )


def _path_of(spec: CorpusSpec) -> str:
    return str(spec.path) if isinstance(spec.path, Path) else "from its reader"


def _read_spec(name: str, settings: Any) -> CorpusSpec:
    where = BLOCK.format(name)
    known = [field.name for field in fields(CorpusSpec) if field.name != "name"]
    if not isinstance(settings, dict) or set(settings).difference(known):
        raise ValueError(
            f"The corpus '{name}' is {settings!r}, but it is a block with some of: "
            f"{', '.join(known)}. Mend {where}."
        )
    tasks = settings.get("tasks")
    if not isinstance(tasks, (list, tuple)) or not tasks:
        raise ValueError(
            f"'tasks' of the corpus '{name}' is {tasks!r}, but it is a list with the names of the "
            f"components whose annotation it has. Mend {where}."
        )
    for key, least in (("limit", 0), ("max_length", 0), ("repeat", 1)):
        value = settings.get(key, least)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(
                f"'{key}' of the corpus '{name}' is {value!r}, but it is a whole number >= "
                f"{least}. Mend {where}."
            )
    path = settings.get("path")
    if not callable(path):
        path = ensure_path(path)
        if path is None or not path.exists():
            raise ValueError(
                f"'path' of the corpus '{name}' is {str(path)!r}, and there is no such file or "
                f"folder. Mend {where}: a .spacy file, a folder of such, or a block with @readers."
            )
    return CorpusSpec(name, **{**settings, "path": path, "tasks": tuple(tasks)})
