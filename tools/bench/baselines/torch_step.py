"""The model of `npm run bench` in PyTorch: runs one iteration for every line on standard input and answers with its milliseconds.

It follows PyTorch's own DCGAN example, with options that make it faster on a CPU. PyTorch's LSTM has a second bias vector
(4,096 parameters more than lstm-gan's).
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
parser.add_argument("--channels-last", action="store_true")
parser.add_argument("--device", default="cpu")
parser.add_argument("--rank", type=int, default=0)
parser.add_argument("--world", type=int, default=1, help="number of processes of DistributedDataParallel, over gloo")
parser.add_argument("--meet", help="the file through which the processes find each other")
args = parser.parse_args()
torch.set_num_threads(args.threads)
if args.world > 1:
    torch.distributed.init_process_group("gloo", init_method=f"file://{args.meet}", rank=args.rank, world_size=args.world)


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
format = torch.channels_last if args.channels_last else torch.contiguous_format
generator = Generator().to(device, memory_format=format)
discriminator = make_discriminator().to(device, memory_format=format)
adam = {"lr": 2e-4, "betas": (0.5, 0.999), "fused": True}
generator_optimizer = torch.optim.Adam(generator.parameters(), **adam)
discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **adam)
average = [parameter.detach().clone() for parameter in generator.parameters()]
parameters = list(generator.parameters())
plain_discriminator = discriminator
if args.compile:
    generator, discriminator = torch.compile(generator), torch.compile(discriminator)
    plain_discriminator = discriminator
if args.world > 1:
    # broadcast_buffers=False, because True makes DDP fail on the usual GAN pattern with batch normalisation.
    parallel = {"broadcast_buffers": False, "gradient_as_bucket_view": True}
    generator = nn.parallel.DistributedDataParallel(generator, **parallel)
    discriminator = nn.parallel.DistributedDataParallel(discriminator, **parallel)
real = (torch.rand(args.batch, 3, 64, 64) * 2 - 1).to(device).to(memory_format=format)
one, zero = torch.ones(args.batch, 1, device=device), torch.zeros(args.batch, 1, device=device)


def step():
    # One forward pass of the generator for both phases, as in lstm-gan.
    fake = generator(torch.randn(args.batch, 100, device=device))
    discriminator_optimizer.zero_grad()
    logits = discriminator(torch.cat([real, fake.detach()]))
    loss = binary_cross_entropy_with_logits(logits[: args.batch], one) + binary_cross_entropy_with_logits(logits[args.batch :], zero)
    loss.backward()
    discriminator_optimizer.step()
    generator_optimizer.zero_grad()
    # Without DDP's wrapper, which would average gradients of the discriminator that this phase does not need.
    discriminator.requires_grad_(False)
    generator_loss = binary_cross_entropy_with_logits(plain_discriminator(fake), one)
    generator_loss.backward()
    discriminator.requires_grad_(True)
    generator_optimizer.step()
    torch._foreach_lerp_(average, parameters, 0.002)
    return loss.item() + generator_loss.item()


print(f"PyTorch {torch.__version__.split('+')[0]}", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    step()
    print(1000 * (time.perf_counter() - start), flush=True)
