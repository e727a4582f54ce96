"""Checking the saved weights of a network: only numbers, no code."""

import pickletools
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, Iterator, List
from zipfile import BadZipFile, ZipFile

from ..compat.torch import PICKLED_NAMES


class Damage(str):
    """A problem with broken or mismatched bytes; all other problems are dangers."""


def problems_of_weights(state: Any) -> Iterator[str]:
    """Check saved weights without unpickling them.

    state (bytes): The state of a network, from `torch.save`.
    YIELDS (str): One sentence per danger or error.
    """
    if not isinstance(state, bytes):
        yield Damage(f"its weights are of type {type(state).__name__}, expected bytes")
        return
    try:
        with ZipFile(BytesIO(state)) as archive:
            broken = archive.testzip()
            pickles = [n for n in archive.namelist() if PurePosixPath(n).name == "data.pkl"]
            if broken is not None:
                yield Damage(f"its weights are damaged: wrong checksum of '{broken}'")
            elif len(pickles) != 1:
                yield Damage(
                    f"its weights are not a torch archive: {len(pickles)} files 'data.pkl' in it"
                )
            else:
                yield from _problems_of_pickle(archive.read(pickles[0]))
    # NotImplementedError: flipped bits in a header may ask for encryption, for example.
    except (BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as err:
        yield Damage(f"its weights are damaged, truncated, or not a torch archive ({err})")


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
    # It may raise anything if the bytes aren't a pickle.
    except Exception as err:
        yield Damage(f"its weights are damaged ({err})")
        return
    for name in dict.fromkeys(names):
        if not PICKLED_NAMES.fullmatch(name):
            yield f"its weights name '{name.replace(' ', '.')}', which is code, not a weight"
