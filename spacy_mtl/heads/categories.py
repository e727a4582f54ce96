"""What both heads for whole texts do: read categories, and set the probability of each."""

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
from .component import TaskHead
from .gold import decided

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


class CategoriesHead(TaskHead):
    """Predicts `doc.cats`. Whether categories exclude each other is for its two subclasses."""

    annotation = "a category"
    unit = "doc"
    multi_label: bool
    how_to_part = (
        "Name the labels of each in [initialize.components.NAME.labels], or have those in the "
        "corpora begin with different words and give each head its 'prefix'."
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
    ) -> None:
        """Find the labels and give the model its size: see `TaskHead.initialize`.

        RAISES (ValueError): If 'class_weights' names others.
        """
        super().initialize(get_examples, nlp=nlp, labels=labels)
        unknown = [label for label in self.class_weights if label not in self.labels]
        if unknown:
            raise ValueError(
                f"'class_weights' of the component '{self.name}' names {unknown}, but its labels "
                f"are {list(self.labels)}. Mend [components.{self.name}]."
            )

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

    # What differs between the two.

    def _check_cats(self, eg: Example) -> None:
        """RAISES (ValueError): If gold categories have values that the loss does not take."""
        raise NotImplementedError

    def _gold_labels(self, eg: Example) -> Iterable[Optional[str]]:
        """The labels that a text is annotated with, or for."""
        raise NotImplementedError

    def _probabilities(self, logits: Floats2d) -> Floats2d:
        raise NotImplementedError

    def _logits(self, probabilities: Floats2d) -> Floats2d:
        raise NotImplementedError

    def _is_distribution(self, scores: Floats2d) -> bool:
        """Whether values in [0, 1] can be what `predict` gives."""
        return True

    # What does not.

    def _factors(self, scores: Floats2d) -> Optional[Floats1d]:
        if not self.class_weights:
            return None
        factors = [self.class_weights.get(label, 1.0) for label in self.labels]
        return self.model.ops.asarray(factors, dtype=scores.dtype)

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
