"""Computes the golden values: what one narrow model and its training must give, in float64, by PyTorch alone.

    python3 golden_values.py --like FILE --out NEW            recompute FILE from its own weights and inputs
    python3 golden_values.py --config JSON --seed N --out NEW make a file for another model; weights and inputs are drawn

docs/golden.md lists the tensors of a file. This program shares no code with the packages that are tested against it.

Shapes in comments: B batch, T time steps, F features, U units, H W C image. Images are [B, H, W, C] and in [-1, 1].
"""

import argparse
import json
import math
import struct

import torch
from torch.nn import functional

STEPS = 3
LEARNING_RATE, BETA1, BETA2, ADAM_EPSILON = 2e-4, 0.5, 0.999, 1e-8
NORM_EPSILON = 1e-3
SLOPE = 0.2  # of LeakyReLU below zero
STRIDE = 2  # of every convolution; kernels are 4 x 4, padding SAME, which is 1 on each side of an even length
PADDING = 1


# ---- Layers. Kernels lie as in TensorFlow: convolution [4, 4, in, out], transposed convolution [4, 4, out, in].


def dense(x, weights, name):
    return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]


def leaky_relu(x):
    return functional.leaky_relu(x, SLOPE)


def convolution(x, weights, name):
    """[B, H, W, in] -> [B, H/2, W/2, out]"""
    kernel = weights[f"{name}/kernel"].permute(3, 2, 0, 1).contiguous()  # [out, in, 4, 4]
    y = functional.conv2d(x.permute(0, 3, 1, 2), kernel, weights[f"{name}/bias"], stride=STRIDE, padding=PADDING)
    return y.permute(0, 2, 3, 1)


def transposed_convolution(x, weights, name):
    """[B, H, W, in] -> [B, 2H, 2W, out]"""
    kernel = weights[f"{name}/kernel"].permute(3, 2, 0, 1).contiguous()  # [in, out, 4, 4]
    y = functional.conv_transpose2d(
        x.permute(0, 3, 1, 2), kernel, weights[f"{name}/bias"], stride=STRIDE, padding=PADDING
    )
    return y.permute(0, 2, 3, 1)


def lstm(x, weights, name):
    """[B, T, F] -> [B, T, U]; gates in the order i, f, g, o.

    [i f g o] = x_t W_x + h_(t-1) W_h + b, i f o through sigmoid, g through tanh;
    c_t = f c_(t-1) + i g, h_t = o tanh(c_t) (Hochreiter & Schmidhuber, 1997).
    """
    kernel, recurrent, bias = (weights[f"{name}/{part}"] for part in ("kernel", "recurrentKernel", "bias"))
    hidden = cell = x.new_zeros(x.shape[0], recurrent.shape[0])
    outputs = []
    for t in range(x.shape[1]):
        i, f, g, o = (x[:, t] @ kernel + hidden @ recurrent + bias).chunk(4, dim=1)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(cell)
        outputs.append(hidden)
    return torch.stack(outputs, dim=1)


def gru(x, weights, name):
    """[B, T, F] -> [B, T, U]; the kernel of the input in the order r, u, n.

    r, u = sigmoid([x_t, h_(t-1)] W + b), n = tanh(x_t W_n + (r h_(t-1)) U_n + b_n),
    h_t = u h_(t-1) + (1 - u) n (Cho et al., 2014, with the reset before the product).
    """
    parts = ("kernel", "recurrentKernel", "candidateKernel", "bias")
    kernel, recurrent, candidate, bias = (weights[f"{name}/{part}"] for part in parts)
    units = candidate.shape[0]
    hidden = x.new_zeros(x.shape[0], units)
    outputs = []
    for t in range(x.shape[1]):
        of_gates, of_candidate = (x[:, t] @ kernel + bias).split([2 * units, units], dim=1)
        reset, update = torch.sigmoid(of_gates + hidden @ recurrent).chunk(2, dim=1)
        new = torch.tanh(of_candidate + (reset * hidden) @ candidate)
        hidden = update * hidden + (1 - update) * new
        outputs.append(hidden)
    return torch.stack(outputs, dim=1)


