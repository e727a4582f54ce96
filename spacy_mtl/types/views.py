"""What goes from the encoder to the heads, and back: features and views."""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, FrozenSet, List, Optional, Sequence, Tuple

from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

#: One array per document. Shape of each: (n_tokens, width).
TokenVectors = List[Floats2d]

#: The key in the gold document's `user_data` that may list the tasks it is annotated for.
#: (spaCy copies examples before it trains on them, but not their gold documents.)
TASKS_KEY = "spacy_mtl.tasks"

#: The key in the gold document's `user_data` with the name of its corpus, if there are several.
CORPUS_KEY = "spacy_mtl.corpus"

#: From documents to one vector per token.
Encoder = Model[List[Doc], TokenVectors]


@dataclass(frozen=True)
class Annotated:
    """What is known about the gold annotation of a batch, in training.

    tasks (List[FrozenSet[str]]): The tasks that each document is annotated for.
    corpora (List[Optional[str]]): The corpus of each document, if its reader named one.
    """

    tasks: List[FrozenSet[str]]
    corpora: List[Optional[str]]


@dataclass
class Features:
    """The last representation that all tasks share, or its gradient.

    arrays (List[FloatsXd]): The differentiable part, one array per document, usually of the
        shape (n_tokens, width).
    context (Any): Anything passed along unchanged, such as an alignment.
    annotated (Optional[Annotated]): The annotation of the batch, in training, for schemes that
        ask for it (`Scheme.needs_annotation`).
    lengths (Optional[List[int]]): The number of tokens of each document. None: those of the
        arrays.
    vectors (Optional[List[Floats2d]]): What `doc.tensor` becomes in prediction, if that isn't one
        of the arrays.
    """

    arrays: List[Any]
    context: Any = None
    annotated: Optional[Annotated] = None
    lengths: Optional[List[int]] = None
    vectors: Optional[TokenVectors] = None


@dataclass
class Views:
    """What each task sees, or its gradient.

    by_task (Dict[str, List[Floats2d]]): The view of each task. Shape of each array:
        (n_tokens, width).
    losses (Dict[str, float]): Auxiliary losses by name, such as a discriminator's. In a
        gradient, the weight of each.
    """

    by_task: Dict[str, TokenVectors]
    losses: Dict[str, float] = field(default_factory=dict)


#: From documents to features. An `Encoder` is also a trunk.
Trunk = Model[List[Doc], Features]

#: From the features and the task names to each task's view. Its backprop turns the gradient of
#: one task's view, or of the auxiliary losses, into that of the features. It is called several
#: times.
Sharing = Model[Tuple[Features, Sequence[str]], Views]

#: Takes the gradient with respect to a view and returns zeros of the same shape.
ViewCallback = Callable[[TokenVectors], TokenVectors]
