"""The shipped corpus: reproducible, well-formed, without leaks, and hard enough."""

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import spacy
from spacy.lang.en.tokenizer_exceptions import TOKENIZER_EXCEPTIONS

ASSETS = Path(__file__).parents[1] / "assets"
SPLITS = ("train", "dev", "test")
KEYS = {"text", "words", "spaces", "tags", "pos", "ents", "cats", "meta"}


def load(name):
    """Import a module of the assets, which are scripts and not a package."""
    spec = importlib.util.spec_from_file_location(name, ASSETS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def assets():
    names = ("baselines", "grammar", "generate")
    modules = {name: load(name) for name in names}
    yield modules
    for name in names:
        sys.modules.pop(name)


@pytest.fixture(scope="module")
def corpus():
    texts = {s: (ASSETS / "corpus" / f"{s}.jsonl").read_text(encoding="utf8") for s in SPLITS}
    return {
        split: [json.loads(line) for line in text.splitlines()] for split, text in texts.items()
    }


@pytest.fixture(scope="module")
def records(corpus):
    return [record for split in SPLITS for record in corpus[split]]


def sentences(record):
    """The texts of a document's sentences, in lower case."""
    starts = record["meta"]["sent_starts"]
    tokens = [w + " " * s for w, s in zip(record["words"], record["spaces"], strict=True)]
    bounds = zip(starts, [*starts[1:], len(tokens)], strict=True)
    return ["".join(tokens[start:end]).strip().casefold() for start, end in bounds]


def surfaces(records):
    """The labels of every entity text, in lower case."""
    labels = defaultdict(set)
    for record in records:
        for start, end, label in record["ents"]:
            labels[" ".join(record["words"][start:end]).lower()].add(label)
    return labels


def tag_counts(records):
    """How often each tag occurs."""
    return Counter(tag for record in records for tag in record["tags"])


def word_tags(records):
    """How often each word, in lower case, has each tag."""
    counts = defaultdict(Counter)
    for record in records:
        for word, tag in zip(record["words"], record["tags"], strict=True):
            counts[word.lower()][tag] += 1
    return counts


def test_generator_gives_the_committed_bytes(tmp_path):
    command = [sys.executable, str(ASSETS / "generate.py"), "--out", str(tmp_path)]
    # The generator imports modules next to it, which `make test` disables for our own runs.
    env = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONIOENCODING": "utf8", "PYTHONSAFEPATH": ""}
    subprocess.run(command, check=True, env=env, capture_output=True)
    for split in SPLITS:
        name = f"{split}.jsonl"
        assert (tmp_path / name).read_bytes() == (ASSETS / "corpus" / name).read_bytes(), name


def test_another_seed_gives_another_corpus(assets, corpus):
    other = assets["generate"].build_corpus(seed=1)
    assert {split: len(lines) for split, lines in other.items()} == {
        split: len(lines) for split, lines in corpus.items()
    }
    assert other["test"][0]["text"] != corpus["test"][0]["text"]


def test_readme_has_the_figures(assets, corpus):
    readme = (ASSETS / "README.md").read_text(encoding="utf8")
    assert assets["generate"].format_stats(corpus) in readme


def test_sizes(corpus):
    assert {split: len(lines) for split, lines in corpus.items()} == {
        "train": 1600,
        "dev": 250,
        "test": 250,
    }


def test_records_have_the_schema(records):
    for record in records:
        n_words = len(record["words"])
        assert set(record) == KEYS
        assert {len(record[key]) for key in ("words", "spaces", "tags", "pos")} == {n_words}
        tokens = [w + " " * s for w, s in zip(record["words"], record["spaces"], strict=True)]
        assert record["text"] == "".join(tokens)
        assert record["text"] == record["text"].strip()
        assert sorted(record["cats"].values()) == [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
        assert record["meta"]["sent_starts"][0] == 0
        assert 1 <= len(record["meta"]["sent_starts"]) <= 3
        last_end = 0
        for start, end, _ in record["ents"]:
            assert last_end <= start < end <= n_words
            last_end = end
    assert len({record["meta"]["id"] for record in records}) == len(records)
    assert len({tuple(record["cats"]) for record in records}) == 1


def test_tokenizer_of_spacy_gives_the_words(records):
    nlp = spacy.blank("en")
    # All of them, of which other tests have a few.
    nlp.tokenizer.rules = TOKENIZER_EXCEPTIONS
    for record in records:
        assert [token.text for token in nlp.make_doc(record["text"])] == record["words"]


def test_no_sentence_occurs_twice(records):
    counts = Counter(sentence for record in records for sentence in sentences(record))
    assert counts.most_common(1)[0][1] == 1


def test_universal_tags_follow_the_tags(records):
    pairs = {pair for record in records for pair in zip(record["tags"], record["pos"], strict=True)}
    by_tag = defaultdict(set)
    for tag, pos in pairs:
        by_tag[tag].add(pos)
    several = {tag: pos for tag, pos in by_tag.items() if len(pos) > 1}
    verb = {"VERB", "AUX"}
    assert several == {
        "DT": {"DET", "PRON"},
        "WDT": {"DET", "PRON"},
        "IN": {"ADP", "SCONJ"},
        "NN": {"NOUN", "PRON"},
        "RB": {"ADV", "PART"},
        **dict.fromkeys(("VB", "VBD", "VBG", "VBN", "VBP", "VBZ"), verb),
    }


def test_articles_agree(records):
    for record in records:
        if "typo" in record["meta"]["noise"]:
            continue
        for article, word in zip(record["words"], record["words"][1:], strict=False):
            if article.lower() in ("a", "an"):
                has_vowel = word[0].lower() in "aeio" or word in ("unused", "8", "11", "18")
                assert (article.lower() == "an") == has_vowel, (article, word)


@pytest.mark.parametrize("split", SPLITS)
def test_every_split_has_all_labels(corpus, split):
    cats = Counter(max(r["cats"], key=r["cats"].get) for r in corpus[split])
    labels = Counter(label for record in corpus[split] for _, _, label in record["ents"])
    assert set(cats) == {"cooking", "finance", "health", "sport", "technology", "travel"}
    assert max(cats.values()) < 2.5 * min(cats.values())
    assert set(labels) == {"DATE", "MONEY", "ORG", "PERSON", "PLACE", "PRODUCT"}
    assert set(tag_counts(corpus[split])) <= set(tag_counts(corpus["train"]))
    without = sum(not record["ents"] for record in corpus[split]) / len(corpus[split])
    assert 0.1 < without < 0.25


@pytest.mark.parametrize(
    ("word", "tags"),
    [
        ("book", {"NN", "VB"}),
        ("run", {"VB", "VBP", "VBN"}),
        ("light", {"JJ", "NN", "VB"}),
        ("that", {"DT", "IN", "WDT"}),
        ("to", {"TO", "IN"}),
        ("'s", {"POS", "VBZ", "PRP"}),
        ("her", {"PRP", "PRP$"}),
        ("left", {"VBD", "VBN", "JJ", "RB"}),
        ("read", {"VB", "VBD", "VBN"}),
        ("will", {"MD", "NN", "NNP"}),
        ("may", {"MD", "NNP"}),
        ("rose", {"VBD", "NNP"}),
        ("back", {"RB", "NN", "VB"}),
        ("in", {"IN", "RP"}),
        ("as", {"RB", "IN"}),
    ],
)
def test_word_needs_context_for_its_tag(corpus, word, tags):
    assert tags <= set(word_tags(corpus["train"])[word])


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("jordan", {"PERSON", "PLACE"}),
        ("georgia", {"PERSON", "PLACE"}),
        ("washington", {"PERSON", "PLACE", "ORG"}),
        ("orange", {"PLACE", "ORG"}),
        ("may", {"PERSON", "DATE"}),
        ("chase", {"PERSON", "ORG"}),
        ("florence", {"PERSON", "PLACE"}),
    ],
)
def test_name_needs_context_for_its_type(records, name, labels):
    assert labels <= surfaces(records)[name]


