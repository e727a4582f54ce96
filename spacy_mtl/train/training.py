"""The steps of spaCy's training loop, which can be resumed after any step."""

from contextlib import nullcontext
from timeit import default_timer as timer
from typing import Any, Callable, ContextManager, Dict, Iterator, List, Optional, Sequence, Tuple

from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.training.loop import create_evaluation_callback, create_train_batches, subdivide_batch
from spacy.util import registry, resolve_dot_names
from thinc.api import constant, fix_random_seed, set_gpu_allocator

from ..chance import get_chance, set_chance
from ..corpus.feedback import report_scores
from ..joint.component import MultiTask
from ..parameters import slots_of
from ..ranks.group import ALONE, FLOAT32, Group, join
from ..ranks.parsers import add_labels, note_seen, parsers_of, sizes_of, take_over
from ..ranks.reduction import Reduction
from ..ranks.shares import share_of
from .batcher import batcher_that_ends
from .batches import ReplayableBatches
from .checkpoint import CheckpointError
from .of_ranks import check_same_batch, losses_of_all, own_state
from .optimizer import get_gradients, get_optimizer, set_gradients, set_optimizer
from .resumable import ResumableReader, get_component_states, set_component_states
from .settings import check_training


class Training:
    """A training as set in the block [training] of a pipeline's config."""

    def __init__(
        self, nlp: Language, use_gpu: int = -1, *, group: Group = ALONE, sends: str = FLOAT32
    ) -> None:
        """Set up a training from the beginning.

        nlp (Language): The initialized pipeline with its config.
        use_gpu (int): The GPU ID, or -1.
        group (Group): The ranks that train it together.
        sends (str): What gradients are sent to each other as: "float32" or "bfloat16".
        """
        self.nlp = nlp
        self.group = group
        join(nlp, group)
        self.config = config = nlp.config.interpolate()
        training = config["training"]
        check_training(training)
        if training["seed"] is not None:
            fix_random_seed(training["seed"])
        if use_gpu >= 0 and training["gpu_allocator"]:
            set_gpu_allocator(training["gpu_allocator"])
        self.settings: Dict[str, Any] = registry.resolve(training, schema=ConfigSchemaTraining)
        names = [self.settings["train_corpus"], self.settings["dev_corpus"]]
        self.corpus, self.dev_corpus = resolve_dot_names(config, names)
        self.optimizer = self.settings["optimizer"]
        dropout = self.settings["dropout"]
        self._dropouts: Any = constant(dropout) if isinstance(dropout, float) else dropout
        self._evaluate = create_evaluation_callback(
            nlp, self.dev_corpus, self.settings["score_weights"]
        )
        batcher, max_epochs = batcher_that_ends(self.settings["batcher"]), training["max_epochs"]
        self.batches = ReplayableBatches(
            lambda: create_train_batches(nlp, self.corpus, batcher, max_epochs)
        )
        frozen = self.settings["frozen_components"]
        self.sends = sends
        self._reduction = Reduction(nlp, group, frozen=frozen, kind=sends)
        #: The next step.
        self.step = 0
        self._results: List[Tuple[float, int]] = []
        self._losses: Dict[str, float] = {}
        self._words = 0
        self._seconds = 0.0

    def steps(
        self,
        before_step: Optional[Callable[[int, Sequence[Example]], None]] = None,
        *,
        evaluates: bool = True,
    ) -> Iterator[Tuple[Dict[str, Any], Optional[bool]]]:
        """Run the remaining steps like `spacy.training.loop.train_while_improving`.

        before_step (Optional[Callable]): Called with the number of each step and its batch.
        evaluates (bool): Whether to score the pipeline. Otherwise there is no end but that of the
            batches.
        YIELDS (Tuple[Dict[str, Any], Optional[bool]]): Information on a step, and whether it is
            the best so far; None if it was not evaluated.
        """
        nlp, settings, optimizer = self.nlp, self.settings, self.optimizer
        exclude: List[str] = settings["frozen_components"]
        before = timer() - self._seconds
        if self._is_over():
            return
        for epoch, batch in self.batches:
            step = self.step
            if settings["before_update"]:
                settings["before_update"](nlp, {"step": step, "epoch": epoch})
            if before_step is not None:
                before_step(step, batch)
            dropout = next(self._dropouts)
            parsers = self._agree(batch)
            with self.group.own_chance():
                for part in subdivide_batch(batch, settings["accumulate_gradient"]):
                    nlp.update(
                        share_of(nlp, part, self.group),
                        drop=dropout,
                        losses=self._losses,
                        sgd=False,  # type: ignore[arg-type]
                        exclude=exclude,
                        annotates=settings["annotating_components"],
                    )
                self._sum_gradients(parsers)
                for name, pipe in nlp.pipeline:
                    model = getattr(pipe, "model", None)
                    is_trainable = getattr(pipe, "is_trainable", False)
                    if name not in exclude and is_trainable and model not in (True, False, None):
                        pipe.finish_update(optimizer)  # type: ignore[attr-defined]
            optimizer.step_schedules()
            is_due = evaluates and self._is_due(step)
            score, scores, is_best = self._score() if is_due else (None, None, None)
            if is_due:
                self._losses = losses_of_all(nlp, self._losses, self.group)
            self._words += sum(len(eg) for eg in batch)
            self._seconds = timer() - before
            info = {
                "epoch": epoch,
                "step": step,
                "score": score,
                "other_scores": scores,
                "losses": self._losses,
                "checkpoints": self._results,
                "seconds": int(self._seconds),
                "words": self._words,
            }
            # A state saved from here on is that of the next step.
            if is_best is not None:
                self._losses = {}
            self.step += 1
            yield info, is_best
            if self._is_over():
                break

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): All that the next step needs, except the pipeline.

        Of several ranks, that of the first one, and what differs on each ("ranks").
        """
        slots = slots_of(self.nlp)
        is_resumable = isinstance(self.corpus, ResumableReader)
        of_ranks = {} if self.group.size == 1 else {"ranks": self.group.gather(self._own_state())}
        return {
            **of_ranks,
            "step": self.step,
            "results": [list(result) for result in self._results],
            "losses": {name: float(loss) for name, loss in self._losses.items()},
            "words": self._words,
            "seconds": self._seconds,
            "optimizer": get_optimizer(self.optimizer, slots),
            "gradients": get_gradients(slots),
            "components": get_component_states(self.nlp),
            "corpus": self.corpus.get_state() if is_resumable else None,
            "batches": self.batches.get_state(),
            "chance": get_chance(),
        }

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state returned by `get_state`.

        state (Dict[str, Any]): The state.
        RAISES (ValueError): If it doesn't fit the pipeline.
        RAISES (CheckpointError): If the corpora don't give the same batches as before.
        """
        slots = slots_of(self.nlp)
        self.step = state["step"]
        self._results = [(score, step) for score, step in state["results"]]
        self._losses = dict(state["losses"])
        self._words, self._seconds = state["words"], state["seconds"]
        for _ in range(self.step):
            next(self._dropouts)
            self.optimizer.step_schedules()
        set_optimizer(self.optimizer, slots, state["optimizer"])
        set_gradients(slots, state["gradients"])
        own = own_state(state, self.group)
        set_component_states(self.nlp, own["components"])
        self._losses = dict(own["losses"])
        try:
            if state["corpus"] is not None:
                self.corpus.replay(state["corpus"])
            self.batches.set_state(state["batches"])
        except (ValueError, OSError, StopIteration) as err:
            why = "there are fewer than before" if isinstance(err, StopIteration) else err
            raise CheckpointError(
                f"The batches of {self.step} steps cannot be drawn from the corpora again: {why}. "
                "Restore the texts that the training began with, or start a new training."
            ) from err
        if state["corpus"] is not None:
            self.corpus.set_state(state["corpus"])
        set_chance(state["chance"])
        if own["chance"]:
            self.group.set_chance(own["chance"])

    def _own_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What differs from the state of other ranks."""
        return {
            "components": get_component_states(self.nlp),
            "losses": {name: float(loss) for name, loss in self._losses.items()},
            "chance": self.group.get_chance(),
        }

    def _agree(self, batch: Sequence[Example]) -> Dict[str, Any]:
        """Check that all ranks have the same batch, and add its labels to spaCy's parsers.

        RETURNS (Dict[str, TransitionBasedParser]): Those that are trained. None with one rank.
        """
        if self.group.size == 1:
            return {}
        parsers = parsers_of(self.nlp, self.settings["frozen_components"])
        add_labels(parsers, batch)
        check_same_batch(self.group, batch, sizes_of(parsers))
        return parsers

    def _sum_gradients(self, parsers: Dict[str, Any]) -> None:
        """Give the optimizer of each rank the gradients of all."""
        if self.group.size == 1:
            return
        note_seen(parsers, self.group)
        for _, pipe in self.nlp.pipeline:
            if isinstance(pipe, MultiTask):
                pipe.end_step()
        self._reduction.reduce()

    def _is_over(self) -> bool:
        if not self._results:
            return False
        settings, last = self.settings, self.step - 1
        best = -max((score, -step) for score, step in self._results)[1]
        is_patient = not settings["patience"] or last - best < settings["patience"]
        return not is_patient or bool(settings["max_steps"] and last >= settings["max_steps"])

    def _is_due(self, step: int) -> bool:
        return not step % self.settings["eval_frequency"]

    def _score(self) -> Tuple[float, Dict[str, Any], bool]:
        found, group = None, self.group
        parsers = parsers_of(self.nlp) if group.size > 1 else {}
        sizes = sizes_of(parsers)
        if group.is_first:
            with group.own_chance(), self._averaged():
                found = self._evaluate()
        score, scores = group.broadcast(found)  # type: ignore[misc]
        take_over(parsers, sizes, group)
        if not group.is_first:
            report_scores(self.nlp, scores)
        self._results.append((score, self.step))
        return score, scores, score == max(self._results)[0]

    def _averaged(self) -> ContextManager[Any]:
        averages = self.optimizer.averages
        return self.nlp.use_params(averages) if averages else nullcontext()
