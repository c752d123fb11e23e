"""Light and camera: what turns optical density into a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from curation.demo.noise import cloud

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Capture:
    """How one picture was taken.

    Attributes:
        light: (red, green, blue) of the empty field, 0 to 255.
        gradient: fall of light from one side to the other, relative.
        direction: of the gradient, radians.
        vignette: loss of light in the corners, relative.
        centre: of the vignette, relative to the image's centre.
        blur: standard deviation, pixels.
        noise: standard deviation of the sensor noise, 0 to 255.
        quality: of the JPEG file, 0 to 100.
        seed: seed of noise and glass texture.
    """

    light: tuple[float, float, float]
    gradient: float
    direction: float
    vignette: float
    centre: tuple[float, float]
    blur: float
    noise: float
    quality: int
    seed: int


def draw_capture(rng: np.random.Generator, light: tuple[float, float, float]) -> Capture:
    """Return a plausible capture under a slide's light.

    Args:
        rng: source of randomness.
        light: (red, green, blue) of the slide's empty field, 0 to 255.
    """
    exposure = float(np.clip(rng.normal(1.0, 0.05), 0.84, 1.06))
    balance = 1 + rng.normal(0, 0.014, 3)
    red, green, blue = (np.array(light) * balance * exposure).tolist()
    # Most fields are in focus; every seventh is not.
    defocused = rng.random() < 0.14
    return Capture(
        light=(red, green, blue),
        gradient=float(abs(rng.normal(0, 0.10))),
        direction=float(rng.uniform(0, 2 * np.pi)),
        vignette=float(rng.uniform(0.05, 0.34)),
        centre=(float(rng.normal(0, 0.10)), float(rng.normal(0, 0.10))),
        blur=float(rng.uniform(1.5, 2.9) if defocused else rng.uniform(0.55, 1.05)),
        noise=float(rng.uniform(1.0, 3.0) + 4.0 * (rng.random() < 0.12)),
        quality=int(rng.integers(84, 95)),
        seed=int(rng.integers(2**32)),
    )


def retaken(capture: Capture, rng: np.random.Generator) -> Capture:
    """Return nearly the same capture again, as a second press of the shutter would give."""
    factor = float(rng.uniform(0.97, 1.03))
    red, green, blue = capture.light
    return replace(
        capture,
        light=(red * factor, green * factor, blue * factor),
        blur=capture.blur + float(rng.uniform(0.0, 0.25)),
        seed=int(rng.integers(2**32)),
    )


def expose(density: NDArray[np.float32], capture: Capture) -> NDArray[np.uint8]:
    """Return the picture of an optical density.

    Args:
        density: (h, w, 3) optical density of red, green, blue.
        capture: light and camera.

    Returns:
        (h, w, 3) blue, green, red, the order of OpenCV.
    """
    rng = np.random.default_rng(capture.seed)
    height, width = density.shape[:2]
    glass = 0.010 * cloud(rng, (height, width), grain=90) + 0.006 * cloud(
        rng, (height, width), grain=14
    )
    light = np.asarray(cv2.exp(-density), dtype=np.float32)
    field = _illumination(height, width, capture) + glass.astype(np.float32)
    light *= _in_colour(field, capture.light)
    light = np.asarray(cv2.GaussianBlur(light, (0, 0), capture.blur), dtype=np.float32)
    _add_noise(light, capture.noise, rng)
    np.clip(light, 0, 255, out=light)
    levels = np.round(light).astype(np.uint8)
    return np.asarray(cv2.cvtColor(levels, cv2.COLOR_RGB2BGR), dtype=np.uint8)


def _illumination(height: int, width: int, capture: Capture) -> NDArray[np.float32]:
    """Return the (h, w) relative light of an empty field: a gradient and a vignette."""
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    slope = float(np.cos(capture.direction)) * x + float(np.sin(capture.direction)) * y
    corner = np.square(x - np.float32(capture.centre[0]))
    corner = corner + np.square(y - np.float32(capture.centre[1]))
    field = 1 - capture.gradient / 2 * (slope + 1) - capture.vignette / 2 * corner
    return np.asarray(field, dtype=np.float32)


def _in_colour(
    plane: NDArray[np.float32], colour: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Return a plane times a colour: (h, w, 3)."""
    # Merging planes is several times faster than broadcasting over three channels.
    merged = cv2.merge([plane * np.float32(part) for part in colour])
    return np.asarray(merged, dtype=np.float32)


def _add_noise(light: NDArray[np.float32], deviation: float, rng: np.random.Generator) -> None:
    """Add sensor noise in place: grain common to the channels, and a coarser colour noise."""
    height, width = light.shape[:2]
    grain = rng.standard_normal((height, width), dtype=np.float32)
    half = ((height + 1) // 2, (width + 1) // 2, 3)
    colour = cv2.resize(
        rng.standard_normal(half, dtype=np.float32),
        (width, height),
        interpolation=cv2.INTER_LINEAR,
    )
    light += _in_colour(grain, (deviation, deviation, deviation))
    light += np.float32(0.5 * deviation) * np.asarray(colour, dtype=np.float32)
