// Winograd's algorithm F(2 x 2, 2 x 2) (Winograd, Arithmetic Complexity of Computations, 1980). Two taps g at two
// positions on three values d give two results:
//   d0 g0 + d1 g1 = (d0 - d1) g0 + d1 (g0 + g1)    and    d1 g0 + d2 g1 = d1 (g0 + g1) - (d1 - d2) g1.
// They need only three products. If rows and columns are both computed like this, 3 x 3 products give the 2 x 2 results
// of a tile; a point is one of the 3 x 3 positions. At each point, a matrix product sums over the channels: a strip of
// tiles times a panel of the kernel. Every sum adds its terms in order.
#pragma once

#include <algorithm>

#include "kernels/products.h"

namespace lstm_gan {

constexpr size_t kPoints = 9;

template <typename Vector>
LSTM_GAN_INLINE void ValuesToPoints(Vector d[kPoints]) {
#pragma GCC unroll 3
  for (size_t i = 0; i < 3; ++i) d[i] -= d[3 + i], d[6 + i] = d[3 + i] - d[6 + i];
#pragma GCC unroll 3
  for (size_t i = 0; i < kPoints; i += 3) d[i] -= d[i + 1], d[i + 2] = d[i + 1] - d[i + 2];
}

template <typename Vector>
LSTM_GAN_INLINE void TapsToPoints(const Vector taps[4], Vector points[kPoints]) {
  const Vector rows[3][2] = {{taps[0], taps[1]}, {taps[0] + taps[2], taps[1] + taps[3]}, {taps[2], taps[3]}};
#pragma GCC unroll 3
  for (size_t i = 0; i < 3; ++i)
    points[3 * i] = rows[i][0], points[3 * i + 1] = rows[i][0] + rows[i][1], points[3 * i + 2] = rows[i][1];
}

template <typename Vector>
LSTM_GAN_INLINE void PointsToResults(const Vector points[kPoints], Vector results[4]) {
  Vector rows[2][3];
#pragma GCC unroll 3
  for (size_t i = 0; i < 3; ++i) rows[0][i] = points[i] + points[3 + i], rows[1][i] = points[3 + i] - points[6 + i];
#pragma GCC unroll 2
  for (size_t i = 0; i < 2; ++i) results[2 * i] = rows[i][0] + rows[i][1], results[2 * i + 1] = rows[i][1] - rows[i][2];
}

// The adjoint (transpose) of PointsToResults.
template <typename Vector>
LSTM_GAN_INLINE void ResultsToPoints(const Vector results[4], Vector points[kPoints]) {
  const Vector rows[3][2] = {
      {results[0], results[1]}, {results[0] + results[2], results[1] + results[3]}, {-results[2], -results[3]}};
#pragma GCC unroll 3
  for (size_t i = 0; i < 3; ++i)
    points[3 * i] = rows[i][0], points[3 * i + 1] = rows[i][0] + rows[i][1], points[3 * i + 2] = -rows[i][1];
}

// The adjoint (transpose) of TapsToPoints.
template <typename Vector>
LSTM_GAN_INLINE void PointsToTaps(const Vector points[kPoints], Vector taps[4]) {
  Vector rows[2][3];
#pragma GCC unroll 3
  for (size_t i = 0; i < 3; ++i) rows[0][i] = points[i] + points[3 + i], rows[1][i] = points[3 + i] + points[6 + i];
#pragma GCC unroll 2
  for (size_t i = 0; i < 2; ++i) taps[2 * i] = rows[i][0] + rows[i][1], taps[2 * i + 1] = rows[i][1] + rows[i][2];
}

// Multiplies points [WholeStrips(tiles)][9][terms] by a panel [9][terms][kPanel], and calls write(tile, column,
// results[4]) for each tile and column.
template <typename P, typename Write>
LSTM_GAN_INLINE void MultiplyTiles(const float* points, size_t tiles, size_t terms, const float* panel,
                                   const Write& write) {
  for (size_t first = 0; first < tiles; first += kStrip) {
    alignas(64) float sums[kPoints][kStrip][kPanel];
    const size_t count = std::min(kStrip, tiles - first);
    for (size_t p = 0; p < kPoints; ++p)
      Multiply<P>(points + (first * kPoints + p) * terms, kPoints * terms, 1, panel + p * terms * kPanel, kPanel, terms,
                  count, sums[p]);
    for (size_t r = 0; r < count; ++r) {
      for (size_t column = 0; column < kPanel; column += P::kWidth) {
        typename P::Vector sum[kPoints], results[4];
#pragma GCC unroll 9
        for (size_t p = 0; p < kPoints; ++p) sum[p] = *P::At(sums[p][r] + column);
        PointsToResults(sum, results);
        write(first + r, column, results);
      }
    }
  }
}

}  // namespace lstm_gan
