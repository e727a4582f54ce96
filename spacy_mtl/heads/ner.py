"""The head for named entities: BILUO classes, decoded into the best legal sequence."""

from dataclasses import replace
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Set, Tuple, Union

import numpy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d

from ..arrays import cut, cut_like
from ..losses import MISSING, softmax_cross_entropy
from ..settings import NOT_EMPTY, checked
from ..types import LossAndGradient, TokenVectors
from .biluo import OUTSIDE, class_names
from .crf import CrfLoss, crf_loss, token_marginals
from .crf_distillation import crf_distillation_among
from .decoding import EntityDecoder
from .entities import gold_spans, read_entities
from .thresholds import Threshold
from .trimming import fit_to_words

DEFAULT_CONFIG = """
[mtl_ner]
spans_key = null
confidence = false
threshold = null
n_best = 0
learn_rate_scale = null
label_smoothing = 0.0
score_prefix = ""
teacher = null
scorer = {"@scorers":"spacy_mtl.ner_scorer.v1"}

[mtl_ner.model]
@architectures = "spacy_mtl.TokenClassifier.v1"

[mtl_ner.model.tok2vec]
@architectures = "spacy_mtl.TaskListener.v1"
upstream = "mtl"
"""


@Language.factory(
    "mtl_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    requires=["doc.tensor"],
    default_config=Config().from_str(DEFAULT_CONFIG)["mtl_ner"],
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
@checked("mtl_ner", "[components.{name}]", spans_key=NOT_EMPTY)
def make_ner(
    nlp: Language,
    name: str,
    model: Model[List[Doc], TokenVectors],
    spans_key: Optional[str],
    confidence: bool,
    threshold: Optional[Union[float, Dict[str, float]]],
    n_best: int,
    learn_rate_scale: Optional[float],
    label_smoothing: float,
    score_prefix: str,
    scorer: Optional[Callable],
    teacher: Optional[Dict[str, Any]],
) -> "EntityRecognizer":
    """Create a head for named entities.

    model (Model[List[Doc], List[Floats2d]]): Maps documents to logits of the BILUO
        classes.
    spans_key (Optional[str]): Learn and set `doc.spans` under this key instead of `doc.ents`.
        A document without the key has no annotation. Spans must not overlap.
    confidence (bool): Whether to set `span._.confidence`, the probability of each entity.
    threshold (Optional[Union[float, Dict[str, float]]]): Drop entities whose probability is lower:
        a number in [0, 1], or such numbers by label. Confidences are set, too.
    n_best (int): How many analyses of a text to set as `doc._.NAME_n_best`, most probable first.
    learn_rate_scale (Optional[float]): Factor for the head's layers. None: see `OwnRate`.
    label_smoothing (float): In [0, 1).
    score_prefix (str): Prefix of the score keys. Defaults to the head's name if two heads
        would report the same keys.
    scorer (Optional[Callable]): The scoring method.
    teacher (Optional[Dict[str, Any]]): A trained pipeline to learn from, too: 'path', 'weight'
        (a number from 0 to 1 or a schedule), 'component' and 'cache'. See docs/teachers.md.
    """
    return EntityRecognizer(
        nlp.vocab,
        model,
        name,
        spans_key=spans_key,
        confidence=confidence,
        threshold=threshold,
        n_best=n_best,
        learn_rate_scale=learn_rate_scale,
        label_smoothing=label_smoothing,
        score_prefix=score_prefix,
        scorer=scorer,
        teacher=teacher,
    )


class EntityRecognizer(EntityDecoder):
    """Predicts `doc.ents`, or the spans under a key.

    The classes are scored token by token and decoded together, so the result is
    always a legal sequence. If the model learns transitions, the loss is that of
    whole sequences (a linear-chain CRF). Existing entities (set by an entity ruler,
    say) and blocked tokens are kept, and predictions that overlap them are dropped.
    """

    annotation = "entities"
    target_kind = "entities"
    how_to_separate = (
        "Set a (different) 'spans_key' in one of them, or list the labels of each in "
        "[initialize.components.NAME.labels]."
    )
    fate_of_unknown = "This head treats its tokens as outside of entities."

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], TokenVectors],
        name: str = "ner",
        *,
        spans_key: Optional[str] = None,
        confidence: bool = False,
        threshold: Threshold = None,
        n_best: int = 0,
        **settings: Any,
    ) -> None:
        """Create an entity head: see `make_ner` and `TaskHead`."""
        super().__init__(vocab, model, name, **settings)
        self.take_settings(confidence=confidence, threshold=threshold, n_best=n_best)
        self.spans_key = spans_key
        if spans_key is not None:
            self.annotation = f"doc.spans['{spans_key}']"
        self.learns_transitions = bool(model.has_ref("transitions"))
        if self.learns_transitions and self.label_smoothing > 0:
            raise ValueError(
                f"The component '{name}' has learn_transitions = true and label_smoothing = "
                f"{self.label_smoothing}, but the CRF loss of whole sequences can't be smoothed. "
                f"Set label_smoothing = 0.0 in [components.{name}], or learn_transitions = false "
                f"in [components.{name}.model]."
            )

    def count_labels(self, example: Example) -> Iterable[str]:
        """RETURNS (Iterable[str]): The entity types of the gold document."""
        return [ent.label_ for ent in gold_spans(example.reference, self.spans_key)]

    def has_gold(self, doc: Doc) -> bool:
        """RETURNS (bool): Whether a token has entity annotation, or the document has the key."""
        return (
            doc.has_annotation("ENT_IOB") if self.spans_key is None else self.spans_key in doc.spans
        )

    def output_keys(self) -> Set[str]:
        """RETURNS (Set[str]): The entities of each label, or the spans under the key."""
        if self.spans_key is not None:
            return {f"doc.spans['{self.spans_key}']"}
        return {f"doc.ents of label '{label}'" for label in self.labels}

    def gold_attributes(self) -> Set[str]:
        """RETURNS (Set[str]): The entities, or the spans."""
        return {"doc.ents" if self.spans_key is None else "doc.spans"}

    def own_score_weights(self, weights: Dict[str, Any]) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The weights for entities, or for spans: see `Task`."""
        if self.spans_key is None:
            return weights
        start = f"spans_{self.spans_key}"
        return {key.replace("ents", start, 1): weight for key, weight in weights.items()}

    @staticmethod
    def classes_of(labels: Sequence[str]) -> List[str]:
        """RETURNS (List[str]): The BILUO classes: see `class_names`."""
        return class_names(labels)

    def loss_of(
        self, examples: List[Example], scores: TokenVectors
    ) -> Tuple[LossAndGradient, TokenVectors]:
        """RETURNS (Tuple[LossAndGradient, Any]): See `TaskHead.loss_of`."""
        labels = self._gold_classes(examples)
        ops = self.model.ops
        flat = ops.flatten(scores)
        if self.learns_transitions:
            lengths = [len(array) for array in scores]
            crf = crf_loss(ops.to_numpy(flat), labels, lengths, self.transitions())
            loss: LossAndGradient = replace(crf, gradient=ops.asarray(crf.gradient))
        else:
            loss = softmax_cross_entropy(
                flat, ops.asarray(labels), label_smoothing=self.label_smoothing
            )
        return loss, cut_like(loss.gradient, scores)

    def give_targets(self, docs: Sequence[Doc]) -> List[numpy.ndarray]:
        """RETURNS (List[Floats2d]): The marginals of the classes of tokens: see `Student`."""
        if not self.learns_transitions:
            return super().give_targets(docs)
        flat = self.model.ops.to_numpy(self.model.ops.flatten(self.predict(docs)))
        lengths = list(map(len, docs))
        return cut(token_marginals(flat, lengths, self.transitions()), lengths)

    def soft_loss(self, scores: TokenVectors, targets: Floats2d) -> LossAndGradient:
        """RETURNS (LossAndGradient): The loss against a teacher's marginals: see `Student`."""
        if not self.learns_transitions:
            return super().soft_loss(scores, targets)
        return self.soft_loss_among(scores, targets, range(len(self.classes())))

    def soft_loss_among(
        self, scores: TokenVectors, targets: Floats2d, classes: Sequence[int]
    ) -> LossAndGradient:
        """RETURNS (LossAndGradient): The loss against marginals of some classes: see `Student`."""
        if not self.learns_transitions:
            return super().soft_loss_among(scores, targets, classes)
        ops, lengths = self.model.ops, [len(array) for array in scores]
        flat, own = ops.to_numpy(ops.flatten(scores)), ops.to_numpy(targets)
        loss = crf_distillation_among(flat, own, lengths, self.transitions(), classes)
        return replace(loss, gradient=ops.asarray(loss.gradient))

    def add_gradients(self, loss: LossAndGradient) -> None:
        """Add the gradient of the learned transitions.

        loss (LossAndGradient): The output of `loss_of`.
        """
        if isinstance(loss, CrfLoss):
            gradient = self.model.ops.asarray(loss.d_transitions)
            self.model.get_ref("transitions").inc_grad("T", gradient)

    def score_arguments(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What the head sets: see `TaskHead.score_arguments`."""
        # Needed when another head sets entities, too.
        labels = self.labels if self.score_prefix and self.spans_key is None else None
        return {"spans_key": self.spans_key, "own_labels": labels}

    def own_examples(self, examples: Iterable[Example]) -> List[Example]:
        """Select the entities that the head can predict: see `TaskHead.own_examples`.

        examples (Iterable[Example]): The batch.
        RETURNS (List[Example]): The same texts, with entities that start and end with words.
        """
        found = []
        for eg in super().own_examples(examples):
            fitted, changed = fit_to_words(eg, self.spans_key)
            found.append(fitted)
            if changed:
                self._warn_unfit(changed[0])
        return found

    def _warn_unfit(self, span: Span) -> None:
        self._warn_once(
            "unfit",
            f"The entity {span.text!r} ({span.label_ or 'without a label'}) in "
            f"{span.doc.text[:60]!r} starts or ends with whitespace, or has no word or no label: "
            "no head can predict it. Training and scoring trim such entities to their words, or "
            "leave them out. `spacy mtl debug-data` counts them. Fix the corpus.",
        )

    def count_unfit(self, example: Example) -> int:
        """RETURNS (int): How many gold entities are trimmed or left out."""
        (eg,) = super().own_examples([example])
        return len(fit_to_words(eg, self.spans_key)[1])

    def _gold_classes(self, examples: List[Example]) -> numpy.ndarray:
        """RETURNS (Ints1d): The gold class of each token, or MISSING."""
        index = {name: i for i, name in enumerate(self.classes())}
        gold: List[Optional[str]] = []
        for eg in examples:
            found = read_entities(eg, self.spans_key)
            gold.extend(found.classes)
            if found.unfit is not None:
                self._warn_unfit(found.unfit)
            if found.lost is not None:
                self._warn_lost(found.lost, eg.reference)
        in_entity = [name for name in gold if name and name[1:2] == "-"]
        self._warn_unknown(name[2:] for name in in_entity)
        # Entities of types that this head doesn't have count as outside.
        index = {**dict.fromkeys(in_entity, OUTSIDE), **index}
        return numpy.asarray([index.get(name or "", MISSING) for name in gold], dtype="int64")

    def _warn_lost(self, span: Span, doc: Doc) -> None:
        self._warn_misaligned(
            f"The entity {span.text!r} in {doc.text[:60]!r} doesn't start and end at token "
            "boundaries of this pipeline's tokenizer, or overlaps another. Such entities are "
            "left out (their tokens count as not annotated)."
        )
