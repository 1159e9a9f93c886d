// The sum of each column of a matrix: the gradient of a bias. TensorFlow cuts the rows into as many parts as it has
// threads. Here a part always has 256 rows. The rows of a part are added in order, then the parts in order. So the bits
// depend neither on the number of threads nor on the width of the processor's vectors.
#include <algorithm>
#include <vector>

#include "arithmetic/clones.h"
#include "kernels/kernel.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

constexpr size_t kRowsOfPart = 256;

// sums[c] = values[0][c] + values[1][c] + ... of a matrix [rows, columns]. The first row is copied, because adding it
// to zero would turn -0 into 0.
LSTM_GAN_CLONES void SumRows(const float* values, size_t rows, size_t columns, float* sums) {
  std::copy_n(values, columns, sums);
  for (size_t row = 1; row < rows; ++row) {
    const float* source = values + row * columns;
#pragma GCC ivdep
    for (size_t c = 0; c < columns; ++c) sums[c] += source[c];
  }
}

void Compute(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* input = call.Input(0);
  if (!call.ok()) return;
  const std::vector<int64_t> shape = ShapeOf(input);
  if (shape.empty() || CountOf(input) == 0) return call.Fail("column sums take a tensor of rank 1 or more, not empty");
  const auto columns = static_cast<size_t>(shape.back());
  const size_t rows = CountOf(input) / columns, parts = (rows + kRowsOfPart - 1) / kRowsOfPart;
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, {shape.back()}));
  if (!call.ok()) return;
  const float* values = FloatsOf(input);
  std::vector<float> sums(parts * columns);
  ForEachPiece(parts, [&](size_t part) {
    const size_t row = part * kRowsOfPart;
    SumRows(values + row * columns, std::min(kRowsOfPart, rows - row), columns, sums.data() + part * columns);
  });
  SumRows(sums.data(), parts, columns, result);
}

}  // namespace

std::string RegisterColumnSums() {
  return Register({"LstmGanColumnSums",
                   {"values: float"},
                   {"sums: float"},
                   {},
                   UnknownShape,
                   CreateNothing,
                   Compute,
                   DestroyNothing});
}

}  // namespace lstm_gan
