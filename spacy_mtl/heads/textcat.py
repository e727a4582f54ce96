"""The head for whole texts: exclusive categories."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d, FloatsXd

from ..losses import MISSING, soft_cross_entropy, softmax, softmax_cross_entropy
from ..settings import checked
from ..types import LossAndGradient
from .categories import DEFAULTS, CategoriesHead
from .scorers import CATS_SCORES


@Language.factory(
    "mtl_textcat",
    assigns=["doc.cats"],
    requires=["doc.tensor"],
    default_config=DEFAULTS,
    default_score_weights=CATS_SCORES,
)
@checked("mtl_textcat", "[components.{name}]")
def make_textcat(
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
) -> "TextCategorizer":
    """Create a head for exclusive categories: one per text.

    model (Model[List[Doc], Floats2d]): Maps documents to logits.
    threshold (float): In [0, 1]. For custom scorers only; like spaCy's `textcat`, the head
        predicts the best category, whatever its probability.
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
    return TextCategorizer(
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


class TextCategorizer(CategoriesHead):
    """Predicts `doc.cats` for exclusive categories: probabilities that sum to 1."""

    multi_label = False
    target_kind = "categories"

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], Floats2d],
        name: str = "textcat",
        *,
        threshold: float = 0.0,
        **settings: Any,
    ) -> None:
        """Create the head: see `make_textcat` and `TaskHead`."""
        super().__init__(vocab, model, name, threshold=threshold, **settings)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Any = None,
        positive_label: Optional[str] = None,
    ) -> None:
        """Collect the labels and size the model: see `TaskHead.initialize`.

        positive_label (Optional[str]): With two labels, the one whose F-score is "cats_score".
        RAISES (ValueError): If it isn't one of the labels, or there aren't exactly two.
        """
        super().initialize(get_examples, nlp=nlp, labels=labels)
        if positive_label is not None and (
            positive_label not in self.labels or len(self.labels) != 2
        ):
            raise ValueError(
                f"'positive_label' of the component '{self.name}' is {positive_label!r}, but it "
                f"must be one of two labels, and the labels are {list(self.labels)}. Fix it in "
                f"[initialize.components.{self.name}]."
            )
        self.cfg["positive_label"] = positive_label

    def loss_of(
        self, examples: List[Example], scores: Floats2d
    ) -> Tuple[LossAndGradient, FloatsXd]:
        """RETURNS (Tuple[LossAndGradient, Any]): See `TaskHead.loss_of`."""
        ops = self.model.ops
        index = {label: i for i, label in enumerate(self.labels)}
        for eg in examples:
            self._check_cats(eg)
        positive = [self._positive_label(eg) for eg in examples]
        self._warn_unknown(positive)
        labels = ops.asarray([index.get(label or "", MISSING) for label in positive], dtype="int64")
        loss = softmax_cross_entropy(
            scores,
            labels,
            label_smoothing=self.label_smoothing,
            class_weights=self._factors(scores),
        )
        return loss, loss.gradient

    def soft_loss(self, scores: Floats2d, targets: Floats2d) -> LossAndGradient:
        """RETURNS (LossAndGradient): The loss against a teacher's probabilities: see `Student`."""
        return soft_cross_entropy(scores, targets)

    def _is_distribution(self, scores: Floats2d) -> bool:
        return bool((abs(scores.sum(axis=1) - 1) < 1e-2).all())

    def _logits(self, probabilities: Floats2d) -> Floats2d:
        return self.model.ops.xp.log(probabilities)

    def _probabilities(self, logits: Floats2d) -> Floats2d:
        return softmax(logits)

    def _check_labels(self) -> None:
        super()._check_labels()
        if len(self.labels) == 1:
            raise ValueError(
                f"The head '{self.name}' found only one label, '{self.labels[0]}', but exclusive "
                "categories need two. Annotate texts of another category, list all labels in "
                f"[initialize.components.{self.name}.labels], or use the factory "
                "'mtl_textcat_multilabel' for a single yes/no category."
            )

    def _gold_labels(self, eg: Example) -> Iterable[Optional[str]]:
        return [self._positive_label(eg)]

    def _positive_label(self, eg: Example) -> Optional[str]:
        positive = [label for label, value in self._cats(eg).items() if value == 1.0]
        known = [label for label in positive if label in self.labels]
        return next(iter(known or positive), None)

    def _check_cats(self, eg: Example) -> None:
        # Another head may have its categories in the same place.
        output = self.model.get_ref("output_layer")
        cats = self._cats(eg)
        if output.has_dim("nO"):
            cats = {label: value for label, value in cats.items() if label in self.labels}
        values = list(cats.values())
        if values.count(1.0) > 1 or any(value not in (0.0, 1.0) for value in values):
            raise ValueError(
                f"The head '{self.name}' takes exclusive categories: one with the value 1.0, the "
                f"others 0.0. But the text {eg.reference.text[:60]!r} has {cats}. Fix the "
                "corpus, or use the factory 'mtl_textcat_multilabel'. If some belong to another "
                f"head, list this head's labels in [initialize.components.{self.name}.labels], or "
                "set the 'prefix' of each head's labels."
            )
