// Batch normalisation over every axis but the last (core's batch-norm.ts), and its gradient. TensorFlow's kernels are
// oneDNN's on some processors: their bits depend on the width of the vectors and on the number of threads. Here every
// sum adds parts of rows (row-parts.h). Products and sums are not contracted to one operation, so the bits are the same
// on every processor.
#include <algorithm>
#include <cmath>
#include <vector>

#include "arithmetic/clones.h"
#include "kernels/kernel.h"
#include "kernels/row-parts.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

// sums[c] += values[row][c]
LSTM_GAN_CLONES void AddRows(const float* values, size_t rows, size_t columns, float* sums) {
  for (size_t row = 0; row < rows; ++row) {
    const float* x = values + row * columns;
#pragma GCC ivdep
    for (size_t c = 0; c < columns; ++c) sums[c] += x[c];
  }
}

// sums[c] += (x[row][c] - mean[c])^2
LSTM_GAN_CLONES void AddSquares(const float* values, const float* mean, size_t rows, size_t columns, float* sums) {
  for (size_t row = 0; row < rows; ++row) {
    const float* x = values + row * columns;
#pragma GCC ivdep
    for (size_t c = 0; c < columns; ++c) {
      const float centred = x[c] - mean[c];
      sums[c] += centred * centred;
    }
  }
}

// y[row][c] = (x[row][c] - mean[c]) * factor[c] + offset[c]
LSTM_GAN_CLONES void Normalize(const float* values, const float* mean, const float* factor, const float* offset,
                               size_t rows, size_t columns, float* result) {
  for (size_t row = 0; row < rows; ++row) {
    const float* x = values + row * columns;
    float* y = result + row * columns;
#pragma GCC ivdep
    for (size_t c = 0; c < columns; ++c) y[c] = (x[c] - mean[c]) * factor[c] + offset[c];
  }
}

// sums[c] += dy[row][c], products[c] += dy[row][c] * (x[row][c] - mean[c])
LSTM_GAN_CLONES void AddGradients(const float* gradients, const float* values, const float* mean, size_t rows,
                                  size_t columns, float* sums, float* products) {
  for (size_t row = 0; row < rows; ++row) {
    const float *dy = gradients + row * columns, *x = values + row * columns;
#pragma GCC ivdep
    for (size_t c = 0; c < columns; ++c) {
      sums[c] += dy[c];
      products[c] += dy[c] * (x[c] - mean[c]);
    }
  }
}

// dx[row][c] = (dy[row][c] - shift[c] - (x[row][c] - mean[c]) * slope[c]) * factor[c]
LSTM_GAN_CLONES void Propagate(const float* gradients, const float* values, const float* mean, const float* shift,
                               const float* slope, const float* factor, size_t rows, size_t columns, float* result) {
  for (size_t row = 0; row < rows; ++row) {
    const float *dy = gradients + row * columns, *x = values + row * columns;
    float* dx = result + row * columns;
#pragma GCC ivdep
    for (size_t c = 0; c < columns; ++c) dx[c] = (dy[c] - shift[c] - (x[c] - mean[c]) * slope[c]) * factor[c];
  }
}

// Calls add(part, sums of the part) for each part, and returns the sums of all parts, added in order. `width` is the
// number of sums of a part.
template <typename Add>
std::vector<float> SumParts(const RowParts& shape, size_t width, const Add& add) {
  std::vector<float> sums(shape.count() * width);
  ForEachPiece(shape.count(), [&](size_t part) { add(part, sums.data() + part * width); });
  for (size_t part = 1; part < shape.count(); ++part) AddRows(sums.data() + part * width, 1, width, sums.data());
  sums.resize(width);
  return sums;
}

struct Epsilon {
  explicit Epsilon(AttributeReader* attributes) : value(attributes->Float("epsilon")) {}
  float value;
};

// The shape of x, if `tensors` beside it have one number for each channel. Otherwise fails the call.
RowParts ShapeOfInput(KernelCall* call, TF_Tensor* x, const std::vector<TF_Tensor*>& tensors) {
  const std::vector<int64_t> shape = ShapeOf(x);
  const size_t columns = shape.empty() ? 0 : static_cast<size_t>(shape.back());
  const auto fits = [&](TF_Tensor* tensor) { return CountOf(tensor) == columns; };
  if (columns == 0 || CountOf(x) == 0 || !std::all_of(tensors.begin(), tensors.end(), fits)) {
    call->Fail("batch normalisation takes a tensor that is not empty, and one number for each of its channels");
    return {0, 0};
  }
  return {CountOf(x) / columns, columns};
}

