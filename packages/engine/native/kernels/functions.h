// Functions of vectors, for one kind of processor. The libraries' functions are not used: their bits depend on the
// processor and on the library's version.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/vectors.h"

namespace lstm_gan {

template <typename P>
struct Functions {
  using Vector = typename P::Vector;
  typedef int32_t Integers __attribute__((vector_size(P::kWidth * 4)));

  static LSTM_GAN_INLINE Vector Select(const Integers& condition, const Vector& yes, const Vector& no) {
    return reinterpret_cast<Vector>((condition & reinterpret_cast<Integers>(yes)) |
                                    (~condition & reinterpret_cast<Integers>(no)));
  }

  static LSTM_GAN_INLINE Vector Clamp(const Vector& value, float limit) {
    const Vector least = Vector{} - limit, most = Vector{} + limit;
    const Vector x = Select(value < least, least, value);
    return Select(x > most, most, x);
  }

  // Some sums below add a product that is exact: with a power of two, or of two numbers with few digits. Its bits are
  // the same whether the compiler contracts it or not. e^x for |x| <= 87, to 2 units in the last place: 2^n e^r, |r| <=
  // ln(2) / 2 (Cephes expf; Moshier, 1989).
  static LSTM_GAN_INLINE Vector Exp(const Vector& x) {
    const Vector scaled = RoundedProduct(x, Vector{} + 1.44269504088896341f);
    const Integers n = __builtin_convertvector(scaled + Select(scaled < 0, Vector{} - 0.5f, Vector{} + 0.5f), Integers);
    const Vector whole = __builtin_convertvector(n, Vector);
    const Vector r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    Vector p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return (p * r * r + r + 1.0f) * reinterpret_cast<Vector>((n + 127) << 23);
  }

  static LSTM_GAN_INLINE Vector Sigmoid(const Vector& x) { return 1.0f / (1.0f + Exp(-Clamp(x, 87.0f))); }

  // ln(1 + y) for y in [0, 1]: 2 artanh s, s = y / (2 + y), as a series.
  static LSTM_GAN_INLINE Vector Log1p(const Vector& y) {
    const Vector s = y / (2.0f + y), square = s * s;
    Vector p = square * (1.0f / 15) + 1.0f / 13;
    p = p * square + 1.0f / 11;
    p = p * square + 1.0f / 9;
    p = p * square + 1.0f / 7;
    p = p * square + 1.0f / 5;
    p = p * square + 1.0f / 3;
    return 2.0f * (p * square * s + s);
  }

  // ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|)
  static LSTM_GAN_INLINE Vector Softplus(const Vector& x) {
    return Select(x > 0, x, Vector{}) + Log1p(Exp(Clamp(Select(x > 0, -x, x), 87.0f)));
  }

  // 1 - 2 / (e^2x + 1). Near 0 this difference would lose digits; there the result is x + x^3 P(x^2) (Cephes tanhf).
  static LSTM_GAN_INLINE Vector Tanh(const Vector& x) {
    const Vector large = 1.0f - 2.0f / (Exp(2.0f * Clamp(x, 20.0f)) + 1.0f);
    const Vector s = x * x;
    Vector p = s * -5.70498872745e-3f + 2.06390887954e-2f;
    p = p * s + -5.37397155531e-2f;
    p = p * s + 1.33314422036e-1f;
    p = p * s + -3.33332819422e-1f;
    const Vector small = p * s * x + x;
    return Select(s < 0.390625f, small, large);  // |x| < 0.625
  }

  // Loads `count` floats into a vector. If the vector holds more, its other floats are zero.
  static LSTM_GAN_INLINE Vector Load(const float* values, size_t count) {
    if (count == P::kWidth) return *P::AtLoose(values);
    alignas(64) float some[P::kWidth] = {};
    std::copy_n(values, count, some);
    return *P::At(some);
  }

  static LSTM_GAN_INLINE void Store(const Vector& vector, float* values, size_t count) {
    if (count == P::kWidth) {
      *P::AtLoose(values) = vector;
    } else {
      std::copy_n(reinterpret_cast<const float*>(&vector), count, values);
    }
  }
};

}  // namespace lstm_gan
