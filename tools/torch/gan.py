"""A GAN of lstm-gan in PyTorch, built from a run's configuration: networks, losses, penalties, augmentation and a step.

Written as one writes it in PyTorch, with fused layers and optimizers. It has what docs/quality.md and `npm run bench`
compare: generators of the kinds rows (one LSTM) and dcgan, the convolutional discriminator with dropout and minibatch standard
deviation, the non-saturating loss, no penalty, approximate R1 or (lazy) exact R1, and DiffAugment. Anything else in a
configuration is refused.

PyTorch's batch normalisation keeps the unbiased variance for inference, lstm-gan the biased one: with 1,024 numbers for
each channel, they differ by 0.1 %.
"""

import math

import torch
from torch import nn
from torch.nn.functional import leaky_relu, softplus


class Generator(nn.Module):
    """Noise [B, latent] -> images [B, C, H, W] in [-1, 1]."""

    def __init__(self, model):
        super().__init__()
        config = model["generator"]
        self.base = config["base"]
        height, width, depth = self.base
        self.steps = None
        if config["kind"] == "rows":
            plain = {"cell": "lstm", "layers": 1, "bidirectional": False, "stepNoise": 0, "block": None}
            check(all(config[key] == value for key, value in plain.items()), "one LSTM that writes whole rows", config)
            self.steps = [config["steps"], config["stepSize"]]
            self.dense = nn.Linear(model["latent"], config["dense"])
            self.lstm = nn.LSTM(config["stepSize"], config["lstm"], batch_first=True)
        else:
            check(config["kind"] == "dcgan", "a generator of the kind rows or dcgan", config["kind"])
            self.dense = nn.Linear(model["latent"], height * width * depth)
        layers = []
        for inputs, outputs in zip([depth, *config["filters"]], config["filters"]):
            layers += [normalization(inputs), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
        last = config["filters"][-1]
        layers += [normalization(last), nn.ConvTranspose2d(last, model["image"]["channels"], 4, 2, 1), nn.Tanh()]
        self.decoder = nn.Sequential(*layers)

    def forward(self, noise):
        features = self.dense(noise)
        if self.steps is not None:
            features, _ = self.lstm(leaky_relu(features, 0.2).view(-1, *self.steps))
        return self.decoder(features.reshape(-1, *self.base).permute(0, 3, 1, 2).contiguous())


def normalization(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.2)


class Discriminator(nn.Module):
    """Images [B, C, H, W] in [-1, 1] -> logits [B, 1]."""

    def __init__(self, model):
        super().__init__()
        config, image = model["discriminator"], model["image"]
        check(not config.get("spectralNorm"), "a discriminator without spectral normalisation", config)
        layers = []
        for inputs, outputs in zip([image["channels"], *config["filters"]], config["filters"]):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
            if config["dropout"] > 0:
                layers.append(nn.Dropout(config["dropout"]))
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.group = config.get("minibatchDeviation")
        side = image["size"] >> len(config["filters"])
        self.logit = nn.Linear(side * side * config["filters"][-1] + (self.group is not None), 1)

    def forward(self, images):
        features = self.features(images)
        if self.group is not None:
            features = torch.cat([features, deviation(features, self.group)], 1)
        return self.logit(features)


def deviation(features, group):
    """Minibatch standard deviation [B, 1] over groups of `group` neighbours (Karras et al., 2018)."""
    members = features.view(-1, group, features.shape[1])
    spread = (members.var(1, correction=0) + 1e-8).sqrt().mean(1)
    return spread.repeat_interleave(group).view(-1, 1)


def initialize(network):
    """lstm-gan's initial values: Glorot-uniform kernels, orthogonal recurrent kernels, a forget bias of 1."""
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LSTM):
            units = module.hidden_size
            limit = math.sqrt(6 / (module.input_size + 4 * units))
            nn.init.uniform_(module.weight_ih_l0, -limit, limit)
            nn.init.orthogonal_(module.weight_hh_l0)
            nn.init.zeros_(module.bias_ih_l0)
            module.bias_ih_l0.data[units : 2 * units] = 1
            # PyTorch's LSTM adds a second bias, which lstm-gan does not have.
            nn.init.zeros_(module.bias_hh_l0)
            module.bias_hh_l0.requires_grad_(False)