def conv_lstm(x, weights, name):
    """[B, T, h, w, F] -> [B, T, h, w, U]: the LSTM with 3 x 3 SAME convolutions of stride 1 as its products, without
    peepholes (Shi et al., 2015)."""

    def convolve(maps, part, bias=None):
        kernel = weights[f"{name}/{part}"].permute(3, 2, 0, 1)  # [out, in, 3, 3]
        return functional.conv2d(maps.permute(0, 3, 1, 2), kernel, bias, padding=1).permute(0, 2, 3, 1)

    units = weights[f"{name}/bias"].shape[0] // 4
    hidden = cell = x.new_zeros(*x[:, 0].shape[:-1], units)
    outputs = []
    for t in range(x.shape[1]):
        z = convolve(x[:, t], "kernel", weights[f"{name}/bias"]) + convolve(hidden, "recurrentKernel")
        i, f, g, o = z.chunk(4, dim=-1)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(cell)
        outputs.append(hidden)
    return torch.stack(outputs, dim=1)


CELLS = {"lstm": ("lstm", lstm), "gru": ("gru", gru), "conv-lstm": ("convLstm", conv_lstm)}


def recurrent_layers(config, x, weights):
    """[B, T, ..., F] -> [B, T, ..., U], through every recurrent layer; in both directions if the model has both."""
    name, run = CELLS[config.get("cell", "lstm")]
    for layer in range(config.get("layers", 1)):
        layer_name = name + (str(layer) if layer > 0 else "")
        if config.get("bidirectional"):
            backward = run(x.flip(1), weights, f"{layer_name}Backward").flip(1)
            x = torch.cat([run(x, weights, f"{layer_name}Forward"), backward], dim=-1)
        else:
            x = run(x, weights, layer_name)
    return x


def step_features(config, x, own):
    """The features of all time steps, [B, T * F], with the noise of each step, [B, T * N], as [B, T, ..., F + N]."""
    steps, count = config["steps"], config.get("stepNoise", 0)
    shape = [*config["block"], -1] if config.get("cell") == "conv-lstm" else [-1]
    x = x.reshape(len(x), steps, *shape)
    own = own.reshape(len(x), steps, *[1] * (len(shape) - 1), count).expand(*x.shape[:-1], count)
    return torch.cat([x, own], dim=-1)


