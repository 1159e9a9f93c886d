// The product of a strip (8 rows) and a panel (32 columns). Matrix products and convolutions consist of such products.
// Also the activation of the results.
#pragma once

#include "kernels/vectors.h"

namespace lstm_gan {

constexpr size_t kStrip = 8, kPanel = 32;  // rows of a strip, columns of a panel

// The next multiple of kStrip.
constexpr size_t WholeStrips(size_t rows) { return (rows + kStrip - 1) / kStrip * kStrip; }

// sums[r][c] = the sum over k, in order, of rows[r * row_stride + k * term_stride] * panel[k * panel_stride + c].
template <typename P>
LSTM_GAN_INLINE void Multiply(const float* rows, size_t row_stride, size_t term_stride, const float* panel,
                              size_t panel_stride, size_t terms, float (*sums)[kPanel]) {
  using Vector = typename P::Vector;
  for (size_t first = 0; first < kStrip; first += P::kRows) {
    for (size_t column = 0; column < kPanel; column += P::kVectors * P::kWidth) {
      Vector sum[P::kRows][P::kVectors] = {};
      const float* factors = rows + first * row_stride;
      for (size_t k = 0; k < terms; ++k) {
#pragma GCC unroll 2
        for (size_t v = 0; v < P::kVectors; ++v) {
          const Vector weight = *P::AtLoose(panel + k * panel_stride + column + v * P::kWidth);
#pragma GCC unroll 8
          for (size_t r = 0; r < P::kRows; ++r) sum[r][v] += weight * factors[r * row_stride + k * term_stride];
        }
      }
#pragma GCC unroll 8
      for (size_t r = 0; r < P::kRows; ++r) {
#pragma GCC unroll 2
        for (size_t v = 0; v < P::kVectors; ++v) *P::At(sums[first + r] + column + v * P::kWidth) = sum[r][v];
      }
    }
  }
}

// Adds a bias for each channel, if there is one, and multiplies sums that are not positive by alpha (LeakyReLU).
struct Activation {
  const float* bias = nullptr;
  float alpha = 1;

  float Of(float value, size_t channel) const {
    const float sum = bias == nullptr ? value : value + bias[channel];
    return sum > 0 ? sum : sum * alpha;
  }
};

template <typename P>
LSTM_GAN_INLINE void WriteActivated(const Activation& activation, size_t channel, const typename P::Vector& value,
                                    float* result) {
  typename P::Vector bias = {};
  if (activation.bias != nullptr) bias = *P::AtLoose(activation.bias + channel);
  const typename P::Vector sum = value + bias;
  *P::AtLoose(result) = sum > 0 ? sum : sum * activation.alpha;
}

}  // namespace lstm_gan
