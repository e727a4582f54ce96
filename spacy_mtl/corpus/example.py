"""An example that knows its corpus."""

from spacy.tokens import Doc
from spacy.training import Example


class Origin:
    """Stands for the reader that examples come from.

    Nothing but itself: an example may outlive its reader, or go to another process, and takes
    nothing of the training along. See `sampler_of`.
    """


class CorpusExample(Example):
    """A text of a corpus. The tasks that it annotates are in its gold: see `TASKS_KEY`.

    corpus (str): The name of the corpus.
    origin (Origin): The reader that it comes from.
    """

    def __init__(self, predicted: Doc, reference: Doc, *, corpus: str, origin: Origin) -> None:
        super().__init__(predicted, reference)
        self.corpus = corpus
        self.origin = origin
