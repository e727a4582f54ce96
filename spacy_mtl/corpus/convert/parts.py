"""Split the documents of an input into a training and a development part."""

from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, TypeVar

from .errors import ConversionError

_Item = TypeVar("_Item")
TRAIN, DEV = "train", "dev"


def check_share(dev_share: Optional[float]) -> None:
    """Reject a share of the development part that leaves a part empty, whatever the input.

    dev_share (Optional[float]): The share, or None for no split.
    RAISES (ConversionError): If it isn't between 0 and 1.
    """
    if dev_share is not None and not 0 < dev_share < 1:
        raise ConversionError(
            f"the share of the development part is {dev_share}. Choose a number between 0 and 1, "
            "such as 0.1"
        )


def targets_of_parts(target: Path, dev_share: Optional[float]) -> Dict[str, Path]:
    """RETURNS (Dict[str, Path]): The file of each part of an input: of the same name in the folders
    "train" and "dev", or only the target, by "", if it isn't split.
    """
    if dev_share is None:
        return {"": target}
    return {part: target.parent / part / target.name for part in (TRAIN, DEV)}


def split(
    items: Sequence[_Item], dev_share: Optional[float], source: Path
) -> Dict[str, List[_Item]]:
    """Split the documents of an input.

    The development part is evenly spaced over the input, so that it has its share of everything
    in an input that is sorted, by label or by source. The same input is always split alike.

    items (Sequence[_Item]): The documents.
    dev_share (Optional[float]): The share of the development part, or None for no split.
    source (Path): The input.
    RETURNS (Dict[str, List[_Item]]): The documents of each part, with the keys of
        `targets_of_parts`.
    RAISES (ConversionError): If a part would be empty.
    """
    if dev_share is None:
        return {"": list(items)}
    parts: Tuple[List[_Item], List[_Item]] = ([], [])
    for i, item in enumerate(items):
        # Half a step further, so that the first one isn't always for training.
        is_dev = int((i + 1) * dev_share + 0.5) > int(i * dev_share + 0.5)
        parts[is_dev].append(item)
    found = dict(zip((TRAIN, DEV), parts, strict=True))
    for part, kept in found.items():
        if not kept:
            raise ConversionError(
                f"its {len(items)} documents are too few for a development part with a share of "
                f"{dev_share}: the {part} part would be empty. Convert it without --dev-share, or "
                "choose another share",
                source,
            )
    return found
