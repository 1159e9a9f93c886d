// What an LSTM does with its gates at one time step, forwards and backwards, in one pass each: of TensorFlow's small operations a
// step has forty, each of which costs more to call than to compute.
#include <algorithm>
#include <cstring>

#include "kernels.h"
#include "vectors.h"

namespace lstm_gan {
namespace {

typedef int32_t Integers __attribute__((vector_size(64)));

LSTM_GAN_INLINE Lane Select(Integers condition, Lane yes, Lane no) {
  return reinterpret_cast<Lane>((condition & reinterpret_cast<Integers>(yes)) | (~condition & reinterpret_cast<Integers>(no)));
}

LSTM_GAN_INLINE Lane Clamp(Lane x, float limit) {
  const Lane least = Lane{} - limit, most = Lane{} + limit;
  x = Select(x < least, least, x);
  return Select(x > most, most, x);
}

// e^x for |x| <= 87, to 2 units in the last place: 2^n e^r, |r| <= ln(2) / 2 (Cephes expf; Moshier, 1989).
LSTM_GAN_INLINE Lane Exp(Lane x) {
  const Lane scaled = x * 1.44269504088896341f;
  const Integers n = __builtin_convertvector(scaled + Select(scaled < 0, Lane{} - 0.5f, Lane{} + 0.5f), Integers);
  const Lane whole = __builtin_convertvector(n, Lane);
  const Lane r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  Lane p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return (p * r * r + r + 1.0f) * reinterpret_cast<Lane>((n + 127) << 23);
}

LSTM_GAN_INLINE Lane Sigmoid(Lane x) { return 1.0f / (1.0f + Exp(-Clamp(x, 87.0f))); }

// 1 - 2 / (e^2x + 1); near 0, where that would cancel, x + x^3 P(x^2) (Cephes tanhf).
LSTM_GAN_INLINE Lane Tanh(Lane x) {
  const Lane large = 1.0f - 2.0f / (Exp(2.0f * Clamp(x, 20.0f)) + 1.0f);
  const Lane s = x * x;
  Lane p = s * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * s + -5.37397155531e-2f;
  p = p * s + 1.33314422036e-1f;
  p = p * s + -3.33332819422e-1f;
  const Lane small = p * s * x + x;
  return Select(s < 0.390625f, small, large);  // |x| < 0.625
}

// Up to 16 floats, and zeros behind them.
LSTM_GAN_INLINE Lane Load(const float* values, size_t count) {
  if (count == kLane) return *reinterpret_cast<const LooseLane*>(values);
  alignas(64) float some[kLane] = {};
  std::copy_n(values, count, some);
  return *reinterpret_cast<const Lane*>(some);
}

LSTM_GAN_INLINE void Store(Lane lane, float* values, size_t count) {
  if (count == kLane) {
    *reinterpret_cast<LooseLane*>(values) = lane;
  } else {
    std::copy_n(reinterpret_cast<const float*>(&lane), count, values);
  }
}

struct Forward {
  const float *z, *bias, *cell;             // [rows, 4 units], [4 units], [rows, units]
  float *gates, *new_cell, *tanh, *hidden;  // [rows, 4 units], then [rows, units] each
};

LSTM_GAN_INLINE void RunForward(const Forward& f, size_t rows, size_t units) {
  for (size_t row = 0; row < rows; ++row) {
    for (size_t u = 0; u < units; u += kLane) {
      const size_t count = std::min(kLane, units - u), at = row * units + u;
      Lane gate[4];
      for (size_t k = 0; k < 4; ++k) {
        const size_t column = k * units + u;
        const Lane z = Load(f.z + row * 4 * units + column, count) + Load(f.bias + column, count);
        gate[k] = k == 2 ? Tanh(z) : Sigmoid(z);
        Store(gate[k], f.gates + row * 4 * units + column, count);
      }
      const Lane cell = gate[1] * Load(f.cell + at, count) + gate[0] * gate[2], tanh = Tanh(cell);
      Store(cell, f.new_cell + at, count);
      Store(tanh, f.tanh + at, count);
      Store(gate[3] * tanh, f.hidden + at, count);
    }
  }
}

struct Backward {
  const float *d_hidden, *d_cell, *gates, *cell, *tanh;  // `cell` is the one before the step
  float *dz, *d_previous;                                // [rows, 4 units], [rows, units]
};

LSTM_GAN_INLINE void RunBackward(const Backward& b, size_t rows, size_t units) {
  for (size_t row = 0; row < rows; ++row) {
    for (size_t u = 0; u < units; u += kLane) {
      const size_t count = std::min(kLane, units - u), at = row * units + u, gates = row * 4 * units + u;
      const Lane i = Load(b.gates + gates, count), f = Load(b.gates + gates + units, count);
      const Lane g = Load(b.gates + gates + 2 * units, count), o = Load(b.gates + gates + 3 * units, count);
      const Lane dh = Load(b.d_hidden + at, count), tanh = Load(b.tanh + at, count);
      const Lane dc = dh * o * (1.0f - tanh * tanh) + Load(b.d_cell + at, count);
      Store(dc * g * i * (1.0f - i), b.dz + gates, count);
      Store(dc * Load(b.cell + at, count) * f * (1.0f - f), b.dz + gates + units, count);
      Store(dc * i * (1.0f - g * g), b.dz + gates + 2 * units, count);
      Store(dh * tanh * o * (1.0f - o), b.dz + gates + 3 * units, count);
      Store(dc * f, b.d_previous + at, count);
    }
  }
}

LSTM_GAN_AVX512 void Forward512(const Forward& f, size_t rows, size_t units) { RunForward(f, rows, units); }
LSTM_GAN_AVX2 void Forward256(const Forward& f, size_t rows, size_t units) { RunForward(f, rows, units); }
void ForwardAny(const Forward& f, size_t rows, size_t units) { RunForward(f, rows, units); }
LSTM_GAN_AVX512 void Backward512(const Backward& b, size_t rows, size_t units) { RunBackward(b, rows, units); }
LSTM_GAN_AVX2 void Backward256(const Backward& b, size_t rows, size_t units) { RunBackward(b, rows, units); }
void BackwardAny(const Backward& b, size_t rows, size_t units) { RunBackward(b, rows, units); }

// The inputs' data, each with as many floats as it must have; false, and told to TensorFlow, otherwise.
bool Inputs(KernelCall* call, const std::vector<size_t>& counts, std::vector<const float*>* data) {
  for (size_t i = 0; i < counts.size(); ++i) {
    TF_Tensor* tensor = call->Input(static_cast<int>(i));
    if (!call->ok()) return false;
    if (CountOf(tensor) != counts[i]) {
      call->Fail("input " + std::to_string(i) + " of an LSTM's cell has " + std::to_string(CountOf(tensor)) + " values; it takes " + std::to_string(counts[i]));
      return false;
    }
    data->push_back(static_cast<const float*>(TF_TensorData(tensor)));
  }
  return true;
}

// (z [rows, 4 units], bias [4 units], cell [rows, units]) to (gates, cell, tanh of the cell, hidden)
void ComputeForward(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* cell = call.Input(2);
  if (!call.ok()) return;
  const std::vector<int64_t> shape = ShapeOf(cell);
  if (shape.size() != 2) return call.Fail("an LSTM's cell is [rows, units]");
  const auto rows = static_cast<size_t>(shape[0]), units = static_cast<size_t>(shape[1]);
  std::vector<const float*> in;
  if (!Inputs(&call, {rows * 4 * units, 4 * units, rows * units}, &in)) return;
  float* out[4];
  for (int i = 0; i < 4; ++i) out[i] = static_cast<float*>(call.Output(i, TF_FLOAT, {shape[0], i == 0 ? 4 * shape[1] : shape[1]}));
  if (!call.ok()) return;
  ForProcessor(Forward512, Forward256, ForwardAny)({in[0], in[1], in[2], out[0], out[1], out[2], out[3]}, rows, units);
}

// (dHidden, dCell, gates, the cell before, tanh of the cell) to (dz, the gradient of the cell before)
void ComputeBackward(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* d_hidden = call.Input(0);
  if (!call.ok()) return;
  const std::vector<int64_t> shape = ShapeOf(d_hidden);
  if (shape.size() != 2) return call.Fail("an LSTM's hidden state is [rows, units]");
  const auto rows = static_cast<size_t>(shape[0]), units = static_cast<size_t>(shape[1]);
  const size_t count = rows * units;
  std::vector<const float*> in;
  if (!Inputs(&call, {count, count, 4 * count, count, count}, &in)) return;
  auto* dz = static_cast<float*>(call.Output(0, TF_FLOAT, {shape[0], 4 * shape[1]}));
  auto* d_previous = static_cast<float*>(call.Output(1, TF_FLOAT, shape));
  if (!call.ok()) return;
  ForProcessor(Backward512, Backward256, BackwardAny)({in[0], in[1], in[2], in[3], in[4], dz, d_previous}, rows, units);
}

}  // namespace

std::string RegisterLstmCell() {
  const std::string error = Register({"LstmGanLstmCell", {"z: float", "bias: float", "cell: float"}, {"gates: float", "new_cell: float", "tanh: float", "hidden: float"},
                                      {}, UnknownShape, CreateNothing, ComputeForward, DestroyNothing});
  if (!error.empty()) return error;
  return Register({"LstmGanLstmCellGrad", {"d_hidden: float", "d_cell: float", "gates: float", "cell: float", "tanh: float"}, {"dz: float", "d_previous: float"},
                   {}, UnknownShape, CreateNothing, ComputeBackward, DestroyNothing});
}

}  // namespace lstm_gan
