// Products of a few rows with a large matrix, as an LSTM multiplies at each time step: oneDNN rearranges the matrix for each of
// them, which takes as long as multiplying. Every sum runs over its terms in order, so the bits do not depend on threads.
#include <algorithm>

#include "kernels.h"
#include "parallel.h"
#include "vectors.h"

namespace lstm_gan {
namespace {

constexpr size_t kDepth = 16;  // terms that are added before sums go back to memory

// sums[r] += lanes[k] * factors[k][r] for 16 rows, term after term; kRows at a time, as many as the processor's registers hold.
template <size_t kRows>
LSTM_GAN_INLINE void AddTerms(const float* factors, const float* lanes, size_t stride, float* sums) {
  for (size_t first = 0; first < kLane; first += kRows) {
    Lane sum[kRows];
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) sum[r] = *reinterpret_cast<const Lane*>(sums + (first + r) * kLane);
#pragma GCC unroll 16
    for (size_t k = 0; k < kDepth; ++k) {
      const Lane lane = *reinterpret_cast<const LooseLane*>(lanes + k * stride);
#pragma GCC unroll 16
      for (size_t r = 0; r < kRows; ++r) sum[r] += lane * factors[k * kLane + first + r];
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) *reinterpret_cast<Lane*>(sums + (first + r) * kLane) = sum[r];
  }
}

struct Product {
  const float* matrix;  // [terms, columns]
  size_t terms, columns;
  const float* packed;  // the rows as [terms][16]
};

// sums[column / 16][row][column % 16] of columns [start, end).
template <size_t kRows>
LSTM_GAN_INLINE void MultiplyColumns(const Product& product, size_t start, size_t end, float* sums) {
  for (size_t k = 0; k < product.terms; k += kDepth) {
    for (size_t column = start; column < end; column += kLane) {
      AddTerms<kRows>(product.packed + k * kLane, product.matrix + k * product.columns + column, product.columns, sums + (column - start) * kLane);
    }
  }
}

LSTM_GAN_AVX512 void Columns512(const Product& p, size_t start, size_t end, float* sums) { MultiplyColumns<16>(p, start, end, sums); }
LSTM_GAN_AVX2 void Columns256(const Product& p, size_t start, size_t end, float* sums) { MultiplyColumns<4>(p, start, end, sums); }
void ColumnsAny(const Product& p, size_t start, size_t end, float* sums) { MultiplyColumns<2>(p, start, end, sums); }

// [rows, terms] -> [terms][16], zeros behind the rows.
void Pack(const float* factor, size_t rows, size_t terms, float* packed) {
  std::fill_n(packed, terms * kLane, 0.0f);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t k = 0; k < terms; ++k) packed[k * kLane + r] = factor[r * terms + k];
  }
}

// rows [R, K] times matrix [K, N]: R is 16 at most, K and N are multiples of 16.
void Compute(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* factor = call.Input(0);
  TF_Tensor* matrix = call.Input(1);
  if (!call.ok()) return;
  const std::vector<int64_t> factor_shape = ShapeOf(factor), matrix_shape = ShapeOf(matrix);
  if (factor_shape.size() != 2 || matrix_shape.size() != 2 || factor_shape[0] > static_cast<int64_t>(kLane) || matrix_shape[0] % kLane != 0 ||
      matrix_shape[1] % kLane != 0 || factor_shape[1] != matrix_shape[0]) {
    return call.Fail("a thin product takes at most 16 rows, and a matrix that fits them and whose sides are multiples of 16");
  }
  const auto rows = static_cast<size_t>(factor_shape[0]), terms = static_cast<size_t>(factor_shape[1]);
  const auto columns = static_cast<size_t>(matrix_shape[1]);
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, {factor_shape[0], static_cast<int64_t>(columns)}));
  if (!call.ok()) return;
  const Aligned packed(terms * kLane);
  Pack(static_cast<const float*>(TF_TensorData(factor)), rows, terms, packed.data);
  const Product product{static_cast<const float*>(TF_TensorData(matrix)), terms, columns, packed.data};
  const auto multiply = ForProcessor(Columns512, Columns256, ColumnsAny);
  ForEachRange(columns, kLane, [&](size_t start, size_t end) {
    const Aligned sums((end - start) * kLane);
    std::fill_n(sums.data, (end - start) * kLane, 0.0f);
    multiply(product, start, end, sums.data);
    for (size_t column = start; column < end; column += kLane) {
      for (size_t r = 0; r < rows; ++r) std::copy_n(sums.data + (column - start + r) * kLane, kLane, result + r * columns + column);
    }
  });
}

}  // namespace

std::string RegisterThinProduct() {
  return Register({"LstmGanThinProduct", {"rows: float", "matrix: float"}, {"product: float"}, {}, UnknownShape, CreateNothing, Compute, DestroyNothing});
}

}  // namespace lstm_gan
