"""Fixtures: a tiny random encoder on disk, and pipelines that use it."""

import os
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import catalogue
import pytest
import spacy
from spacy.lang.en import English
from spacy.lang.en.tokenizer_exceptions import TOKENIZER_EXCEPTIONS
from spacy.language import Language
from thinc.api import fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint, inner

ROOT = Path(__file__).parent.parent
# Otherwise, failing checks in helpers would not show what they compared.
pytest.register_assert_rewrite(
    "cases",
    "command_cases",
    "conversions",
    "encoder_gradients",
    "found_in_pipelines",
    "joint_gradients",
    "saved_encoders",
    "short_training",
)


def pytest_configure() -> None:
    """Save what takes a fifth of the time of small tests, in each of thousands.

    Entry points of the environment are sorted once, not at each look-up in a registry. English
    tokenizers have few special cases, such as "don't", in place of 1,347.
    """
    English.Defaults.tokenizer_exceptions = {
        k: v for k, v in TOKENIZER_EXCEPTIONS.items() if k.endswith("n't") or k.isspace()
    }
    found = catalogue.AVAILABLE_ENTRY_POINTS
    groups: Any = {group: list(found.select(group=group)) for group in found.groups}
    catalogue.AVAILABLE_ENTRY_POINTS = groups


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """Run the slowest files first, for parallel workers that take one file after the other."""
    longest = ["realdata", "slow"]
    ranks: Dict[Path, int] = {}
    for item in items:
        found = [i for i, name in enumerate(longest) if item.get_closest_marker(name)]
        ranks[item.path] = min([*found, ranks.get(item.path, len(longest))])
    items.sort(key=lambda item: ranks[item.path])


@pytest.fixture(autouse=True, scope="module")
def own_spark() -> Iterator[None]:
    """Give each file a Java of its own, whose workers have the folder and the path of its tests."""
    yield
    if "pyspark" in sys.modules:
        from pyspark import SparkContext

        if SparkContext._active_spark_context is not None:
            SparkContext._active_spark_context.stop()
        if SparkContext._gateway is not None:
            SparkContext._gateway.shutdown()
            SparkContext._gateway = SparkContext._jvm = None


@pytest.fixture(autouse=True)
def seed() -> None:
    fix_random_seed(0)


@pytest.fixture(autouse=True)
def all_special_cases(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokenize real texts as users do."""
    if request.node.get_closest_marker("realdata") is not None:
        monkeypatch.setattr(English.Defaults, "tokenizer_exceptions", TOKENIZER_EXCEPTIONS)


@pytest.fixture(autouse=True)
def few_threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Use one torch thread for tiny encoders: several would wait for each other."""
    import torch

    before = torch.get_num_threads()
    is_real = request.node.get_closest_marker("realdata") is not None
    torch.set_num_threads(before if is_real else 1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def encoder_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a random BERT of 2 layers and 16 dimensions, without dropout."""
    from random_encoders import save_bert

    return str(save_bert(tmp_path_factory.mktemp("encoder")))


@pytest.fixture(scope="session")
def encoder_of(encoder_dir: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The folder of a random encoder by kind: one of `random_encoders.KINDS`."""
    from random_encoders import KINDS

    made: Dict[str, str] = {}

    def find(kind: str) -> str:
        if kind not in made:
            made[kind] = str(KINDS[kind](encoder_dir, tmp_path_factory.mktemp("kind")))
        return made[kind]

    return find


@pytest.fixture(params=["before mtl", "inside mtl"])
def encoder(request: pytest.FixtureRequest, encoder_dir: str) -> Any:
    """The transformer for `add_joint`: a folder, or a block for `mtl`."""
    return encoder_dir if request.param == "before mtl" else inner(encoder_dir)


@pytest.fixture
def make_nlp(encoder_dir: str) -> Callable[..., Language]:
    """Build and initialize a pipeline: make_nlp(["ner", "tagger"], weights={...})."""

    def build(
        heads: Any = ("tagger", "ner", "textcat"),
        *,
        encoder: Any = encoder_dir,
        initialize: bool = True,
        **mtl_config: Any,
    ) -> Language:
        nlp = spacy.blank("en")
        add_joint(nlp, encoder, **mtl_config)
        for head in heads:
            nlp.add_pipe(HEADS.get(head, head), name=head)
        if initialize:
            fix_random_seed(0)
            nlp.initialize(lambda: make_examples(nlp))
        return nlp

    return build


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the real corpora. Missing ones fail the test."""
    path = Path(os.environ.get("SPACY_MTL_DATA", ROOT.parent / "shared"))
    if not (path / "data").is_dir() or not (path / "raw").is_dir():
        pytest.fail(
            f"The real corpora are not at {path}. Set SPACY_MTL_DATA to the folder with data/ and "
            "raw/, or skip these tests with -m 'not realdata'."
        )
    return path
