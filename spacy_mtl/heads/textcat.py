"""The head for whole texts: exclusive categories."""

import math
from numbers import Real
from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats1d, Floats2d, FloatsXd

from ..loading import UnfitError
from ..losses import MISSING, softmax, softmax_cross_entropy
from ..settings import checked
from ..types import LossAndGradient
from .component import TaskHead
from .gold import decided
from .scorers import CATS_SCORES

DEFAULT_CONFIG = """
[textcat]
threshold = 0.0
learn_rate_scale = 1.0
label_smoothing = 0.0
class_weights = {}
prefix = ""
score_prefix = ""
scorer = {"@scorers":"spacy_mtl.textcat_scorer.v1"}

[textcat.model]
@architectures = "spacy_mtl.TextClassifier.v1"
pooling = {"@layers":"reduce_mean.v1"}

[textcat.model.tok2vec]
@architectures = "spacy_mtl.TaskListener.v1"
upstream = "mtl"
"""

DEFAULTS = Config().from_str(DEFAULT_CONFIG)["textcat"]


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
    learn_rate_scale: float,
    label_smoothing: float,
    class_weights: Dict[str, float],
    prefix: str,
    score_prefix: str,
    scorer: Optional[Callable],
) -> "TextCategorizer":
    """Create a head for exclusive categories: one a text.

    model (Model[List[Doc], Floats2d]): From documents to logits.
    threshold (float): In [0, 1]. For scorers of users; as with spaCy's `textcat`, the best
        category is predicted, whatever its probability.
    learn_rate_scale (float): Factor of the learning rate for the head's layers.
    label_smoothing (float): In [0, 1).
    class_weights (Dict[str, float]): Factor of the loss by label, >= 0. A label
        that is not named has 1.0.
    prefix (str): What the labels in `doc.cats` begin with that are this head's, such as
        "topic:". "" for those that its corpora show.
    score_prefix (str): What the keys of the scores begin with. Where two heads would report
        the same, by default the name of each.
    scorer (Optional[Callable]): The scoring method.
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
    )


class TextCategorizer(TaskHead):
    """Predicts `doc.cats` for exclusive categories: probabilities that sum to 1."""

    annotation = "a category"
    unit = "doc"
    multi_label = False
    how_to_part = (
        "Name the labels of each in [initialize.components.NAME.labels], or have those in the "
        "corpora begin with different words and give each head its 'prefix'."
    )

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], Floats2d],
        name: str = "textcat",
        *,
        threshold: float = 0.0,
        class_weights: Dict[str, float] = {},
        prefix: str = "",
        **settings: Any,
    ) -> None:
        """Initialise a text classification head: see `make_textcat` and `TaskHead`."""
        if not _is_share(threshold):
            raise ValueError(
                f"'threshold' of the component '{name}' is {threshold!r}, but it is a probability "
                f"in [0, 1]. Mend [components.{name}]."
            )
        settings = {"positive_label": None, **settings}
        super().__init__(vocab, model, name, threshold=threshold, **settings)
        self.prefix = prefix
        if prefix:
            self.annotation = f"a category that begins with '{prefix}'"
        for label, weight in class_weights.items():
            if not math.isfinite(weight) or weight < 0:
                raise ValueError(
                    f"The class weight of '{label}' is {weight!r}, but it must be a finite number "
                    f">= 0. Mend 'class_weights' in [components.{name}]."
                )
        self.class_weights = dict(class_weights)

    def count_labels(self, example: Example) -> Iterable[str]:
        """RETURNS (Iterable[str]): The labels that the gold `cats` list, with the prefix."""
        self._check_cats(example)
        return list(self._cats(example))

    def has_gold(self, doc: Doc) -> bool:
        """RETURNS (bool): Whether there is a category with the prefix."""
        return any(str(label).startswith(self.prefix) for label in doc.cats)

    def output_keys(self) -> Set[str]:
        """RETURNS (Set[str]): The categories."""
        return {f"doc.cats['{label}']" for label in self.labels}

    def gold_attributes(self) -> Set[str]:
        """RETURNS (Set[str]): The categories."""
        return {"doc.cats"}

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Any = None,
        positive_label: Optional[str] = None,
    ) -> None:
        """Find the labels and give the model its size: see `TaskHead.initialize`.

        positive_label (Optional[str]): Of two labels that whose F-score is the "cats_score".
        RAISES (ValueError): If it is none of the labels, or there are more than two.
        """
        super().initialize(get_examples, nlp=nlp, labels=labels)
        if positive_label is not None and (
            positive_label not in self.labels or len(self.labels) != 2
        ):
            raise ValueError(
                f"'positive_label' of the component '{self.name}' is {positive_label!r}, but it "
                f"must be one of two labels, and the labels are {list(self.labels)}. Mend "
                f"[initialize.components.{self.name}]."
            )
        self.cfg["positive_label"] = positive_label
        unknown = [label for label in self.class_weights if label not in self.labels]
        if unknown:
            raise ValueError(
                f"'class_weights' of the component '{self.name}' names {unknown}, but its labels "
                f"are {list(self.labels)}. Mend [components.{self.name}]."
            )

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

    def predict(self, docs: Iterable[Doc]) -> Floats2d:
        """Compute the probability of each label.

        docs (Iterable[Doc]): The documents.
        RETURNS (Floats2d): Probabilities. Shape: (n_docs, n_labels).
        """
        return self._probabilities(super().predict(docs))

    def set_annotations(self, docs: Iterable[Doc], scores: Floats2d) -> None:
        """Set `doc.cats`.

        docs (Iterable[Doc]): The documents.
        scores (Floats2d): Probabilities. Shape: (n_docs, n_labels).
        """
        for doc, row in zip(docs, self.model.ops.to_numpy(scores).tolist()):
            doc.cats.update(zip(self.labels, row))

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> Tuple[float, FloatsXd]:
        """Compute the loss from probabilities: see `TaskHead.get_loss`.

        examples (Iterable[Example]): The batch.
        scores (Floats2d): What `predict` gives: probabilities. Of logits, take `compute_loss`.
        RETURNS (Tuple[float, Floats2d]): The loss, and its gradient by the logits.
        RAISES (ValueError): If they are no probabilities.
        """
        xp = self.model.ops.xp
        is_valid = bool(((scores >= -1e-3) & (scores <= 1 + 1e-3)).all())
        if not is_valid or not self._is_distribution(scores):
            raise ValueError(
                f"'get_loss' of the component '{self.name}' takes what 'predict' gives, "
                "probabilities, but got other values. For what the model gives, logits, take "
                "'compute_loss'."
            )
        # A probability of 0 has a loss, too.
        clipped = xp.clip(scores, 1e-7, 1 - 1e-7)
        return super().get_loss(examples, self._logits(clipped))

    def check_cfg(self, cfg: Dict[str, Any]) -> None:
        """Refuse settings that no head of this kind has saved: see `TaskHead.check_cfg`."""
        super().check_cfg(cfg)
        threshold, positive = cfg.get("threshold", 0.0), cfg.get("positive_label")
        if not _is_share(threshold):
            raise UnfitError(f"'threshold' is {threshold!r}, but it must be a number in [0, 1]")
        if positive is not None and positive not in cfg["labels"]:
            raise UnfitError(f"'positive_label' is {positive!r}, but it must be null or a label")

    def scored_examples(self, examples: Iterable[Example]) -> List[Example]:
        """Take the gold categories as decisions: positive from 0.5 on.

        examples (Iterable[Example]): The examples.
        RETURNS (List[Example]): The same texts.
        RAISES (ValueError): If gold categories have values that the loss refuses, too.
        """
        own = self.own_examples(examples)
        for eg in own:
            self._check_cats(eg)
        self._warn_unknown(label for eg in own for label in self._gold_labels(eg))
        return [decided(eg, self.labels) for eg in own]

    def score_arguments(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Whether labels exclude: see `TaskHead.score_arguments`."""
        return {"multi_label": self.multi_label}

    def _is_distribution(self, scores: Floats2d) -> bool:
        return bool((abs(scores.sum(axis=1) - 1) < 1e-2).all())

    def _logits(self, probabilities: Floats2d) -> Floats2d:
        return self.model.ops.xp.log(probabilities)

    def _probabilities(self, logits: Floats2d) -> Floats2d:
        return softmax(logits)

    def _factors(self, scores: Floats2d) -> Optional[Floats1d]:
        if not self.class_weights:
            return None
        factors = [self.class_weights.get(label, 1.0) for label in self.labels]
        return self.model.ops.asarray(factors, dtype=scores.dtype)

    def _check_labels(self) -> None:
        super()._check_labels()
        if len(self.labels) == 1 and not self.multi_label:
            raise ValueError(
                f"The head '{self.name}' found one label only, '{self.labels[0]}', and exclusive "
                "categories need two. Annotate texts of another category, name all labels in "
                f"[initialize.components.{self.name}.labels], or use the factory "
                "'mtl_textcat_multilabel' for a category that a text has or has not."
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
                f"The head '{self.name}' takes exclusive categories: one with the value 1.0, "
                f"others 0.0. But the text {eg.reference.text[:60]!r} has {cats}. Mend the "
                "corpus, or use the factory 'mtl_textcat_multilabel'. If some of them are another "
                f"head's, name those of this one in [initialize.components.{self.name}.labels], or "
                "give each head the 'prefix' of its labels."
            )

    def _cats(self, eg: Example) -> Dict[str, float]:
        cats = eg.reference.cats
        for label in cats:
            if not isinstance(label, str):
                self._refuse(eg, f"the label {label!r}: labels are strings")
        own = {label: cats[label] for label in cats if label.startswith(self.prefix)}
        is_sized = self.model.get_ref("output_layer").has_dim("nO") is True
        for label, value in own.items():
            # That of another label may be another head's.
            if is_sized and label not in self.labels:
                continue
            if not isinstance(value, Real) or not math.isfinite(value):
                self._refuse(eg, f"{label!r} at {value!r}: a value is a finite number")
        return own

    def _refuse(self, eg: Example, what: str) -> None:
        raise ValueError(
            f"The head '{self.name}' takes categories with values from 0.0 to 1.0, but the text "
            f"{eg.reference.text[:60]!r} has {what}. Mend the corpus."
        )


def _is_share(value: Any) -> bool:
    return isinstance(value, Real) and 0 <= float(value) <= 1
