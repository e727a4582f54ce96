"""The block [teacher] of a head."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional
from urllib.parse import quote

from ..hints import shortened
from ..scheduled import Number, ScheduledNumber, read_number

KEYS = ("path", "weight", "component", "cache")


@dataclass(frozen=True)
class TeacherSettings:
    """What a config says about the teacher of a head.

    head (str): The name of the head.
    path (Path): The folder of the teacher's pipeline.
    weight (Number): The share of the teacher in the loss: see `number_at`.
    component (str): The name of the component in that pipeline.
    cache (Path): The folder in which its probabilities are kept.
    """

    head: str
    path: Path
    weight: Number
    component: str
    cache: Path

    @property
    def block(self) -> str:
        """RETURNS (str): Where the settings are in a config."""
        return f"[components.{self.head}.teacher]"

    @property
    def file(self) -> Path:
        """RETURNS (Path): The file with the teacher's probabilities."""
        # The name of a component may contain anything.
        name = f"{self.path.resolve().name}.{quote(self.component, safe='')}.targets.sqlite"
        return self.cache / name

    def check_schedule(self) -> None:
        """Check the first value of a schedule.

        RAISES (ValueError): If the weight is out of range.
        """
        if isinstance(self.weight, ScheduledNumber):
            self.weight.check()


def read_settings(given: Optional[Dict[str, Any]], head: str) -> Optional[TeacherSettings]:
    """Read the block [teacher] of a head, without looking for the teacher.

    given (Optional[Dict[str, Any]]): The block. None for no teacher.
    head (str): The name of the head.
    RETURNS (Optional[TeacherSettings]): The settings.
    RAISES (ValueError): If a key is unknown or missing, or a value is out of range.
    """
    if given is None:
        return None
    block = f"[components.{head}.teacher]"
    whose, fix = f"'teacher' of the component '{head}'", f"Fix it in {block}."
    if not isinstance(given, dict):
        raise ValueError(
            f"{whose} is {shortened(given)}, but it must be a block with 'path' and 'weight', or "
            f"null. Fix it in [components.{head}]."
        )
    unknown = [key for key in given if key not in KEYS]
    if unknown:
        raise ValueError(
            f"{whose} has '{unknown[0]}', but its keys must be among: {', '.join(KEYS)}. {fix}"
        )
    for key in ("path", "weight"):
        if given.get(key) is None:
            raise ValueError(
                f"{whose} has no '{key}'. Set 'path' to the folder of a trained pipeline, and "
                f"'weight' to a number from 0 to 1 or a schedule. {fix}"
            )
    for key in ("path", "component", "cache"):
        value, kinds = given.get(key), (str,) if key == "component" else (str, Path)
        if value is not None and (not isinstance(value, kinds) or not str(value).strip()):
            what = "the name of a component" if key == "component" else "the path of a folder"
            raise ValueError(
                f"'{key}' of {whose} is {shortened(value)}, but it must be {what}. {fix}"
            )
    path = Path(given["path"])
    settings = TeacherSettings(
        head,
        path,
        read_number(given["weight"], f"The weight of the teacher of '{head}'", fix, most=1.0),
        given.get("component") or head,
        Path(given.get("cache") or path.resolve().parent),
    )
    if settings.cache.resolve().is_relative_to(path.resolve()):
        raise ValueError(
            f"'cache' of {whose} is {settings.cache}, inside the teacher's pipeline, which must "
            f"stay as it is. Choose another folder in {block}."
        )
    return settings
