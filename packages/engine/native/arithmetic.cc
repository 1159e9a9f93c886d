// Arithmetic on weights, equal bit for bit to core's TypeScript (which explains it): float64 arithmetic in the same order,
// stored as float32, never contracted. Compiled for several processors; IEEE arithmetic is the same on all, and so it is
// however a vector is cut among threads.
#include <algorithm>
#include <thread>

#include "addon.h"

namespace lstm_gan {
namespace {

#define LSTM_GAN_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))

// Calls body(start, end) for pieces of [0, size), one a thread. Fewer than 64 Ki floats are not worth a thread.
template <typename Body>
void ForPieces(size_t size, uint32_t threads, const Body& body) {
  const size_t count = std::max<size_t>(1, std::min<size_t>(threads, size >> 16));
  const size_t piece = (size / count + 15) & ~size_t{15};
  std::vector<std::thread> others;
  for (size_t i = 1; i < count; ++i) others.emplace_back(body, std::min(size, i * piece), i + 1 == count ? size : std::min(size, (i + 1) * piece));
  body(0, count == 1 ? size : std::min(size, piece));
  for (std::thread& other : others) other.join();
}

struct AdamArrays {
  const float *gradient, *weights, *first, *second;
  float *new_weights, *new_first, *new_second;
};

struct AdamNumbers {
  double divisor, rate, beta1, beta2, epsilon, correction1, correction2;
};

LSTM_GAN_CLONES void Adam(const AdamArrays& arrays, const AdamNumbers& numbers, size_t start, size_t end) {
  const auto [gradient, weights, first, second, new_weights, new_first, new_second] = arrays;
  const auto [divisor, rate, beta1, beta2, epsilon, correction1, correction2] = numbers;
  const double rest1 = 1 - beta1, rest2 = 1 - beta2;
#pragma GCC ivdep
  for (size_t i = start; i < end; ++i) {
    const double g = static_cast<float>(gradient[i] / divisor);
    const double m = beta1 * first[i] + rest1 * g;
    const double v = beta2 * second[i] + rest2 * g * g;
    new_first[i] = static_cast<float>(m);
    new_second[i] = static_cast<float>(v);
    new_weights[i] =
        static_cast<float>(weights[i] - (rate * (m * correction1)) / (__builtin_sqrt(v * correction2) + epsilon));
  }
}

LSTM_GAN_CLONES void Average(const float* average, const float* weights, float* result, size_t start, size_t end, double beta) {
  const double rest = 1 - beta;
#pragma GCC ivdep
  for (size_t i = start; i < end; ++i) result[i] = static_cast<float>(beta * average[i] + rest * weights[i]);
}

// Float32 addition is the float64 one rounded, so there is no need to widen.
LSTM_GAN_CLONES void Accumulate(float* target, const float* term, size_t start, size_t end) {
#pragma GCC ivdep
  for (size_t i = start; i < end; ++i) target[i] += term[i];
}

LSTM_GAN_CLONES bool AllFinite(const float* values, size_t size) {
  const auto* bits = reinterpret_cast<const uint32_t*>(values);
  uint32_t bad = 0;
  for (size_t i = 0; i < size; ++i) bad |= (bits[i] & 0x7f800000u) == 0x7f800000u;
  return bad == 0;
}

// Reads `count` Float32Arrays of one length.
bool GetFloats(napi_env env, const napi_value* values, size_t count, std::vector<float*>* arrays, size_t* length) {
  for (size_t i = 0; i < count; ++i) {
    Bytes bytes;
    if (!GetBytes(env, values[i], &bytes) || bytes.type != napi_float32_array) return false;
    if (i > 0 && bytes.size / 4 != *length) return false;
    *length = bytes.size / 4;
    arrays->push_back(reinterpret_cast<float*>(bytes.data));
  }
  return true;
}

constexpr uint32_t kMaxThreads = 64;

// adam(gradient, weights, m, v, newWeights, newM, newV,
//      [threads, start, end, divisor, rate, beta1, beta2, epsilon, beta1Power, beta2Power])
napi_value AdamUpdate(napi_env env, napi_callback_info info) {
  size_t count = 8;
  napi_value arguments[8];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  std::vector<float*> a;
  std::vector<napi_value> items;
  std::vector<double> n(10);
  size_t length = 0;
  bool fits = count == 8 && GetFloats(env, arguments, 7, &a, &length) && GetArray(env, arguments[7], &items) && items.size() == 10;
  for (size_t i = 0; fits && i < 10; ++i) fits = napi_get_value_double(env, items[i], &n[i]) == napi_ok;
  if (!fits || !(n[0] >= 1 && n[0] <= kMaxThreads && n[1] >= 0 && n[1] <= n[2] && n[2] <= static_cast<double>(length))) {
    return Throw(env, "ERR_ARGUMENT", "adam takes seven Float32Arrays of one length, and ten numbers");
  }
  const AdamNumbers numbers{n[3], n[4], n[5], n[6], n[7], 1 / (1 - n[8]), 1 / (1 - n[9])};
  const AdamArrays arrays{a[0], a[1], a[2], a[3], a[4], a[5], a[6]};
  const size_t first = static_cast<size_t>(n[1]);
  ForPieces(static_cast<size_t>(n[2]) - first, static_cast<uint32_t>(n[0]),
            [=](size_t start, size_t end) { Adam(arrays, numbers, first + start, first + end); });
  return nullptr;
}

// average(ema, weights, result, beta, threads)
napi_value AverageUpdate(napi_env env, napi_callback_info info) {
  size_t count = 5;
  napi_value arguments[5];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  std::vector<float*> a;
  size_t length = 0;
  double beta = 0;
  uint32_t threads = 0;
  if (count != 5 || !GetFloats(env, arguments, 3, &a, &length) || napi_get_value_double(env, arguments[3], &beta) != napi_ok ||
      !GetUint32(env, arguments[4], &threads) || threads < 1 || threads > kMaxThreads) {
    return Throw(env, "ERR_ARGUMENT", "average takes three Float32Arrays of one length, and two numbers");
  }
  ForPieces(length, threads, [=](size_t start, size_t end) { Average(a[0], a[1], a[2], start, end, beta); });
  return nullptr;
}

// accumulate(target, term, threads)
napi_value AccumulateVector(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  std::vector<float*> a;
  size_t length = 0;
  uint32_t threads = 0;
  if (count != 3 || !GetFloats(env, arguments, 2, &a, &length) || !GetUint32(env, arguments[2], &threads) || threads < 1 ||
      threads > kMaxThreads) {
    return Throw(env, "ERR_ARGUMENT", "accumulate takes two Float32Arrays of one length, and a number");
  }
  ForPieces(length, threads, [=](size_t start, size_t end) { Accumulate(a[0], a[1], start, end); });
  return nullptr;
}

// isFinite(vector): boolean
napi_value IsFinite(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, result;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  std::vector<float*> a;
  size_t length = 0;
  if (count != 1 || !GetFloats(env, &argument, 1, &a, &length)) return Throw(env, "ERR_ARGUMENT", "isFinite takes a Float32Array");
  napi_get_boolean(env, AllFinite(a[0], length), &result);
  return result;
}

}  // namespace

void DefineArithmetic(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      Function("adam", AdamUpdate),
      Function("average", AverageUpdate),
      Function("accumulate", AccumulateVector),
      Function("isFinite", IsFinite),
  };
  napi_define_properties(env, exports, sizeof(functions) / sizeof(functions[0]), functions);
}

}  // namespace lstm_gan
