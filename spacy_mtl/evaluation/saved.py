"""Save counts, so that pipelines can be compared that were evaluated at different times."""

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict

import numpy

from ..atomic_files import write_files
from .counts import DocumentCounts, TaskCounts
from .label_counts import LabelCounts
from .measure import Counts
from .ranking import Ranking

_META = "meta"
_KINDS = {"labels": LabelCounts, "ranking": Ranking}


def save_counts(path: Path, counts: DocumentCounts) -> None:
    """Write counts to a file in NumPy's format (.npz).

    path (Path): The file. Its folder is created if needed; an existing file is replaced.
    counts (DocumentCounts): The counts.
    """
    arrays: Dict[str, Any] = {"documents": counts.documents}
    meta: Dict[str, Any] = {"uncounted": counts.uncounted, "tasks": {}}
    for i, (name, task) in enumerate(counts.tasks.items()):
        arrays[f"{i}/annotated"] = task.annotated
        parts = {}
        for j, (key, part) in enumerate(task.parts.items()):
            fields = {field: getattr(part, field) for field in asdict(part)}
            kind = "ranking" if isinstance(part, Ranking) else "labels"
            own = {k: v for k, v in fields.items() if isinstance(v, numpy.ndarray)}
            arrays.update({f"{i}/{j}/{field}": array for field, array in own.items()})
            parts[key] = {"kind": kind, **{k: v for k, v in fields.items() if k not in own}}
        meta["tasks"][name] = {"weights": task.weights, "parts": parts}
    arrays[_META] = numpy.asarray(json.dumps(meta))
    content = io.BytesIO()
    numpy.savez_compressed(content, **arrays)
    write_files({path: content.getvalue()})


def load_counts(path: Path) -> DocumentCounts:
    """Read counts that `save_counts` has written.

    path (Path): The file.
    RETURNS (DocumentCounts): The counts.
    RAISES (ValueError): If it isn't such a file, or damaged.
    """
    try:
        with numpy.load(path, allow_pickle=False) as arrays:
            return _read(arrays)
    except (KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as err:
        raise ValueError(
            f"{path} is not a file of counts, or it is damaged ({err}). Remove it and evaluate "
            "the pipeline again."
        ) from err


def _read(arrays: Any) -> DocumentCounts:
    meta = json.loads(str(arrays[_META]))
    tasks = {}
    for i, (name, found) in enumerate(meta["tasks"].items()):
        parts: Dict[str, Counts] = {}
        for j, (key, settings) in enumerate(found["parts"].items()):
            start = f"{i}/{j}/"
            own = {each[len(start) :]: arrays[each] for each in arrays if each.startswith(start)}
            kind: Any = _KINDS[settings.pop("kind")]
            parts[key] = kind(**{**settings, "labels": tuple(settings["labels"])}, **own)
        tasks[name] = TaskCounts(arrays[f"{i}/annotated"], parts, found["weights"])
    return DocumentCounts(arrays["documents"], tasks, meta["uncounted"])
