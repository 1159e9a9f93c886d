"""Judges pictures of digits by a classifier that knows nothing of lstm-gan: scikit-learn's MLP with 256 and 128 units,
trained on 9,000 digits of the packed data set. Needs numpy, pillow, scikit-learn and scipy.

    lstm-gan sample runs/digits --out-dir images --count 1000
    python tools/quality/judge_digits.py images ~/.cache/lstm-gan/data/digits-32x1-v3.bin

Prints how many classes have 1 % and 3 % of the pictures or more, the share of pictures whose class has a probability
above 0.9, the entropy of the classes (1 is even), and the Frechet distance to all digits in the 128 units of the MLP's
last layer. With --by-class, the pictures are ten equal parts, one for each digit, as the default of `sample` for a
conditional model: also prints the share of pictures that are taken for their digit.
"""

import argparse
import json
import struct
from pathlib import Path

import numpy as np
import scipy.linalg
from PIL import Image
from sklearn.neural_network import MLPClassifier


def read_packed(file):
    """Pixels [N, 1024] in [-1, 1] and labels [N] of a packed data set; docs/file-formats.md describes the file."""
    data = Path(file).read_bytes()
    (length,) = struct.unpack("<I", data[-12:-8])
    count = json.loads(data[-12 - length : -12])["count"]
    pixels = np.frombuffer(data[: count * 1024], np.uint8).reshape(count, 1024) / np.float32(127.5) - 1
    labels = np.frombuffer(data[count * 1024 : count * 1026], np.uint16).astype(int)
    return pixels, labels


def read_pictures(folder):
    """Pictures [N, 1024] in [-1, 1], in the order of their names."""
    files = sorted(Path(folder).glob("*.png"))
    return np.stack([np.asarray(Image.open(file).convert("L"), np.float32).ravel() for file in files]) / 127.5 - 1


def last_layer(classifier, pixels):
    for weights, bias in list(zip(classifier.coefs_, classifier.intercepts_))[:-1]:
        pixels = np.maximum(pixels @ weights + bias, 0)
    return pixels


def frechet(a, b):
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^1/2) of the rows of two matrices (Heusel et al., 2017)."""
    covariances = [np.cov(rows, rowvar=False) for rows in (a, b)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    difference = a.mean(0) - b.mean(0)
    return float(difference @ difference + np.trace(covariances[0] + covariances[1] - 2 * root))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures")
    parser.add_argument("packed")
    parser.add_argument("--by-class", action="store_true")
    options = parser.parse_args()
    pixels, labels = read_packed(options.packed)
    order = np.random.default_rng(0).permutation(len(pixels))
    classifier = MLPClassifier((256, 128), random_state=0, max_iter=30)
    classifier.fit(pixels[order[:9000]], labels[order[:9000]])
    held_out = order[9000:]
    pictures = read_pictures(options.pictures)
    probabilities = classifier.predict_proba(pictures)
    shares = np.bincount(probabilities.argmax(1), minlength=10) / len(pictures)
    present = shares[shares > 0]
    result = {
        "pictures": len(pictures),
        "found1": int((shares >= 0.01).sum()),
        "found3": int((shares >= 0.03).sum()),
        "confident": float((probabilities.max(1) > 0.9).mean()),
        "confidentReal": float((classifier.predict_proba(pixels[held_out]).max(1) > 0.9).mean()),
        "entropy": float(-(present * np.log(present)).sum() / np.log(10)),
        "frechet": frechet(last_layer(classifier, pixels), last_layer(classifier, pictures)),
        "accuracy": float(classifier.score(pixels[held_out], labels[held_out])),
        "shares": [round(float(share), 3) for share in shares],
    }
    if options.by_class:
        wanted = np.arange(len(pictures)) * 10 // len(pictures)
        result["right"] = float((probabilities.argmax(1) == wanted).mean())
    print(json.dumps(result))


main()
