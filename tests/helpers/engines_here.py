"""Which engines of `spacy mtl apply` can run here, and a pipeline that their workers can load."""

import os
import shutil
import sys
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Iterator, List

import pytest
import spacy
from python_path import python_path
from spacy.language import Language
from thinc.api import fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint

HAS_RAY = find_spec("ray") is not None
HAS_JAVA = shutil.which("java") is not None or "JAVA_HOME" in os.environ
HAS_SPARK = find_spec("pyspark") is not None and HAS_JAVA
NEEDS_RAY = [pytest.mark.engines, pytest.mark.skipif(not HAS_RAY, reason="needs spacy-mtl[ray]")]
NEEDS_SPARK = [
    pytest.mark.engines,
    pytest.mark.skipif(not HAS_SPARK, reason="needs spacy-mtl[spark] and Java"),
]
#: The name of the pipeline of `installed_pipeline`.
INSTALLED = "pipeline_of_tests"
_CODE = '''
import os
from pathlib import Path

from spacy.language import Language
from spacy.util import load_model_from_path

HERE = Path(__file__).parent


@Language.component("tests_refuses")
def refuse(doc):
    """Fails for some texts."""
    if "refused" in doc.text:
        raise RuntimeError("this text is refused")
    return doc


def load(**overrides):
    with (HERE / "loads.txt").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    return load_model_from_path(HERE / "pipeline", **overrides)
'''


@contextmanager
def installed_pipeline(encoder: str, folder: Path) -> Iterator[Path]:
    """Install a pipeline with code of its own, as `spacy package --code` and pip would.

    It fails for texts with the word "refused", and notes the process of each load.

    encoder (str): The folder of an encoder.
    folder (Path): A folder for packages. This process finds it, and those that it starts.
    YIELDS (Path): The folder of the package.
    """
    package = folder / INSTALLED
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(_CODE)
    info = folder / f"{INSTALLED}-0.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {INSTALLED}\nVersion: 0.0.0\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", python_path())
        import_module(INSTALLED)
        nlp = spacy.blank("en")
        nlp.add_pipe("tests_refuses")
        add_joint(nlp, encoder)
        for name in ("tagger", "ner", "textcat"):
            nlp.add_pipe(HEADS[name], name=name)
        fix_random_seed(0)
        nlp.initialize(lambda: make_examples(nlp))
        nlp.to_disk(package / "pipeline")
        yield package


def processes_that_loaded(package: Path) -> List[str]:
    """The numbers of the processes that have loaded the pipeline, one for each time."""
    return (package / "loads.txt").read_text().split()


def rows_of(n: int) -> List[Dict[str, Any]]:
    """Rows, one of them without a text, and one with a text that the pipeline refuses."""
    texts: List[Any] = [f"Anna books room {i} in Berlin." for i in range(n)]
    texts[1], texts[n // 2] = None, "refused"
    return [{"id": i, "text": text} for i, text in enumerate(texts)]


def expected_rows(nlp: Language, rows: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """What engines must return: by `nlp.pipe`, with the error of texts that are refused."""
    good = [row["text"] for row in rows if row["text"] and "refused" not in row["text"]]
    docs = dict(zip(good, nlp.pipe(good)))
    return [{**row, **_annotation(row["text"], docs.get(row["text"]))} for row in rows]


def _annotation(text: Any, doc: Any) -> Dict[str, Any]:
    if doc is None:
        refused = "RuntimeError: this text is refused"
        none = "The text is no text, but of the type NoneType"
        error = none if text is None else refused
        return {**dict.fromkeys(("tokens", "tags", "ents", "cats")), "error": error}
    return {
        "tokens": [token.text for token in doc],
        "tags": [token.tag_ for token in doc],
        "ents": [
            {
                **{"start": ent.start_char, "end": ent.end_char},
                **{"label": ent.label_, "text": ent.text, "score": None},
            }
            for ent in doc.ents
        ],
        "cats": pytest.approx(doc.cats, abs=1e-5),
        "error": None,
    }


def take_away(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make something missing. All else is found, at least by its name.

    name (str): "ray", "pyspark", "java", or "" for nothing.
    """
    found = ModuleType("pyspark")
    found.__spec__ = ModuleSpec("pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark", found)
    if name == "java":
        monkeypatch.setattr(shutil, "which", lambda name: None)
        monkeypatch.delenv("JAVA_HOME", raising=False)
    elif name:
        monkeypatch.setitem(sys.modules, name, None)