def test_amazon_is_a_firm_and_a_place(records):
    assert surfaces(records)["amazon"] == {"ORG", "PLACE"}


@pytest.mark.parametrize("split", ["dev", "test"])
def test_baselines_without_context_stay_behind(assets, corpus, split):
    baselines = assets["baselines"]
    errors, known_errors = baselines.tag_errors(corpus["train"], corpus[split])
    assert 0.06 < errors < 0.12
    assert known_errors > 0.05
    assert 0.4 < baselines.entity_lookup_f(corpus["train"], corpus[split]) < 0.75
    assert 0.7 < baselines.category_accuracy(corpus["train"], corpus[split]) < 0.88
    assert 0.3 < baselines.held_out_share(corpus["train"], corpus[split]) < 0.5


def test_held_out_alternatives_stay_out_of_train(assets, corpus):
    grammar = assets["grammar"].Grammar(ASSETS / "rules")
    in_train = set(surfaces(corpus["train"]))
    for rule in ("city_name", "bank_name", "tech_name", "shop_name", "app_name"):
        names = {
            " ".join(item.split("/")[0] for item in name.split()).lower()
            for name in grammar.rules[rule].held_out
        }
        assert names
        # "March" and the like are names of a different kind in train.
        others = {n.lower() for n in surfaces(corpus["train"]) if n in names}
        assert names & in_train == others


def test_dice_are_fair_and_seeded(assets):
    dice = assets["grammar"].Dice(3)
    counts = Counter(dice.pick_weighted({"a": 3.0, "b": 1.0}) for _ in range(2000))
    assert counts["a"] == pytest.approx(1500, abs=100)
    first, second = assets["grammar"].Dice(3), assets["grammar"].Dice(3)
    assert [first.pick("abc") for _ in range(9)] == [second.pick("abc") for _ in range(9)]


def write_rules(folder, rule, lexicon="DT the\n"):
    (folder / "lexicon.txt").write_text(lexicon, encoding="utf8")
    (folder / "shared.txt").write_text(f"[start]\n{rule}\n", encoding="utf8")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("the book", "'book' has no tag, here or in the lexicon: the book"),
        ("that/IN", "'that/IN' also needs its universal tag: that/IN"),
        ("the {thing}", "There is no rule 'thing' in any rule file"),
        ("the/DT]", "An entity is closed but not opened: the/DT]"),
    ],
)
def test_grammar_says_what_is_wrong(assets, tmp_path, rule, message):
    module = assets["grammar"]
    write_rules(tmp_path, rule)
    grammar = module.Grammar(tmp_path)
    with pytest.raises(ValueError, match=message):
        grammar.sentence(module.Dice(0), "{start}", "travel", "sport", 0.0)


def test_word_twice_in_the_lexicon(assets, tmp_path):
    write_rules(tmp_path, "the", lexicon="DT the\nNN the\n")
    with pytest.raises(ValueError, match=r"'the' is listed twice in lexicon.txt: DT and NN"):
        assets["grammar"].Grammar(tmp_path)
