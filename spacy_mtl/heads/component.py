"""The base class of all heads: the only update, predict and serialization code.

Longer than other files because the methods of a spaCy component have to be in one class.
"""

import warnings
from itertools import islice
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Set,
    Tuple,
)

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from ..joint.answer import listens_to_steps_only, may_skip, report, skip
from ..joint.find import has_pretrained_encoder
from ..joint.listener import TaskListener
from ..learn_rate import FOUND, OwnRate, check_found, finish_update_scaled
from ..loading import UnfitError, explained, load_from_bytes, load_from_disk
from ..parameters import use_torch_params
from ..ranks.group import ALONE, Group
from ..tasks.collisions import find_collisions
from ..tasks.score_weights import separate_scores
from ..tasks.scores import prefixed
from ..types import LossAndGradient
from .adjustable import AdjustableHead
from .calibration import CALIBRATION, Calibrated, check_calibration
from .finite import check_finite
from .gold import without_others
from .growing import GrowingHead
from .loading import check_labels, check_size
from .models import check_unit
from .scaled import scaled, scaled_scores
from .scoring import call_scorer
from .student import TEACHER, check_progress


class TaskHead(OwnRate, Calibrated, AdjustableHead, GrowingHead, TrainablePipe):
    """A trainable component that turns a task's view into annotation.

    A subclass defines its labels, its loss and how it annotates; everything else is
    here. A head always answers the joint step, so that it can finish: it reports its loss
    and sends the gradient of its view, or it skips a batch without annotation.
    """

    #: What the head learns, for messages.
    annotation = "annotation"
    #: What happens to annotation with a label that the head doesn't have.
    fate_of_unknown = "Its annotation is ignored."

    reports = True
    heeds_declaration = True
    loss_from_scores = True
    #: The ranks that it is trained on.
    group: Group = ALONE

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str,
        *,
        learn_rate_scale: Optional[float] = None,
        label_smoothing: float = 0.0,
        score_prefix: str = "",
        scorer: Optional[Callable] = None,
        teacher: Optional[Dict[str, Any]] = None,
        **cfg: Any,
    ) -> None:
        """Create a head.

        vocab (Vocab): The shared vocabulary.
        model (Model): Maps documents to logits.
        name (str): The name of the component and of its task.
        learn_rate_scale (Optional[float]): Learning rate factor for the head's layers, > 0. Its
            `tok2vec` keeps the plain rate. None: it is found on initialization, see `OwnRate`.
        label_smoothing (float): In [0, 1).
        score_prefix (str): Prefix of the score keys, such as "topic" for
            "topic_cats_score".
        scorer (Optional[Callable]): The scoring method.
        teacher (Optional[Dict[str, Any]]): A trained pipeline to learn from: see `read_settings`.
        **cfg (Any): Settings that are saved with the component.
        RAISES (ValueError): If a setting is out of range.
        """
        super().__init__(vocab, model, name, labels=[], score_prefix=score_prefix, **cfg)
        if not 0 <= label_smoothing < 1:
            raise ValueError(
                f"'label_smoothing' of the component '{name}' is {label_smoothing!r}, but it is "
                f"the share of the target spread over all classes: 0 <= label_smoothing < 1. "
                f"Fix it in [components.{name}]."
            )
        check_unit(model, name, self.unit)
        for node in model.walk():
            if isinstance(node, TaskListener):
                node.task = name
        self.has_fixed_size = bool(model.has_ref("output_layer")) and self.has_size
        self.of_config: Dict[str, Any] = {}
        self.learn_rate_scale = learn_rate_scale
        self.label_smoothing = label_smoothing
        self.scorer = scorer
        self.set_teacher(teacher)
        self._has_gold = False
        self._warned: Set[str] = set()

    @property
    def skips(self) -> bool:
        """RETURNS (bool): Whether it skips a batch without annotation: see `Task`."""
        # Not what updates itself in another way, or listens to other components, too.
        own = getattr(self.update, "__func__", None)
        return own is TaskHead.update and listens_to_steps_only(self.model)

    # What subclasses may override, besides the abstract methods of `Task`.

    def classes(self) -> List[str]:
        """RETURNS (List[str]): The classes that the model scores, in order."""
        return self.classes_of(self.labels)

    def get_loss(self, examples: Iterable[Example], scores: Any) -> Tuple[float, Any]:
        """Compute the mean loss over annotated units and its gradient.

        examples (Iterable[Example]): The batch.
        scores (Union[List[Floats2d], Floats2d]): The output of `predict`.
        RETURNS (Tuple[float, Union[List[Floats2d], Floats2d]]): The loss, and its gradient
            with respect to the logits, to backpropagate through the model.
        """
        loss, d_scores = self.compute_loss(examples, scores)
        return loss.value, d_scores

    def loss_of(self, examples: List[Example], scores: Any) -> Tuple[LossAndGradient, Any]:
        """Compute the loss from logits.

        examples (List[Example]): The output of `own_examples`.
        scores (Union[List[Floats2d], Floats2d]): The logits.
        RETURNS (Tuple[LossAndGradient, Any]): The loss, and d_scores in the form of scores.
        """
        raise NotImplementedError

    def own_examples(self, examples: Iterable[Example]) -> List[Example]:
        """Select the gold annotation that the head learns from and is scored on.

        examples (Iterable[Example]): The batch.
        RETURNS (List[Example]): The same texts, without other tasks' annotation.
        """
        return without_others(examples, self.name)

    def scored_examples(self, examples: Iterable[Example]) -> List[Example]:
        """RETURNS (List[Example]): What the head is scored on: see `own_examples`."""
        return self.own_examples(examples)

    def score_arguments(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What this package's scorers need, besides the labels."""
        return {}

    def add_gradients(self, loss: LossAndGradient) -> None:
        """Add the gradients of parameters that the forward pass doesn't use.

        loss (LossAndGradient): The output of `loss_of`.
        """

    # What all heads share.

    def compute_loss(self, examples: Iterable[Example], logits: Any) -> Tuple[LossAndGradient, Any]:
        """Compute the loss from the model's output.

        examples (Iterable[Example]): The batch.
        logits (Union[List[Floats2d], Floats2d]): The model's output.
        RETURNS (Tuple[LossAndGradient, Any]): See `loss_of`.
        """
        return self.loss_of(self.own_examples(examples), logits)

    def loss_of_batch(self, examples: List[Example], scores: Any) -> Optional[float]:
        """RETURNS (Optional[float]): The loss from the model's output: see `Task`."""
        # On several ranks, what the parts of a mixed loss count for is only known in its step.
        if self.has_rehearsed or (self.has_teacher and self.group.size > 1):
            return None
        lesson = self.repeat_lesson([eg.predicted for eg in examples])
        return self.learn(lesson, *self.compute_loss(examples, scores), scores)[0].value

    def prepare_labels(self, labels: Iterable[str], read: Callable[[], Iterable[Example]]) -> bool:
        """Add the labels: see `Task.prepare_labels`."""
        for label in labels:
            self.add_label(label)
        return True

    @property
    def knows_labels(self) -> bool:
        """RETURNS (bool): True."""
        return True

    @property
    def score_prefix(self) -> str:
        """RETURNS (str): The prefix of the score keys; "" for spaCy's own keys."""
        return self.cfg.get("score_prefix", "")

    @score_prefix.setter
    def score_prefix(self, prefix: str) -> None:
        self.cfg["score_prefix"] = prefix

    def take_score_prefix(self, prefix: str) -> None:
        """Set the prefix of the score keys, unless there already is one: see `Task`."""
        self.score_prefix = self.score_prefix or prefix

    @property
    def labels(self) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): The labels of the component."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> List[str]:
        """RETURNS (List[str]): The labels that `spacy init labels` writes."""
        return list(self.labels)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Any = None,
    ) -> None:
        """Collect the labels and size the model.

        get_examples (Callable[[], Iterable[Example]]): Returns a sample of examples.
        nlp (Optional[Language]): The pipeline.
        labels (Optional[Iterable[str]]): The labels, as `spacy init labels` writes
            them. By default those found in the examples.
        RAISES (ValueError): If there are no labels.
        """
        validate_get_examples(get_examples, f"{type(self).__name__}.initialize")
        # Typed as Any: spaCy's validation turns any iterable, even a string, into an iterator.
        if labels is None:
            examples = self.own_examples(get_examples())
            found = {label: None for eg in examples for label in self.count_labels(eg)}
            labels = found or self.labels or self.labels_of_teacher()
        elif isinstance(labels, (str, Mapping)) or not isinstance(labels, Iterable) or not labels:
            raise ValueError(
                f"'labels' of the component '{self.name}' is {str(labels)[:60]!r}, but it must be "
                "a list of labels, as `spacy init labels` writes it for this head (labels of "
                "stock components don't fit; to read a file, use @readers = "
                f'"spacy.read_labels.v1"). Fix it in [initialize.components.{self.name}].'
            )
        for label in labels:
            self.add_label(label)
        self._check_labels()
        self.check_settings(self.labels)
        self.calibration = None
        self.start_lessons()
        docs = [eg.predicted for eg in islice(get_examples(), 10)]
        output = self.model.get_ref("output_layer")
        if output.has_dim("nO") is None:
            output.set_dim("nO", len(self.classes()))
        self.model.initialize(X=docs)
        self._has_gold = False
        if nlp is not None:
            self.find_learn_rate_scale(nlp, has_pretrained_encoder(nlp))
        if nlp is not None and self.name in nlp.component_names:
            separate_scores(nlp, self.name)
            for message in find_collisions(nlp, self.name, nlp.component_names):
                warnings.warn(message, stacklevel=2)

    def predict(self, docs: Iterable[Doc]) -> Any:
        """Score documents.

        docs (Iterable[Doc]): The documents.
        RETURNS (Union[List[Floats2d], Floats2d]): The logits.
        RAISES (ValueError): If a logit isn't finite.
        """
        self._check_is_initialized()
        docs = list(docs)
        scores = self.model.predict(docs) if any(map(len, docs)) else self._of_no_tokens(docs)
        check_finite(scores, self.model, self.name)
        return scores

    def _of_no_tokens(self, docs: List[Doc]) -> Any:
        # The head's own encoder or a layer may not accept a batch without tokens.
        alloc, n_classes = self.model.ops.alloc2f, len(self.classes())
        if self.unit == "token":
            return [alloc(0, n_classes) for _ in docs]
        if not docs:
            return alloc(0, n_classes)
        encoder = self.model.layers[0] if self.model.layers else self.model
        is_encoder = bool(self.model.has_ref("tok2vec")) and encoder is self.model.get_ref(
            "tok2vec"
        )
        if not is_encoder or not encoder.has_dim("nO"):
            return self.model.predict(docs)
        scores: Any = [alloc(0, encoder.get_dim("nO")) for _ in docs]
        for layer in self.model.layers[1:]:
            scores = layer.predict(scores)
        return scores

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Learn from a batch.

        examples (Iterable[Example]): The batch. Examples without annotation for
            this head don't count in its loss.
        drop (float): The dropout rate.
        sgd (Optional[Optimizer]): Updates the parameters at once, if given.
        losses (Optional[Dict[str, float]]): The losses by component, to add to.
        RETURNS (Dict[str, float]): The losses.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        docs = [eg.predicted for eg in examples]
        has_tokens = any(len(doc) for doc in docs)
        if has_tokens:
            self._check_is_initialized()
        lesson = self.next_lesson(docs)
        if not has_tokens:
            if lesson is not None:
                self.group.balance(0, 0)
            self._weigh_in(losses)
            return losses
        own = self.own_examples(examples)
        is_taught = lesson is not None or any(self.has_gold(eg.reference) for eg in own)
        if not is_taught and may_skip(self.model):
            self._weigh_in(losses)
            skip(self.model)
            return losses
        set_dropout_rate(self.model, drop)
        scores, backprop = self.model.begin_update(docs)
        loss, d_scores = self.learn(lesson, *self.loss_of(own, scores), scores)
        share = self._weigh_in(losses, loss)
        report(self.model, loss)
        self.add_gradients(scaled(loss, share))
        backprop(scaled_scores(d_scores, share))
        if sgd is not None and sgd is not False:
            self.finish_update(sgd)
        return losses

    def finish_update(self, sgd: Optimizer) -> None:
        """Update the parameters if the head has learned from a text since the last call.

        If it has not, the gradient is zero, but momentum and weight decay would still
        move the parameters.

        sgd (Optimizer): The optimizer.
        RAISES (ValueError): If the head has its own learning rate and the optimizer
            is RAdam, which ignores it.
        """
        if not self._has_gold:
            return
        self._has_gold = False
        finish_update_scaled(self.model, sgd, self.learn_rate_scale, self.name)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The scores on the examples annotated for the head."""
        if self.scorer is None:
            return {}
        hidden = ("score_prefix", TEACHER, FOUND, CALIBRATION, *self.of_config)
        settings = {key: value for key, value in self.cfg.items() if key not in hidden}
        shared = {**settings, "labels": self.labels, **kwargs}
        own = {**self.score_arguments(), **kwargs}
        scores = call_scorer(self.scorer, self.name, self.scored_examples(examples), shared, own)
        return prefixed(scores, self.score_prefix)

    def use_params(self, params: Dict) -> Iterator[None]:
        """Temporarily use other parameter values, also in the head's own encoder.

        params (Dict[Tuple[int, str], FloatsXd]): Values by the optimizer's keys.
        """
        with self.model.use_params(params), use_torch_params([self.model], params):
            yield

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "TaskHead":
        """Load the head: see `to_bytes`.

        bytes_data (bytes): The output of `to_bytes`.
        exclude (Iterable[str]): Parts to leave out.
        RETURNS (TaskHead): This head.
        RAISES (ValueError): If a part is damaged, or labels and model don't match.
        """
        exclude = list(exclude)
        load_from_bytes(self, bytes_data, exclude, self.check_cfg)
        self._check_loaded("the bytes", exclude)
        return self

    def from_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> "TaskHead":
        """Load the head: see `to_disk`.

        path (Union[str, Path]): A directory.
        exclude (Iterable[str]): Parts to leave out.
        RETURNS (TaskHead): This head.
        RAISES (ValueError): If a part is damaged, or labels and model don't match.
        """
        exclude = list(exclude)
        load_from_disk(self, path, exclude, self.check_cfg)
        self._check_loaded(f"{path} ('cfg' and 'model')", exclude)
        return self

    def check_cfg(self, cfg: Dict[str, Any]) -> None:
        """Reject settings that this kind of head can't have saved.

        cfg (Dict[str, Any]): The settings.
        RAISES (UnfitError): If a setting is invalid.
        """
        check_labels(cfg)
        prefix = cfg.get("score_prefix", "")
        if not isinstance(prefix, str):
            raise UnfitError(f"'score_prefix' is {prefix!r}, but it must be a string")
        check_progress(cfg)
        check_found(cfg)
        check_calibration(cfg)
        self.check_saved(cfg)

    def _weigh_in(self, losses: Dict[str, float], loss: Optional[LossAndGradient] = None) -> float:
        """Add the mean loss of all ranks. RETURNS (float): What scales this rank's gradient."""
        found = self.group.weigh(*((0.0, 0) if loss is None else (loss.value, loss.n_units)))
        losses[self.name] += found.value
        self._has_gold = self._has_gold or found.n_units > 0
        return found.share

    def _check_loaded(self, where: str, exclude: List[str]) -> None:
        # Labels and model may be loaded separately.
        if self.labels or "cfg" not in exclude:
            with explained(f"{where} of the component '{self.name}'"):
                check_size(self.model, self.labels, self.classes())
            self.check_settings(self.labels)
            self.settings_changed()

    def _check_labels(self) -> None:
        if not self.labels:
            raise ValueError(
                f"The head '{self.name}' found no labels: no example in the training corpus has "
                f"{self.annotation}. Annotate some, remove '{self.name}' from [nlp.pipeline], or "
                f"list its labels in [initialize.components.{self.name}.labels]. (With "
                "max_epochs = -1 spaCy passes only the first 100 examples, and with gold_preproc = "
                "true single sentences, which have no categories.)"
            )

    def _check_is_initialized(self) -> None:
        if not self.labels or self.model.get_ref("output_layer").has_dim("nO") is None:
            raise ValueError(
                f"The head '{self.name}' is not initialized. Call nlp.initialize() with a "
                "callback that returns examples, or load a trained pipeline. `spacy train` can "
                f'only freeze a trained component: set "source" in [components.{self.name}], or '
                "remove it from [training.frozen_components]."
            )

    def _warn_once(self, key: str, message: str) -> None:
        if key not in self._warned:
            self._warned.add(key)
            warnings.warn(f"[{self.name}] {message}")

    def _warn_unknown(self, found: Iterable[Optional[str]]) -> None:
        for label in sorted(set(filter(None, found)).difference(self.labels)):
            self._warn_once(
                f"label:{label}",
                f"The label '{label}' occurs in the data, but not in the labels that the head was "
                f"initialized with. {self.fate_of_unknown} Unless it belongs to another head, add "
                f"it to [initialize.components.{self.name}.labels] and train again, or to the "
                "trained head (`spacy mtl add-label`).",
            )

    def _warn_misaligned(self, what: str) -> None:
        self._warn_once(
            "misaligned",
            f"{what} Fix the annotation or the tokenizer, or set gold_preproc = true in the "
            "corpus reader (if the corpus has sentence starts, that splits its texts into "
            "sentences, which have no categories).",
        )
