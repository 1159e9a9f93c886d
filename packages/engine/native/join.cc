// Tensors put one behind the other, as a network's gradients are in its layout: in memory that other processes can read, so that
// the vector need not be copied to be sent. TensorFlow's own kernel also had the system make new pages for each result.
#include <algorithm>

#include "accumulation.h"
#include "blocks.h"
#include "kernels.h"
#include "parallel.h"
#include "sums.h"

namespace lstm_gan {
namespace {

constexpr size_t kGrain = 1 << 14;  // floats: what is shorter is not worth a thread, nor a block

void GiveBack(void*, size_t, void* block) { DropBlock(static_cast<Block*>(block)); }

// The joined vector's data; null when there is no memory.
float* Place(KernelCall* call, size_t size) {
  const auto length = static_cast<int64_t>(size);
  Block* block = size < kGrain ? nullptr : TakeBlock(WholePages(size * sizeof(float)));
  if (block == nullptr) return static_cast<float*>(call->Output(0, TF_FLOAT, {length}));
  return static_cast<float*>(call->GiveOutput(0, TF_NewTensor(TF_FLOAT, &length, 1, block->data, size * sizeof(float), GiveBack, block)));
}

// What is to be joined, and where each part ends.
struct Parts {
  std::vector<const float*> data;
  std::vector<size_t> ends;

  void Copy(size_t start, size_t end, float* joined) const {
    size_t i = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), start) - ends.begin());
    for (; start < end; start = std::min(end, ends[i++])) {
      const size_t first = i == 0 ? 0 : ends[i - 1];
      std::copy(data[i] + (start - first), data[i] + (std::min(end, ends[i]) - first), joined + start);
    }
  }
};

// Joins a block, and adds it while it is in the nearest cache.
void JoinRange(const Parts& parts, size_t start, size_t end, float* joined, Accumulation* sum) {
  if (sum == nullptr) return parts.Copy(start, end, joined);
  for (; start < end; start += kBlock) {
    const size_t size = std::min(kBlock, end - start);
    parts.Copy(start, start + size, joined);
    for (size_t k = sum->onto.size(); k-- > 0;) AddBlock(sum->onto[k] + start, joined + start, joined + start, size);
    if (!AllFinite(joined + start, size)) sum->finite = false;
  }
}

void Compute(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  Parts parts;
  size_t size = 0;
  for (int i = 0; i < TF_NumInputs(context); ++i) {
    TF_Tensor* part = call.Input(i);
    if (!call.ok()) return;
    parts.data.push_back(static_cast<const float*>(TF_TensorData(part)));
    parts.ends.push_back(size += CountOf(part));
  }
  float* joined = Place(&call, size);
  if (!call.ok()) return;
  Accumulation* sum = CurrentAccumulation();
  if (sum != nullptr && !sum->onto.empty() && sum->size != size) sum = nullptr;
  ForEachRange(size, kGrain, [&](size_t start, size_t end) { JoinRange(parts, start, end, joined, sum); });
  if (sum != nullptr) sum->done = true;
}

}  // namespace

Accumulation*& CurrentAccumulation() {
  static thread_local Accumulation* current = nullptr;
  return current;
}

std::string RegisterJoin() {
  return Register({kJoin, {"parts: N * float"}, {"joined: float"}, {"N: int >= 1"}, UnknownShape, CreateNothing, Compute, DestroyNothing});
}

}  // namespace lstm_gan
