// Vectors that fit a processor's registers, and the choice of the code for a processor. In files that include this
// header, a product and a sum are contracted to one operation (fused multiply-add) if the processor has it.
#pragma once

#include <cstddef>
#include <cstdlib>

#include "memory/alignment.h"

#ifdef __clang__
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast")
#endif

#define LSTM_GAN_INLINE inline __attribute__((always_inline))
#define LSTM_GAN_AVX512 __attribute__((target("avx512f")))
#define LSTM_GAN_AVX2 __attribute__((target("avx2,fma")))

namespace lstm_gan {

constexpr size_t kLane = 16;  // floats: one AVX-512 vector, or several vectors of another processor

// A kind of processor: the vector type that fits its registers (Loose: the same type without alignment), and how many
// rows and vectors may be summed at a time so that the sums stay in registers. Code with vectors that are wider than
// the registers runs at a third of the speed of code with vectors that fit.
template <size_t kSize, size_t kRowsAtOnce, size_t kVectorsAtOnce>
struct Processor {
  typedef float Vector __attribute__((vector_size(kSize)));
  typedef float Loose __attribute__((vector_size(kSize), aligned(4)));
  static constexpr size_t kWidth = kSize / sizeof(float), kRows = kRowsAtOnce, kVectors = kVectorsAtOnce,
                          kSums = kRows * kVectors;

  static LSTM_GAN_INLINE Vector* At(float* data) { return reinterpret_cast<Vector*>(data); }
  static LSTM_GAN_INLINE Loose* AtLoose(float* data) { return reinterpret_cast<Loose*>(data); }
  static LSTM_GAN_INLINE const Loose* AtLoose(const float* data) { return reinterpret_cast<const Loose*>(data); }
};
using Avx512 = Processor<64, 8, 2>;
using Avx2 = Processor<32, 8, 1>;
using AnyProcessor = Processor<16, 4, 2>;

// Aligned memory for floats.
struct Aligned {
  explicit Aligned(size_t floats)
      : data(static_cast<float*>(std::aligned_alloc(kAlignment, RoundUpToAlignment(floats * 4)))) {
    if (data == nullptr) std::abort();  // TensorFlow aborts too if it has no memory for a kernel
  }
  ~Aligned() { std::free(data); }
  Aligned(const Aligned&) = delete;
  Aligned& operator=(const Aligned&) = delete;
  float* const data;
};

// Chooses the code for the processor that the program runs on.
template <typename Code>
Code ForProcessor(Code avx512, Code avx2, Code any) {
  if (__builtin_cpu_supports("avx512f")) return avx512;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? avx2 : any;
}

}  // namespace lstm_gan
