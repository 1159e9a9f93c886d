// Matrix products, for example of an LSTM for all time steps at once. TensorFlow's own products (oneDNN) reach only 100
// to 200 of the measured processor's 230 GFLOP/s, and the bits of their results depend on the number of threads and on
// the width of the processor's vectors. In the products of this file every sum adds its terms in order, so all
// processors with fused multiply-add give the same bits with any number of threads.
#include "kernels/mat-mul.h"

#include <algorithm>

#include "kernels/kernel.h"
#include "kernels/products.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

struct Work {
  Matrix a, b;
  size_t rows, terms, columns;
  float* packed;  // the matrix a as [strips][terms][kStrip]; rows that are missing in the last strip are zeros
  float* result;
};

void PackStrips(const Work& work, size_t start, size_t end) {
  for (size_t row = start; row < end; row += kStrip) {
    float* strip = work.packed + row * work.terms;
    const size_t rows = std::min(kStrip, work.rows - row);
    for (size_t k = 0; k < work.terms; ++k) {
      const float* source = work.a.At(row, k);
      for (size_t r = 0; r < rows; ++r) strip[k * kStrip + r] = source[r * work.a.row_stride];
      for (size_t r = rows; r < kStrip; ++r) strip[k * kStrip + r] = 0;
    }
  }
}

// Copies `columns` columns (at most kPanel) of the matrix into a panel [terms][kPanel], beginning with the column
// `column`. Missing columns become zeros. If the matrix is transposed, its columns are contiguous, and 16 terms of a
// column are copied at a time.
void PackPanel(const Matrix& b, size_t terms, size_t column, size_t columns, float* panel) {
  if (columns < kPanel) std::fill_n(panel, terms * kPanel, 0.0f);
  if (b.column_stride == 1) {
    for (size_t k = 0; k < terms; ++k) std::copy_n(b.At(k, column), columns, panel + k * kPanel);
  } else {
    for (size_t k = 0; k < terms; k += kLane) {
      for (size_t c = 0; c < columns; ++c) {
        const float* source = b.At(k, column + c);
        for (size_t i = 0; i < std::min(kLane, terms - k); ++i) panel[(k + i) * kPanel + c] = source[i * b.row_stride];
      }
    }
  }
}

// The next multiple of kPanel.
size_t WholePanels(size_t columns) { return (columns + kPanel - 1) / kPanel * kPanel; }

template <typename P>
LSTM_GAN_INLINE void WriteSums(const Work& work, const float (*sums)[kPanel], size_t row, size_t column) {
  const size_t rows = std::min(kStrip, work.rows - row), columns = std::min(kPanel, work.columns - column);
  for (size_t r = 0; r < rows; ++r) {
    float* target = work.result + (row + r) * work.columns + column;
    if (columns < kPanel) {
      std::copy_n(sums[r], columns, target);
    } else {
      for (size_t i = 0; i < kPanel; i += P::kWidth) *P::AtLoose(target + i) = *P::AtLoose(sums[r] + i);
    }
  }
}

template <typename P>
LSTM_GAN_INLINE void MultiplyBlock(const Work& work, size_t start, size_t end) {
  const Aligned panels(WholePanels(end - start) * work.terms);
  for (size_t column = start; column < end; column += kPanel)
    PackPanel(work.b, work.terms, column, std::min(kPanel, end - column),
              panels.data + (column - start) * work.terms);
  alignas(64) float sums[kStrip][kPanel];
  for (size_t row = 0; row < work.rows; row += kStrip) {
    for (size_t column = start; column < end; column += kPanel) {
      Multiply<P>(work.packed + row * work.terms, 1, kStrip, panels.data + (column - start) * work.terms, kPanel,
                  work.terms, std::min(kStrip, work.rows - row), sums);
      WriteSums<P>(work, sums, row, column);
    }
  }
}

LSTM_GAN_AVX512 void Multiply512(const Work& work, size_t start, size_t end) {
  MultiplyBlock<Avx512>(work, start, end);
}
LSTM_GAN_AVX2 void Multiply256(const Work& work, size_t start, size_t end) { MultiplyBlock<Avx2>(work, start, end); }
void MultiplyAny(const Work& work, size_t start, size_t end) { MultiplyBlock<AnyProcessor>(work, start, end); }

// The number of columns of a block, which one thread multiplies at a time. A large block is faster, because it writes
// more adjacent results. But a block has at most a thread's share of the columns, and its panels must stay in the
// cache.
size_t BlockOf(const Work& work) {
  constexpr size_t kFloats = 1 << 18;
  const size_t share = (WholePanels(work.columns) / kPanel + PieceThreads() - 1) / PieceThreads();
  return std::max<size_t>(1, std::min(share, kFloats / work.terms / kPanel)) * kPanel;
}

struct Attributes {
  explicit Attributes(AttributeReader* reader)
      : transpose_a(reader->Bool("transpose_a")), transpose_b(reader->Bool("transpose_b")) {}
  const bool transpose_a, transpose_b;
};

// The matrix of a tensor of rank two, or its transpose.
Matrix MatrixOf(const TF_Tensor* tensor, bool is_transposed) {
  const auto stride = static_cast<size_t>(TF_Dim(tensor, 1));
  const float* data = FloatsOf(tensor);
  return is_transposed ? Matrix{data, 1, stride} : Matrix{data, stride, 1};
}

void Compute(void* data, TF_OpKernelContext* context) {
  const auto& [transpose_a, transpose_b] = *static_cast<const Attributes*>(data);
  KernelCall call(context);
  TF_Tensor* a = call.Input(0);
  TF_Tensor* b = call.Input(1);
  if (!call.ok()) return;
  const bool are_matrices = TF_NumDims(a) == 2 && TF_NumDims(b) == 2;
  const int64_t rows = are_matrices ? TF_Dim(a, transpose_a) : 0, terms = are_matrices ? TF_Dim(a, !transpose_a) : 0;
  const int64_t columns = are_matrices ? TF_Dim(b, !transpose_b) : 0;
  if (!are_matrices || rows < 1 || terms < 1 || columns < 1 || terms != TF_Dim(b, transpose_b))
    return call.Fail("a matrix product takes two matrices that are not empty and fit each other");
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, {rows, columns}));
  if (!call.ok()) return;
  const auto size = [](int64_t length) { return static_cast<size_t>(length); };
  MultiplyMatrices(MatrixOf(a, transpose_a), MatrixOf(b, transpose_b), size(rows), size(terms), size(columns), result);
}

}  // namespace

void MultiplyMatrices(const Matrix& a, const Matrix& b, size_t rows, size_t terms, size_t columns, float* result) {
  const Aligned packed(WholeStrips(rows) * terms);
  const Work work{a, b, rows, terms, columns, packed.data, result};
  ForEachRange(work.rows, kStrip, [&](size_t start, size_t end) { PackStrips(work, start, end); });
  const auto multiply = ForProcessor(Multiply512, Multiply256, MultiplyAny);
  const size_t block = BlockOf(work), blocks = (work.columns + block - 1) / block;
  ForEachPiece(blocks, [&](size_t i) { multiply(work, i * block, std::min(work.columns, (i + 1) * block)); });
}

std::string RegisterMatMul() {
  return Register({"LstmGanMatMul",
                   {"a: float", "b: float"},
                   {"product: float"},
                   {"transpose_a: bool", "transpose_b: bool"},
                   UnknownShape,
                   CreateWithAttributes<Attributes>,
                   Compute,
                   DestroyAttributes<Attributes>});
}

}  // namespace lstm_gan
