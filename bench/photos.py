"""The photos that are measured, and how like their originals renditions are.

The photo is a camera's own: Debian's mate-backgrounds ships one of 18 MP by a Sony DSC-RX100M4. It is cut to 12 MP, and
to 24 with its lower part mirrored. Without that package it is noise with a photo's spectrum, which is said aloud.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from kootenay.rules.renditions import Size

CAMERA_PHOTO = Path("/usr/share/backgrounds/mate/abstract/Elephants_5640x3172.jpg")
SIZES = {12: (4000, 3000), 24: (5640, 4256)}
"""By megapixels."""

Plane = npt.NDArray[np.float32]


def prepare(folder: Path) -> tuple[dict[int, tuple[Path, Size]], str]:
    """Return the photo of each number of megapixels with its size, made in a folder, and whose it is."""
    photos = {}
    for megapixels, size in SIZES.items():
        path = folder / f"{megapixels}.jpg"
        _photo(size).save(path, quality=93, subsampling="4:2:2")  # as cameras do
        photos[megapixels] = (path, Size(*size))
    return photos, "a Sony DSC-RX100M4" if CAMERA_PHOTO.exists() else "no camera (noise; apt-get mate-backgrounds)"


def _photo(size: tuple[int, int]) -> Image.Image:
    width, height = size
    if not CAMERA_PHOTO.exists():
        return _noise(width, height)
    with Image.open(CAMERA_PHOTO) as image:
        twice = Image.new("RGB", (image.width, 2 * image.height))
        twice.paste(image)
        twice.paste(ImageOps.flip(image), (0, image.height))
        left = (image.width - width) // 2
        return twice.crop((left, 0, left + width, height))


def _noise(width: int, height: int) -> Image.Image:
    """Light and colour whose amplitude falls with frequency, as in photos, and a sensor's fine noise."""
    random = np.random.default_rng(width)
    frequency = np.maximum(np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]), 1 / width)

    def field(slope: float) -> Plane:
        spectrum = random.standard_normal((2, *frequency.shape))
        plane = np.fft.irfft2((spectrum[0] + 1j * spectrum[1]) / frequency**slope, (height, width))
        return np.asarray(plane / plane.std(), np.float32)

    planes = [118 + 42 * field(1.3) + 3 * field(0.3), 128 + 12 * field(1.6), 128 + 10 * field(1.6)]
    return Image.fromarray(np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8), "YCbCr").convert("RGB")


def references(photo: Path, sizes: list[tuple[int, int]]) -> list[Plane]:
    """Return the light of each size, by Lanczos from the whole decode."""
    with Image.open(photo) as image:
        whole = image.convert("RGB")
    return [_light(whole.resize(size, Image.Resampling.LANCZOS)) for size in sizes]


def likeness(reference: Plane, rendition: Path) -> float:
    """Return the SSIM of a rendition (Wang et al. 2004, a Gaussian of 1.5 pixels), 1 for the same."""
    with Image.open(rendition) as image:
        other = _light(image)
    if reference.shape != other.shape:
        msg = f"{rendition} is {other.shape[::-1]} pixels, not {reference.shape[::-1]}"
        raise RuntimeError(msg)
    mean, mean_other = _blurred(reference), _blurred(other)
    variance, variance_other = _blurred(reference**2) - mean**2, _blurred(other**2) - mean_other**2
    shared = _blurred(reference * other) - mean * mean_other
    light = (2 * mean * mean_other + 2.55**2) / (mean**2 + mean_other**2 + 2.55**2)
    return float(np.mean(light * (2 * shared + 7.65**2) / (variance + variance_other + 7.65**2)))


def _light(image: Image.Image) -> Plane:
    return np.asarray(image.convert("L"), np.float32)


def _blurred(plane: Plane) -> Plane:
    window = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2)).astype(np.float32)
    window /= window.sum()
    for _ in range(2):
        rows = len(plane) - len(window) + 1
        shifted = [weight * plane[row : row + rows] for row, weight in enumerate(window)]
        plane = np.asarray(np.sum(shifted, axis=0), np.float32).T
    return plane
