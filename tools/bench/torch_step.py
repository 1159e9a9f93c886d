"""The model of `npm run bench` in PyTorch: one iteration for every line on standard input, its milliseconds as the answer.

Written as PyTorch's own DCGAN example is, with what makes it faster on a CPU as options. The LSTM of PyTorch has a second
bias vector (4,096 parameters more than ours).
"""

import argparse
import sys
import time

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, leaky_relu

parser = argparse.ArgumentParser()
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--compile", action="store_true")
parser.add_argument("--device", default="cpu")
args = parser.parse_args()
torch.set_num_threads(args.threads)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(100, 2048)
        self.lstm = nn.LSTM(256, 1024, batch_first=True)
        self.decoder = nn.Sequential(
            nn.BatchNorm2d(128), nn.ConvTranspose2d(128, 128, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.BatchNorm2d(128), nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.BatchNorm2d(64), nn.ConvTranspose2d(64, 3, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, noise):
        rows, _ = self.lstm(leaky_relu(self.dense(noise), 0.2).view(-1, 8, 256))
        return self.decoder(rows.reshape(-1, 8, 8, 128).permute(0, 3, 1, 2).contiguous())


def make_discriminator():
    layers = []
    for inputs, outputs in ((3, 64), (64, 128), (128, 256)):
        layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2), nn.Dropout(0.3)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16384, 1))


device = torch.device(args.device)
generator, discriminator = Generator().to(device), make_discriminator().to(device)
adam = {"lr": 2e-4, "betas": (0.5, 0.999), "fused": True}
generator_optimizer = torch.optim.Adam(generator.parameters(), **adam)
discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **adam)
average = [parameter.detach().clone() for parameter in generator.parameters()]
parameters = list(generator.parameters())
if args.compile:
    generator, discriminator = torch.compile(generator), torch.compile(discriminator)
real = (torch.rand(args.batch, 3, 64, 64) * 2 - 1).to(device)
one, zero = torch.ones(args.batch, 1, device=device), torch.zeros(args.batch, 1, device=device)


def step():
    # One forward pass of the generator for both phases, as ours.
    fake = generator(torch.randn(args.batch, 100, device=device))
    discriminator_optimizer.zero_grad()
    logits = discriminator(torch.cat([real, fake.detach()]))
    loss = binary_cross_entropy_with_logits(logits[: args.batch], one) + binary_cross_entropy_with_logits(logits[args.batch :], zero)
    loss.backward()
    discriminator_optimizer.step()
    generator_optimizer.zero_grad()
    discriminator.requires_grad_(False)
    generator_loss = binary_cross_entropy_with_logits(discriminator(fake), one)
    generator_loss.backward()
    discriminator.requires_grad_(True)
    generator_optimizer.step()
    torch._foreach_lerp_(average, parameters, 0.002)
    return loss.item() + generator_loss.item()


print(f"PyTorch {torch.__version__}", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    step()
    print(1000 * (time.perf_counter() - start), flush=True)
