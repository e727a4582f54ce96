"""A reader for several corpora, each with the tasks that it annotates."""

from typing import Any, Dict, Iterable, Optional

from spacy.language import Language
from spacy.training import Example

from ..hints import shortened
from ..plain import as_schedule
from ..registry import register
from ..settings import takes
from ..types import Schedule
from .corpus_set import CorpusSet
from .sampler import Sampler
from .set_up import set_up
from .spec import Reader, read_spec
from .stream import CorpusStream, is_streamed


@register("readers", "spacy_mtl.MultiCorpus.v1")
def create_multi_corpus(
    corpora: Dict[str, Dict[str, Any]],
    schedule: Any = None,  # A Schedule: the error below is clearer than spaCy's validation.
    shuffle_buffer: int = 1000,
) -> Reader:
    """Create a reader for several corpora that annotate different tasks.

    Annotation of tasks that a corpus doesn't declare is made missing. All labels are found
    automatically, also with max_epochs = -1, where spaCy shows only the first 100 examples.

    corpora (Dict[str, Dict[str, Any]]): The settings of each corpus, by name:
        path (Union[str, Path, Callable]): A .spacy file, a folder of .spacy files, or a block
            with @readers that is finite or has a limit.
        tasks (List[str]): The components that it has gold annotation for.
        limit (int): Number of texts to read, after applying max_length; 0 for all.
        max_length (int): Maximum length in tokens; 0 for no limit. Longer texts are skipped
            (or, with a path, split into sentences where available).
        repeat (int): How often to read it per pass.
    schedule (Optional[Schedule]): Decides how corpora are drawn. Without one, each example
        comes once per pass, as in a development corpus. spacy_mtl.CorpusBatcher.v1 draws the
        batches: initializing the pipeline wraps any other [training.batcher] in it.
    shuffle_buffer (int): With max_epochs = -1, the number of examples per corpus to draw the
        next one from; 1 keeps them in order.
    RAISES (ValueError): If an entry is unknown, missing or out of range.
    """
    if not corpora:
        raise ValueError(
            "spacy_mtl.MultiCorpus.v1 has no corpora. Set at least one "
            "[corpora.train.corpora.NAME] with 'path' and 'tasks'."
        )
    if not isinstance(shuffle_buffer, int) or shuffle_buffer < 1:
        raise ValueError(
            f"'shuffle_buffer' of spacy_mtl.MultiCorpus.v1 is {shuffle_buffer!r}, but must be a "
            "number of examples >= 1. Fix it in [corpora.train]."
        )
    if schedule is not None and not takes(schedule, 1):
        raise ValueError(
            f"'schedule' of spacy_mtl.MultiCorpus.v1 is {shortened(schedule)}, which cannot be "
            "called with a Progress. Set @mtl_schedules = "
            '"spacy_mtl.Proportional.v1" (or another) in [corpora.train.schedule].'
        )
    specs = {name: read_spec(name, settings) for name, settings in corpora.items()}
    found = None if schedule is None else as_schedule(schedule)
    return MultiCorpus(CorpusSet(specs), found, shuffle_buffer)


class MultiCorpus:
    """Reads the examples of several corpora: see `create_multi_corpus`."""

    def __init__(
        self, corpora: CorpusSet, schedule: Optional[Schedule], shuffle_buffer: int
    ) -> None:
        self.corpora = corpora
        self.schedule = schedule
        self.shuffle_buffer = shuffle_buffer
        self._sampler: Optional[Sampler] = None
        self._stream: Optional[CorpusStream] = None
        self._replayed: Optional[Dict[str, Any]] = None

    def __call__(self, nlp: Language) -> Iterable[Example]:
        """Return the examples of a pass.

        nlp (Language): The pipeline.
        RETURNS (Iterable[Example]): Examples that know their corpus; a `CorpusStream` if corpora
            are streamed with a schedule.
        RAISES (ValueError): If pipeline and corpora don't fit: see `set_up`.
        """
        is_initialized = set_up(nlp, self.corpora, self.schedule)
        if self.schedule is None or not is_initialized:
            return self.corpora.read_all(nlp)
        if self._sampler is None:
            self._sampler = self._make_sampler(nlp, self.schedule)
        if not is_streamed(nlp):
            return self.corpora.read_all(nlp)
        if self._stream is None or self._stream.nlp is not nlp:
            self._stream = CorpusStream(nlp, self.corpora, self._sampler, self.shuffle_buffer)
        return self._stream

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The draws so far, and the state of the schedule."""
        return {"mixer": None if self._sampler is None else self._sampler.get_state()}

    def replay(self, state: Dict[str, Any]) -> None:
        """Prepare to repeat the draws that led to a state.

        state (Dict[str, Any]): A state from `get_state`.
        """
        self._replayed = state["mixer"]

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state, after its draws have been repeated.

        state (Dict[str, Any]): A state from `get_state`.
        """
        self._replayed = None
        if self._sampler is not None and state["mixer"] is not None:
            self._sampler.set_state(state["mixer"])

    def _make_sampler(self, nlp: Language, schedule: Schedule) -> Sampler:
        sampler = Sampler(schedule, self.corpora.survey(nlp).sizes, self.corpora.tasks)
        if self._replayed is not None:
            sampler.replay(self._replayed)
        sampler.serve(self.corpora.origin)
        return sampler