// (x, scale, offset) to (y, mean, variance, inverse = 1 / sqrt(variance + epsilon)). The variance that is returned is
// unbiased, as TensorFlow's; y has the biased variance.
void Forward(void* attributes, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor *x = call.Input(0), *scale = call.Input(1), *offset = call.Input(2);
  if (!call.ok()) return;
  const RowParts shape = ShapeOfInput(&call, x, {scale, offset});
  if (!call.ok()) return;
  const size_t columns = shape.columns;
  const std::vector<int64_t> channels = {static_cast<int64_t>(columns)};
  auto* y = static_cast<float*>(call.Output(0, TF_FLOAT, ShapeOf(x)));
  auto* mean = static_cast<float*>(call.Output(1, TF_FLOAT, channels));
  auto* variance = static_cast<float*>(call.Output(2, TF_FLOAT, channels));
  auto* inverse = static_cast<float*>(call.Output(3, TF_FLOAT, channels));
  if (!call.ok()) return;
  const float *values = FloatsOf(x), *scales = FloatsOf(scale);
  const auto rows = static_cast<float>(shape.rows), others = static_cast<float>(std::max<size_t>(shape.rows, 2) - 1);
  const std::vector<float> sums = SumParts(shape, columns, [&](size_t part, float* target) {
    AddRows(values + shape.start(part), shape.rows_of(part), columns, target);
  });
  for (size_t c = 0; c < columns; ++c) mean[c] = sums[c] / rows;
  const std::vector<float> squares = SumParts(shape, columns, [&](size_t part, float* target) {
    AddSquares(values + shape.start(part), mean, shape.rows_of(part), columns, target);
  });
  std::vector<float> factor(columns);
  for (size_t c = 0; c < columns; ++c) {
    variance[c] = squares[c] / others;
    inverse[c] = 1 / std::sqrt(squares[c] / rows + static_cast<Epsilon*>(attributes)->value);
    factor[c] = scales[c] * inverse[c];
  }
  ForEachPiece(shape.count(), [&](size_t part) {
    const size_t start = shape.start(part);
    Normalize(values + start, mean, factor.data(), FloatsOf(offset), shape.rows_of(part), columns, y + start);
  });
}

// (dy, x, scale, mean, inverse) to (dx, dScale, dOffset)
void Backward(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor *dy = call.Input(0), *x = call.Input(1), *scale = call.Input(2), *mean = call.Input(3),
            *inverse = call.Input(4);
  if (!call.ok()) return;
  const RowParts shape = ShapeOfInput(&call, x, {scale, mean, inverse});
  if (call.ok() && CountOf(dy) != CountOf(x))
    call.Fail("the gradient of batch normalisation has the shape of its input");
  if (!call.ok()) return;
  const size_t columns = shape.columns;
  const std::vector<int64_t> channels = {static_cast<int64_t>(columns)};
  auto* dx = static_cast<float*>(call.Output(0, TF_FLOAT, ShapeOf(x)));
  auto* d_scale = static_cast<float*>(call.Output(1, TF_FLOAT, channels));
  auto* d_offset = static_cast<float*>(call.Output(2, TF_FLOAT, channels));
  if (!call.ok()) return;
  const float *gradients = FloatsOf(dy), *values = FloatsOf(x), *means = FloatsOf(mean), *inverses = FloatsOf(inverse);
  const std::vector<float> sums = SumParts(shape, 2 * columns, [&](size_t part, float* target) {
    const size_t start = shape.start(part);
    AddGradients(gradients + start, values + start, means, shape.rows_of(part), columns, target, target + columns);
  });
  const auto rows = static_cast<float>(shape.rows);
  std::vector<float> shift(columns), slope(columns), factor(columns);
  for (size_t c = 0; c < columns; ++c) {
    d_offset[c] = sums[c];
    d_scale[c] = sums[columns + c] * inverses[c];
    shift[c] = d_offset[c] / rows;
    slope[c] = d_scale[c] * inverses[c] / rows;
    factor[c] = FloatsOf(scale)[c] * inverses[c];
  }
  ForEachPiece(shape.count(), [&](size_t part) {
    const size_t start = shape.start(part);
    Propagate(gradients + start, values + start, means, shift.data(), slope.data(), factor.data(), shape.rows_of(part),
              columns, dx + start);
  });
}

}  // namespace

std::string RegisterBatchNorm() {
  const std::string error = Register({"LstmGanBatchNorm",
                                      {"x: float", "scale: float", "offset: float"},
                                      {"y: float", "mean: float", "variance: float", "inverse: float"},
                                      {"epsilon: float"},
                                      UnknownShape,
                                      CreateWithAttributes<Epsilon>,
                                      Forward,
                                      DestroyAttributes<Epsilon>});
  if (!error.empty()) return error;
  return Register({"LstmGanBatchNormGrad",
                   {"dy: float", "x: float", "scale: float", "mean: float", "inverse: float"},
                   {"dx: float", "d_scale: float", "d_offset: float"},
                   {},
                   UnknownShape,
                   CreateNothing,
                   Backward,
                   DestroyNothing});
}

}  // namespace lstm_gan
