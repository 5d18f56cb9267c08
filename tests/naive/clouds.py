"""Clouds of points of known dimension."""

import numpy as np


def cube(n_points, dim, rng):
    return rng.random((n_points, dim))


def sphere(n_points, dim, rng):
    points = rng.normal(size=(n_points, dim + 1))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def torus(n_points, dim, rng):
    angles = 2 * np.pi * rng.random((n_points, dim))
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


def swiss_roll(n_points, dim, rng):
    angle = 1.5 * np.pi * (1 + 2 * rng.random(n_points))
    return np.stack(
        [angle * np.cos(angle), 21 * rng.random(n_points), angle * np.sin(angle)], axis=1
    )


#: name: (function, dimension, relative shortfall allowed: edges and finite numbers of points)
CLOUDS = {
    "segment": (cube, 1, 0.05),
    "circle": (torus, 1, 0.05),
    "square": (cube, 2, 0.08),
    "swiss roll": (swiss_roll, 2, 0.08),
    "2-sphere": (sphere, 2, 0.06),
    "3-torus": (torus, 3, 0.08),
    "3-cube": (cube, 3, 0.10),
    "5-sphere": (sphere, 5, 0.08),
    "5-cube": (cube, 5, 0.13),
}


def make_cloud(name, n_points, seed=0):
    function, dim, _ = CLOUDS[name]
    return function(n_points, dim, np.random.default_rng(seed))


def move(points, seed=0, *, scale=1.0, extra=3):
    """The same cloud, rotated into a larger space, scaled and shifted."""
    rng = np.random.default_rng(seed)
    width = points.shape[1] + extra
    turn, _ = np.linalg.qr(rng.normal(size=(width, width)))
    wide = np.concatenate([points, np.zeros((len(points), extra))], axis=1)
    return scale * (wide @ turn + rng.normal(size=width))
