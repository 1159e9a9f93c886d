// Products of a few rows with a large matrix, or with its transpose, for example of an LSTM at each time step. oneDNN
// rearranges the matrix for each product, and this takes as long as multiplying. Every sum adds its terms in order, so
// the bits do not depend on the number of threads.
#include <algorithm>

#include "kernels/kernel.h"
#include "kernels/vectors.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

// The number of terms that are added before sums are written back to memory. The numbers of rows and of columns of a
// matrix are multiples of this number.
constexpr size_t kDepth = 32;

struct Product {
  const float* matrix;  // [terms, columns]; if transposed, [columns, terms]
  size_t terms, columns;
  const float* packed;  // the rows as [terms][16]
};

// Adds factors[k][r] * matrix[k][c] to sums[r][c], for 16 rows r, 16 columns c, and kDepth terms k in order.
template <typename P>
LSTM_GAN_INLINE void AddTerms(const float* factors, const float* matrix, size_t stride, float* sums) {
  for (size_t column = 0; column < kLane; column += P::kWidth) {
    for (size_t first = 0; first < kLane; first += P::kSums) {
      typename P::Vector sum[P::kSums];
#pragma GCC unroll 16
      for (size_t r = 0; r < P::kSums; ++r) sum[r] = *P::At(sums + (first + r) * kLane + column);
#pragma GCC unroll 32
      for (size_t k = 0; k < kDepth; ++k) {
        const typename P::Vector values = *P::AtLoose(matrix + k * stride + column);
#pragma GCC unroll 16
        for (size_t r = 0; r < P::kSums; ++r) sum[r] += values * factors[k * kLane + first + r];
      }
#pragma GCC unroll 16
      for (size_t r = 0; r < P::kSums; ++r) *P::At(sums + (first + r) * kLane + column) = sum[r];
    }
  }
}

// Adds the products for the columns [start, end) to sums[column / 16][row][column % 16].
template <typename P>
LSTM_GAN_INLINE void Multiply(const Product& product, size_t start, size_t end, float* sums) {
  for (size_t k = 0; k < product.terms; k += kDepth) {
    for (size_t column = start; column < end; column += kLane) {
      AddTerms<P>(product.packed + k * kLane, product.matrix + k * product.columns + column, product.columns,
                  sums + (column - start) * kLane);
    }
  }
}

// Writes the products for the columns [start, end) of the transposed matrix to sums[column][row].
template <typename P>
LSTM_GAN_INLINE void MultiplyTransposed(const Product& product, size_t start, size_t end, float* sums) {
  constexpr size_t kVectors = P::kWidth == kLane ? 1 : 2, kColumns = P::kSums / kVectors;
  using Vector = typename P::Vector;
  for (size_t column = start; column < end; column += kColumns) {
    for (size_t row = 0; row < kLane; row += kVectors * P::kWidth) {
      Vector sum[kColumns][kVectors] = {};
      for (size_t k = 0; k < product.terms; k += kDepth) {
        // Copied, because rows at a distance of a multiple of 4 KiB evict each other from the first-level cache.
        alignas(64) float terms[kColumns][kDepth];
#pragma GCC unroll 16
        for (size_t c = 0; c < kColumns; ++c) {
          const float* source = product.matrix + (column + c) * product.terms + k;
#pragma GCC unroll 8
          for (size_t i = 0; i < kDepth; i += P::kWidth) *P::At(terms[c] + i) = *P::AtLoose(source + i);
        }
        for (size_t i = 0; i < kDepth; ++i) {
          const float* factors = product.packed + (k + i) * kLane + row;
#pragma GCC unroll 16
          for (size_t c = 0; c < kColumns; ++c) {
#pragma GCC unroll 2
            for (size_t v = 0; v < kVectors; ++v)
              sum[c][v] += *P::AtLoose(factors + v * P::kWidth) * terms[c][i];
          }
        }
      }
#pragma GCC unroll 16
      for (size_t c = 0; c < kColumns; ++c) {
#pragma GCC unroll 2
        for (size_t v = 0; v < kVectors; ++v)
          *P::At(sums + (column - start + c) * kLane + row + v * P::kWidth) = sum[c][v];
      }
    }
  }
}

