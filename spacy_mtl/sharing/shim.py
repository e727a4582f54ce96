"""The shim of schemes that are torch networks: builds, runs, saves and loads the network."""

from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

import numpy
import srsly
import torch
from thinc.api import Model, get_torch_default_device

from ..compat.thinc import network_of, set_network
from ..encoder.mode import EvaluatingShim
from ..encoder.precision import computing
from ..loading import UnfitError
from ..packed import unpack
from ..parameters import Slot, slots_of_model, unique
from ..types import Annotated, StepReport, StructureTable
from .by_task import renamed
from .contract import Scheme
from .network import SharingNetwork


class SchemeShim(EvaluatingShim, Scheme):
    """A network that makes views. It doesn't exist before the width of the encoder is known.

    build (Callable[[int], SharingNetwork]): Builds the network, without tasks, for a width.
        Picklable.
    title (str): The registered name of the scheme, for messages.
    """

    has_own_views = True

    def __init__(self, build: Callable[..., SharingNetwork], title: str) -> None:
        super().__init__(None)
        self._build = build
        self.title = title
        self._told: List[str] = []
        self._is_alone = False
        self.precision = "fp32"

    @property
    def network(self) -> SharingNetwork:
        """RETURNS (SharingNetwork): The network.

        RAISES (ValueError): If it is not initialized.
        """
        network: Any = network_of(self)
        if network is None:
            raise ValueError(
                f"The sharing scheme {self.title} has no weights yet: call nlp.initialize(), or "
                "load a trained pipeline."
            )
        return network

    def initialize(self, width: int) -> None:
        """Build the network for the tasks that were set. Replaces an existing one.

        width (int): The width of the shared representation.
        RAISES (ValueError): If the scheme's settings don't fit the width.
        """
        self._set(self._make(width, self._told))

    def _make(self, width: int, tasks: Sequence[str]) -> SharingNetwork:
        network = self._new(width)
        for task in tasks:
            network.add_task(task)
        if self._is_alone:
            network.stand_alone()
        return network

    def _new(self, width: int) -> SharingNetwork:
        return self._build(width)

    def _set(self, network: SharingNetwork) -> None:
        network.to(get_torch_default_device())
        network.eval()
        set_network(self, network)

    # See `Scheme`.

    @property
    def needs_annotation(self) -> bool:  # type: ignore[override]
        return self.network.needs_annotation

    @property
    def tasks(self) -> List[str]:
        network: Any = network_of(self)
        return list(self._told if network is None else network.tasks)

    def set_tasks(self, tasks: Sequence[str]) -> None:
        self._told = list(tasks)
        set_network(self, None)

    def add_task(self, task: str) -> None:
        if task not in self._told:
            self._told.append(task)
        network: Any = network_of(self)
        if network is not None and task not in network.tasks:
            network.add_task(task)
            self._set(network)

    def rename_task(self, old: str, new: str) -> None:
        network: Any = network_of(self)
        if network is not None:
            network.rename_task(old, new)
        self._told = [new if task == old else task for task in self._told]
        if network is not None and old in network.tasks:
            tasks = [new if task == old else task for task in network.tasks]
            values = {
                renamed(name, old, new): value.cpu().numpy()
                for name, value in network.state_dict().items()
            }
            # Its parameters have other names for an optimizer, too.
            self._set(self._loaded(network.width, tasks, values))
            self.network.set_state(network.get_state())

    def check_tasks(self, tasks: Sequence[str]) -> None:
        network: Any = network_of(self)
        if network is not None:
            network.check_tasks(tasks)

    def view_width(self, task: str) -> Optional[int]:
        return None if network_of(self) is None else self.network.view_width(task)

    def private(self, slots: Sequence[Slot]) -> Dict[str, List[Slot]]:
        by_owner = {id(slot.owner): slot for slot in slots}
        return {
            task: [by_owner[id(parameter)] for parameter in parameters]
            for task, parameters in self.network.private().items()
        }

    def auxiliary(self, slots: Sequence[Slot]) -> List[Slot]:
        found = {id(parameter) for parameter in self.network.auxiliary()}
        return [slot for slot in slots if id(slot.owner) in found]

    def borrowed(self, tok2vec: Model) -> List[Slot]:
        found = {id(parameter) for parameter in self.network.borrowed()}
        # Few schemes do: don't look through the encoder in each step.
        slots = unique(slots_of_model(tok2vec)) if found else []
        return [slot for slot in slots if id(slot.owner) in found]

    def set_precision(self, precision: str) -> None:
        # There is no int8 copy of a scheme: its matrices are small.
        self.precision = "fp32" if precision == "int8" else precision

    def strengths(self) -> Dict[str, float]:
        # Without those that are 0 for good: their columns of the log would stay empty.
        numbers = self.network.numbers.items()
        return {name: self.network.strength(name) for name, number in numbers if number != 0}

    def stand_alone(self) -> None:
        self._is_alone = True
        network: Any = network_of(self)
        if network is not None:
            network.stand_alone()

    def note_annotated(self, annotated: Sequence[Annotated]) -> None:
        self.network.note_annotated(annotated)

    def note_closed(self, report: StepReport) -> None:
        self.network.note_closed(list(report.losses))

    def get_state(self) -> Dict[str, Any]:
        return {} if network_of(self) is None else self.network.get_state()

    def set_state(self, state: Dict[str, Any]) -> None:
        # There is no network if the component is loaded without its model.
        network: Any = network_of(self)
        if network is not None:
            network.set_state(state)

    def structure(self) -> List[StructureTable]:
        return self.network.structure()

    def relations(self) -> Dict[str, Dict[str, float]]:
        return self.network.relations()

    # Running.

    @contextmanager
    def computing(self, is_train: bool) -> Iterator[SharingNetwork]:
        """Compute in the encoder's precision, with or without gradients and dropout.

        is_train (bool): Whether to train.
        YIELDS (SharingNetwork): The network.
        """
        with computing(self.network, self.precision, is_train, is_encoder=False) as network:
            yield network

    # Saving.

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): Title, width, tasks, values and state of the network, without code."""
        network: Any = network_of(self)
        if network is None:
            found: Dict[str, Any] = {
                "width": None,
                "tasks": self._told,
                "learned": {},
                "values": {},
            }
        else:
            values = {name: value.cpu().numpy() for name, value in network.state_dict().items()}
            found = {"width": network.width, "tasks": network.tasks, "values": values}
            found["learned"] = network.get_state()
        return srsly.msgpack_dumps({"title": self.title, **found})

    def from_bytes(self, bytes_data: bytes) -> "SchemeShim":
        """Load the network: the saved tasks first, then others that are already in the pipeline.

        bytes_data (bytes): The result of `to_bytes`.
        RETURNS (SchemeShim): This shim.
        RAISES (UnfitError): If it comes from another scheme, or from other settings.
        """
        message = _checked(unpack(bytes_data), self.title)
        others = [task for task in self.tasks if task not in message["tasks"]]
        self._told = [*message["tasks"], *others]
        if message["width"] is None:
            set_network(self, None)
            return self
        network = self._loaded(message["width"], message["tasks"], message["values"])
        try:
            network.set_state(message["learned"])
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise UnfitError("the part 'learned' of its sharing scheme is damaged") from err
        # A task that is added to a trained network may start in another way.
        for task in others:
            network.add_task(task)
        self._set(network)
        return self

    def _loaded(self, width: int, tasks: List[str], values: Dict[str, Any]) -> SharingNetwork:
        # The random values of these are overwritten: leave the generator as it is.
        with torch.random.fork_rng(devices=[]):
            network = self._make(width, tasks)
        _load(network, values, self.title)
        return network


def _checked(message: Any, title: str) -> Dict[str, Any]:
    kinds = {
        "title": str,
        "width": (int, type(None)),
        "tasks": list,
        "learned": dict,
        "values": dict,
    }
    for key, kind in kinds.items():
        found = message.get(key, ...) if isinstance(message, dict) else ...
        if not isinstance(found, kind):  # type: ignore[arg-type]
            raise UnfitError(f"the part '{key}' of its sharing scheme is missing or damaged")
    # Parameters of several schemes have the same names and shapes.
    if message["title"] != title:
        raise UnfitError(
            f"it was trained with the sharing scheme {message['title'][:60]}, but the config has "
            f"{title}"
        )
    return message


def _load(network: SharingNetwork, values: Dict[str, Any], title: str) -> None:
    own = network.state_dict()
    names = sorted(set(own).symmetric_difference(values))
    if names:
        raise UnfitError(
            f"its sharing scheme has other parameters than {title} with these settings (such as "
            f"'{names[0]}')"
        )
    for name, value in own.items():
        saved = values[name]
        if not isinstance(saved, numpy.ndarray) or saved.shape != tuple(value.shape):
            has = saved.shape if isinstance(saved, numpy.ndarray) else type(saved).__name__
            raise UnfitError(
                f"'{name}' of its sharing scheme has the shape {has}, but with these settings it "
                f"has {tuple(value.shape)}"
            )
        with torch.no_grad():
            value.copy_(torch.from_numpy(saved.copy()))
