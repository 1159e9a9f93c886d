"""Runs one gloo all-reduce of float32 numbers for every line on standard input and answers with its milliseconds."""
import argparse, sys, time
import torch
import torch.distributed as dist

parser = argparse.ArgumentParser()
parser.add_argument("--numbers", type=int, required=True)
parser.add_argument("--world", type=int, required=True)
parser.add_argument("--rank", type=int, required=True)
parser.add_argument("--meet", required=True)
args = parser.parse_args()
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{args.meet}", world_size=args.world, rank=args.rank)
numbers = torch.randn(args.numbers)

print(f"PyTorch {torch.__version__.split('+')[0]}, gloo", flush=True)
for _ in sys.stdin:
    dist.barrier()
    start = time.perf_counter()
    dist.all_reduce(numbers)
    print(1000 * (time.perf_counter() - start), flush=True)
    numbers /= args.world
dist.destroy_process_group()
