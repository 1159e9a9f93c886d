// Tensors put one behind the other, as a network's gradients are in its layout: in memory that other processes can read, so that
// the vector need not be copied to be sent. TensorFlow's own kernel also had the system make new pages for each result.
#include <algorithm>

#include "blocks.h"
#include "kernels.h"
#include "parallel.h"

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

void Compute(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  std::vector<const float*> parts;
  std::vector<size_t> ends;
  size_t size = 0;
  for (int i = 0; i < TF_NumInputs(context); ++i) {
    TF_Tensor* part = call.Input(i);
    if (!call.ok()) return;
    parts.push_back(static_cast<const float*>(TF_TensorData(part)));
    ends.push_back(size += CountOf(part));
  }
  float* joined = Place(&call, size);
  if (!call.ok()) return;
  ForEachRange(size, kGrain, [&](size_t start, size_t end) {
    size_t i = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), start) - ends.begin());
    for (; start < end; start = std::min(end, ends[i++])) {
      const size_t first = i == 0 ? 0 : ends[i - 1];
      std::copy(parts[i] + (start - first), parts[i] + (std::min(end, ends[i]) - first), joined + start);
    }
  });
}

}  // namespace

std::string RegisterJoin() {
  return Register({"LstmGanJoin", {"parts: N * float"}, {"joined: float"}, {"N: int >= 1"}, UnknownShape, CreateNothing, Compute, DestroyNothing});
}

}  // namespace lstm_gan
