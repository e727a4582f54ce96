"""Reading msgpack, the form of saved models and states."""

from typing import Any

from srsly import msgpack


def unpack(data: bytes) -> Any:
    """Read what `srsly.msgpack_dumps` wrote.

    srsly's own `msgpack_loads` leaves the garbage collector off, for the whole process, where the
    data are damaged.

    data (bytes): The data.
    RETURNS (Any): Maps, lists, numbers, strings, bytes and arrays.
    RAISES (ValueError): If they are damaged. Other errors are possible, too.
    """
    return msgpack.unpackb(data, raw=False, use_list=True)
