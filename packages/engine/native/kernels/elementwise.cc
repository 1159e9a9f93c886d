// Functions of each element of a tensor. TensorFlow's kernels for them may use instructions whose results differ
// between manufacturers of processors (approximate reciprocals and square roots).
#include <algorithm>
#include <cmath>

#include "arithmetic/clones.h"
#include "kernels/functions.h"
#include "kernels/kernel.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

constexpr size_t kGrain = 4096;  // values of a piece of work; a multiple of every vector's width

enum class Function { kTanh, kSigmoid, kSoftplus };

template <typename P, Function kFunction>
LSTM_GAN_INLINE void Apply(const float* values, size_t start, size_t end, float* results) {
  using On = Functions<P>;
  for (size_t i = start; i < end; i += P::kWidth) {
    const size_t count = std::min(P::kWidth, end - i);
    const auto x = On::Load(values + i, count);
    if constexpr (kFunction == Function::kTanh) On::Store(On::Tanh(x), results + i, count);
    if constexpr (kFunction == Function::kSigmoid) On::Store(On::Sigmoid(x), results + i, count);
    if constexpr (kFunction == Function::kSoftplus) On::Store(On::Softplus(x), results + i, count);
  }
}

template <Function kFunction>
LSTM_GAN_AVX512 void Apply512(const float* values, size_t start, size_t end, float* results) {
  Apply<Avx512, kFunction>(values, start, end, results);
}
template <Function kFunction>
LSTM_GAN_AVX2 void Apply256(const float* values, size_t start, size_t end, float* results) {
  Apply<Avx2, kFunction>(values, start, end, results);
}
template <Function kFunction>
void ApplyAny(const float* values, size_t start, size_t end, float* results) {
  Apply<AnyProcessor, kFunction>(values, start, end, results);
}

LSTM_GAN_CLONES void InverseRoots(const float* values, size_t start, size_t end, float* results) {
  for (size_t i = start; i < end; ++i) results[i] = 1 / std::sqrt(values[i]);
}

using Code = void (*)(const float*, size_t, size_t, float*);

void Run(TF_OpKernelContext* context, Code code) {
  KernelCall call(context);
  TF_Tensor* values = call.Input(0);
  if (!call.ok()) return;
  auto* results = static_cast<float*>(call.Output(0, TF_FLOAT, ShapeOf(values)));
  if (!call.ok()) return;
  ForEachRange(CountOf(values), kGrain,
               [&](size_t start, size_t end) { code(FloatsOf(values), start, end, results); });
}

template <Function kFunction>
void Compute(void*, TF_OpKernelContext* context) {
  Run(context, ForProcessor<Code>(Apply512<kFunction>, Apply256<kFunction>, ApplyAny<kFunction>));
}

void ComputeInverseRoots(void*, TF_OpKernelContext* context) { Run(context, InverseRoots); }

}  // namespace

std::string RegisterElementwise() {
  std::string error;
  const auto add = [&](const char* name, void (*compute)(void*, TF_OpKernelContext*)) {
    if (error.empty())
      error = Register({name,
                        {"x: float"},
                        {"y: float"},
                        {},
                        ShapesOfFirstInput<1>,
                        CreateNothing,
                        compute,
                        DestroyNothing});
  };
  add("LstmGanTanh", Compute<Function::kTanh>);
  add("LstmGanSigmoid", Compute<Function::kSigmoid>);
  add("LstmGanSoftplus", Compute<Function::kSoftplus>);
  add("LstmGanRsqrt", ComputeInverseRoots);
  return error;
}

}  // namespace lstm_gan
