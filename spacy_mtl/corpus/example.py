"""An example that knows its corpus."""

from spacy.tokens import Doc
from spacy.training import Example


class Origin:
    """A token for the reader that examples come from.

    It holds nothing, so that an example that outlives its reader or goes to another process
    takes none of the training along. See `sampler_of`.
    """


class CorpusExample(Example):
    """A text of a corpus. Its reference document lists the annotated tasks: see `TASKS_KEY`.

    corpus (str): The name of the corpus.
    origin (Origin): The reader that it comes from.
    """

    def __init__(self, predicted: Doc, reference: Doc, *, corpus: str, origin: Origin) -> None:
        super().__init__(predicted, reference)
        self.corpus = corpus
        self.origin = origin
