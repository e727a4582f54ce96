"""Settings that may be changed in a trained head."""

from typing import Any, Callable, Dict, Optional, Sequence

from ..hints import shortened
from ..loading import UnfitError


class Adjustable:
    """An attribute of a head: a setting of its config, until it is set to another value.

    Another value is saved with the head, and from then on wins over the config.
    """

    def __init__(self, find_misfit: Callable[[Any, Sequence[str], str], Optional[str]]) -> None:
        """Create the attribute.

        find_misfit (Callable): Finds what is wrong with a value, given the labels of the head and
            the key: "'KEY' is ..., but ...", or None.
        """
        self.find_misfit = find_misfit
        self.key = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = name

    def __get__(self, head: Any, owner: Any = None) -> Any:
        if head is None:
            return self
        return head.cfg.get(self.key, head.of_config.get(self.key))

    def __set__(self, head: Any, value: Any) -> None:
        found = self.find_misfit(value, head.labels, self.key)
        if found is not None:
            raise ValueError(f"{found}. Fix it in [components.{head.name}], or where it is set.")
        head.cfg[self.key] = value
        head.settings_changed()


def misfit_of_flag(value: Any, labels: Sequence[str], key: str) -> Optional[str]:
    """RETURNS (Optional[str]): What is wrong with a value that must be true or false."""
    if isinstance(value, bool):
        return None
    return f"'{key}' is {shortened(value)}, but it must be true or false"


def misfit_of_count(value: Any, labels: Sequence[str], key: str) -> Optional[str]:
    """RETURNS (Optional[str]): What is wrong with a value that must be a whole number from 0."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return None
    return f"'{key}' is {shortened(value)}, but it must be a whole number, 0 or more"


class AdjustableHead:
    """A head with settings that may be changed when it is trained."""

    cfg: Dict[str, Any]
    name: str
    #: The values of such settings in the config.
    of_config: Dict[str, Any]

    def settings_changed(self) -> None:
        """Called when settings have been set, changed or loaded."""

    def take_settings(self, **settings: Any) -> None:
        """Take the settings of the config.

        **settings (Any): Their values.
        RAISES (ValueError): If one is invalid.
        """
        self.of_config = settings
        self.check_settings(())
        self.settings_changed()

    def check_settings(self, labels: Any) -> None:
        """Check the settings of the config again, when the labels are known.

        labels (Sequence[str]): The labels; empty if they aren't known yet.
        RAISES (ValueError): If one is invalid.
        """
        for key, value in self.of_config.items():
            found = _attribute(self, key).find_misfit(value, labels, key)
            if found is not None:
                raise ValueError(f"{found}. Fix it in [components.{self.name}].")

    def check_saved(self, cfg: Dict[str, Any]) -> None:
        """Reject saved settings that the head can't have saved.

        cfg (Dict[str, Any]): The saved settings.
        RAISES (UnfitError): If one is invalid.
        """
        for key in self.of_config:
            if key in cfg:
                found = _attribute(self, key).find_misfit(cfg[key], cfg["labels"], key)
                if found is not None:
                    raise UnfitError(found)


def _attribute(head: Any, key: str) -> Adjustable:
    found: Adjustable = getattr(type(head), key)
    return found