LSTM_GAN_AVX512 void Multiply512(const Product& p, size_t start, size_t end, float* sums) {
  Multiply<Avx512>(p, start, end, sums);
}
LSTM_GAN_AVX2 void Multiply256(const Product& p, size_t start, size_t end, float* sums) {
  Multiply<Avx2>(p, start, end, sums);
}
void MultiplyAny(const Product& p, size_t start, size_t end, float* sums) {
  Multiply<AnyProcessor>(p, start, end, sums);
}
LSTM_GAN_AVX512 void Transposed512(const Product& p, size_t start, size_t end, float* sums) {
  MultiplyTransposed<Avx512>(p, start, end, sums);
}
LSTM_GAN_AVX2 void Transposed256(const Product& p, size_t start, size_t end, float* sums) {
  MultiplyTransposed<Avx2>(p, start, end, sums);
}
void TransposedAny(const Product& p, size_t start, size_t end, float* sums) {
  MultiplyTransposed<AnyProcessor>(p, start, end, sums);
}

// Packs [rows, terms] to [terms][16], with zeros for the missing rows.
void Pack(const float* factor, size_t rows, size_t terms, float* packed) {
  std::fill_n(packed, terms * kLane, 0.0f);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t k = 0; k < terms; ++k) packed[k * kLane + r] = factor[r * terms + k];
  }
}

struct Attributes {
  explicit Attributes(AttributeReader* reader) : is_transposed(reader->Bool("transposed")) {}
  const bool is_transposed;
};

// rows [R, K] times matrix [K, N], or times the transpose of a matrix [N, K]. R is at most 16; K and N are multiples
// of 32.
void Compute(void* attributes, TF_OpKernelContext* context) {
  const bool is_transposed = static_cast<const Attributes*>(attributes)->is_transposed;
  KernelCall call(context);
  TF_Tensor* factor = call.Input(0);
  TF_Tensor* matrix = call.Input(1);
  if (!call.ok()) return;
  const std::vector<int64_t> factor_shape = ShapeOf(factor), matrix_shape = ShapeOf(matrix);
  if (factor_shape.size() != 2 || matrix_shape.size() != 2 || factor_shape[0] > static_cast<int64_t>(kLane) ||
      matrix_shape[0] % kDepth != 0 || matrix_shape[1] % kDepth != 0 ||
      factor_shape[1] != matrix_shape[is_transposed]) {
    return call.Fail(
        "a thin product takes at most 16 rows, and a matrix that fits them and whose sides are multiples of 32");
  }
  const auto rows = static_cast<size_t>(factor_shape[0]), terms = static_cast<size_t>(factor_shape[1]);
  const auto columns = static_cast<size_t>(matrix_shape[!is_transposed]);
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, {factor_shape[0], static_cast<int64_t>(columns)}));
  if (!call.ok()) return;
  const Aligned packed(terms * kLane);
  Pack(FloatsOf(factor), rows, terms, packed.data);
  const Product product{FloatsOf(matrix), terms, columns, packed.data};
  const auto multiply = is_transposed ? ForProcessor(Transposed512, Transposed256, TransposedAny)
                                      : ForProcessor(Multiply512, Multiply256, MultiplyAny);
  ForEachRange(columns, kLane, [&](size_t start, size_t end) {
    const Aligned sums((end - start) * kLane);
    std::fill_n(sums.data, (end - start) * kLane, 0.0f);
    multiply(product, start, end, sums.data);
    for (size_t column = start; column < end; column += kLane) {
      const float* block = sums.data + (column - start) * kLane;
      for (size_t r = 0; r < rows; ++r) {
        for (size_t c = 0; c < kLane; ++c)
          result[r * columns + column + c] = is_transposed ? block[c * kLane + r] : block[r * kLane + c];
      }
    }
  });
}

}  // namespace

std::string RegisterThinProduct() {
  return Register({"LstmGanThinProduct",
                   {"rows: float", "matrix: float"},
                   {"product: float"},
                   {"transposed: bool"},
                   UnknownShape,
                   CreateWithAttributes<Attributes>,
                   Compute,
                   DestroyAttributes<Attributes>});
}

}  // namespace lstm_gan
