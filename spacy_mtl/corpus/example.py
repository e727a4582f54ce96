"""An example that knows its corpus."""

from typing import Any, Optional

from spacy.tokens import Doc
from spacy.training import Example


class CorpusExample(Example):
    """A text of a corpus. The tasks that it annotates are in its gold: see `TASKS_KEY`.

    corpus (str): The name of the corpus.
    mixer (Optional[Mixer]): What the corpora are drawn by, for a batcher.
    """

    def __init__(
        self,
        predicted: Doc,
        reference: Doc,
        *,
        corpus: str,
        mixer: Optional[Any] = None,
    ) -> None:
        super().__init__(predicted, reference)
        self.corpus = corpus
        self.mixer = mixer
