"""Private parts of srsly."""

from typing import Any

from srsly import msgpack
from srsly.msgpack._msgpack_numpy import decode_numpy


def unpack_plain(data: bytes) -> Any:
    """Read msgpack as `srsly.msgpack_dumps` writes it, with no decoder but that of arrays.

    Reaches for `decode_numpy`. `srsly.msgpack_loads` also runs the decoders that installed
    packages offer as entry points, which imports those packages.

    data (bytes): The data.
    RETURNS (Any): Maps, lists, numbers, strings, bytes and arrays.
    RAISES (ValueError): If they are damaged. Other errors are possible, too.
    """
    # With a hook of ours, none of the others is loaded.
    return msgpack.unpackb(
        data, raw=False, use_list=True, object_pairs_hook=lambda pairs: decode_numpy(dict(pairs))
    )
