"""Several corpora as one, each with the tasks that it annotates."""

import random
import warnings
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Union

from spacy.language import Language
from spacy.training import Corpus, Example
from spacy.util import ensure_path

from ..heads.scores import check_outputs
from ..registry import registry
from ..types import TASKS_KEY, Schedule
from .annotation import KINDS, TaskGold, clear, kinds_of
from .example import CorpusExample
from .feedback import tell
from .mixer import Mixer

Reader = Callable[[Language], Iterable[Example]]
BLOCK = "[corpora.train.corpora.{0}] (or [corpora.dev.corpora.{0}])"
CORPUS_BATCHER = "spacy_mtl.CorpusBatcher.v1"


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
            @readers: one that comes to an end, or with a limit.
        tasks (List[str]): The components whose gold annotation it has.
        limit (int): How many texts of it to read; 0 for all.
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
            examples = iter(self._read_once(nlp))
            while True:
                try:
                    example = next(examples, None)
                except Exception as err:
                    raise ValueError(
                        f"The corpus '{self.name}' ({_path_of(self)}) cannot be read: {err} "
                        f"Mend the file, or 'path' in {BLOCK.format(self.name)}."
                    ) from err
                if example is None:
                    break
                yield example

    def _read_once(self, nlp: Language) -> Iterable[Example]:
        if isinstance(self.path, Path):
            return Corpus(self.path, limit=self.limit, max_length=self.max_length)(nlp)
        fitting = (
            example
            for example in self.path(nlp)
            if not self.max_length or len(example.reference) < self.max_length
        )
        return islice(fitting, self.limit or None)


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
        self.check_tasks(nlp)
        is_streamed = nlp.config.interpolate()["training"]["max_epochs"] == -1
        untrained = [name for name, pipe in nlp.pipeline if not _is_initialized(pipe)]
        if untrained:
            survey = self._look(nlp)
            self._check_complete(nlp, untrained)
            self._prepare_schedule(nlp, survey)
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
                    _check_found(self.specs[name], 0, ())
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

    def _look(self, nlp: Language) -> _Survey:
        """Read everything once: the sizes, and which labels and annotation there are."""
        if self._survey is not None:
            return self._survey
        sizes: Dict[str, int] = {}
        labels: Dict[str, Dict[str, None]] = {}
        for name, spec in self.specs.items():
            gold = {task: TaskGold(nlp, task) for task in spec.tasks}
            missing = set(spec.tasks)
            sizes[name] = 0
            for example in self.read(nlp, name):
                sizes[name] += 1
                for task, of_task in gold.items():
                    labels.setdefault(task, {}).update(dict.fromkeys(of_task.labels(example)))
                    if task in missing and of_task.is_in(example.reference):
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
        elif "sentence starts" in read - own:
            # They imply them.
            read.add("dependencies")
        return [kind for kind in KINDS if kind in read - own]

    def check_tasks(self, nlp: Language) -> None:
        """Refuse tasks that do not fit the pipeline.

        nlp (Language): The pipeline.
        RAISES (ValueError): If a corpus declares a task that is no component's, or has
            annotation which a stock component would learn from that it does not declare.
        """
        known = {
            name: pipe
            for name, pipe in nlp.components
            # Encoders, and what listens to them for others, are no tasks.
            if getattr(pipe, "is_trainable", False) and not hasattr(pipe, "listening_components")
        }
        for name, spec in self.specs.items():
            unknown = [task for task in spec.tasks if task not in known]
            if unknown:
                raise ValueError(
                    f"The corpus '{name}' declares the task '{unknown[0]}', but the tasks of this "
                    f"pipeline are {', '.join(known) or 'none'}. Mend 'tasks' in "
                    f"{BLOCK.format(name)}, or [nlp.pipeline]."
                )
            for other in set(known) - set(spec.tasks):
                # Heads of this package look at who is declared.
                if not hasattr(known[other], "has_gold"):
                    self._check_apart(nlp, spec, other)

    def _check_apart(self, nlp: Language, spec: CorpusSpec, stock: str) -> None:
        for task in spec.tasks:
            both = kinds_of(nlp, task) & kinds_of(nlp, stock)
            if both:
                raise ValueError(
                    f"The corpus '{spec.name}' has {', '.join(sorted(both))} for '{task}', and the "
                    f"stock component '{stock}' would learn from them, too, though the corpus does "
                    f"not declare it. Add '{stock}' to 'tasks' in {BLOCK.format(spec.name)}, or "
                    "take a head of this package for it, which looks at what is declared."
                )

    def _prepare_schedule(self, nlp: Language, survey: _Survey) -> None:
        config = nlp.config.interpolate()
        dev: Any = config
        for key in config["training"]["dev_corpus"].split("."):
            dev = dev.get(key, {}) if isinstance(dev, dict) else {}
        if (
            isinstance(dev, dict)
            and dev.get("@readers") == "spacy_mtl.MultiCorpus.v1"
            and dev.get("schedule")
        ):
            raise ValueError(
                f"[{config['training']['dev_corpus']}.schedule] would draw the texts that scores "
                "are made on by lot. Take it out: without, each comes once."
            )
        if self.schedule is None:
            return
        check = getattr(self.schedule, "check", None)
        if check is not None:
            check(survey.sizes, self.tasks)
        batcher = nlp.config["training"]["batcher"]
        if batcher.get("@batchers") != CORPUS_BATCHER:
            nlp.config["training"]["batcher"] = {
                "@batchers": CORPUS_BATCHER,
                "mixed": False,
                "batcher": batcher,
            }

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
    return all(
        node.has_param(n) is not None for node in pipe.model.walk() for n in node.param_names
    )


def _add_labels(
    nlp: Language, untrained: Sequence[str], labels: Dict[str, Dict[str, None]]
) -> None:
    for task in labels:
        pipe: Any = nlp.get_pipe(task)
        gold = TaskGold(nlp, task)
        if task not in untrained or gold.named is not None:
            continue
        if not gold.knows_labels and hasattr(pipe, "label_data"):
            warnings.warn(
                f"With max_epochs = -1 spaCy shows '{task}' the first 100 texts only, and what its "
                "labels are is not known here: rare ones may be missing. Have them written by "
                f"`spacy init labels`, and name the file in [initialize.components.{task}.labels].",
                stacklevel=2,
            )
        for label in labels[task]:
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
        path = _read_path(name, path)
    return CorpusSpec(name, **{**settings, "path": path, "tasks": tuple(tasks)})


def _read_path(name: str, given: Any) -> Path:
    path = ensure_path(given) if isinstance(given, (str, Path)) and str(given) else None
    hint = f"Mend {BLOCK.format(name)}: a .spacy file, a folder of such, or a block with @readers."
    if path is None or not path.exists():
        raise ValueError(
            f"'path' of the corpus '{name}' is {given!r}, and there is no such file or folder. "
            f"{hint}"
        )
    if path.is_dir() and not any(path.rglob("*.spacy")):
        raise ValueError(f"'path' of the corpus '{name}', {path}, has no .spacy file in it. {hint}")
    if path.is_file() and path.suffix != ".spacy":
        raise ValueError(
            f"'path' of the corpus '{name}', {path}, is no .spacy file. Other formats are "
            f"converted by `python -m spacy mtl convert`. {hint}"
        )
    return path
