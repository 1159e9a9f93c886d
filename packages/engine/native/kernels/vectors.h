// Vectors that fit a processor's registers, and the choice of the code for a processor. In files that include this
// header, a product and a sum are contracted to one operation (fused multiply-add) if the processor has it.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "memory/alignment.h"

#ifdef __clang__
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast")
#endif

#define LSTM_GAN_INLINE inline __attribute__((always_inline))
#define LSTM_GAN_AVX512 __attribute__((target("avx512f,avx2,fma")))
#define LSTM_GAN_AVX2 __attribute__((target("avx2,fma")))

namespace lstm_gan {

constexpr size_t kLane = 16;  // floats: one AVX-512 vector, or several vectors of another processor

// A kind of processor: the vector type that fits its registers (Loose: the same type without alignment), and how many
// sums stay in registers. A product sums two vectors of kRows rows at a time, and of kFewRows rows where kRows do not
// fit. Code with vectors that are wider than the registers runs at a third of the speed of code with vectors that fit.
template <size_t kSize, size_t kRowsAtOnce, size_t kFewRowsAtOnce>
struct Processor {
  typedef float Vector __attribute__((vector_size(kSize)));
  typedef float Loose __attribute__((vector_size(kSize), aligned(4)));
  static constexpr size_t kWidth = kSize / sizeof(float), kRows = kRowsAtOnce, kFewRows = kFewRowsAtOnce,
                          kSums = 2 * kFewRows;  // of a thin product; a divisor of kLane

  static LSTM_GAN_INLINE Vector* At(float* data) { return reinterpret_cast<Vector*>(data); }
  static LSTM_GAN_INLINE Loose* AtLoose(float* data) { return reinterpret_cast<Loose*>(data); }
  static LSTM_GAN_INLINE const Loose* AtLoose(const float* data) { return reinterpret_cast<const Loose*>(data); }
};
using Avx512 = Processor<64, 8, 8>;
using Avx2 = Processor<32, 6, 4>;
using AnyProcessor = Processor<16, 4, 4>;

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

// a * b, never contracted with a sum that it is added to. In a sum of two products, or where a product is used twice,
// the compiler would otherwise choose which one is contracted, and the bits would depend on the compiler.
template <typename Vector>
LSTM_GAN_INLINE Vector RoundedProduct(const Vector& a, const Vector& b) {
#ifdef __clang__
#pragma clang fp contract(off)
  return a * b;
#else
  Vector product = a * b;
  asm("" : "+x"(product));
  return product;
#endif
}

enum class Vectors { kAvx512, kAvx2, kAny };

// Returns the widest vectors that this processor has. The environment variable LSTM_GAN_VECTORS leaves wider ones
// aside, to compare bits and speed: `avx2` leaves AVX-512 aside, and `none` also leaves AVX2 and fused multiply-add
// aside, so it gives other bits.
inline Vectors WidestVectors() {
  static const Vectors widest = [] {
    const char* value = std::getenv("LSTM_GAN_VECTORS");
    const std::string_view most = value == nullptr ? "" : value;
    if (most == "none") return Vectors::kAny;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Vectors::kAny;
    return most != "avx2" && __builtin_cpu_supports("avx512f") ? Vectors::kAvx512 : Vectors::kAvx2;
  }();
  return widest;
}

// Chooses the code for the processor that the program runs on.
template <typename Code>
Code ForProcessor(Code avx512, Code avx2, Code any) {
  switch (WidestVectors()) {
    case Vectors::kAvx512:
      return avx512;
    case Vectors::kAvx2:
      return avx2;
    default:
      return any;
  }
}

}  // namespace lstm_gan
