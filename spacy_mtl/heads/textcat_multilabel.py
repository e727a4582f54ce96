"""The text classification head for independent categories."""

import math
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d, FloatsXd

from ..losses import sigmoid, sigmoid_cross_entropy
from ..settings import checked
from ..types import LossAndGradient
from .categories import DEFAULTS, CategoriesHead
from .scorers import CATS_SCORES


@Language.factory(
    "mtl_textcat_multilabel",
    assigns=["doc.cats"],
    requires=["doc.tensor"],
    default_config={**DEFAULTS, "threshold": 0.5},
    default_score_weights=CATS_SCORES,
)
@checked("mtl_textcat_multilabel", "[components.{name}]")
def make_multilabel_textcat(
    nlp: Language,
    name: str,
    model: Model[List[Doc], Floats2d],
    threshold: float,
    learn_rate_scale: Optional[float],
    label_smoothing: float,
    class_weights: Dict[str, float],
    prefix: str,
    score_prefix: str,
    scorer: Optional[Callable],
    teacher: Optional[Dict[str, Any]],
) -> "MultiLabelTextCategorizer":
    """Create a head for independent categories: none, one or several per text.

    model (Model[List[Doc], Floats2d]): Maps documents to logits.
    threshold (float): Minimum probability at which a label counts as predicted, in
        [0, 1]. For scores only: `doc.cats` has the probabilities.
    learn_rate_scale (Optional[float]): Factor for the head's layers. None: see `OwnRate`.
    label_smoothing (float): In [0, 1).
    class_weights (Dict[str, float]): Loss factor by label, >= 0. Labels that aren't
        listed have 1.0.
    prefix (str): Prefix of this head's labels in `doc.cats`, such as "topic:". "" for all
        labels that its corpora have.
    score_prefix (str): Prefix of the score keys. Defaults to the head's name if two heads
        would report the same keys.
    scorer (Optional[Callable]): The scoring method.
    teacher (Optional[Dict[str, Any]]): A trained pipeline to learn from, too: 'path', 'weight'
        (a number from 0 to 1 or a schedule), 'component' and 'cache'. See docs/teachers.md.
    """
    return MultiLabelTextCategorizer(
        nlp.vocab,
        model,
        name,
        threshold=threshold,
        learn_rate_scale=learn_rate_scale,
        label_smoothing=label_smoothing,
        class_weights=class_weights,
        prefix=prefix,
        score_prefix=score_prefix,
        scorer=scorer,
        teacher=teacher,
    )


class MultiLabelTextCategorizer(CategoriesHead):
    """Predicts `doc.cats` for independent categories: one probability each.

    A label that's absent from a document's `cats` is missing, not negative.
    """

    multi_label = True
    has_independent_labels = True
    target_kind = "labels"

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], Floats2d],
        name: str = "textcat_multilabel",
        *,
        threshold: float = 0.5,
        **settings: Any,
    ) -> None:
        """Create the head: see `make_multilabel_textcat` and `TaskHead`."""
        super().__init__(vocab, model, name, threshold=threshold, **settings)

    def loss_of(
        self, examples: List[Example], scores: Floats2d
    ) -> Tuple[LossAndGradient, FloatsXd]:
        """RETURNS (Tuple[LossAndGradient, Any]): See `TaskHead.loss_of`."""
        for eg in examples:
            self._check_cats(eg)
        cats = [self._cats(eg) for eg in examples]
        self._warn_unknown(label for eg in examples for label in self._gold_labels(eg))
        targets = numpy.asarray(
            [[c.get(label, math.nan) for label in self.labels] for c in cats], dtype=scores.dtype
        )
        smooth = self.label_smoothing
        loss = sigmoid_cross_entropy(
            scores,
            self.model.ops.asarray((1 - smooth) * targets + smooth / 2),
            class_weights=self._factors(scores),
        )
        return loss, loss.gradient

    def soft_loss(self, scores: Floats2d, targets: Floats2d) -> LossAndGradient:
        """RETURNS (LossAndGradient): The loss against a teacher's probabilities: see `Student`."""
        return sigmoid_cross_entropy(scores, targets)

    def _gold_labels(self, eg: Example) -> Iterable[Optional[str]]:
        return self._cats(eg)

    def _probabilities(self, logits: Floats2d) -> Floats2d:
        return sigmoid(logits)

    def _logits(self, probabilities: Floats2d) -> Floats2d:
        return self.model.ops.xp.log(probabilities / (1 - probabilities))

    def _check_cats(self, eg: Example) -> None:
        cats = self._cats(eg)
        if not all(0.0 <= value <= 1.0 for value in cats.values()):
            raise ValueError(
                f"The head '{self.name}' takes categories with values from 0.0 to 1.0, but the "
                f"text {eg.reference.text[:60]!r} has {cats}. Fix the corpus."
            )
