// Vectors of a processor's registers, and the choice of the code that a processor can run. Files that include this contract a product and a
// sum to one operation where the processor has it.
#pragma once

#include <cstddef>
#include <cstdlib>

#include "addon.h"

#ifdef __clang__
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast")
#endif

#define LSTM_GAN_INLINE inline __attribute__((always_inline))
#define LSTM_GAN_AVX512 __attribute__((target("avx512f")))
#define LSTM_GAN_AVX2 __attribute__((target("avx2,fma")))

namespace lstm_gan {

constexpr size_t kLane = 16;  // floats of a vector of any processor, or of several of its vectors

// A processor: the vectors of its registers (loose ones lie anywhere), and how many sums they hold, of so many rows and vectors.
// Vectors that are wider than registers are compiled to code of a third of the speed.
template <size_t kSize, size_t kRowsAtOnce, size_t kVectorsAtOnce>
struct Processor {
  typedef float Vector __attribute__((vector_size(kSize)));
  typedef float Loose __attribute__((vector_size(kSize), aligned(4)));
  static constexpr size_t kWidth = kSize / sizeof(float), kRows = kRowsAtOnce, kVectors = kVectorsAtOnce, kSums = kRows * kVectors;

  static LSTM_GAN_INLINE Vector* At(float* data) { return reinterpret_cast<Vector*>(data); }
  static LSTM_GAN_INLINE Loose* AtLoose(float* data) { return reinterpret_cast<Loose*>(data); }
  static LSTM_GAN_INLINE const Loose* AtLoose(const float* data) { return reinterpret_cast<const Loose*>(data); }
};
using Avx512 = Processor<64, 8, 2>;
using Avx2 = Processor<32, 8, 1>;
using AnyProcessor = Processor<16, 4, 2>;

// Memory for lanes.
struct Aligned {
  explicit Aligned(size_t floats) : data(static_cast<float*>(std::aligned_alloc(kAlignment, (floats * 4 + kAlignment - 1) & ~(kAlignment - 1)))) {
    if (data == nullptr) std::abort();  // as TensorFlow does when it has no memory for what a kernel needs
  }
  ~Aligned() { std::free(data); }
  Aligned(const Aligned&) = delete;
  Aligned& operator=(const Aligned&) = delete;
  float* const data;
};

template <typename Code>
Code ForProcessor(Code avx512, Code avx2, Code any) {
  if (__builtin_cpu_supports("avx512f")) return avx512;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? avx2 : any;
}

}  // namespace lstm_gan
