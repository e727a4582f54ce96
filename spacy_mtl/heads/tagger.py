"""The tagging head: one label per token, such as part-of-speech tags."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

import numpy
from spacy.language import Language
from spacy.parts_of_speech import IDS as POS_IDS
from spacy.tokens import Doc, Token
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Config, Model

from ..arrays import cut, cut_like
from ..losses import MISSING, softmax_cross_entropy
from ..settings import checked
from ..tasks.stock import task_of
from ..types import LossAndGradient, TokenVectors
from .alignment import aligned_tags, tags_of
from .tag_confidence import TagConfidence

DEFAULT_CONFIG = """
[mtl_tagger]
attribute = "tag"
overwrite = false
confidence = false
n_best = 0
learn_rate_scale = null
label_smoothing = 0.0
score_prefix = ""
teacher = null
scorer = {"@scorers":"spacy_mtl.tagger_scorer.v1"}

[mtl_tagger.model]
@architectures = "spacy_mtl.TokenClassifier.v1"

[mtl_tagger.model.tok2vec]
@architectures = "spacy_mtl.TaskListener.v1"
upstream = "mtl"
"""

ATTRIBUTES = ("tag", "pos")


@Language.factory(
    "mtl_tagger",
    assigns=["token.tag"],
    requires=["doc.tensor"],
    default_config=Config().from_str(DEFAULT_CONFIG)["mtl_tagger"],
    # spaCy sets these by factory, not by attribute: see Tagger.initialize.
    default_score_weights={"tag_acc": 1.0, "pos_acc": None},
)
@checked("mtl_tagger", "[components.{name}]")
def make_tagger(
    nlp: Language,
    name: str,
    model: Model[List[Doc], TokenVectors],
    attribute: str,
    overwrite: bool,
    confidence: bool,
    n_best: int,
    learn_rate_scale: Optional[float],
    label_smoothing: float,
    score_prefix: str,
    scorer: Optional[Callable],
    teacher: Optional[Dict[str, Any]],
) -> "Tagger":
    """Create a tagging head.

    model (Model[List[Doc], List[Floats2d]]): Maps documents to logits.
    attribute (str): The token attribute to learn and set: "tag" (fine-grained), "pos"
        (coarse-grained, universal), or a custom extension such as "_.style" (a string; created
        with default None if missing; .spacy files need store_user_data for it).
    overwrite (bool): Whether to replace existing annotation.
    confidence (bool): Whether to set `token._.tag_confidence` (or "pos_confidence",
        "EXTENSION_confidence"), the probability of the tag.
    n_best (int): How many tags of each token to set as `doc._.NAME_n_best`, most probable first.
    learn_rate_scale (Optional[float]): Factor for the head's layers. None: see `OwnRate`.
    label_smoothing (float): In [0, 1).
    score_prefix (str): Prefix of the score keys. Defaults to the head's name if two heads
        would report the same keys.
    scorer (Optional[Callable]): The scoring method.
    teacher (Optional[Dict[str, Any]]): A trained pipeline to learn from, too: 'path', 'weight'
        (a number from 0 to 1 or a schedule), 'component' and 'cache'. See docs/teachers.md.
    """
    return Tagger(
        nlp.vocab,
        model,
        name,
        attribute=attribute,
        overwrite=overwrite,
        confidence=confidence,
        n_best=n_best,
        learn_rate_scale=learn_rate_scale,
        label_smoothing=label_smoothing,
        score_prefix=score_prefix,
        scorer=scorer,
        teacher=teacher,
    )


class Tagger(TagConfidence):
    """Predicts `token.tag_`, `token.pos_` or a custom extension."""

    annotation = "tags"
    target_kind = "tags"
    how_to_separate = "Set a different 'attribute' in one of them."

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], TokenVectors],
        name: str = "tagger",
        *,
        attribute: str = "tag",
        overwrite: bool = False,
        confidence: bool = False,
        n_best: int = 0,
        **settings: Any,
    ) -> None:
        """Create a tagging head: see `make_tagger` and `TaskHead`."""
        extension = attribute.removeprefix("_.") if attribute.startswith("_.") else None
        if attribute not in ATTRIBUTES and not (extension or "").isidentifier():
            raise ValueError(
                f"'attribute' of the component '{name}' is {attribute!r}, but it must be one of: "
                f"{', '.join(ATTRIBUTES)}, or a custom extension such as '_.style'. "
                f"Fix it in [components.{name}]."
            )
        if extension is not None and not Token.has_extension(extension):
            Token.set_extension(extension, default=None)
        super().__init__(vocab, model, name, **settings)
        if model.has_ref("transitions"):
            raise ValueError(
                f"The component '{name}' tags token by token and can't use learn_transitions "
                f"= true in [components.{name}.model]. Remove it."
            )
        self.annotation = f"token.{attribute}_"
        if extension is not None:
            self.annotation = f"token.{attribute} (saved by DocBin with store_user_data = True)"
        self.attribute = attribute
        #: The name of the custom extension, if the attribute is one.
        self.extension = extension
        self.overwrite = overwrite
        self.take_settings(confidence=confidence, n_best=n_best)

    @property
    def hide_labels(self) -> bool:
        """RETURNS (bool): False: show the labels in the pipeline's meta."""
        return False

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Any = None,
    ) -> None:
        """Collect the labels and size the model: see `TaskHead.initialize`.

        If the head sets `pos`, no other component sets tags and "pos_acc" has no
        weight, it gets that of "tag_acc" in [training.score_weights]. Otherwise every
        checkpoint would score 0.
        """
        super().initialize(get_examples, nlp=nlp, labels=labels)
        if nlp is not None and self.attribute == "pos" and not _sets_tags(nlp):
            weights = nlp.config["training"]["score_weights"]
            if not weights.get("pos_acc"):
                weights["pos_acc"] = weights.get("tag_acc")
                weights["tag_acc"] = None

    def check_new_label(self, label: str) -> None:
        """Reject a label: see `TaskHead.check_new_label`. Coarse-grained tags are a closed set.

        label (str): The label. It may be there already.
        RAISES (ValueError): If it can't be added.
        """
        if self.attribute == "pos" and label not in POS_IDS:
            raise ValueError(
                f"The component '{self.name}' sets token.pos_, but {label!r} is not a universal "
                "part-of-speech tag. Fix the corpus or the labels, or set attribute = 'tag' in "
                f"[components.{self.name}]."
            )
        super().check_new_label(label)

    def count_labels(self, example: Example) -> Iterable[str]:
        """RETURNS (Iterable[str]): The gold tokens' values of the attribute."""
        return [text for text in self.texts_of(example.reference) if text]

    def has_gold(self, doc: Doc) -> bool:
        """RETURNS (bool): Whether a token has the attribute."""
        return any(self.texts_of(doc))

    def texts_of(self, doc: Doc) -> List[str]:
        """RETURNS (List[str]): The tags of a document; "" where there is none."""
        return tags_of(doc, self.attribute)

    def output_keys(self) -> Set[str]:
        """RETURNS (Set[str]): The token attribute."""
        return {f"token.{self.attribute}"}

    def gold_attributes(self) -> Set[str]:
        """RETURNS (Set[str]): The token attribute."""
        return self.output_keys()

    def own_score_weights(self, weights: Dict[str, Any]) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The accuracy of the attribute: see `Task`."""
        return {f"{self.extension or self.attribute}_acc": weights["tag_acc"]}

    def loss_of(
        self, examples: List[Example], scores: TokenVectors
    ) -> Tuple[LossAndGradient, TokenVectors]:
        """RETURNS (Tuple[LossAndGradient, Any]): See `TaskHead.loss_of`."""
        index = {label: i for i, label in enumerate(self.labels)}
        gold: List[Optional[str]] = []
        for eg in examples:
            aligned = aligned_tags(eg, self.attribute)
            gold.extend(aligned)
            if None in aligned and any(self.texts_of(eg.reference)):
                self._warn_misaligned(
                    f"The token {eg.predicted[aligned.index(None)].text!r} of "
                    f"{eg.reference.text[:60]!r} doesn't match one token of the annotation, or "
                    "several with the same value. Such tokens count as not annotated."
                )
        self._warn_unknown(gold)
        ops = self.model.ops
        labels = ops.asarray([index.get(label or "", MISSING) for label in gold], dtype="int64")
        loss = softmax_cross_entropy(
            ops.flatten(scores), labels, label_smoothing=self.label_smoothing
        )
        return loss, cut_like(loss.gradient, scores)

    def set_annotations(self, docs: Iterable[Doc], scores: TokenVectors) -> None:
        """Set the attribute of every token.

        docs (Iterable[Doc]): The documents.
        scores (List[Floats2d]): The logits. Shape: (n_tokens, n_classes).
        """
        docs = list(docs)
        if self.confidence or self.n_best:
            self.set_confidences(docs, scores)
        if self.extension is not None:
            self._set_extension(docs, scores)
            return
        ops = self.model.ops
        lengths = [len(doc) for doc in docs]
        if not any(lengths):
            return
        strings = self.vocab.strings
        values = numpy.asarray([strings.add(label) for label in self.labels], dtype="uint64")
        best = ops.to_numpy(ops.flatten(list(scores)).argmax(axis=1))
        key = self.attribute.upper()
        for doc, predicted in zip(docs, cut(values[best], lengths)):
            present = None if self.overwrite else doc.to_array([key])
            if present is not None and present.any():
                predicted = numpy.where(present != 0, present, predicted)
            if len(doc):
                doc.from_array([key], predicted)

    def _set_extension(self, docs: Iterable[Doc], scores: TokenVectors) -> None:
        name = str(self.extension)
        for doc, logits in zip(docs, scores):
            classes = self.model.ops.to_numpy(logits.argmax(axis=1)).tolist() if len(doc) else []
            for token, i in zip(doc, classes):
                if self.overwrite or not token._.get(name):
                    token._.set(name, self.labels[i])

    def score_arguments(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The head's attribute: see `TaskHead.score_arguments`."""
        return {"attribute": self.attribute}


def _sets_tags(nlp: Language) -> bool:
    return any("token.tag" in task_of(nlp, name).gold_attributes() for name in nlp.component_names)
