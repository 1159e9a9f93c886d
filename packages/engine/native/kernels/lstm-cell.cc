// The cell of an LSTM at one time step, forward and backward, each in one pass. A time step would take forty of
// TensorFlow's operations, and calling each of them takes longer than computing it.
#include <algorithm>

#include "kernels/functions.h"
#include "kernels/kernel.h"

namespace lstm_gan {
namespace {

struct Forward {
  const float *z, *bias, *cell;             // [rows, 4 * units], [4 * units], [rows, units]
  float *gates, *new_cell, *tanh, *hidden;  // gates [rows, 4 * units], the other three [rows, units]
};

template <typename P>
LSTM_GAN_INLINE void RunForward(const Forward& f, size_t rows, size_t units) {
  using Vector = typename P::Vector;
  using On = Functions<P>;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t u = 0; u < units; u += P::kWidth) {
      const size_t count = std::min(P::kWidth, units - u), at = row * units + u;
      Vector gate[4];
      for (size_t k = 0; k < 4; ++k) {
        const size_t column = k * units + u;
        const Vector z = On::Load(f.z + row * 4 * units + column, count) + On::Load(f.bias + column, count);
        gate[k] = k == 2 ? On::Tanh(z) : On::Sigmoid(z);
        On::Store(gate[k], f.gates + row * 4 * units + column, count);
      }
      const Vector cell = gate[1] * On::Load(f.cell + at, count) + RoundedProduct(gate[0], gate[2]);
      const Vector tanh = On::Tanh(cell);
      On::Store(cell, f.new_cell + at, count);
      On::Store(tanh, f.tanh + at, count);
      On::Store(gate[3] * tanh, f.hidden + at, count);
    }
  }
}

struct Backward {
  const float *d_hidden, *d_cell, *gates, *cell, *tanh;  // `cell` is the cell before the time step
  float *dz, *d_previous;                                // [rows, 4 * units], [rows, units]
};

template <typename P>
LSTM_GAN_INLINE void RunBackward(const Backward& b, size_t rows, size_t units) {
  using Vector = typename P::Vector;
  using On = Functions<P>;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t u = 0; u < units; u += P::kWidth) {
      const size_t count = std::min(P::kWidth, units - u), at = row * units + u, gates = row * 4 * units + u;
      const Vector i = On::Load(b.gates + gates, count), f = On::Load(b.gates + gates + units, count);
      const Vector g = On::Load(b.gates + gates + 2 * units, count), o = On::Load(b.gates + gates + 3 * units, count);
      const Vector dh = On::Load(b.d_hidden + at, count), tanh = On::Load(b.tanh + at, count);
      const Vector dc = dh * o * (1.0f - tanh * tanh) + On::Load(b.d_cell + at, count);
      On::Store(dc * g * i * (1.0f - i), b.dz + gates, count);
      On::Store(dc * On::Load(b.cell + at, count) * f * (1.0f - f), b.dz + gates + units, count);
      On::Store(dc * i * (1.0f - g * g), b.dz + gates + 2 * units, count);
      On::Store(dh * tanh * o * (1.0f - o), b.dz + gates + 3 * units, count);
      On::Store(dc * f, b.d_previous + at, count);
    }
  }
}

LSTM_GAN_AVX512 void Forward512(const Forward& f, size_t rows, size_t units) { RunForward<Avx512>(f, rows, units); }
LSTM_GAN_AVX2 void Forward256(const Forward& f, size_t rows, size_t units) { RunForward<Avx2>(f, rows, units); }
void ForwardAny(const Forward& f, size_t rows, size_t units) { RunForward<AnyProcessor>(f, rows, units); }
LSTM_GAN_AVX512 void Backward512(const Backward& b, size_t rows, size_t units) { RunBackward<Avx512>(b, rows, units); }
LSTM_GAN_AVX2 void Backward256(const Backward& b, size_t rows, size_t units) { RunBackward<Avx2>(b, rows, units); }
void BackwardAny(const Backward& b, size_t rows, size_t units) { RunBackward<AnyProcessor>(b, rows, units); }

// Reads the inputs; input i must have counts[i] floats. If an input has another number of floats, fails the call and
// returns false.
bool GetInputs(KernelCall* call, const std::vector<size_t>& counts, std::vector<const float*>* data) {
  for (size_t i = 0; i < counts.size(); ++i) {
    TF_Tensor* tensor = call->Input(static_cast<int>(i));
    if (!call->ok()) return false;
    if (CountOf(tensor) != counts[i]) {
      call->Fail("input " + std::to_string(i) + " of an LSTM's cell has " + std::to_string(CountOf(tensor)) +
                 " values; it takes " + std::to_string(counts[i]));
      return false;
    }
    data->push_back(FloatsOf(tensor));
  }
  return true;
}

// (z [rows, 4 * units], bias [4 * units], cell [rows, units]) to (gates, new cell, tanh of the new cell, hidden)
void ComputeForward(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* cell = call.Input(2);
  if (!call.ok()) return;
  const std::vector<int64_t> shape = ShapeOf(cell);
  if (shape.size() != 2) return call.Fail("an LSTM's cell is [rows, units]");
  const auto rows = static_cast<size_t>(shape[0]), units = static_cast<size_t>(shape[1]);
  std::vector<const float*> in;
  if (!GetInputs(&call, {rows * 4 * units, 4 * units, rows * units}, &in)) return;
  float* out[4];
  for (int i = 0; i < 4; ++i)
    out[i] = static_cast<float*>(call.Output(i, TF_FLOAT, {shape[0], i == 0 ? 4 * shape[1] : shape[1]}));
  if (!call.ok()) return;
  ForProcessor(Forward512, Forward256, ForwardAny)({in[0], in[1], in[2], out[0], out[1], out[2], out[3]}, rows, units);
}

// (dHidden, dCell, gates, previous cell, tanh of the new cell) to (dz, the gradient of the previous cell)
void ComputeBackward(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* d_hidden = call.Input(0);
  if (!call.ok()) return;
  const std::vector<int64_t> shape = ShapeOf(d_hidden);
  if (shape.size() != 2) return call.Fail("an LSTM's hidden state is [rows, units]");
  const auto rows = static_cast<size_t>(shape[0]), units = static_cast<size_t>(shape[1]);
  const size_t count = rows * units;
  std::vector<const float*> in;
  if (!GetInputs(&call, {count, count, 4 * count, count, count}, &in)) return;
  auto* dz = static_cast<float*>(call.Output(0, TF_FLOAT, {shape[0], 4 * shape[1]}));
  auto* d_previous = static_cast<float*>(call.Output(1, TF_FLOAT, shape));
  if (!call.ok()) return;
  ForProcessor(Backward512, Backward256, BackwardAny)({in[0], in[1], in[2], in[3], in[4], dz, d_previous}, rows, units);
}

}  // namespace

std::string RegisterLstmCell() {
  const std::string error = Register({"LstmGanLstmCell",
                                      {"z: float", "bias: float", "cell: float"},
                                      {"gates: float", "new_cell: float", "tanh: float", "hidden: float"},
                                      {},
                                      UnknownShape,
                                      CreateNothing,
                                      ComputeForward,
                                      DestroyNothing});
  if (!error.empty()) return error;
  return Register({"LstmGanLstmCellGrad",
                   {"d_hidden: float", "d_cell: float", "gates: float", "cell: float", "tanh: float"},
                   {"dz: float", "d_previous: float"},
                   {},
                   UnknownShape,
                   CreateNothing,
                   ComputeBackward,
                   DestroyNothing});
}

}  // namespace lstm_gan
