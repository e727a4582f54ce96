"""What a further head costs."""

from typing import Any

import pytest


def test_time_of_a_further_head(benchmark_module: Any) -> None:
    heads = benchmark_module("speed.heads")
    seconds = {"1 head": [1.0, 2.0]}
    # 2 % a head, but 10 % for the second: the machine is half as fast in the second turn.
    for n, more in ((2, 0.1), (4, 0.06), (8, 0.14), (16, 0.3)):
        seconds[f"{n} heads"] = [1 + more, 2 * (1 + more)]
    assert heads.further_head(seconds) == pytest.approx((0.1 + 3 * 0.02) / 4)
