// Sums and means over the first axes of a tensor. The tensor is read as a matrix [rows, columns], and its rows are
// added (row-parts.h).
#include <vector>

#include "arithmetic/clones.h"
#include "kernels/kernel.h"
#include "kernels/row-parts.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

// sums[c] = values[0][c] + values[1][c] + ... of a matrix [rows, columns]. The first row is copied, because adding it
// to zero would turn -0 into 0.
LSTM_GAN_CLONES void SumRows(const float* values, size_t rows, size_t columns, float* sums) {
  for (size_t c = 0; c < columns; ++c) sums[c] = values[c];
  for (size_t row = 1; row < rows; ++row) {
    const float* source = values + row * columns;
#pragma GCC ivdep
    for (size_t c = 0; c < columns; ++c) sums[c] += source[c];
  }
}

struct Attributes {
  explicit Attributes(AttributeReader* reader)
      : axes(reader->Int("axes")), keep_dims(reader->Bool("keep_dims")), is_mean(reader->Bool("is_mean")) {
    if (axes < 0) reader->Fail("a sum over the first axes has a number of axes that is not negative");
  }
  const int64_t axes;
  const bool keep_dims, is_mean;
};

void Compute(void* data, TF_OpKernelContext* context) {
  const auto& attributes = *static_cast<const Attributes*>(data);
  KernelCall call(context);
  TF_Tensor* input = call.Input(0);
  if (!call.ok()) return;
  const std::vector<int64_t> shape = ShapeOf(input);
  if (static_cast<size_t>(attributes.axes) > shape.size() || CountOf(input) == 0)
    return call.Fail("a sum takes a tensor that has its axes and is not empty");
  const auto rest = shape.begin() + attributes.axes;
  std::vector<int64_t> left(attributes.keep_dims ? attributes.axes : 0, 1);
  left.insert(left.end(), rest, shape.end());
  size_t columns = 1;
  for (auto length = rest; length != shape.end(); ++length) columns *= static_cast<size_t>(*length);
  const RowParts parts{CountOf(input) / columns, columns};
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, left));
  if (!call.ok()) return;
  const float* values = FloatsOf(input);
  std::vector<float> sums(parts.count() * columns);
  ForEachPiece(parts.count(), [&](size_t part) {
    SumRows(values + parts.start(part), parts.rows_of(part), columns, sums.data() + part * columns);
  });
  SumRows(sums.data(), parts.count(), columns, result);
  if (attributes.is_mean)
    for (size_t c = 0; c < columns; ++c) result[c] /= static_cast<float>(parts.rows);
}

}  // namespace

std::string RegisterSums() {
  return Register({"LstmGanSum",
                   {"values: float"},
                   {"sums: float"},
                   {"axes: int", "keep_dims: bool", "is_mean: bool"},
                   UnknownShape,
                   CreateWithAttributes<Attributes>,
                   Compute,
                   DestroyAttributes<Attributes>});
}

}  // namespace lstm_gan
