"""One rank of a training by several processes: it joins the others, and one speaks for all."""

import os
import sys
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any, Iterator, List

import typer

from ..interrupts import interrupted_by_terminate, terminate_without
from .config import choose_gpu
from .errors import CommandError

#: Exit status of a rank that has ended because another did.
LOST = 75
#: Set to its process ID by a launcher that reports it if a rank was killed.
WATCHED = "SPACY_MTL_RANKS_WATCHED"
#: What the rank that speaks has to claim.
_ENDING = "ending"


def check_sends(sends: str) -> None:
    """Refuse gradients to be sent as anything else.

    sends (str): The value of --send-as.
    RAISES (CommandError): If it is unknown.
    """
    from ..ranks.group import KINDS

    if sends not in KINDS:
        raise CommandError(f"--send-as is '{sends}'", f"It can be {' or '.join(KINDS)}.")


def choose_rank_gpu(use_gpu: int) -> int:
    """Use the GPU of this rank: each rank on a machine has one of its own.

    use_gpu (int): The first GPU ID, or -1.
    RETURNS (int): The GPU ID, or -1.
    """
    from ..ranks.torch_group import LOCAL_RANK, size_of_environment

    found = use_gpu
    if use_gpu >= 0 and size_of_environment():
        found += int(os.environ.get(LOCAL_RANK, "0"))
    choose_gpu(found)
    return found


@contextmanager
def joined(use_gpu: int) -> Iterator[Any]:
    """Join the ranks that a launcher has started, if it has.

    An error is reported by the first rank that has one. Others end without a word. SIGTERM, by
    which launchers end ranks, interrupts like Ctrl-C, which a rank in the background ignores.

    use_gpu (int): The first GPU ID, or -1.
    YIELDS (Group): The group; a single rank without a launcher.
    """
    from ..ranks.group import ALONE
    from ..ranks.torch_group import LostRankError, connect, size_of_environment

    if (size_of_environment() or 1) == 1:
        yield ALONE
        return
    group = connect(use_gpu)
    is_done = False
    try:
        with interrupted_by_terminate():
            if os.environ.get(WATCHED):
                terminate_without(int(os.environ[WATCHED]))
            yield group
        is_done = True
    except typer.Exit:
        raise
    except LostRankError as err:
        # Whoever has started the ranks knows better.
        if os.environ.get(WATCHED):
            group.note_lost(str(err))
            raise typer.Exit(LOST) from err
        if not group.claim(_ENDING):
            raise typer.Exit(LOST) from err
        raise
    except Exception as err:
        if not group.claim(_ENDING):
            raise typer.Exit(1) from err
        raise
    finally:
        group.leave(is_done)


def is_to_tell(group: Any) -> bool:
    """RETURNS (bool): Whether this rank is to tell the user that all of them end."""
    return bool(group.size == 1 or group.claim(_ENDING))


@contextmanager
def together(group: Any) -> Iterator[None]:
    """Let ranks prepare, and go on only if all of them are ready. The first one prints for all.

    group (Group): The ranks.
    RAISES (Exception): The error of this rank, if it is the first one that has any.
    RAISES (typer.Exit): If another one has an error.
    """
    if group.size == 1:
        yield
        return
    printed = StringIO()
    errors: List[BaseException] = []
    try:
        if group.is_first:
            yield
        else:
            with redirect_stdout(printed):
                yield
    except (Exception, SystemExit) as err:
        errors.append(err)
    failed = [rank for rank, is_bad in enumerate(group.gather(bool(errors))) if is_bad]
    if not failed:
        return
    if failed[0] != group.rank:
        raise typer.Exit(1)
    sys.stdout.write(printed.getvalue())
    group.claim(_ENDING)
    raise errors[0]
