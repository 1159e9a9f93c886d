// Normally distributed numbers by the method of Box and Muller, as TensorFlow's StatelessRandomNormal draws them. That
// operation calls the C library's logarithm, sine and cosine, whose bits depend on the library's version and on the
// processor. Here they are computed in float64, with the operations of core's stateless-normal.ts in the same order.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "arithmetic/clones.h"
#include "kernels/kernel.h"
#include "kernels/random-words.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

constexpr size_t kGrain = 4096;  // numbers of a piece of work; a multiple of 4
constexpr size_t kBlock = 256;   // numbers that are computed together

// See `ln` in core's logarithm.ts.
inline double Ln(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  auto exponent = static_cast<double>(static_cast<int64_t>(bits >> 52) - 1023);
  bits = (bits & 0xfffffffffffffull) | 0x3ff0000000000000ull;
  double mantissa;
  std::memcpy(&mantissa, &bits, sizeof mantissa);
  if (mantissa > 1.4142135623730951) mantissa /= 2, exponent += 1;
  const double s = (mantissa - 1) / (mantissa + 1), square = s * s;
  double sum = 0;
#pragma GCC unroll 16
  for (int k = 23; k >= 3; k -= 2) sum = (sum + 1.0 / k) * square;
  return exponent * 0.6931471805599453 + 2 * s * (1 + sum);
}

// The sine and cosine of `turns` times 2 pi, for turns in [0, 1): see `sineAndCosine` in core's sine.ts.
inline void SineAndCosine(double turns, double* sine, double* cosine) {
  const double quarters = 4 * turns, whole = std::floor(quarters + 0.5), x = (quarters - whole) * 1.5707963267948966,
               square = x * x;
  double s = 1, c = 1;
#pragma GCC unroll 16
  for (int k = 17; k >= 3; k -= 2) s = 1 - s * (square * (1.0 / (k * (k - 1))));
#pragma GCC unroll 16
  for (int k = 18; k >= 2; k -= 2) c = 1 - c * (square * (1.0 / (k * (k - 1))));
  s *= x;
  const int quadrant = static_cast<int>(whole) & 3;
  const double first = quadrant & 1 ? c : s, second = quadrant & 1 ? s : c;
  *sine = quadrant & 2 ? -first : first;
  *cosine = quadrant == 1 || quadrant == 2 ? -second : second;
}

// Two words give two numbers. `count` is even.
LSTM_GAN_CLONES void Transform(const uint32_t* words, size_t count, float* numbers) {
  for (size_t i = 0; i < count; i += 2) {
    const double radius =
        std::sqrt(-2 * Ln(std::max(static_cast<double>(words[i] & 0x7fffff) / 0x800000, 1e-7)));
    double sine, cosine;
    SineAndCosine(static_cast<double>(words[i + 1] & 0x7fffff) / 0x800000, &sine, &cosine);
    numbers[i] = static_cast<float>(sine * radius);
    numbers[i + 1] = static_cast<float>(cosine * radius);
  }
}

// (shape, seed) to normal numbers, like StatelessRandomNormal
void Compute(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* lengths = call.Input(0);
  TF_Tensor* seed = call.Input(1);
  if (!call.ok()) return;
  if (CountOf(seed) != 2) return call.Fail("a seed of random numbers has two numbers");
  const auto* data = static_cast<const int32_t*>(TF_TensorData(lengths));
  const std::vector<int64_t> shape(data, data + CountOf(lengths));
  if (std::any_of(shape.begin(), shape.end(), [](int64_t length) { return length < 0; }))
    return call.Fail("a shape of random numbers has no negative length");
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, shape));
  if (!call.ok()) return;
  size_t size = 1;
  for (int64_t length : shape) size *= static_cast<size_t>(length);
  const auto* key = static_cast<const int32_t*>(TF_TensorData(seed));
  ForEachRange(size, kGrain, [&](size_t start, size_t end) {
    for (size_t i = start; i < end; i += kBlock) {
      uint32_t words[kBlock];
      float numbers[kBlock];
      DrawWords(key, i, kBlock, words);
      Transform(words, kBlock, numbers);
      std::copy_n(numbers, std::min(kBlock, end - i), result + i);
    }
  });
}

}  // namespace

std::string RegisterRandomNormal() {
  return Register({"LstmGanRandomNormal",
                   {"shape: int32", "seed: int32"},
                   {"numbers: float"},
                   {},
                   UnknownShape,
                   CreateNothing,
                   Compute,
                   DestroyNothing});
}

}  // namespace lstm_gan
