"""A small context-free grammar whose words carry their tags.

Rule files (`rules/*.txt`) hold rules of this form:

    [name]                  one alternative per line; or, with [name: TAG], one per word
    a/DT {seat} to {city}   word, word/TAG or word/TAG/UPOS; {rule} is expanded
    (can|could) you         one of the options, which may be empty
    [PLACE {city_name}]     the bracketed words are an entity
    ---                     the alternatives below are held out: never used in train

Words without a tag get it from `rules/lexicon.txt`. Words that are not in the lexicon must be
tagged in the rule, so that no ambiguous word is tagged by accident.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Dict, List, Optional, Sequence, Tuple, TypeVar

T = TypeVar("T")

# Penn Treebank to universal tags, for tags that determine them.
UPOS = {
    "$": "SYM", ",": "PUNCT", ".": "PUNCT", ":": "PUNCT", "HYPH": "PUNCT", "CC": "CCONJ",
    "CD": "NUM", "DT": "DET", "EX": "PRON", "IN": "ADP", "JJ": "ADJ", "JJR": "ADJ",
    "JJS": "ADJ", "MD": "AUX", "NN": "NOUN", "NNS": "NOUN", "NNP": "PROPN", "NNPS": "PROPN",
    "PDT": "DET", "POS": "PART", "PRP": "PRON", "PRP$": "PRON", "RB": "ADV", "RBR": "ADV",
    "RBS": "ADV", "RP": "ADP", "TO": "PART", "UH": "INTJ", "VB": "VERB", "VBD": "VERB",
    "VBG": "VERB", "VBN": "VERB", "VBP": "VERB", "VBZ": "VERB", "WP": "PRON", "WRB": "ADV",
}  # fmt: skip
BE = {"be", "am", "is", "are", "was", "were", "been", "being", "'m", "'re"}
# For these words the tag is not enough, so rules must give the universal tag: auxiliary or
# verb, preposition or conjunction, determiner or pronoun.
EXPLICIT = {"have", "has", "had", "do", "does", "did", "after", "before", "since", "until", "as"}
EXPLICIT |= {"so", "that", "this", "these", "which", "'s"}
NO_SPACE_BEFORE = {",", ".", "?", ";", ":", "'s", "'", "n't", "nt", "'d", "-"}
NO_SPACE_AFTER = {"$", "£", "€", "-"}
VOWEL_SOUND = re.compile(r"^(?:[aeio]|un(?!i)|u[^ns]|8|11|18|hour)", re.IGNORECASE)
SLOT_OR_CHOICE = re.compile(r"\{([\w.]+)\}|\(([^()]*)\)")


@dataclass
class Rule:
    """The alternatives of a rule: those for every split, and those held out from train."""

    common: List[str] = field(default_factory=list)
    held_out: List[str] = field(default_factory=list)


@dataclass
class Sentence:
    """A tagged sentence. `ents` are word offsets in the sentence, with exclusive ends."""

    words: List[str]
    tags: List[str]
    pos: List[str]
    ents: List[Tuple[int, int, str]]

    def spaces(self) -> List[bool]:
        """RETURNS (List[bool]): Whether a space follows each word, including the last."""
        pairs = zip(self.words, [*self.words[1:], ""], strict=True)
        return [w not in NO_SPACE_AFTER and nxt not in NO_SPACE_BEFORE for w, nxt in pairs]

    def text(self) -> str:
        """RETURNS (str): The text of the sentence."""
        return join(self.words, self.spaces()).strip()


def join(words: List[str], spaces: List[bool]) -> str:
    """RETURNS (str): The words, each with its space if it has one."""
    return "".join(word + " " * space for word, space in zip(words, spaces, strict=True))


class Dice:
    """Seeded choices. Only uses `Random.random`, whose sequence never changes in Python."""

    def __init__(self, seed: int):
        self._random = Random(seed).random

    def chance(self, share: float) -> bool:
        """RETURNS (bool): True in this share of calls."""
        return self._random() < share

    def pick(self, options: Sequence[T]) -> T:
        """RETURNS (T): One of the options, each equally likely."""
        return options[int(self._random() * len(options))]

    def pick_weighted(self, weights: Dict[T, float]) -> T:
        """RETURNS (T): A key, drawn by its weight. Weights need not sum to 1."""
        point = self._random() * sum(weights.values())
        for key, weight in weights.items():
            point -= weight
            if point < 0:
                return key
        return key


class Grammar:
    """The rules of every category and the lexicon of default tags.

    folder (Path): The folder with the rule files. A rule of `travel.txt` is named
        `travel.main`; rules of `names.txt` and `shared.txt` have no prefix.
    """

    def __init__(self, folder: Path):
        self.lexicon = _read_lexicon(folder / "lexicon.txt")
        self.rules: Dict[str, Rule] = {}
        self.categories: List[str] = []
        for path in sorted(folder.glob("*.txt")):
            if path.stem == "lexicon":
                continue
            is_category = path.stem not in ("names", "shared")
            if is_category:
                self.categories.append(path.stem)
            prefix = path.stem + "." if is_category else ""
            for name, rule in _read_rules(path).items():
                self.rules[prefix + name] = rule

    def sentence(
        self, dice: Dice, start: str, category: str, other: str, held_out: float
    ) -> Sentence:
        """Draw one sentence.

        dice (Dice): The source of choices.
        start (str): The text to expand, such as "{main}".
        category (str): The category whose rules slots prefer.
        other (str): The category from which {other} takes its topic.
        held_out (float): How often to use a held-out alternative if there is one.
        RETURNS (Sentence): The words with their annotation, capitalized.
        """
        text = start
        while True:
            match = SLOT_OR_CHOICE.search(text)
            if match is None:
                return self._annotate(text)
            slot, options = match.groups()
            if slot is None:
                chosen = dice.pick(options.split("|"))
            else:
                chosen = self._expand(dice, slot, category, other, held_out)
            text = text[: match.start()] + chosen + text[match.end() :]

    def _expand(self, dice: Dice, slot: str, category: str, other: str, held_out: float) -> str:
        name = f"{other}.topic" if slot == "other" else slot
        if name not in self.rules:
            raise ValueError(f"There is no rule '{name}' in any rule file.")
        if "." in name:
            category = name.split(".")[0]
        rule = self.rules[name]
        is_held = bool(rule.held_out) and dice.chance(held_out)
        text = dice.pick(rule.held_out if is_held else rule.common)
        # Slots of the rule belong to the rule's own category, wherever it was called from.
        return re.sub(r"\{(\w+)\}", lambda m: "{" + self._qualify(m[1], category) + "}", text)

    def _qualify(self, slot: str, category: str) -> str:
        own = f"{category}.{slot}"
        return own if own in self.rules else slot

    def _annotate(self, text: str) -> Sentence:
        words: List[str] = []
        tags: List[str] = []
        pos: List[str] = []
        ents: List[Tuple[int, int, str]] = []
        opened: Optional[Tuple[int, str]] = None
        for item in text.replace("]", " ]").split():
            if item.startswith("["):
                opened = (len(words), item[1:])
            elif item == "]":
                if opened is None:
                    raise ValueError(f"An entity is closed but not opened: {text}")
                ents.append((opened[0], len(words), opened[1]))
            else:
                word, tag, upos = self._tagged(item, text)
                words.append(word)
                tags.append(tag)
                pos.append(upos)
        for i, word in enumerate(words):
            if word == "to" and tags[i] == "?":
                is_infinitive = tags[i + 1] == "VB"
                tags[i], pos[i] = ("TO", "PART") if is_infinitive else ("IN", "ADP")
            if word == "a" and VOWEL_SOUND.match(words[i + 1]):
                words[i] = "an"
        words[0] = words[0][0].upper() + words[0][1:]
        return Sentence(words, tags, pos, ents)

    def _tagged(self, item: str, text: str) -> Tuple[str, str, str]:
        word, _, tag = item.partition("/")
        if not tag:
            if item == "to":
                return "to", "?", "?"
            if word not in self.lexicon:
                raise ValueError(f"'{word}' has no tag, here or in the lexicon: {text}")
            tag = self.lexicon[word]
        tag, _, upos = tag.partition("/")
        if not upos:
            if word in EXPLICIT and tag[0] in "VIDW":
                raise ValueError(f"'{word}/{tag}' also needs its universal tag: {text}")
            upos = "AUX" if word in BE else UPOS[tag]
        return word, tag, upos


def _read_rules(path: Path) -> Dict[str, Rule]:
    rules: Dict[str, Rule] = {}
    rule, tag, is_held = Rule(), "", False
    for line in path.read_text(encoding="utf8").splitlines():
        header = re.fullmatch(r"\[(\w+)(?:: (\S+))?\]", line)
        if header:
            rule, tag, is_held = Rule(), header[2] or "", False
            rules[header[1]] = rule
        elif line == "---":
            is_held = True
        elif line and not line.startswith("#"):
            names = [" ".join(f"{w}/{tag}" for w in n.split("_")) for n in line.split()]
            (rule.held_out if is_held else rule.common).extend(names if tag else [line])
    return rules


def _read_lexicon(path: Path) -> Dict[str, str]:
    lexicon: Dict[str, str] = {}
    for line in path.read_text(encoding="utf8").splitlines():
        if not line or line.startswith("#"):
            continue
        tag, words = line.split(None, 1)
        for word in words.split():
            if word in lexicon:
                raise ValueError(
                    f"'{word}' is listed twice in {path.name}: {lexicon[word]} and {tag}."
                )
            lexicon[word] = tag
    return lexicon