def feature_map(config, x):
    """The outputs of the time steps, [B, T, ...], as a map [B, H, W, C]; blocks are written in raster order."""
    if config.get("block") is None:
        return x.reshape(-1, *config["base"])
    (height, width, channels), (h, w) = config["base"], config["block"]
    blocks = x.reshape(-1, height // h, width // w, h, w, channels)
    rows = [torch.cat([blocks[:, i, j] for j in range(width // w)], dim=2) for i in range(height // h)]
    return torch.cat(rows, dim=1)


class BatchStatistics:
    """Normalises with the statistics of the batch, over every axis but the last, and remembers them."""

    def __init__(self):
        self.seen = {}

    def __call__(self, name, x):
        axes = tuple(range(x.dim() - 1))
        mean = x.mean(axes)
        variance = ((x - mean) ** 2).mean(axes)  # biased
        self.seen[name] = (mean, variance)
        return mean, variance


def batch_norm(x, weights, name, statistics):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, along the last axis (Ioffe & Szegedy, 2015)"""
    mean, variance = statistics(name, x)
    return weights[f"{name}/gamma"] * (x - mean) / torch.sqrt(variance + NORM_EPSILON) + weights[f"{name}/beta"]


# ---- Networks.


def generate(config, weights, noise, statistics):
    """noise [B, latent] -> images [B, H, W, C]. `statistics(name, x)` gives a normalisation its mean and variance."""
    own_noise = config["steps"] * config.get("stepNoise", 0)
    noise, own = noise.split([noise.shape[1] - own_noise, own_noise], dim=1)
    x = leaky_relu(dense(noise, weights, "dense0"))
    if config.get("rows"):
        x = recurrent_layers(config, step_features(config, x, own), weights)  # [B, T, U]
        x = batch_norm(feature_map(config, x), weights, "norm0", statistics)
        norm = 1
    else:
        x = batch_norm(x, weights, "norm0", statistics)
        x = step_features(config, x, own)  # [B, T, F]
        if config["lstm"] > 0:
            x = recurrent_layers(config, x, weights)
        x = x.flatten(2)
        norm = 1
        for _ in config["hidden"]:
            x = batch_norm(leaky_relu(dense(x, weights, f"dense{norm}")), weights, f"norm{norm}", statistics)
            norm += 1
        x = feature_map(config, x)
    for k in range(len(config["filters"])):
        x = leaky_relu(transposed_convolution(x, weights, f"convTranspose{k}"))
        x = batch_norm(x, weights, f"norm{norm + k}", statistics)
    return torch.tanh(transposed_convolution(x, weights, f"convTranspose{len(config['filters'])}"))


def discriminate(config, weights, images):
    """images [B, H, W, C] -> logits [B, 1]"""
    x = images
    for k in range(len(config["d"])):
        x = leaky_relu(convolution(x, weights, f"conv{k}"))
    return dense(x.reshape(x.shape[0], -1), weights, "dense0")


# ---- Losses: non-saturating (Goodfellow et al., 2014), and exact R1 with gamma 1 (Mescheder et al., 2018).


def discriminator_loss(config, discriminator, real, fake):
    logits_real, logits_fake = (discriminate(config, discriminator, images) for images in (real, fake))
    return functional.softplus(-logits_real).mean() + functional.softplus(logits_fake).mean(), logits_real, logits_fake


def generator_loss(config, discriminator, fake):
    return functional.softplus(-discriminate(config, discriminator, fake)).mean()


def exact_r1(config, discriminator, real):
    """0.5 E |grad_x D(x)|^2"""
    images = real.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(discriminate(config, discriminator, images).sum(), images, create_graph=True)
    return 0.5 * (slopes**2).sum() / images.shape[0]


# ---- Training.


def gradients_of(loss, weights):
    return dict(zip(weights, torch.autograd.grad(loss, list(weights.values()))))


class Adam:
    """Adam (Kingma & Ba, 2015), bias-corrected, epsilon outside the square root."""

    def __init__(self, weights):
        self.weights = {name: value.clone().requires_grad_() for name, value in weights.items()}
        self.first = {name: torch.zeros_like(value) for name, value in weights.items()}
        self.second = {name: torch.zeros_like(value) for name, value in weights.items()}
        self.updates = 0

    def update(self, gradients):
        self.updates += 1
        for name, gradient in gradients.items():
            self.first[name] = BETA1 * self.first[name] + (1 - BETA1) * gradient
            self.second[name] = BETA2 * self.second[name] + (1 - BETA2) * gradient**2
            mean = self.first[name] / (1 - BETA1**self.updates)
            spread = torch.sqrt(self.second[name] / (1 - BETA2**self.updates))
            moved = self.weights[name].detach() - LEARNING_RATE * mean / (spread + ADAM_EPSILON)
            self.weights[name] = moved.requires_grad_()


def golden_values(config, inputs):
    """Every computed tensor of a file, by name, from its weights and inputs."""
    values = {}
    initial = {network: part_of(inputs, f"{network}/") for network in ("generator", "discriminator")}
    generator, discriminator = Adam(initial["generator"]), Adam(initial["discriminator"])
    for step in range(1, STEPS + 1):
        real, noise = inputs[f"step{step}/images"], inputs[f"step{step}/noiseDiscriminator"]
        statistics = BatchStatistics()
        fake = generate(config, generator.weights, noise, statistics).detach()
        loss, logits_real, logits_fake = discriminator_loss(config, discriminator.weights, real, fake)
        gradients = gradients_of(loss, discriminator.weights)
        values[f"step{step}/lossDiscriminator"] = loss
        if step == 1:
            values |= {"step1/fake": fake, "step1/logitsReal": logits_real, "step1/logitsFake": logits_fake}
            for name, (mean, variance) in statistics.seen.items():
                values[f"step1/statistics/{name}/batchMean"] = mean
                values[f"step1/statistics/{name}/batchVariance"] = variance
            values |= named("step1/gradient/discriminator/", gradients)
            penalty = exact_r1(config, discriminator.weights, real)
            values["step1/r1"] = penalty
            values |= named("step1/gradientR1/discriminator/", penalty_gradients(penalty, discriminator.weights))
        discriminator.update(gradients)

        # The generator's phase: its own noise, and the discriminator as it is after its update.
        fake = generate(config, generator.weights, inputs[f"step{step}/noiseGenerator"], BatchStatistics())
        loss = generator_loss(config, discriminator.weights, fake)
        gradients = gradients_of(loss, generator.weights)
        values[f"step{step}/lossGenerator"] = loss
        if step == 1:
            values |= named("step1/gradient/generator/", gradients)
        generator.update(gradients)
    values |= named("after/generator/", generator.weights) | named("after/discriminator/", discriminator.weights)

    def moving_averages(name, _x):
        return inputs[f"inference/moving/{name}/mean"], inputs[f"inference/moving/{name}/variance"]

    noise = inputs["step1/noiseDiscriminator"]
    values["inference/images"] = generate(config, initial["generator"], noise, moving_averages)
    return values


def penalty_gradients(penalty, weights):
    """The penalty does not depend on the last bias, whose gradient is 0."""
    gradients = torch.autograd.grad(penalty, list(weights.values()), materialize_grads=True)
    return dict(zip(weights, gradients))


def named(prefix, tensors):
    return {prefix + name: value for name, value in tensors.items()}


def part_of(tensors, prefix):
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


# ---- Weights and inputs of a new file.


def draw_inputs(config, seed):
    """Draws weights and inputs from a seed, rounded to float32, so that the file holds exactly the values in use."""
    random = torch.Generator().manual_seed(seed)

    def normal(*shape, scale=1.0):
        return (scale * torch.randn(*shape, generator=random, dtype=torch.float64)).float().double()

    def kernel(*shape, inputs):
        return normal(*shape, scale=inputs**-0.5)

    inputs = {}
    batch, latent, filters = config["batch"], config["latent"], config["filters"]
    size, channels = config["image"], config["channels"]

    def add_dense(name, features, units):
        inputs[f"{name}/kernel"] = kernel(features, units, inputs=features)
        inputs[f"{name}/bias"] = normal(units, scale=0.1)

    def add_norm(name, features):
        inputs[f"generator/{name}/gamma"] = 1 + normal(features, scale=0.1)
        inputs[f"generator/{name}/beta"] = normal(features, scale=0.1)
        inputs[f"inference/moving/{name}/mean"] = normal(features, scale=0.5)
        inputs[f"inference/moving/{name}/variance"] = 0.5 + normal(features) ** 2

    def add_cell(name, features, units):
        cell = config.get("cell", "lstm")
        shape = (3, 3) if cell == "conv-lstm" else ()
        area, gates = 3 ** len(shape), 3 if cell == "gru" else 4
        inputs[f"{name}/kernel"] = kernel(*shape, features, gates * units, inputs=area * features)
        recurrent = 2 if cell == "gru" else 4
        inputs[f"{name}/recurrentKernel"] = kernel(*shape, units, recurrent * units, inputs=area * units)
        if cell == "gru":
            inputs[f"{name}/candidateKernel"] = kernel(units, units, inputs=units)
        inputs[f"{name}/bias"] = normal(gates * units, scale=0.1)

    step_noise = config.get("stepNoise", 0)
    add_dense("generator/dense0", latent - config["steps"] * step_noise, config["dense"])
    units, norms = config["lstm"], 0
    if not config.get("rows"):
        add_norm("norm0", config["dense"])
        norms = 1
    positions = math.prod(config["block"]) if config.get("cell") == "conv-lstm" else 1
    features = config["step"] // positions + step_noise
    for layer in range(config.get("layers", 1) if units > 0 else 0):
        name = f"generator/{CELLS[config.get('cell', 'lstm')][0]}" + (str(layer) if layer > 0 else "")
        if config.get("bidirectional"):
            add_cell(f"{name}Forward", features, units // 2)
            add_cell(f"{name}Backward", features, units // 2)
        else:
            add_cell(name, features, units)
        features = units
    features *= positions
    for k, outputs in enumerate(config["hidden"]):
        add_dense(f"generator/dense{k + 1}", features, outputs)
        add_norm(f"norm{norms}", outputs)
        features, norms = outputs, norms + 1
    depth = config["base"][2]
    if config.get("rows"):
        add_norm("norm0", depth)
        norms = 1
    for k, outputs in enumerate([*filters, channels]):
        inputs[f"generator/convTranspose{k}/kernel"] = kernel(4, 4, outputs, depth, inputs=4 * depth)
        inputs[f"generator/convTranspose{k}/bias"] = normal(outputs, scale=0.1)
        if k < len(filters):
            add_norm(f"norm{norms + k}", outputs)
        depth = outputs
    depth = channels
    for k, outputs in enumerate(config["d"]):
        inputs[f"discriminator/conv{k}/kernel"] = kernel(4, 4, depth, outputs, inputs=16 * depth)
        inputs[f"discriminator/conv{k}/bias"] = normal(outputs, scale=0.1)
        depth = outputs
    add_dense("discriminator/dense0", depth * (size >> len(config["d"])) ** 2, 1)
    for step in range(1, STEPS + 1):
        uniform = torch.rand(batch, size, size, channels, generator=random, dtype=torch.float64)
        inputs[f"step{step}/images"] = (2 * uniform - 1).float().double()
        inputs[f"step{step}/noiseDiscriminator"] = normal(batch, latent)
        inputs[f"step{step}/noiseGenerator"] = normal(batch, latent)
    return inputs


# ---- Files, in the safetensors format: eight bytes with the header's length, a JSON header, raw little-endian float32.


def read_file(path):
    """The configuration of a golden file, and its tensors in float64."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    config = json.loads(header.pop("__metadata__")["config"])
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        values = torch.frombuffer(data[start:end], dtype=torch.float32)
        tensors[name] = values.reshape(entry["shape"]).double()
    return config, tensors


def write_file(path, config, tensors):
    adam = "lr 2e-4, beta1 0.5, beta2 0.999, epsilon 1e-8 (outside the square root, bias-corrected)"
    header = {"__metadata__": {"config": json.dumps(config), "steps": str(STEPS), "adam": adam}}
    data = b""
    for name in sorted(tensors):
        values = tensors[name].detach().float().contiguous()
        raw = values.numpy(force=True).tobytes() if values.dim() else struct.pack("<f", values.item())
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def is_input(name):
    return name.startswith(("generator/", "discriminator/", "inference/moving/")) or name.endswith(
        ("/images", "/noiseDiscriminator", "/noiseGenerator")
    ) and name.startswith("step")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--like", help="a golden file, whose weights and inputs are taken")
    source.add_argument("--config", help="a model, as JSON: the fields are those of a file's metadata `config`")
    parser.add_argument("--seed", type=int, default=1, help="of a new file's weights and inputs (default 1)")
    parser.add_argument("--out", required=True, help="the file to write")
    args = parser.parse_args()
    if args.like:
        config, tensors = read_file(args.like)
        inputs = {name: value for name, value in tensors.items() if is_input(name)}
    else:
        config = json.loads(args.config)
        inputs = draw_inputs(config, args.seed)
    write_file(args.out, config, inputs | golden_values(config, inputs))


if __name__ == "__main__":
    main()
