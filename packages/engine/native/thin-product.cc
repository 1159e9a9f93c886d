// Products of a few rows with a large matrix, as an LSTM multiplies at each time step: oneDNN rearranges the matrix for each of
// them, which takes as long as multiplying. Every sum runs over its terms in order, so the bits do not depend on threads.
#include <algorithm>
#include <cstring>
#include <memory>

#include "kernels.h"
#include "parallel.h"

#ifdef __clang__
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast")
#endif

namespace lstm_gan {
namespace {

#define LSTM_GAN_INLINE inline __attribute__((always_inline))

constexpr size_t kLane = 16;   // floats; also the rows at most
constexpr size_t kDepth = 16;  // terms that are added before sums go back to memory

typedef float Lane __attribute__((vector_size(64)));
typedef float LooseLane __attribute__((vector_size(64), aligned(4)));  // that lies anywhere

struct Aligned {
  explicit Aligned(size_t floats) : data(static_cast<float*>(std::aligned_alloc(kAlignment, (floats * 4 + kAlignment - 1) & ~(kAlignment - 1)))) {}
  ~Aligned() { std::free(data); }
  float* const data;
};

// sums[r] += lanes[k] * factors[r][k], term after term; kRows sums at a time, as many as the processor's registers hold.
template <size_t kRows, size_t kTermStride, size_t kRowStride>
LSTM_GAN_INLINE void AddTerms(const float* factors, const float* lanes, size_t stride, float* sums) {
  for (size_t first = 0; first < kLane; first += kRows) {
    Lane sum[kRows];
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) sum[r] = *reinterpret_cast<const Lane*>(sums + (first + r) * kLane);
#pragma GCC unroll 16
    for (size_t k = 0; k < kDepth; ++k) {
      const Lane lane = *reinterpret_cast<const LooseLane*>(lanes + k * stride);
#pragma GCC unroll 16
      for (size_t r = 0; r < kRows; ++r) sum[r] += lane * factors[k * kTermStride + (first + r) * kRowStride];
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) *reinterpret_cast<Lane*>(sums + (first + r) * kLane) = sum[r];
  }
}

struct Product {
  const float* matrix;  // [height, width], row by row
  size_t height, width;
  const float* packed;  // the other factor, term by term, 16 rows side by side
};

// sums[column / 16][row][column % 16] of columns [start, end); packed is [height][16].
template <size_t kRows>
LSTM_GAN_INLINE void MultiplyColumns(const Product& product, size_t start, size_t end, float* sums) {
  for (size_t k = 0; k < product.height; k += kDepth) {
    for (size_t column = start; column < end; column += kLane) {
      AddTerms<kRows, kLane, 1>(product.packed + k * kLane, product.matrix + k * product.width + column, product.width, sums + (column - start) * kLane);
    }
  }
}

// sums[matrix row][row] of matrix rows [start, end); packed is [width][16]. The rows of a matrix lie a power of two apart and
// would push each other out of the nearest cache, so a few terms of 16 rows are copied first.
template <size_t kRows>
LSTM_GAN_INLINE void MultiplyRows(const Product& product, size_t start, size_t end, float* sums) {
  constexpr size_t kTile = 64, kStride = kTile + kLane;
  alignas(64) float tile[kLane * kStride];
  for (size_t first = start; first < end; first += kLane) {
    for (size_t n = 0; n < product.width; n += kTile) {
      const size_t terms = std::min(kTile, product.width - n);
      for (size_t r = 0; r < kLane; ++r) std::copy_n(product.matrix + (first + r) * product.width + n, terms, tile + r * kStride);
      for (size_t k = 0; k < terms; k += kDepth) {
        AddTerms<kRows, 1, kStride>(tile + k, product.packed + (n + k) * kLane, kLane, sums + (first - start) * kLane);
      }
    }
  }
}

__attribute__((target("avx512f"))) void Columns512(const Product& p, size_t start, size_t end, float* sums) { MultiplyColumns<16>(p, start, end, sums); }
__attribute__((target("avx2,fma"))) void Columns256(const Product& p, size_t start, size_t end, float* sums) { MultiplyColumns<4>(p, start, end, sums); }
void ColumnsAny(const Product& p, size_t start, size_t end, float* sums) { MultiplyColumns<2>(p, start, end, sums); }
__attribute__((target("avx512f"))) void Rows512(const Product& p, size_t start, size_t end, float* sums) { MultiplyRows<16>(p, start, end, sums); }
__attribute__((target("avx2,fma"))) void Rows256(const Product& p, size_t start, size_t end, float* sums) { MultiplyRows<4>(p, start, end, sums); }
void RowsAny(const Product& p, size_t start, size_t end, float* sums) { MultiplyRows<2>(p, start, end, sums); }

using Multiply = void (*)(const Product&, size_t, size_t, float*);

Multiply MultiplyFor(bool transposed) {
  if (__builtin_cpu_supports("avx512f")) return transposed ? Rows512 : Columns512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return transposed ? Rows256 : Columns256;
  return transposed ? RowsAny : ColumnsAny;
}

// [rows, terms] -> [terms][16], zeros behind the rows.
void Pack(const float* factor, size_t rows, size_t terms, float* packed) {
  std::fill_n(packed, terms * kLane, 0.0f);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t k = 0; k < terms; ++k) packed[k * kLane + r] = factor[r * terms + k];
  }
}

