"""The sources of the documentation's site, from which `make docs` builds it."""

import ast
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Iterator

import pytest
from setup_entry_points import entry_points_of_setup

ROOT = Path(__file__).parent.parent


def load(name: str) -> ModuleType:
    """Import a file of docs/site, which isn't part of a package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/site/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("site")
    load("stage").stage(sys.executable, output)
    return output


def test_every_page_and_what_it_links_to(staged: Path) -> None:
    for page in ("README.md", "docs/weighting.md", "benchmarks/README.md", "CHANGELOG.md"):
        assert (staged / page).is_file()
    assert (staged / "configs/joint.cfg").read_bytes() == (ROOT / "configs/joint.cfg").read_bytes()
    assert "](configs/index.md)" in (staged / "README.md").read_text(encoding="utf8")
    assert "- [joint.cfg](joint.cfg)" in (staged / "configs/index.md").read_text(encoding="utf8")


def test_every_page_is_in_the_menu() -> None:
    """mkdocs checks it, too, but not in `make test`."""
    menu = (ROOT / "docs/site/mkdocs.yml").read_text(encoding="utf8")
    for path in (ROOT / "docs").glob("*.md"):
        assert f"- docs/{path.name}\n" in menu, f"Add docs/{path.name} to docs/site/mkdocs.yml"


def test_every_registered_name_is_in_the_reference(staged: Path) -> None:
    text = "".join(path.read_text(encoding="utf8") for path in (staged / "api").glob("*.md"))
    for group, lines in entry_points_of_setup().items():
        for line in lines if group != "spacy_cli" else []:
            name, _, target = line.partition(" = ")
            assert f"## `{name}`" in text
            assert f"::: {target.replace(':', '.')}\n" in text


def test_every_command_is_in_the_reference(staged: Path) -> None:
    from spacy_mtl.cli import mtl_cli

    text = (staged / "api/commands.md").read_text(encoding="utf8")
    for command in mtl_cli.registered_commands:
        assert f"## `python -m spacy mtl {command.name}`" in text


def test_a_group_without_a_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stage = load("stage")
    monkeypatch.setattr(stage, "entry_points", lambda setup: {"spacy_misc": []})
    with pytest.raises(ValueError, match="no page for spacy_misc"):
        stage.stage(sys.executable, tmp_path)


def test_docstrings(monkeypatch: pytest.MonkeyPatch) -> None:
    """spaCy's form becomes Google's, which mkdocstrings reads."""
    fake = SimpleNamespace(Extension=object, Object=object)
    monkeypatch.setitem(sys.modules, "griffe", fake)  # type: ignore[arg-type]
    text = """Weigh the tasks.

The weights (see below) are not learned.

weights (Dict[str, float]): The weights,
    by task.
normalize (bool): Whether the mean is 1.
RETURNS (Floats1d): The combined gradient.
    Shape: (n_values,).
RAISES (ValueError): If there is no task.
SOURCE: Yu et al., arXiv:2001.06782. Differs: nothing."""
    expected = """Weigh the tasks.

The weights (see below) are not learned.


Args:
    weights (Dict[str, float]): The weights,
        by task.
    normalize (bool): Whether the mean is 1.

Returns:
    Floats1d: The combined gradient.
        Shape: (n_values,).

Raises:
    ValueError: If there is no task.

**Source**: Yu et al., [arXiv:2001.06782](https://arxiv.org/abs/2001.06782). Differs: nothing."""
    assert load("docstrings").to_google(text) == expected


def test_messages_of_the_troubleshooting_page_exist() -> None:
    """Each heading in quotes is part of a message in the code. "…" stands for what varies."""
    page = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf8")
    quoted = re.findall(r"^### `(.*)`$", page, re.MULTILINE)
    messages = {text for path in (ROOT / "spacy_mtl").rglob("*.py") for text in texts_of(path)}
    assert len(quoted) > 10
    for message in quoted:
        assert any(message in text for text in messages), message


def texts_of(path: Path) -> Iterator[str]:
    """The strings of a file. In a formatted one, "…" stands for what is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "…" for p in node.values]
            yield "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
