// Random words: Philox4x32-10 (Salmon et al., 2011) as TensorFlow's stateless operations use it, here for a vector of
// counters at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/vectors.h"

namespace lstm_gan {

constexpr size_t kWords = 4;  // random words that one counter gives

struct Stream {
  uint32_t key[2], high[2];
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

// The stream of a seed. TensorFlow scrambles the seed of a stateless operation by one Philox block under a fixed key.
inline Stream StreamOf(const int32_t seed[2]) {
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

}  // namespace lstm_gan
