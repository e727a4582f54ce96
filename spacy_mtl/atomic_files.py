"""Write files atomically: all of them or none, and no half-written file is left behind."""

import os
import secrets
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Dict, Mapping


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files, all of them or none.

    Everything first goes to a temporary file next to its target. Files are renamed
    only once all are written. A link stays a link: its target is written.

    contents (Mapping[Path, bytes]): What to write, by path. Folders are created.
    RAISES (OSError): If something cannot be written.
    """
    written: Dict[Path, Path] = {}
    with ExitStack() as stack:
        for path, content in contents.items():
            real = Path(os.path.realpath(path))
            real.parent.mkdir(parents=True, exist_ok=True)
            # Not based on the target's name, which may already be as long as allowed.
            temporary = real.with_name(f".{secrets.token_hex(8)}.tmp")
            with temporary.open("xb") as file_:
                stack.callback(_remove, temporary)
                file_.write(content)
            written[temporary] = real
        for temporary, real in written.items():
            os.replace(temporary, real)


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
