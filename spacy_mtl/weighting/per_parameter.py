"""What a method keeps for each parameter of the encoder, and whether it still fits."""

import warnings


def check_size(method: str, task: str, found: int, expected: int) -> bool:
    """Warn where what is kept of a task does not fit its gradient.

    method (str): The name of the method.
    task (str): The task.
    found (int): How many values are kept.
    expected (int): How many the gradient has.
    RETURNS (bool): Whether it fits.
    """
    if found != expected:
        warnings.warn(
            f"The encoder has other parameters now ({expected} that are trained, not {found}), so "
            f"{method} begins anew with the task '{task}'."
        )
    return found == expected
