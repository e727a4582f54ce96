"""The base class of both text classification heads: reads categories, sets probabilities."""

import math
from numbers import Real
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Set, Tuple

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats1d, Floats2d, FloatsXd

from ..loading import UnfitError
from .component import TaskHead
from .gold import decided
from .thresholds import is_share

DEFAULT_CONFIG = """
[textcat]
threshold = 0.0
learn_rate_scale = null
label_smoothing = 0.0
class_weights = {}
prefix = ""
score_prefix = ""
teacher = null
scorer = {"@scorers":"spacy_mtl.textcat_scorer.v1"}

[textcat.model]
@architectures = "spacy_mtl.TextClassifier.v1"
pooling = {"@layers":"reduce_mean.v1"}

[textcat.model.tok2vec]
@architectures = "spacy_mtl.TaskListener.v1"
upstream = "mtl"
"""

DEFAULTS = Config().from_str(DEFAULT_CONFIG)["textcat"]


class CategoriesHead(TaskHead):
    """Predicts `doc.cats`. Its two subclasses decide whether categories are exclusive."""

    annotation = "a category"
    unit = "doc"
    multi_label: bool
    how_to_separate = (
        "List the labels of each in [initialize.components.NAME.labels], or start their labels in "
        "the corpora with different words and set each head's 'prefix'."
    )

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], Floats2d],
        name: str,
        *,
        threshold: float,
        class_weights: Dict[str, float] = {},
        prefix: str = "",
        **settings: Any,
    ) -> None:
        """Create a text classification head: see `make_textcat` and `TaskHead`."""
        _check_threshold(threshold, name)
        settings = {"positive_label": None, **settings}
        super().__init__(vocab, model, name, threshold=threshold, **settings)
        self.prefix = prefix
        if prefix:
            self.annotation = f"a category that starts with '{prefix}'"
        for label, weight in class_weights.items():
            if not math.isfinite(weight) or weight < 0:
                raise ValueError(
                    f"The class weight of '{label}' is {weight!r}, but it must be a finite number "
                    f">= 0. Fix 'class_weights' in [components.{name}]."
                )
        self.class_weights = dict(class_weights)

    @property
    def threshold(self) -> float:
        """RETURNS (float): The least probability of a predicted label. For scores only."""
        return float(self.cfg["threshold"])

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        _check_threshold(threshold, self.name)
        self.cfg["threshold"] = threshold

    def check_new_label(self, label: str) -> None:
        """Reject a label: see `TaskHead.check_new_label`. With a prefix, others can't be learned.

        label (str): The label. It may be there already.
        RAISES (ValueError): If it can't be added.
        """
        super().check_new_label(label)
        is_new = self.has_size and label not in self.labels
        if is_new and not label.startswith(self.prefix):
            raise ValueError(
                f"The component '{self.name}' only learns categories that start with "
                f"'{self.prefix}', but the new label is '{label}'. Add '{self.prefix}{label}', or "
                f"change 'prefix' in [components.{self.name}]."
            )

    def count_labels(self, example: Example) -> Iterable[str]:
        """RETURNS (Iterable[str]): The labels in the gold `cats` that have the prefix."""
        self._check_cats(example)
        return list(self._cats(example))

    def has_gold(self, doc: Doc) -> bool:
        """RETURNS (bool): Whether the document has a category with the prefix."""
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
    ) -> None:
        """Collect the labels and size the model: see `TaskHead.initialize`.

        RAISES (ValueError): If 'class_weights' has other labels.
        """
        super().initialize(get_examples, nlp=nlp, labels=labels)
        unknown = [label for label in self.class_weights if label not in self.labels]
        if unknown:
            raise ValueError(
                f"'class_weights' of the component '{self.name}' has {unknown}, but its labels "
                f"are {list(self.labels)}. Fix it in [components.{self.name}]."
            )

    def predict(self, docs: Iterable[Doc]) -> Floats2d:
        """Compute the probability of each label.

        docs (Iterable[Doc]): The documents.
        RETURNS (Floats2d): Probabilities. Shape: (n_docs, n_labels).
        """
        return self._probabilities(self._at_temperature(super().predict(docs)))

    def give_targets(self, docs: Sequence[Doc]) -> List[numpy.ndarray]:
        """RETURNS (List[Floats2d]): The probabilities: see `Student`. Shape: (1, n_labels)."""
        rows = self._probabilities(super().predict(docs))
        return [row.reshape((1, -1)) for row in self.model.ops.to_numpy(rows)]

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
        scores (Floats2d): Probabilities from `predict`. For logits use `compute_loss`.
        RETURNS (Tuple[float, Floats2d]): The loss, and its gradient with respect to the logits.
        RAISES (ValueError): If the scores aren't probabilities.
        """
        xp = self.model.ops.xp
        is_valid = bool(((scores >= -1e-3) & (scores <= 1 + 1e-3)).all())
        if not is_valid or not self._is_distribution(scores):
            raise ValueError(
                f"'get_loss' of the component '{self.name}' takes the probabilities that 'predict' "
                "returns, but got other values. For the model's logits use 'compute_loss'."
            )
        # Keeps the loss of a probability of 0 finite.
        clipped = xp.clip(scores, 1e-7, 1 - 1e-7)
        return super().get_loss(examples, self._logits(clipped) * self.temperature)

    def check_cfg(self, cfg: Dict[str, Any]) -> None:
        """Reject settings that this kind of head can't have saved: see `TaskHead.check_cfg`."""
        super().check_cfg(cfg)
        threshold, positive = cfg.get("threshold", 0.0), cfg.get("positive_label")
        if not is_share(threshold):
            raise UnfitError(f"'threshold' is {threshold!r}, but it must be a number in [0, 1]")
        if positive is not None and positive not in cfg["labels"]:
            raise UnfitError(f"'positive_label' is {positive!r}, but it must be null or a label")

    def scored_examples(self, examples: Iterable[Example]) -> List[Example]:
        """Round the gold categories: 0.5 and above count as positive.

        examples (Iterable[Example]): The examples.
        RETURNS (List[Example]): The same texts.
        RAISES (ValueError): If a gold category has a value that the loss rejects.
        """
        own = self.own_examples(examples)
        for eg in own:
            self._check_cats(eg)
        self._warn_unknown(label for eg in own for label in self._gold_labels(eg))
        return [decided(eg, self.labels) for eg in own]

    def score_arguments(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Whether labels are exclusive: see `TaskHead`."""
        return {"multi_label": self.multi_label}

    # What the subclasses implement.

    def _check_cats(self, eg: Example) -> None:
        """RAISES (ValueError): If a gold category has a value that the loss can't use."""
        raise NotImplementedError

    def _gold_labels(self, eg: Example) -> Iterable[Optional[str]]:
        """The labels that a text has annotation for."""
        raise NotImplementedError

    def _probabilities(self, logits: Floats2d) -> Floats2d:
        raise NotImplementedError

    def _logits(self, probabilities: Floats2d) -> Floats2d:
        raise NotImplementedError

    def _is_distribution(self, scores: Floats2d) -> bool:
        """Whether values in [0, 1] can come from `predict`."""
        return True

    # What they share.

    def _at_temperature(self, logits: Floats2d) -> Floats2d:
        # Without a calibration, not even rounding changes.
        return logits if self.calibration is None else logits / self.temperature

    def _factors(self, scores: Floats2d) -> Optional[Floats1d]:
        if not self.class_weights:
            return None
        factors = [self.class_weights.get(label, 1.0) for label in self.labels]
        return self.model.ops.asarray(factors, dtype=scores.dtype)

    def _cats(self, eg: Example) -> Dict[str, float]:
        cats = eg.reference.cats
        for label in cats:
            if not isinstance(label, str):
                self._refuse(eg, f"the label {label!r}: labels must be strings")
        own = {label: cats[label] for label in cats if label.startswith(self.prefix)}
        for label, value in own.items():
            # Other labels may belong to another head.
            if self.has_size and label not in self.labels:
                continue
            if not isinstance(value, Real) or not math.isfinite(value):
                self._refuse(eg, f"{label!r} at {value!r}: values must be finite numbers")
        return own

    def _refuse(self, eg: Example, what: str) -> None:
        raise ValueError(
            f"The head '{self.name}' takes categories with values from 0.0 to 1.0, but the text "
            f"{eg.reference.text[:60]!r} has {what}. Fix the corpus."
        )


def _check_threshold(threshold: Any, name: str) -> None:
    if not is_share(threshold):
        raise ValueError(
            f"'threshold' of the component '{name}' is {threshold!r}, but it must be a "
            f"probability in [0, 1]. Fix it in [components.{name}], or where it is set."
        )
