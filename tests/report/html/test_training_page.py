"""The report of a training: what is on it, and that it holds for any log."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from training_logs import COMPARISON, TASKS, log_row, write_log

from spacy_mtl.report.html.comparison import ComparisonError
from spacy_mtl.report.html.training import read_training, training_page
from spacy_mtl.report.training_log import LogError

TITLES = [
    "Scores",
    "Losses",
    "Weights",
    "Gradients",
    "Gradient shares",
    "Conflicts",
    "Batches per corpus",
    "Losses of the sharing scheme",
]


class Page(HTMLParser):
    """Collects what a page has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: List[str] = []
        self.ids: List[str] = []
        self.links: List[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        found: Dict[str, Any] = dict(attrs)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[k] for k in ("href", "src", "xlink:href") if k in found]
        assert not any(key.startswith("on") for key in found)

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(folder: Path, rows: Any, rest: str = "", **docs: Any) -> Page:
    write_log(folder / "log.jsonl", rows, rest)
    return Page(training_page(read_training(folder, **docs)))


def titles(page: Page) -> List[str]:
    return [title for title in TITLES if f"\n{title} " in page.text or f"\n{title}\n" in page.text]


def check(page: Page) -> None:
    """It is well-formed, self-contained and has no scripts."""
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)


def test_all_parts(tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text(json.dumps(COMPARISON), encoding="utf8")
    (tmp_path / "model-best").mkdir()
    config = "[training.score_weights]\nner_f = 1.0\ntagger_f = null\n"
    (tmp_path / "model-best/config.cfg").write_text(config, encoding="utf8")
    doc = spacy.blank("en")("Anna runs")
    page = page_of(tmp_path, [log_row(step) for step in range(0, 500, 50)], documents=[doc])
    check(page)
    assert page.tags.count("svg") == len(TITLES)
    for title in TITLES:
        assert title in page.text
    for part in ("comparison", "curves", "sharing", "documents", "config"):
        assert part in page.ids
    assert "-1.20 to -0.20" in page.text
    assert "Anna runs" in page.text
    assert config in page.text
    assert "Correlations of the tasks" in page.text
    assert "450 steps, 4,500 words, 225 seconds" in page.text


def test_axes_have_units_and_curves_a_legend(tmp_path: Path) -> None:
    page = page_of(tmp_path, [log_row(step) for step in range(0, 200, 50)])
    for unit in ("score (%)", "loss per unit (nats)", "effective weight", "% of the batches"):
        assert unit in page.text
    assert page.text.count("step\n") >= len(TITLES) - 1
    legends = re.findall("textcat", page.text)
    assert len(legends) > 5
    # Only scores with a weight, if the config is known; otherwise not precision and recall.
    assert "tagger_f" in page.text


def test_same_log_same_page(tmp_path: Path) -> None:
    rows = [log_row(step) for step in range(0, 200, 50)]
    texts = []
    for _ in range(2):
        write_log(tmp_path / "log.jsonl", rows)
        docs = [spacy.blank("en")("Anna runs")]
        texts.append(training_page(read_training(tmp_path, docs)))
    assert texts[0] == texts[1]


NOTHING: Dict[str, Any] = {"tasks": {}, "cosines": [], "corpora": {}, "auxiliary": {}}


@pytest.mark.parametrize(
    ("rows", "rest", "n_charts"),
    [
        ([], "", 0),
        ([log_row(0)], "", 8),
        ([log_row(0), log_row(50)], '{"step": 100, "los', 8),
        ([log_row(0, **NOTHING, sharing=[])], "", 1),
        ([log_row(0, score=None, other_scores={}, **NOTHING)], "", 0),
        ([log_row(0, cosines=[]), log_row(50)], "", 8),
        (
            [log_row(0, tasks={"ner": {"n_steps": 1, "loss": None, "weight": 1.0, "norm": None}})],
            "",
            5,
        ),
        ([log_row(0), log_row(50), log_row(0), log_row(50)], "", 8),
    ],
)
def test_partial_logs(tmp_path: Path, rows: Any, rest: str, n_charts: int) -> None:
    page = page_of(tmp_path, rows, rest)
    check(page)
    assert page.tags.count("svg") == n_charts
    assert ("There was no evaluation yet" in page.text) == (not rows)


def test_everything_is_escaped(tmp_path: Path) -> None:
    tasks = ['<script>alert("1")</script>', "$x^2$ & <b>", "_hidden", "任务"]
    rows = [log_row(step, tasks) for step in (0, 50)]
    (tmp_path / "comparison.json").write_text(
        json.dumps({**COMPARISON, "tasks": {tasks[0]: COMPARISON["tasks"]["ner"]}}),
        encoding="utf8",
    )
    (tmp_path / "model-last").mkdir()
    (tmp_path / "model-last/config.cfg").write_text("</pre><script>", encoding="utf8")
    page = page_of(tmp_path, rows)
    check(page)
    assert "b" not in page.tags
    for task in tasks:
        # In tables, and in the legends of charts.
        assert page.text.count(task) > 6, (task, page.text.count(task))


def test_two_configs_compared(tmp_path: Path) -> None:
    """After `compare --with`, both setups have all tasks."""
    found = dict(COMPARISON["tasks"]["ner"])
    found["with"] = found.pop("alone")
    data = {"base": "joint", "compared": "with", "tasks": {"ner": found}}
    (tmp_path / "comparison.json").write_text(json.dumps(data), encoding="utf8")
    page = page_of(tmp_path, [log_row(0, TASKS)])
    check(page)
    assert "taskjointwithdifference" in page.text
    assert "ner40.4041.10-0.70" in page.text


def test_many_tasks(tmp_path: Path) -> None:
    tasks = [f"a_task_with_a_long_name_{i}" for i in range(12)]
    page = page_of(tmp_path, [log_row(step, tasks) for step in (0, 50)])
    check(page)
    assert page.tags.count("svg") == len(TITLES)


def test_folders_that_cannot_be_reported(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="There is no training log in"):
        read_training(tmp_path)
    write_log(tmp_path / "log.jsonl", [log_row(0, TASKS)])
    (tmp_path / "comparison.json").write_text('{"tasks": {"ner": {}}}', encoding="utf8")
    with pytest.raises(ComparisonError, match=r"comparison.json' is not the result of .*compare"):
        read_training(tmp_path)
