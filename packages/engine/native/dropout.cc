// Dropout and its gradient in one pass each. The mask is that of TensorFlow's StatelessRandomUniform, whose kernel alone takes
// three times as long as all of this: Philox4x32-10 (Salmon et al., 2011), for 16 counters at a time.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels.h"
#include "parallel.h"

namespace lstm_gan {
namespace {

#define LSTM_GAN_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#define LSTM_GAN_INLINE inline __attribute__((always_inline))

typedef uint32_t Words __attribute__((vector_size(64)));
typedef uint64_t Products __attribute__((vector_size(64)));
typedef float Floats __attribute__((vector_size(64), aligned(4)));

constexpr size_t kBlock = 64;  // values of 16 counters, four each

struct Stream {
  uint32_t key[2], high[2];
};

struct Rate {
  uint32_t threshold;  // a value is kept where its 23 random bits are no less
  float scale;
};

constexpr uint32_t kMultiplier0 = 0xd2511f53, kMultiplier1 = 0xcd9e8d57, kWeyl0 = 0x9e3779b9, kWeyl1 = 0xbb67ae85;

// The lower halves of two vectors, or the upper ones, value by value in turn.
#ifdef __clang__
LSTM_GAN_INLINE Words Lower(Words a, Words b) { return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23); }
LSTM_GAN_INLINE Words Upper(Words a, Words b) { return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31); }
#else
LSTM_GAN_INLINE Words Lower(Words a, Words b) { return __builtin_shuffle(a, b, Words{0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23}); }
LSTM_GAN_INLINE Words Upper(Words a, Words b) { return __builtin_shuffle(a, b, Words{8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31}); }
#endif

LSTM_GAN_INLINE void Multiply(Words factor, uint32_t multiplier, Words* high, Words* low) {
  const Products pairs = reinterpret_cast<Products>(factor);
  const Products even = (pairs & 0xffffffffull) * static_cast<uint64_t>(multiplier);
  const Products odd = (pairs >> 32) * static_cast<uint64_t>(multiplier);
  *low = reinterpret_cast<Words>((even & 0xffffffffull) | (odd << 32));
  *high = reinterpret_cast<Words>((even >> 32) | (odd & 0xffffffff00000000ull));
}

// The words of counters [first, first + 16), those of a counter side by side.
LSTM_GAN_INLINE void Draw(const Stream& stream, uint64_t first, Words words[4]) {
  const Words lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  Words c0 = lanes + static_cast<uint32_t>(first), c1 = lanes - lanes, c2 = c1 + stream.high[0], c3 = c1 + stream.high[1];
  uint32_t k0 = stream.key[0], k1 = stream.key[1];
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    Words high0, low0, high1, low1;
    Multiply(c0, kMultiplier0, &high0, &low0);
    Multiply(c2, kMultiplier1, &high1, &low1);
    c0 = high1 ^ c1 ^ k0;
    c2 = high0 ^ c3 ^ k1;
    c1 = low1;
    c3 = low0;
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  const Words a = Lower(c0, c2), b = Lower(c1, c3), c = Upper(c0, c2), d = Upper(c1, c3);
  words[0] = Lower(a, b);
  words[1] = Upper(a, b);
  words[2] = Lower(c, d);
  words[3] = Upper(c, d);
}

LSTM_GAN_INLINE void DropBlock(const Stream& stream, const Rate& rate, uint64_t counter, const float* features, float* result, uint8_t* kept) {
  Words words[4];
  Draw(stream, counter, words);
  alignas(64) uint32_t flags[kBlock];
#pragma GCC unroll 4
  for (int part = 0; part < 4; ++part) {
    const Words keep = reinterpret_cast<Words>((words[part] & 0x7fffff) >= rate.threshold);
    const Floats factor = reinterpret_cast<Floats>(keep & reinterpret_cast<Words>(Floats{} + rate.scale));
    *reinterpret_cast<Floats*>(result + 16 * part) = *reinterpret_cast<const Floats*>(features + 16 * part) * factor;
    *reinterpret_cast<Words*>(flags + 16 * part) = keep;
  }
  for (size_t i = 0; i < kBlock; ++i) kept[i] = flags[i] & 1;
}

