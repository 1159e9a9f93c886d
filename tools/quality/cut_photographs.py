"""Cuts pictures of 64x64 pixels from the photographs that scikit-image and scikit-learn carry, at several scales.

    python tools/quality/cut_photographs.py photographs --count 2000
    lstm-gan train --preset stable --data photographs

Needs scikit-image, scikit-learn and pillow. The photographs are inside these packages, which state their licences: those
of scikit-image are in the public domain or CC0, those of scikit-learn are CC BY 2.0 (danielbuechele, vultilion). The
same seed cuts the same pictures.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_image

# Photographs inside scikit-image's package: nothing is downloaded.
names = ["astronaut", "cat", "coffee", "rocket", "brick", "grass", "gravel"]
# The side of a square, as a share of the photograph's shorter side.
shares = [0.15, 0.25, 0.4, 0.6]


def photographs():
    for name in names:
        yield name, getattr(data, name)()
    for name in ("china", "flower"):
        yield name, load_sample_image(f"{name}.jpg")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(options.seed)
    sources = [(name, Image.fromarray(pixels).convert("RGB")) for name, pixels in photographs()]
    for k in range(options.count):
        name, picture = sources[k % len(sources)]
        side = round(random.choice(shares) * min(picture.size))
        left, top = (int(random.integers(0, length - side + 1)) for length in picture.size)
        cut = picture.crop((left, top, left + side, top + side)).resize((options.size,) * 2, Image.Resampling.LANCZOS)
        cut.save(options.out / f"{name}-{k:05}.png")


main()
