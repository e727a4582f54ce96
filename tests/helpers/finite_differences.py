"""Gradients by central differences."""

from typing import Callable

import numpy


def numeric_gradient(loss: Callable[[numpy.ndarray], float], x: numpy.ndarray) -> numpy.ndarray:
    gradient = numpy.zeros_like(x)
    for i in numpy.ndindex(*x.shape):
        step = numpy.zeros_like(x)
        step[i] = 1e-6
        gradient[i] = (loss(x + step) - loss(x - step)) / 2e-6
    return gradient
