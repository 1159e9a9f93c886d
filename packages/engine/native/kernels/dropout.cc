// Dropout and its gradient, each in one pass. The random numbers are those of TensorFlow's StatelessRandomUniform.
// TensorFlow's kernel takes three times as long to draw the random numbers alone as this kernel for the whole dropout.
#include <algorithm>
#include <cmath>

#include "arithmetic/clones.h"
#include "kernels/kernel.h"
#include "kernels/philox.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

constexpr size_t kGrain = 4096;  // values of a piece of work; a multiple of Integers::kBlock

struct Rate {
  uint32_t threshold;  // a value is kept if its 23 random bits, as a number, are at least `threshold`
  float scale;
};

template <typename P>
LSTM_GAN_INLINE void DropValues(const Stream& stream, const Rate& rate, uint64_t counter, const float* features,
                                float* result, uint8_t* kept) {
  typename Integers<P>::Words words[kWords];
  Draw<P>(stream, counter, words);
  alignas(64) uint32_t flags[Integers<P>::kBlock];
#pragma GCC unroll 4
  for (size_t part = 0; part < kWords; ++part) {
    using Words = typename Integers<P>::Words;
    const Words keep = reinterpret_cast<Words>((words[part] & 0x7fffff) >= rate.threshold);
    const auto factor =
        reinterpret_cast<typename P::Vector>(keep & reinterpret_cast<Words>(typename P::Vector{} + rate.scale));
    *P::AtLoose(result + P::kWidth * part) = *P::AtLoose(features + P::kWidth * part) * factor;
    *reinterpret_cast<Words*>(flags + P::kWidth * part) = keep;
  }
  for (size_t i = 0; i < Integers<P>::kBlock; ++i) kept[i] = flags[i] & 1;
}

template <typename P>
LSTM_GAN_INLINE void DropBlocks(const Stream& stream, const Rate& rate, const float* features, float* result,
                                uint8_t* kept, size_t start, size_t end) {
  constexpr size_t kBlock = Integers<P>::kBlock;
  size_t i = start;
  for (; i + kBlock <= end; i += kBlock) DropValues<P>(stream, rate, i / kWords, features + i, result + i, kept + i);
  if (i == end) return;
  float in[kBlock] = {}, out[kBlock];
  uint8_t flags[kBlock];
  std::copy(features + i, features + end, in);
  DropValues<P>(stream, rate, i / kWords, in, out, flags);
  std::copy(out, out + (end - i), result + i);
  std::copy(flags, flags + (end - i), kept + i);
}

using Drop = void (*)(const Stream&, const Rate&, const float*, float*, uint8_t*, size_t, size_t);
LSTM_GAN_AVX512 void Drop512(const Stream& s, const Rate& r, const float* x, float* y, uint8_t* kept, size_t start,
                             size_t end) {
  DropBlocks<Avx512>(s, r, x, y, kept, start, end);
}
LSTM_GAN_AVX2 void Drop256(const Stream& s, const Rate& r, const float* x, float* y, uint8_t* kept, size_t start,
                           size_t end) {
  DropBlocks<Avx2>(s, r, x, y, kept, start, end);
}
void DropAny(const Stream& s, const Rate& r, const float* x, float* y, uint8_t* kept, size_t start, size_t end) {
  DropBlocks<AnyProcessor>(s, r, x, y, kept, start, end);
}

LSTM_GAN_CLONES void DropGradient(float scale, const float* dy, const uint8_t* kept, float* dx, size_t start,
                                  size_t end) {
#pragma GCC ivdep
  for (size_t i = start; i < end; ++i) dx[i] = dy[i] * (kept[i] != 0 ? scale : 0.0f);
}

struct Attributes {
  explicit Attributes(AttributeReader* reader) : rate(reader->Float("rate")), scale(reader->Float("scale")) {
    if (!(rate >= 0 && rate < 1)) reader->Fail("a dropout rate lies in [0, 1)");
  }
  const float rate, scale;
};

void ComputeDropout(void* data, TF_OpKernelContext* context) {
  const auto& attributes = *static_cast<Attributes*>(data);
  KernelCall call(context);
  TF_Tensor* features = call.Input(0);
  TF_Tensor* seed = call.Input(1);
  if (!call.ok()) return;
  if (CountOf(seed) != 2) return call.Fail("a seed of dropout has two numbers");
  const std::vector<int64_t> shape = ShapeOf(features);
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, shape));
  auto* kept = static_cast<uint8_t*>(call.Output(1, TF_BOOL, shape));
  if (!call.ok()) return;
  const Stream stream = StreamOf(static_cast<const int32_t*>(TF_TensorData(seed)));
  // A value is kept if uniform >= rate; the uniform number is its 23 bits times 2^-23.
  const Rate rate{static_cast<uint32_t>(std::ceil(static_cast<double>(attributes.rate) * 0x800000)), attributes.scale};
  const auto* values = FloatsOf(features);
  const Drop drop = ForProcessor(Drop512, Drop256, DropAny);
  ForEachRange(CountOf(features), kGrain,
               [&](size_t start, size_t end) { drop(stream, rate, values, result, kept, start, end); });
}

void ComputeGradient(void* data, TF_OpKernelContext* context) {
  const float scale = static_cast<Attributes*>(data)->scale;
  KernelCall call(context);
  TF_Tensor* dy = call.Input(0);
  TF_Tensor* kept = call.Input(1);
  if (!call.ok()) return;
  if (CountOf(dy) != CountOf(kept)) return call.Fail("a gradient of dropout has as many values as its mask");
  auto* dx = static_cast<float*>(call.Output(0, TF_FLOAT, ShapeOf(dy)));
  if (!call.ok()) return;
  const auto* values = FloatsOf(dy);
  const auto* mask = static_cast<const uint8_t*>(TF_TensorData(kept));
  ForEachRange(CountOf(dy), kGrain,
               [&](size_t start, size_t end) { DropGradient(scale, values, mask, dx, start, end); });
}

}  // namespace

std::string RegisterDropout() {
  const std::vector<const char*> attributes = {"rate: float", "scale: float"};
  const std::string error = Register({"LstmGanDropout",
                                      {"features: float", "seed: int32"},
                                      {"result: float", "kept: bool"},
                                      attributes,
                                      ShapesOfFirstInput<2>,
                                      CreateWithAttributes<Attributes>,
                                      ComputeDropout,
                                      DestroyAttributes<Attributes>});
  if (!error.empty()) return error;
  return Register({"LstmGanDropoutGrad",
                   {"dy: float", "kept: bool"},
                   {"dx: float"},
                   attributes,
                   ShapesOfFirstInput<1>,
                   CreateWithAttributes<Attributes>,
                   ComputeGradient,
                   DestroyAttributes<Attributes>});
}

}  // namespace lstm_gan
