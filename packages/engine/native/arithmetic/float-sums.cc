#include "arithmetic/float-sums.h"

#include <cstdint>

#include "arithmetic/clones.h"

namespace lstm_gan {

LSTM_GAN_CLONES void AddBlock(const float* a, const float* b, float* result, size_t size) {
// Core's definition adds two float32 numbers in float64 and rounds the result to float32. One float32 addition gives
// the same bits.
#pragma GCC ivdep
  for (size_t i = 0; i < size; ++i) result[i] = a[i] + b[i];
}

LSTM_GAN_CLONES bool AllFinite(const float* values, size_t size) {
  const auto* bits = reinterpret_cast<const uint32_t*>(values);
  uint32_t bad = 0;
  for (size_t i = 0; i < size; ++i) bad |= (bits[i] & 0x7f800000u) == 0x7f800000u;
  return bad == 0;
}

}  // namespace lstm_gan