LSTM_GAN_CLONES void Drop(const Stream& stream, const Rate& rate, const float* features, float* result, uint8_t* kept, size_t start, size_t end) {
  size_t i = start;
  for (; i + kBlock <= end; i += kBlock) DropBlock(stream, rate, i / 4, features + i, result + i, kept + i);
  if (i == end) return;
  float in[kBlock] = {}, out[kBlock];
  uint8_t flags[kBlock];
  std::copy(features + i, features + end, in);
  DropBlock(stream, rate, i / 4, in, out, flags);
  std::copy(out, out + (end - i), result + i);
  std::copy(flags, flags + (end - i), kept + i);
}

LSTM_GAN_CLONES void DropGradient(float scale, const float* dy, const uint8_t* kept, float* dx, size_t start, size_t end) {
#pragma GCC ivdep
  for (size_t i = start; i < end; ++i) dx[i] = dy[i] * (kept[i] != 0 ? scale : 0.0f);
}

// TensorFlow's scrambling of a stateless seed: one Philox block under a key of its own.
Stream StreamOf(const int32_t seed[2]) {
  const auto sign = [](int32_t value) { return value < 0 ? 0xffffffffu : 0u; };
  uint32_t c[4] = {static_cast<uint32_t>(seed[0]), sign(seed[0]), static_cast<uint32_t>(seed[1]), sign(seed[1])};
  uint32_t k0 = 0x3ec8f720, k1 = 0x02461e29;
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{kMultiplier0} * c[0], p1 = uint64_t{kMultiplier1} * c[2];
    c[0] = static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0;
    c[2] = static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1;
    c[1] = static_cast<uint32_t>(p1);
    c[3] = static_cast<uint32_t>(p0);
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  return {{c[0], c[1]}, {c[2], c[3]}};
}

struct Attributes {
  float rate = 0, scale = 1;
};

void* Create(TF_OpKernelConstruction* construction) {
  Status status;
  auto* attributes = new Attributes;
  TF_OpKernelConstruction_GetAttrFloat(construction, "rate", &attributes->rate, status.value);
  if (status.ok()) TF_OpKernelConstruction_GetAttrFloat(construction, "scale", &attributes->scale, status.value);
  if (status.ok() && !(attributes->rate >= 0 && attributes->rate < 1)) TF_SetStatus(status.value, TF_INVALID_ARGUMENT, "a dropout rate lies in [0, 1)");
  if (!status.ok()) TF_OpKernelConstruction_Failure(construction, status.value);
  return attributes;
}

void Destroy(void* attributes) { delete static_cast<Attributes*>(attributes); }

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
  // uniform >= rate, where the uniform number is its 23 bits times 2^-23.
  const Rate rate{static_cast<uint32_t>(std::ceil(static_cast<double>(attributes.rate) * 0x800000)), attributes.scale};
  const auto* values = static_cast<const float*>(TF_TensorData(features));
  ForEachRange(CountOf(features), 64 * kBlock, [&](size_t start, size_t end) { Drop(stream, rate, values, result, kept, start, end); });
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
  const auto* values = static_cast<const float*>(TF_TensorData(dy));
  const auto* mask = static_cast<const uint8_t*>(TF_TensorData(kept));
  ForEachRange(CountOf(dy), 64 * kBlock, [&](size_t start, size_t end) { DropGradient(scale, values, mask, dx, start, end); });
}

void ShapesOfDropout(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 0, shape, status);
  for (int output = 0; output < 2 && TF_GetCode(status) == TF_OK; ++output) TF_ShapeInferenceContextSetOutput(context, output, shape, status);
  TF_DeleteShapeHandle(shape);
}

}  // namespace

std::string RegisterDropout() {
  const std::vector<const char*> attributes = {"rate: float", "scale: float"};
  const std::string error = Register({"LstmGanDropout", {"features: float", "seed: int32"}, {"result: float", "kept: bool"}, attributes,
                                      ShapesOfDropout, Create, ComputeDropout, Destroy});
  if (!error.empty()) return error;
  return Register({"LstmGanDropoutGrad", {"dy: float", "kept: bool"}, {"dx: float"}, attributes, ShapesOfFirstInput, Create, ComputeGradient, Destroy});
}

}  // namespace lstm_gan
