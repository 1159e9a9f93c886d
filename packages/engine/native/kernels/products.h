// The product of a strip (16 rows) and a panel (32 columns). Matrix products and convolutions consist of such products.
// Also the activation of the results.
#pragma once

#include "kernels/vectors.h"

namespace lstm_gan {

constexpr size_t kStrip = 16, kPanel = 32;  // rows of a strip, columns of a panel

// The next multiple of kStrip.
constexpr size_t WholeStrips(size_t rows) { return (rows + kStrip - 1) / kStrip * kStrip; }

// How many rows Multiply computes for the first `count` rows of a strip.
template <typename P>
constexpr size_t RowsComputed(size_t count) {
  size_t rows = 0;
  while (rows < count) rows += count - rows > P::kFewRows && count - rows != 2 * P::kFewRows ? P::kRows : P::kFewRows;
  return rows;
}

// Whether no strip is exceeded.
template <typename P>
constexpr bool FitsStrips() {
  for (size_t count = 1; count <= kStrip; ++count) {
    if (RowsComputed<P>(count) > kStrip) return false;
  }
  return true;
}
static_assert(FitsStrips<Avx512>() && FitsStrips<Avx2>() && FitsStrips<AnyProcessor>());

// Computes kRows rows and two vectors of columns of a product: see Multiply.
template <typename P, size_t kRows>
LSTM_GAN_INLINE void MultiplyRows(const float* rows, size_t row_stride, size_t term_stride, const float* panel,
                                  size_t panel_stride, size_t terms, float* sums) {
  using Vector = typename P::Vector;
  Vector sum[kRows][2] = {};
  for (size_t k = 0; k < terms; ++k) {
    const float* weights = panel + k * panel_stride;
    const Vector left = *P::AtLoose(weights), right = *P::AtLoose(weights + P::kWidth);
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
      const float factor = rows[r * row_stride + k * term_stride];
      sum[r][0] += left * factor;
      sum[r][1] += right * factor;
    }
  }
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
    *P::At(sums + r * kPanel) = sum[r][0];
    *P::At(sums + r * kPanel + P::kWidth) = sum[r][1];
  }
}

// sums[r][c] = the sum over k, in order, of rows[r * row_stride + k * term_stride] * panel[k * panel_stride + c], for
// the first `count` rows of a strip. Rows after them, up to the strip's end, may be read and summed too. The two
// vectors of columns stay in the first-level cache while they are multiplied by all rows.
template <typename P>
LSTM_GAN_INLINE void Multiply(const float* rows, size_t row_stride, size_t term_stride, const float* panel,
                              size_t panel_stride, size_t terms, size_t count, float (*sums)[kPanel]) {
  for (size_t column = 0; column < kPanel; column += 2 * P::kWidth) {
    for (size_t first = 0; first < count;) {
      const float* factors = rows + first * row_stride;
      float* target = sums[first] + column;
      const size_t remaining = count - first;
      // Two times kFewRows rows are faster than kRows rows and a remainder.
      if (remaining > P::kFewRows && remaining != 2 * P::kFewRows) {
        MultiplyRows<P, P::kRows>(factors, row_stride, term_stride, panel + column, panel_stride, terms, target);
        first += P::kRows;
      } else {
        MultiplyRows<P, P::kFewRows>(factors, row_stride, term_stride, panel + column, panel_stride, terms, target);
        first += P::kFewRows;
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
