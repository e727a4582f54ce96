"""Lay out the sources of the documentation's site in build/docs.

    python docs/site/stage.py PYTHON

Pages keep their paths, so that links between them need no change. Added are a reference of all
registered names, a page of the commands' help (PYTHON is a Python that has the package), and
the files and folders that pages link to.
"""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "build/docs"
#: Pages of Markdown, by place in the repository.
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md"]
#: The pages of the reference: the title, the group of entry points, and what to say first.
REFERENCE: Dict[str, Tuple[str, str, str]] = {
    "components": ("Components", "spacy_factories", "Factories, for `[components.NAME]`."),
    "architectures": (
        "Architectures",
        "spacy_architectures",
        "Encoders, sharing schemes and the models of heads, for `@architectures`.",
    ),
    "weightings": ("Weightings", "spacy_mtl_weightings", "For `@mtl_weightings`."),
    "schedules": ("Schedules", "spacy_mtl_schedules", "For `@mtl_schedules`."),
    "readers": ("Readers", "spacy_readers", "For `@readers`."),
    "batchers": ("Batchers", "spacy_batchers", "For `@batchers`."),
    "scorers": ("Scorers", "spacy_scorers", "For `@scorers`."),
    "loggers": ("Loggers", "spacy_loggers", "For `@loggers`."),
}
#: The group of the commands, which have a page of their own.
COMMANDS = "spacy_cli"
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s#]+)")


def entry_points(setup: Path) -> Dict[str, List[str]]:
    """RETURNS (Dict[str, List[str]]): Lines "name = module:function" by group, from setup.py."""
    for node in ast.parse(setup.read_text(encoding="utf8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ENTRY_POINTS":
            found: Dict[str, List[str]] = ast.literal_eval(node.value)
            return found
    raise ValueError(f"{setup} has no ENTRY_POINTS.")


def reference(title: str, about: str, lines: List[str]) -> str:
    """Write a page of the reference.

    title (str): The title.
    about (str): What the names are for.
    lines (List[str]): Entry points: "name = module:function".
    RETURNS (str): The page, which mkdocstrings fills.
    """
    parts = [f"# {title}", about]
    for line in lines:
        name, _, target = line.partition(" = ")
        # The registered name is the heading, not the Python name.
        options = "    options:\n      show_root_heading: false\n      show_root_toc_entry: false"
        parts += [f"## `{name}`", f"::: {target.replace(':', '.')}\n{options}"]
    return "\n\n".join(parts) + "\n"


def linked(page: Path) -> Dict[str, Path]:
    """RETURNS (Dict[str, Path]): The files and folders of the repository that a page links to,
    except for other pages, by link.
    """
    found = {link: page.parent / link for link in _LINK.findall(page.read_text(encoding="utf8"))}
    return {link: path.resolve() for link, path in found.items() if path.suffix != ".md"}


def copy_page(page: Path, output: Path) -> None:
    """Copy a page and what it links to. Links to folders go to lists of their files.

    page (Path): The page.
    output (Path): The folder for all sources.
    """
    text = page.read_text(encoding="utf8")
    for link, path in linked(page).items():
        target = output / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target, dirs_exist_ok=True)
            (target / "index.md").write_text(listing(path), encoding="utf8")
            text = text.replace(f"]({link})", f"]({link.rstrip('/')}/index.md)")
        else:
            shutil.copy(path, target)
    copy = output / page.relative_to(ROOT)
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(text, encoding="utf8")


def listing(folder: Path) -> str:
    """RETURNS (str): A page that lists the files of a folder."""
    files = sorted(path.name for path in folder.iterdir() if path.is_file())
    return f"# {folder.name}\n\n" + "\n".join(f"- [{name}]({name})" for name in files) + "\n"


def stage(python: str, output: Path = OUTPUT) -> None:
    """Write all sources of the site, instead of those that are there.

    python (str): A Python that has the package, to ask the commands for their help.
    output (Path): The folder.
    RAISES (ValueError): If the entry points have a group without a page.
    """
    groups = entry_points(ROOT / "setup.py")
    missing = set(groups) - {group for _, group, _ in REFERENCE.values()} - {COMMANDS}
    if missing:
        raise ValueError(f"REFERENCE has no page for {', '.join(sorted(missing))}. Add one.")
    shutil.rmtree(output, ignore_errors=True)
    for page in [ROOT / name for name in PAGES] + sorted((ROOT / "docs").glob("*.md")):
        copy_page(page, output)
    api = output / "api"
    api.mkdir()
    for name, (title, group, about) in REFERENCE.items():
        (api / f"{name}.md").write_text(reference(title, about, groups[group]), encoding="utf8")
    for path in (ROOT / "docs/site/api").glob("*.md"):
        shutil.copy(path, api)
    (api / "commands.md").write_text(commands(python), encoding="utf8")


def commands(python: str) -> str:
    """RETURNS (str): The page of the commands: their help, in Markdown."""
    asked = [python, "-m", "typer", "--app", "mtl_cli", "spacy_mtl.cli", "utils", "docs"]
    asked += ["--name", "python -m spacy mtl"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    stage(sys.argv[1])
