"""Saved weights of a network: numbers, and no code that comes along."""

import pickletools
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, Iterator, List
from zipfile import BadZipFile, ZipFile

from ..compat.torch import PICKLED_NAMES


class Damage(str):
    """A problem of bytes that are broken, or of another network; others are dangers."""


def problems_of_weights(state: Any) -> Iterator[str]:
    """Look at saved weights, without unpickling them.

    state (bytes): What `torch.save` made of the state of a network.
    YIELDS (str): What is dangerous or broken, a sentence each.
    """
    if not isinstance(state, bytes):
        yield Damage(f"its weights are of type {type(state).__name__}, expected bytes")
        return
    try:
        with ZipFile(BytesIO(state)) as archive:
            broken = archive.testzip()
            pickles = [n for n in archive.namelist() if PurePosixPath(n).name == "data.pkl"]
            if broken is not None:
                yield Damage(f"its weights are damaged: the checksum of '{broken}' is another")
            elif len(pickles) != 1:
                yield Damage(
                    f"its weights are no archive of torch: {len(pickles)} files 'data.pkl' in it"
                )
            else:
                yield from _problems_of_pickle(archive.read(pickles[0]))
    # NotImplementedError: bits flipped in a header ask for ciphers and such.
    except (BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as err:
        yield Damage(f"its weights are damaged, cut short, or no archive of torch ({err})")


def _problems_of_pickle(data: bytes) -> Iterator[str]:
    texts: List[str] = []
    names: List[str] = []
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if isinstance(argument, str):
                texts.append(argument)
            if opcode.name in ("GLOBAL", "INST"):
                names.append(str(argument))
            elif opcode.name == "STACK_GLOBAL":
                names.append(" ".join(texts[-2:]))
    # Whatever it says of bytes that are no pickle.
    except Exception as err:
        yield Damage(f"its weights are damaged ({err})")
        return
    for name in dict.fromkeys(names):
        if not PICKLED_NAMES.fullmatch(name):
            yield f"its weights name '{name.replace(' ', '.')}', which is code and no weight"
