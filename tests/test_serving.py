"""The web service of docs/serving.md."""

import re
from asyncio import gather, run
from pathlib import Path
from typing import Any, Callable, Dict, List

import httpx
import pytest
import spacy
from spacy.language import Language

PAGE = Path(__file__).parent.parent / "docs/serving.md"


@pytest.fixture
def folder(make_nlp: Callable[..., Language], tmp_path: Path) -> Path:
    make_nlp().to_disk(tmp_path / "served")
    return tmp_path / "served"


def blocks() -> List[str]:
    """The Python code of the page."""
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf8"), re.M | re.S)


Post = Callable[..., List[httpx.Response]]


@pytest.fixture
def post(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Post:
    """Returns a function that sends requests at the same time."""
    monkeypatch.setenv("PIPELINE", str(folder))
    (code,) = [block for block in blocks() if "FastAPI(" in block]
    made: Dict[str, Any] = {"__name__": "app"}
    exec(code, made)

    async def send(*bodies: Any) -> List[httpx.Response]:
        transport = httpx.ASGITransport(made["app"])
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            return await gather(*(client.post("/annotate", json=body) for body in bodies))

    return lambda *bodies: run(send(*bodies))


TEXTS = ["Ada flew to Rome.", "Bo lives in Oslo", ""]


def test_annotate(post: Post, folder: Path) -> None:
    (answer,) = post({"texts": TEXTS})
    assert answer.status_code == 200
    docs = list(spacy.load(folder).pipe(TEXTS))
    for found, doc in zip(answer.json(), docs, strict=True):
        assert found["tags"] == [token.tag_ for token in doc]
        spans = [(e["start"], e["end"], e["label"]) for e in found["entities"]]
        assert spans == [(e.start_char, e.end_char, e.label_) for e in doc.ents]
        assert found["categories"] == pytest.approx(doc.cats)


def test_requests_at_the_same_time(post: Post) -> None:
    """Memory zones don't nest, and a pipeline has one for all threads."""
    answers = post(*[{"texts": TEXTS}] * 16)
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json() == answers[0].json() for answer in answers)


def test_bad_requests(post: Post) -> None:
    answers = post({}, {"texts": []}, {"texts": "one"}, {"texts": ["a"] * 257})
    assert {answer.status_code for answer in answers} == {422}