void* Create(TF_OpKernelConstruction* construction) {
  Status status;
  TF_Bool transposed = 0;
  TF_OpKernelConstruction_GetAttrBool(construction, "transposed", &transposed, status.value);
  if (!status.ok()) TF_OpKernelConstruction_Failure(construction, status.value);
  return new bool(transposed != 0);
}

void Destroy(void* transposed) { delete static_cast<bool*>(transposed); }

// rows [R, terms] times the matrix, or times its transpose: R is 16 at most, and both sides of the matrix are multiples of 16.
void Compute(void* data, TF_OpKernelContext* context) {
  const bool transposed = *static_cast<bool*>(data);
  KernelCall call(context);
  TF_Tensor* factor = call.Input(0);
  TF_Tensor* matrix = call.Input(1);
  if (!call.ok()) return;
  const std::vector<int64_t> factor_shape = ShapeOf(factor), matrix_shape = ShapeOf(matrix);
  if (factor_shape.size() != 2 || matrix_shape.size() != 2 || factor_shape[0] > static_cast<int64_t>(kLane) || matrix_shape[0] % kLane != 0 ||
      matrix_shape[1] % kLane != 0 || factor_shape[1] != matrix_shape[transposed ? 1 : 0]) {
    return call.Fail("a thin product takes at most 16 rows, and a matrix that fits them and whose sides are multiples of 16");
  }
  const auto rows = static_cast<size_t>(factor_shape[0]), terms = static_cast<size_t>(factor_shape[1]);
  const auto columns = static_cast<size_t>(matrix_shape[transposed ? 0 : 1]);
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, {factor_shape[0], static_cast<int64_t>(columns)}));
  if (!call.ok()) return;
  const Aligned packed(terms * kLane);
  Pack(static_cast<const float*>(TF_TensorData(factor)), rows, terms, packed.data);
  const Product product{static_cast<const float*>(TF_TensorData(matrix)), static_cast<size_t>(matrix_shape[0]), static_cast<size_t>(matrix_shape[1]), packed.data};
  const Multiply multiply = MultiplyFor(transposed);
  ForEachRange(columns, kLane, [&](size_t start, size_t end) {
    const Aligned sums((end - start) * kLane);
    std::fill_n(sums.data, (end - start) * kLane, 0.0f);
    multiply(product, start, end, sums.data);
    for (size_t r = 0; r < rows; ++r) {
      for (size_t column = start; column < end; ++column) {
        const size_t i = column - start;
        result[r * columns + column] = transposed ? sums.data[i * kLane + r] : sums.data[i / kLane * kLane * kLane + r * kLane + i % kLane];
      }
    }
  });
}

}  // namespace

std::string RegisterThinProduct() {
  return Register({"LstmGanThinProduct", {"rows: float", "matrix: float"}, {"product: float"}, {"transposed: bool"}, UnknownShape, Create, Compute, Destroy});
}

}  // namespace lstm_gan
