"""Sharing schemes inside the encoder: their networks are built from its layers."""

from typing import Any, Callable, Dict

from thinc.api import Model

from ..compat.thinc import network_of
from ..registry import block_of
from .network import SharingNetwork
from .shim import SchemeShim


class EncoderLink:
    """What a scheme knows of its encoder, which is initialized and loaded first.

    A copy of the scheme alone, without its encoder, links to the same encoder.

    title (str): The registered name of the scheme, for messages.
    shim (Shim): The shim of the encoder.
    """

    def __init__(self, title: str, shim: Any) -> None:
        self._title = title
        self._shim = shim

    @property
    def network(self) -> Any:
        """RETURNS (PreTrainedModel): The encoder.

        RAISES (ValueError): If it has no weights.
        """
        found = network_of(self._shim)
        if found is None:
            raise ValueError(
                f"The encoder of {block_of(self._title)} has no weights yet: call "
                "nlp.initialize(), or load a trained pipeline."
            )
        return found

    def __deepcopy__(self, memo: Dict[int, Any]) -> "EncoderLink":
        return EncoderLink(self._title, memo.get(id(self._shim), self._shim))


class InsideShim(SchemeShim):
    """A network that is built from the layers of the encoder.

    build (Callable[[int, EncoderLink], SharingNetwork]): Builds the network, without tasks, for a
        width. Picklable.
    title (str): The registered name of the scheme, for messages.
    """

    is_inside = True
    has_costly_views = True

    def __init__(self, build: Callable[..., SharingNetwork], title: str) -> None:
        super().__init__(build, title)
        self._encoder: Any = None

    def connect(self, tok2vec: Model) -> None:
        self._encoder = EncoderLink(self.title, tok2vec.shims[0])

    def _new(self, width: int) -> SharingNetwork:
        return self._build(width, self._encoder)
