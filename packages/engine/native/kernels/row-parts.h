// Sums of the rows of a matrix. TensorFlow cuts the rows into as many parts as it has threads. Here a part always has
// kRowsOfPart rows. The rows of a part are added in order, then the parts in order. So the bits depend neither on the
// number of threads nor on the width of the processor's vectors.
#pragma once

#include <algorithm>
#include <cstddef>

namespace lstm_gan {

constexpr size_t kRowsOfPart = 256;

// A matrix [rows, columns], and its parts.
struct RowParts {
  size_t rows, columns;

  size_t count() const { return (rows + kRowsOfPart - 1) / kRowsOfPart; }
  size_t start(size_t part) const { return part * kRowsOfPart * columns; }
  size_t rows_of(size_t part) const { return std::min(kRowsOfPart, rows - part * kRowsOfPart); }
};

}  // namespace lstm_gan
