"""Objects whose pickles run code, and what tells that they did."""

import os
from typing import Any, Dict

#: Has "it" once `RunsCode` has been unpickled.
RAN: Dict[str, bool] = {}


class RunsCode:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> Any:
        return exec, ("import harmful_pickles as t; t.RAN['it'] = True",)


class MakesFolder:
    """Makes the folder `unpickled` where it is unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("unpickled",)
