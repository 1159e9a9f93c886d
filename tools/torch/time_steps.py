"""Times a step of a configuration in PyTorch: runs one for every line on standard input, and answers with its milliseconds.

The options make PyTorch faster on some machines and slower on others.
"""

import argparse
import json
import sys
import time

import torch
from torch import nn

from gan import Gan

parser = argparse.ArgumentParser()
parser.add_argument("--config", required=True, help="a run's configuration, as JSON")
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
config = json.loads(args.config)
device = torch.device(args.device)
format = torch.channels_last if args.channels_last else torch.contiguous_format


def wrap(network):
    compiled = torch.compile(network) if args.compile else network
    if args.world == 1:
        return compiled
    # broadcast_buffers=False, because True makes DDP fail on the usual GAN pattern with batch normalisation.
    return nn.parallel.DistributedDataParallel(compiled, broadcast_buffers=False, gradient_as_bucket_view=True)


gan = Gan(config, device, format, wrap)
# Without DDP's wrapper, which would average gradients of the discriminator that the generator's phase does not need.
judge_fake = gan.discriminator if args.world == 1 else gan.discriminator.module
image = config["model"]["image"]
real = (torch.rand(args.batch, image["channels"], image["size"], image["size"]) * 2 - 1).to(device).to(memory_format=format)
print(f"PyTorch {torch.__version__.split('+')[0]}", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    gan.step(real, judge_fake)
    print(1000 * (time.perf_counter() - start), flush=True)
