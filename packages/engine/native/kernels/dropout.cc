// Dropout and its gradient, each in one pass. The random numbers are those of TensorFlow's StatelessRandomUniform:
// Philox4x32-10 (Salmon et al., 2011), here for a vector of counters at a time. TensorFlow's kernel takes three times
// as long to draw the random numbers alone as this kernel for the whole dropout.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "arithmetic/clones.h"
#include "kernels/kernel.h"
#include "kernels/vectors.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

constexpr size_t kWords = 4;     // random words that one counter gives
constexpr size_t kGrain = 4096;  // values of a piece of work; a multiple of Integers::kBlock

struct Stream {
  uint32_t key[2], high[2];
};

struct Rate {
  uint32_t threshold;  // a value is kept if its 23 random bits, as a number, are at least `threshold`
  float scale;
};

constexpr uint32_t kMultiplier0 = 0xd2511f53, kMultiplier1 = 0xcd9e8d57, kWeyl0 = 0x9e3779b9, kWeyl1 = 0xbb67ae85;

template <typename P>
struct Integers {
  typedef uint32_t Words __attribute__((vector_size(P::kWidth * 4)));
  typedef uint64_t Products __attribute__((vector_size(P::kWidth * 4)));
  static constexpr size_t kBlock = kWords * P::kWidth;  // values that one vector of counters gives
};

// Multiplies the lower 32 bits of 64-bit numbers. From plain C++, g++ would make three products and their sum, because
// it also multiplies the upper 32 bits, which are zero.
template <typename P>
LSTM_GAN_INLINE void MultiplyLower(const typename Integers<P>::Products& a, const typename Integers<P>::Products& b,
                                   typename Integers<P>::Products* product) {
#if defined(__x86_64__) && !defined(__clang__)
  if constexpr (P::kWidth > AnyProcessor::kWidth) {
    asm("vpmuludq %2, %1, %0" : "=v"(*product) : "v"(a), "v"(b));
    return;
  }
#endif
  *product = (a & 0xffffffffull) * (b & 0xffffffffull);
}

template <typename P>
LSTM_GAN_INLINE void Multiply(const typename Integers<P>::Words& factor, uint32_t multiplier,
                              typename Integers<P>::Words* high, typename Integers<P>::Words* low) {
  using Words = typename Integers<P>::Words;
  using Products = typename Integers<P>::Products;
  const Products pairs = reinterpret_cast<Products>(factor), multipliers = Products{} + multiplier;
  Products even, odd;
  MultiplyLower<P>(pairs, multipliers, &even);
  MultiplyLower<P>(pairs >> 32, multipliers, &odd);
  *low = reinterpret_cast<Words>((even & 0xffffffffull) | (odd << 32));
  *high = reinterpret_cast<Words>((even >> 32) | (odd & 0xffffffff00000000ull));
}

// Interleaves two vectors as a0 b0 a1 b1 ...: their lower halves into `lower`, their upper halves into `upper`.
template <typename Words, size_t... kIndices>
LSTM_GAN_INLINE void Interleave(const Words& a, const Words& b, Words* lower, Words* upper,
                                std::index_sequence<kIndices...>) {
  constexpr size_t kCount = sizeof...(kIndices);
#ifdef __clang__
  *lower = __builtin_shufflevector(a, b, (kIndices % 2 * kCount + kIndices / 2)...);
  *upper = __builtin_shufflevector(a, b, (kIndices % 2 * kCount + kCount / 2 + kIndices / 2)...);
#else
  *lower = __builtin_shuffle(a, b, Words{(kIndices % 2 * kCount + kIndices / 2)...});
  *upper = __builtin_shuffle(a, b, Words{(kIndices % 2 * kCount + kCount / 2 + kIndices / 2)...});
#endif
}

template <typename Words, size_t... kIndices>
LSTM_GAN_INLINE void CountFrom(uint32_t first, Words* words, std::index_sequence<kIndices...>) {
  *words = Words{kIndices...} + first;
}

// Draws the random words of the counters first, first + 1, ..., as many counters as a vector has words. The four words
// of a counter are next to each other.
template <typename P>
LSTM_GAN_INLINE void Draw(const Stream& stream, uint64_t first, typename Integers<P>::Words words[kWords]) {
  using Words = typename Integers<P>::Words;
  constexpr std::make_index_sequence<P::kWidth> kIndices{};
  Words c0, c1 = {}, c2 = c1 + stream.high[0], c3 = c1 + stream.high[1];
  CountFrom(static_cast<uint32_t>(first), &c0, kIndices);
  uint32_t k0 = stream.key[0], k1 = stream.key[1];
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    Words high0, low0, high1, low1;
    Multiply<P>(c0, kMultiplier0, &high0, &low0);
    Multiply<P>(c2, kMultiplier1, &high1, &low1);
    c0 = high1 ^ c1 ^ k0;
    c2 = high0 ^ c3 ^ k1;
    c1 = low1;
    c3 = low0;
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  Words even[2], odd[2];
  Interleave(c0, c2, &even[0], &even[1], kIndices);
  Interleave(c1, c3, &odd[0], &odd[1], kIndices);
  Interleave(even[0], odd[0], &words[0], &words[1], kIndices);
  Interleave(even[1], odd[1], &words[2], &words[3], kIndices);
}

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

// The stream of a seed. TensorFlow scrambles the seed of a stateless operation by one Philox block under a fixed key.
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
