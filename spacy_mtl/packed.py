"""Read msgpack, the format of saved models and states, and put texts into it."""

from typing import Any, Dict, List, Sequence

from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from srsly import msgpack


def unpack(data: bytes) -> Any:
    """Unpack what `srsly.msgpack_dumps` wrote.

    On damaged data, srsly's own `msgpack_loads` leaves the garbage collector of the whole process
    turned off.

    data (bytes): The data.
    RETURNS (Any): Maps, lists, numbers, strings, bytes and arrays.
    RAISES (ValueError): If the data are damaged. Other errors are possible, too.
    """
    return msgpack.unpackb(data, raw=False, use_list=True)


def pack_examples(examples: Sequence[Example]) -> Dict[str, List[bytes]]:
    """RETURNS (Dict[str, List[bytes]]): A batch, for msgpack."""
    return {
        "predicted": [eg.predicted.to_bytes(exclude=["user_data"]) for eg in examples],
        "gold": [eg.reference.to_bytes() for eg in examples],
    }


def unpack_examples(state: Dict[str, Any], vocab: Vocab) -> List[Example]:
    """Restore a batch from `pack_examples`.

    state (Dict[str, Any]): What it has returned.
    vocab (Vocab): The vocabulary of the pipeline.
    RETURNS (List[Example]): The batch.
    """
    return [
        Example(Doc(vocab).from_bytes(predicted), Doc(vocab).from_bytes(gold))
        for predicted, gold in zip(state["predicted"], state["gold"])
    ]
