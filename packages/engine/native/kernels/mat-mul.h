// Matrix products.
#pragma once

#include <cstddef>

namespace lstm_gan {

// A matrix in memory: row by row, or transposed.
struct Matrix {
  const float* data;
  size_t row_stride, column_stride;

  const float* At(size_t row, size_t column) const { return data + row * row_stride + column * column_stride; }
};

// Writes a [rows, terms] times b [terms, columns] to result [rows, columns], which is contiguous. Each sum adds its
// terms in order.
void MultiplyMatrices(const Matrix& a, const Matrix& b, size_t rows, size_t terms, size_t columns, float* result);

}  // namespace lstm_gan
