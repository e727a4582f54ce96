"""Reports in a real browser: nothing fails, and nothing is wider than the screen."""

import json
import shutil
from pathlib import Path
from typing import Any, Iterator

import pytest
from evaluated import STYLE, examples_of
from several_heads import build
from spacy.tokens import Doc, Token
from training_logs import COMPARISON, log_row, write_log

from spacy_mtl.evaluation.evaluation import evaluate
from spacy_mtl.report.html.evaluation import evaluation_page
from spacy_mtl.report.html.training import read_training, training_page

pytestmark = pytest.mark.slow
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
#: Elements that stick out, other than inside a box that scrolls.
STICKING_OUT = """
() => [...document.querySelectorAll("body *")].filter(element => {
    if (element.closest(".scroll") && !element.matches(".scroll")) return false;
    if (element.closest("svg") && !element.matches("svg")) return false;
    if (element.closest("pre") && !element.matches("pre")) return false;
    return element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5;
}).map(element => element.outerHTML.slice(0, 200))
"""
LONG = "a_task_whose_name_is_so_long_that_it_fills_a_narrow_screen_alone"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield found
        found.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a report of a training and an evaluation."""
    Token.set_extension(STYLE, default=None, force=True)
    folder = tmp_path_factory.mktemp("pages")
    tasks = ["tagger", "ner", LONG, "任务"]
    training = folder / "training"
    write_log(training / "log.jsonl", [log_row(step, tasks) for step in range(0, 2000, 50)])
    (training / "comparison.json").write_text(json.dumps(COMPARISON), encoding="utf8")
    (training / "model-last").mkdir()
    (training / "model-last/config.cfg").write_text(f"[{'nlp.' * 60}]\n", encoding="utf8")
    nlp = build(tagger=("mtl_tagger", {}), ner=("mtl_ner", {}), textcat=("mtl_textcat", {}))
    nlp.initialize(lambda: examples_of(nlp))
    examples = examples_of(nlp)
    docs = [eg.predicted for eg in examples[:2]]
    docs.append(Doc(nlp.vocab, words=["x" * 300], tags=["LONG"]))
    page = training_page(read_training(training, docs))
    (folder / "training.html").write_text(page, encoding="utf8")
    page = evaluation_page(evaluate(nlp, examples, n_samples=20), title=f"{LONG} on test.spacy")
    (folder / "evaluation.html").write_text(page, encoding="utf8")
    yield folder
    Token.remove_extension(STYLE)


@pytest.mark.parametrize("name", ["training", "evaluation"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages(browser: Any, pages: Path, name: str, width: int, scheme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    address = (pages / f"{name}.html").as_uri()
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert said == []
    # It opens offline: nothing else is loaded.
    assert asked == [address]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(STICKING_OUT) == []
    color = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert color == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
    if name == "training":
        text = page.evaluate("getComputedStyle(document.querySelector('figure svg text')).fill")
        assert text == page.evaluate("getComputedStyle(document.body).color")
        smallest = page.evaluate(
            "Math.min(...[...document.querySelectorAll('figure svg text')]"
            ".map(each => each.getBoundingClientRect().height))"
        )
        assert smallest >= 8
    page.close()


def test_pages_without_scripts(browser: Any, pages: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((pages / "training.html").as_uri())
    assert page.locator("figure svg").count() == 8
    assert page.locator("mark.entity").first.is_visible()
    context.close()


def test_printing(browser: Any, pages: Path) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto((pages / "training.html").as_uri())
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    page.close()
