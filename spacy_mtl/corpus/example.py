"""An example that knows its corpus."""

from typing import Any, Optional, Sequence

from spacy.tokens import Doc
from spacy.training import Example


class CorpusExample(Example):
    """A text of a corpus that annotates some of the tasks.

    corpus (str): The name of the corpus.
    tasks (Sequence[str]): The tasks that it annotates: the gold of others is missing, even if
        there is some.
    mixer (Optional[Mixer]): What the corpora are drawn by, for a batcher.
    """

    def __init__(
        self,
        predicted: Doc,
        reference: Doc,
        *,
        corpus: str,
        tasks: Sequence[str],
        mixer: Optional[Any] = None,
    ) -> None:
        super().__init__(predicted, reference)
        self.corpus = corpus
        self.tasks = tasks
        self.mixer = mixer