class Augmentation:
    """DiffAugment (Zhao et al., 2020) with random numbers of its own, so that several calls change images equally."""

    def __init__(self, config, batch, device):
        self.config = config
        self.draws = torch.rand(7, batch, 1, 1, 1, device=device)

    def __call__(self, images):
        x, (brightness, saturation, contrast, down, right, top, left) = images, self.draws
        size = images.shape[-1]
        if self.config["colour"]:
            x = x + (brightness - 0.5)
            x = (x - x.mean(1, True)) * (2 * saturation) + x.mean(1, True)
            centre = x.mean((1, 2, 3), True)
            x = (x - centre) * (contrast + 0.5) + centre
        furthest = round(self.config["translation"] * size)
        if furthest > 0:
            x = self.move(x, furthest, down, right)
        hole = round(self.config["cutout"] * size)
        if hole > 0:
            x = x * (1 - self.hole(x, hole, top, left))
        return x

    @staticmethod
    def move(x, furthest, down, right):
        batch, _, height, width = x.shape
        vertical, horizontal = (torch.floor(draw * (2 * furthest + 1)).long() - furthest for draw in (down, right))
        rows = torch.arange(height, device=x.device).view(1, -1, 1) - vertical.view(-1, 1, 1) + 1
        columns = torch.arange(width, device=x.device).view(1, 1, -1) - horizontal.view(-1, 1, 1) + 1
        padded = nn.functional.pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1)
        image = torch.arange(batch, device=x.device).view(-1, 1, 1)
        return padded[image, rows.clamp(0, height + 1), columns.clamp(0, width + 1)].permute(0, 3, 1, 2)

    @staticmethod
    def hole(x, hole, top, left):
        size = x.shape[-1]
        places = torch.arange(size, device=x.device)
        starts = [torch.floor(draw.view(-1, 1) * (size + 1 - hole % 2)) - hole // 2 for draw in (top, left)]
        rows, columns = ((places >= start) & (places < start + hole) for start in starts)
        return (rows.unsqueeze(2) & columns.unsqueeze(1)).unsqueeze(1).to(x.dtype)


class Gan:
    """Both networks of a configuration, their optimizers, and the average of the generator."""

    def __init__(self, config, device="cpu", memory_format=torch.contiguous_format, wrap=lambda network: network):
        """wrap: what is done to each network before it is trained, such as torch.compile"""
        model = config["model"]
        check(model["loss"] == "non-saturating", "the loss non-saturating", model["loss"])
        self.penalty = model["regularizer"]
        kinds = ("none", "approximate-r1", "r1")
        check(self.penalty["kind"] in kinds, f"a penalty of {', '.join(kinds)}", self.penalty["kind"])
        unknown = {"condition", "labelSmoothing", "source"} & model.keys()
        check(not unknown, "no such field", sorted(unknown))
        check(config["discriminatorSteps"] == 1 and config["sharedNoise"], "one phase of each network a step", config)
        self.config, self.device, self.format = config, device, memory_format
        self.augment = model.get("augment")
        self.plain_generator = Generator(model).to(device, memory_format=memory_format)
        self.plain_discriminator = Discriminator(model).to(device, memory_format=memory_format)
        for network in (self.plain_generator, self.plain_discriminator):
            initialize(network)
        self.generator, self.discriminator = wrap(self.plain_generator), wrap(self.plain_discriminator)
        self.optimizers = [
            torch.optim.Adam(
                [parameter for parameter in network.parameters() if parameter.requires_grad],
                lr=options["learningRate"],
                betas=(options["beta1"], options["beta2"]),
                eps=options["epsilon"],
                fused=True,
            )
            for network, options in (
                (self.plain_generator, config["optimizer"]["generator"]),
                (self.plain_discriminator, config["optimizer"]["discriminator"]),
            )
        ]
        self.average = [value.detach().clone() for value in self.averaged_values()]
        self.steps = 0

    def averaged_values(self):
        """Parameters and moving statistics of the generator, as lstm-gan averages them."""
        buffers = [buffer for buffer in self.plain_generator.buffers() if buffer.is_floating_point()]
        return [*self.plain_generator.parameters(), *buffers]

    def step(self, real, judge_fake=None):
        """Trains on images [B, C, H, W] in [-1, 1]; returns the losses of both networks.

        judge_fake: the discriminator of the generator's phase, where it is not that of the other phase
        """
        # A compiled network has no truth value, so `or` cannot choose here.
        judge_fake = self.discriminator if judge_fake is None else judge_fake
        batch = len(real)
        generator_optimizer, discriminator_optimizer = self.optimizers
        # One forward pass of the generator for both phases, as in lstm-gan.
        fake = self.generator(torch.randn(batch, self.config["model"]["latent"], device=self.device))
        discriminator_optimizer.zero_grad()
        loss = self.discriminator_loss(real, fake.detach())
        loss.backward()
        discriminator_optimizer.step()
        generator_optimizer.zero_grad()
        self.plain_discriminator.requires_grad_(False)
        generator_loss = softplus(-judge_fake(self.augmentation(batch)(fake))).mean()
        generator_loss.backward()
        self.plain_discriminator.requires_grad_(True)
        generator_optimizer.step()
        self.steps += 1
        torch._foreach_lerp_(self.average, [value.detach() for value in self.averaged_values()], 1 - self.ema_beta(batch))
        return loss.item(), generator_loss.item()

    def augmentation(self, batch):
        return (lambda images: images) if self.augment is None else Augmentation(self.augment, batch, self.device)

    def discriminator_loss(self, real, fake):
        batch = len(real)
        of_real, of_fake = self.augmentation(batch), self.augmentation(batch)
        seen = [of_real(real), of_fake(fake)]
        if self.penalty["kind"] == "approximate-r1":
            seen.append(of_real(real + self.penalty["sigma"] * torch.randn_like(real)))
        judged = self.discriminator(torch.cat(seen)).split(batch)
        loss = softplus(-judged[0]).mean() + softplus(judged[1]).mean()
        if self.penalty["kind"] == "approximate-r1":
            return loss + self.penalty["lambda"] * (judged[0] - judged[2]).square().mean()
        if self.penalty["kind"] == "r1" and self.steps % self.penalty["every"] == 0:
            return loss + self.exact_penalty(real, of_real)
        return loss

    def exact_penalty(self, real, of_real):
        """every * gamma / 2 E |grad_x D(x)|^2. Compiled networks have no second derivatives, so the plain one is used."""
        images = real.detach().requires_grad_(True)
        (slopes,) = torch.autograd.grad(self.plain_discriminator(of_real(images)).sum(), images, create_graph=True)
        return self.penalty["every"] * self.penalty["gamma"] / 2 * slopes.square().sum((1, 2, 3)).mean()

    def ema_beta(self, batch):
        half_life, ramp_up = self.config["ema"]["halfLifeImages"], self.config["ema"]["rampUp"]
        if ramp_up is not None:
            half_life = min(half_life, ramp_up * self.steps * batch)
        return 0.5 ** (batch / half_life)

    @torch.no_grad()
    def sample(self, noise):
        """Images [B, C, H, W] of the averaged generator, with moving statistics."""
        values = self.averaged_values()
        trained = [value.detach().clone() for value in values]
        for value, average in zip(values, self.average):
            value.data.copy_(average)
        self.plain_generator.eval()
        images = self.plain_generator(noise)
        self.plain_generator.train()
        for value, before in zip(values, trained):
            value.data.copy_(before)
        return images


def check(holds, expected, got):
    if not holds:
        raise SystemExit(f"This program compares only {expected}; the configuration has {got}.")
