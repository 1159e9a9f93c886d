"""Trains a configuration of lstm-gan in PyTorch, and draws samples of the averaged generator, for a comparison of quality.

    python tools/torch/train.py runs/stable/config.json ~/.cache/lstm-gan/data/emoji-64x3-v3.bin torch --images 100000
    lstm-gan evaluate torch/samples --data emoji

Every batch is one shard: batch normalisation is over the whole batch. An interrupted training goes on where it was
saved. The last line that the program prints is JSON.
"""

import argparse
import json
import os
import struct
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gan import Gan


def read_packed(file, image):
    """Pixels [N, C, H, W], uint8, of a packed data set; docs/file-formats.md describes the file."""
    data = np.fromfile(file, np.uint8)
    (length,) = struct.unpack("<I", data[-12:-8].tobytes())
    footer = json.loads(data[-12 - length : -12].tobytes())
    found, wanted = [[values["size"], values["channels"]] for values in (footer, image)]
    if found != wanted:
        raise SystemExit(f"The configuration has images of {wanted}, the packed file of {found} [size, channels].")
    size, channels = wanted
    pixels = data[: footer["count"] * size * size * channels]
    return torch.from_numpy(pixels.reshape(-1, size, size, channels)).permute(0, 3, 1, 2)


def batches(count, size, seed, first):
    """Numbers of the images of each batch, from batch `first` on: one random order after the other."""
    per_pass = count // size
    number = first
    while True:
        generator = torch.Generator().manual_seed(seed * 1_000_003 + number // per_pass)
        order = torch.randperm(count, generator=generator)
        for place in range(number % per_pass, per_pass):
            yield order[place * size : (place + 1) * size]
            number += 1


def save(gan, file):
    parts = {
        "generator": gan.plain_generator.state_dict(),
        "discriminator": gan.plain_discriminator.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in gan.optimizers],
        "average": gan.average,
        "steps": gan.steps,
        "seconds": gan.seconds,
        "random": torch.get_rng_state(),
    }
    torch.save(parts, f"{file}.partial")
    os.replace(f"{file}.partial", file)


def load(gan, file):
    parts = torch.load(file)
    gan.plain_generator.load_state_dict(parts["generator"])
    gan.plain_discriminator.load_state_dict(parts["discriminator"])
    for optimizer, state in zip(gan.optimizers, parts["optimizers"]):
        optimizer.load_state_dict(state)
    gan.average, gan.steps, gan.seconds = parts["average"], parts["steps"], parts["seconds"]
    torch.set_rng_state(parts["random"])


def draw(gan, folder, count):
    """Writes PNG files of samples. The noise has a seed of its own."""
    folder.mkdir(exist_ok=True)
    generator = torch.Generator().manual_seed(4242)
    for start in range(0, count, 100):
        noise = torch.randn(min(100, count - start), gan.config["model"]["latent"], generator=generator)
        pixels = (gan.sample(noise) * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
        for k, image in enumerate(pixels):
            Image.fromarray(image if image.shape[2] == 3 else image[:, :, 0]).save(folder / f"{start + k:05}.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("packed")
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    config = json.loads(Path(options.config).read_text())
    gan = Gan(config)
    gan.seconds = 0  # of training, also before an interruption
    options.out.mkdir(parents=True, exist_ok=True)
    saved = options.out / "saved.pt"
    if saved.exists():
        load(gan, saved)
    pixels = read_packed(options.packed, config["model"]["image"])
    size, steps = config["batchSize"], options.images // config["batchSize"]
    for chosen in batches(len(pixels), size, options.seed, gan.steps):
        if gan.steps >= steps:
            break
        start = time.monotonic()
        real = pixels[chosen].float() / 127.5 - 1
        if config["flip"]:
            flipped = torch.rand(size) < 0.5
            real[flipped] = real[flipped].flip(3)
        losses = gan.step(real)
        gan.seconds += time.monotonic() - start
        if gan.steps % 100 == 0 or gan.steps == steps:
            save(gan, saved)
            rate = gan.steps * size / gan.seconds
            line = f"step {gan.steps}/{steps}  loss D {losses[0]:.3f} G {losses[1]:.3f}  {rate:.1f} images/s"
            print(line, file=sys.stderr, flush=True)
    draw(gan, options.out / "samples", options.samples)
    print(json.dumps({"steps": gan.steps, "seconds": gan.seconds}))


main()
