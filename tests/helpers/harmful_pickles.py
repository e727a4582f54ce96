"""Objects whose pickles run code, and a record of whether they did."""

import os
from typing import Any, Dict

#: Contains "it" once `RunsCode` has been unpickled.
RAN: Dict[str, bool] = {}


class RunsCode:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> Any:
        return exec, ("import harmful_pickles as t; t.RAN['it'] = True",)


class MakesFolder:
    """Creates the folder `unpickled` when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("unpickled",)
