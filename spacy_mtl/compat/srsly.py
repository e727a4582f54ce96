"""Private parts of srsly."""

from typing import Any

from srsly import msgpack
from srsly.msgpack._msgpack_numpy import decode_numpy


def unpack_plain(data: bytes) -> Any:
    """Read msgpack data from `srsly.msgpack_dumps`, with only the decoder for arrays.

    Uses `decode_numpy`. `srsly.msgpack_loads` also runs the decoders that installed packages
    offer as entry points, which imports those packages.

    data (bytes): The data.
    RETURNS (Any): Dicts, lists, numbers, strings, bytes and arrays.
    RAISES (ValueError): If the data is damaged. Other errors are possible, too.
    """
    # With our own hook, no other decoders are loaded.
    return msgpack.unpackb(
        data, raw=False, use_list=True, object_pairs_hook=lambda pairs: decode_numpy(dict(pairs))
    )
