"""spaCy's reader of several corpora, each with the tasks that it annotates."""

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
    return MultiCorpus(CorpusSet(specs), found, shuffle_buffer)


class MultiCorpus:
    """Gives the examples of several corpora: see `create_multi_corpus`."""

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
        """Give the examples of a pass.

        nlp (Language): The pipeline.
        RETURNS (Iterable[Example]): Examples that know their corpus; where corpora are streamed
            by a schedule, a `CorpusStream`.
        RAISES (ValueError): If pipeline and corpora do not fit: see `set_up`.
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
        """RETURNS (Dict[str, Any]): What was drawn until now, and what the schedule knows."""
        return {"mixer": None if self._sampler is None else self._sampler.get_state()}

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
        if self._sampler is not None and state["mixer"] is not None:
            self._sampler.set_state(state["mixer"])

    def _make_sampler(self, nlp: Language, schedule: Schedule) -> Sampler:
        sampler = Sampler(schedule, self.corpora.survey(nlp).sizes, self.corpora.tasks)
        if self._replayed is not None:
            sampler.replay(self._replayed)
        sampler.serve(self.corpora.origin)
        return sampler
