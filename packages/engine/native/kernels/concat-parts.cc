// Concatenates tensors to one vector: a network's gradients in the order of its layout. The vector is in shared memory,
// so it can be sent to other processes without a copy, and it is reused. TensorFlow's own kernel allocates new pages
// for each result.
#include <algorithm>

#include "arithmetic/float-sums.h"
#include "kernels/accumulation.h"
#include "kernels/kernel.h"
#include "memory/blocks.h"
#include "threads/float-mode.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

constexpr size_t kGrain = 1 << 14;  // fewer floats are not worth another thread, or a block of shared memory

void DropTensorBlock(void*, size_t, void* block) { DropBlock(static_cast<Block*>(block)); }

// Allocates the result. Returns null if there is no memory.
float* AllocateResult(KernelCall* call, size_t size) {
  const auto length = static_cast<int64_t>(size);
  Block* block = size < kGrain ? nullptr : TakeBlock(RoundUpToPages(size * sizeof(float)));
  if (block == nullptr) return static_cast<float*>(call->Output(0, TF_FLOAT, {length}));
  return static_cast<float*>(call->SetOutput(
      0, TF_NewTensor(TF_FLOAT, &length, 1, block->data, size * sizeof(float), DropTensorBlock, block)));
}

// The parts, and the position in the result at which each ends.
struct Parts {
  std::vector<const float*> data;
  std::vector<size_t> ends;

  // Writes the floats [start, end) of the result.
  void Copy(size_t start, size_t end, float* result) const {
    size_t i = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), start) - ends.begin());
    for (; start < end; start = std::min(end, ends[i++])) {
      const size_t first = i == 0 ? 0 : ends[i - 1];
      std::copy(data[i] + (start - first), data[i] + (std::min(end, ends[i]) - first), result + start);
    }
  }
};

// Writes the floats [start, end) of the result. Adds the vectors of `sum` to each block while the block is in the
// first-level cache.
void ConcatRange(const Parts& parts, size_t start, size_t end, float* result, Accumulation* sum) {
  if (sum == nullptr) return parts.Copy(start, end, result);
  for (; start < end; start += kBlock) {
    const size_t size = std::min(kBlock, end - start);
    parts.Copy(start, start + size, result);
    for (size_t k = sum->onto.size(); k-- > 0;) AddBlock(sum->onto[k] + start, result + start, result + start, size);
    if (!AllFinite(result + start, size)) sum->finite = false;
  }
}

void Compute(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  Parts parts;
  size_t size = 0;
  for (int i = 0; i < TF_NumInputs(context); ++i) {
    TF_Tensor* part = call.Input(i);
    if (!call.ok()) return;
    parts.data.push_back(FloatsOf(part));
    parts.ends.push_back(size += CountOf(part));
  }
  float* result = AllocateResult(&call, size);
  if (!call.ok()) return;
  Accumulation* sum = CurrentAccumulation();
  if (sum != nullptr && !sum->onto.empty() && sum->size != size) sum = nullptr;
  // The sum has the same bits as if JavaScript or another machine had added the vectors, also for tiny numbers.
  const ScopedFloatMode mode(false);
  ForEachRange(size, kGrain, [&](size_t start, size_t end) { ConcatRange(parts, start, end, result, sum); });
  if (sum != nullptr) sum->done = true;
}

}  // namespace

Accumulation*& CurrentAccumulation() {
  static thread_local Accumulation* current = nullptr;
  return current;
}

std::string RegisterConcatParts() {
  return Register({kConcatParts,
                   {"parts: N * float"},
                   {"joined: float"},
                   {"N: int >= 1"},
                   UnknownShape,
                   CreateNothing,
                   Compute,
                   DestroyNothing});
}

}  // namespace lstm_gan
