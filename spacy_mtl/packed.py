"""Read msgpack, the format of saved models and states."""

from typing import Any

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
