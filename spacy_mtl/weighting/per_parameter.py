"""Check that state kept per encoder parameter still fits."""

import warnings


def check_size(method: str, task: str, found: int, expected: int) -> bool:
    """Warn if a task's state does not fit its gradient.

    method (str): The name of the method.
    task (str): The task.
    found (int): The number of values in the state.
    expected (int): The number of values in the gradient.
    RETURNS (bool): Whether they match.
    """
    if found != expected:
        warnings.warn(
            f"{expected} parameters are trained by several tasks, not {found} as before (others of "
            "the encoder are trained, or fewer of the sharing scheme are shared, such as once the "
            f"tree of LearnedBranching is fixed), so {method} starts over with the task '{task}'."
        )
    return found == expected
