"""Logistic regression over sparse rows by L-BFGS. Deterministic: no shuffling, no threads, fixed order of sums."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from insights.training.matrix import Matrix

Vector = NDArray[np.float64]

_MEMORY = 8
_INTERCEPT_PENALTY = 1e-6


def logistic(
    matrix: Matrix, labels: NDArray[np.float64], penalty: float, rounds: int = 60, weights: Vector | None = None
) -> NDArray[np.float32]:
    """Return (width,) weights, the last one the intercept.

    Args:
        labels: values in 0..1.
        penalty: L2 penalty, relative to the summed (optionally weighted) log loss.
    """
    scale = np.ones(matrix.height) if weights is None else weights
    ridge = np.full(matrix.width, penalty)
    ridge[-1] = _INTERCEPT_PENALTY

    def loss(point: Vector) -> tuple[float, Vector]:
        margin = matrix.times(point.astype(np.float32))
        probability = 1 / (1 + np.exp(-np.clip(margin, -40, 40)))
        value = float(np.sum(scale * (np.logaddexp(0, margin) - labels * margin)) + 0.5 * np.sum(ridge * point * point))
        return value, matrix.back(scale * (probability - labels)) + ridge * point

    mean = float(np.sum(scale * labels) / np.sum(scale))
    start = np.zeros(matrix.width)
    start[-1] = np.log(max(mean, 1e-6) / max(1 - mean, 1e-6))
    return lbfgs(loss, start, rounds).astype(np.float32)


def lbfgs(loss, point: Vector, rounds: int) -> Vector:  # type: ignore[no-untyped-def]
    """Minimise a smooth function, given as point -> (value, gradient), by limited-memory BFGS with backtracking."""
    steps: deque[tuple[Vector, Vector, float]] = deque(maxlen=_MEMORY)
    value, gradient = loss(point)
    for _ in range(rounds):
        direction = _direction(gradient, steps)
        slope = float(gradient @ direction)
        if slope > -1e-9 * max(1.0, abs(value)):
            break
        length = 1.0 if steps else min(1.0, 1.0 / float(np.sqrt(gradient @ gradient) + 1e-12))
        for _try in range(12):
            candidate = point + length * direction
            new_value, new_gradient = loss(candidate)
            if new_value <= value + 1e-4 * length * slope:
                break
            length *= 0.4
        else:
            break
        step, change = candidate - point, new_gradient - gradient
        curvature = float(step @ change)
        if curvature > 1e-12:
            steps.append((step, change, 1.0 / curvature))
        settled = value - new_value < 1e-6 * max(1.0, abs(value))
        point, value, gradient = candidate, new_value, new_gradient
        if settled:
            break
    return point


def _direction(gradient: Vector, steps: deque[tuple[Vector, Vector, float]]) -> Vector:
    """Run the two-loop recursion."""
    direction = -gradient
    factors = []
    for step, change, inverse in reversed(steps):
        factor = inverse * float(step @ direction)
        direction = direction - factor * change
        factors.append(factor)
    if steps:
        step, change, inverse = steps[-1]
        direction = direction * (1.0 / (inverse * float(change @ change)))
    for (step, change, inverse), factor in zip(steps, reversed(factors), strict=True):
        direction = direction + (factor - inverse * float(change @ direction)) * step
    return direction
