"""What a config is wished for: tasks, corpora, language, encoder and methods."""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

OPTIMIZE = ("efficiency", "accuracy")


@dataclass(frozen=True)
class Wishes:
    """What a config is wished for. Everything has a default.

    train (Sequence[Path]): The .spacy files, or folders of them, to train on: one per corpus.
    dev (Sequence[Path]): Those to score on, in the same order.
    tasks (Optional[Sequence[str]]): The names of heads, such as "ner". By default what the corpora
        annotate, or without corpora "tagger", "ner" and "textcat".
    lang (str): The language.
    encoder (Optional[str]): A folder, or a name on the model hub. By default what spaCy
        recommends for the language.
    optimize (str): One of `OPTIMIZE`.
    weighting (Optional[str]): The weighting.
    sharing (Optional[str]): The sharing scheme.
    schedule (Optional[str]): The schedule of several corpora.
    gpu (bool): Whether to train on a GPU.
    """

    train: Sequence[Path] = ()
    dev: Sequence[Path] = ()
    tasks: Optional[Sequence[str]] = None
    lang: str = "en"
    encoder: Optional[str] = None
    optimize: str = "accuracy"
    weighting: Optional[str] = None
    sharing: Optional[str] = None
    schedule: Optional[str] = None
    gpu: bool = False

    def pairs(self) -> List[Tuple[Path, Path]]:
        """Pair the texts to train on with those to score on.

        RETURNS (List[Tuple[Path, Path]]): A pair for each corpus.
        RAISES (ValueError): If there is not one --dev for each --train, or a wish needs several.
        """
        if len(self.train) != len(self.dev):
            raise ValueError(
                f"There are {len(self.train)} --train and {len(self.dev)} --dev, but each corpus "
                "needs both: specify as many --dev as --train, in the same order."
            )
        if self.schedule is not None and len(self.train) < 2:
            raise ValueError(
                "--schedule says how several corpora are drawn, but there is "
                f"{'one' if self.train else 'none'}. Specify several --train and --dev, or leave "
                "out --schedule."
            )
        return list(zip(self.train, self.dev))
