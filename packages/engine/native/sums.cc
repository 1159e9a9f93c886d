#include "sums.h"

#include <cstdint>

#include "addon.h"

namespace lstm_gan {

LSTM_GAN_CLONES void AddBlock(const float* a, const float* b, float* result, size_t size) {
// Float32 addition is the float64 one rounded, so there is no need to widen.
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
