// Adam on vectors of weights. It gives the same bits as its definition, core's `adamUpdate`: float64 arithmetic in the
// same order, stored as float32. Products and sums are never contracted to one operation (-ffp-contract=off), so the
// bits are the same on every processor, and for any number of threads.
#include "addon.h"
#include "arithmetic/clones.h"
#include "arithmetic/sum-tree.h"
#include "javascript/values.h"

namespace lstm_gan {
namespace {

struct AdamArrays {
  const float *weights, *first, *second;
  float *new_weights, *new_first, *new_second;
};

struct AdamNumbers {
  double divisor, rate, beta1, beta2, epsilon, correction1, correction2;
};

// mean = sum / divisor in float64, rounded to float32. A float32 division gives the same bits if float32 holds the
// divisor exactly. It does if the divisor is a number of shards.
LSTM_GAN_CLONES void Mean(const float* sum, double divisor, float* mean, size_t size) {
  const float narrow = static_cast<float>(divisor);
  if (narrow == divisor) {
#pragma GCC ivdep
    for (size_t i = 0; i < size; ++i) mean[i] = sum[i] / narrow;
    return;
  }
#pragma GCC ivdep
  for (size_t i = 0; i < size; ++i) mean[i] = static_cast<float>(sum[i] / divisor);
}

// Updates the floats [start, start + size) of the arrays.
LSTM_GAN_CLONES void Adam(const float* gradient, const AdamArrays& arrays, const AdamNumbers& numbers, size_t start,
                          size_t size) {
  const float *weights = arrays.weights + start, *first = arrays.first + start, *second = arrays.second + start;
  float *new_weights = arrays.new_weights + start, *new_first = arrays.new_first + start,
        *new_second = arrays.new_second + start;
  const auto [divisor, rate, beta1, beta2, epsilon, correction1, correction2] = numbers;
  const double rest1 = 1 - beta1, rest2 = 1 - beta2;
#pragma GCC ivdep
  for (size_t i = 0; i < size; ++i) {
    const double g = gradient[i];
    const double m = beta1 * first[i] + rest1 * g;
    const double v = beta2 * second[i] + rest2 * g * g;
    new_first[i] = static_cast<float>(m);
    new_second[i] = static_cast<float>(v);
    new_weights[i] =
        static_cast<float>(weights[i] - (rate * (m * correction1)) / (__builtin_sqrt(v * correction2) + epsilon));
  }
}

// The argument of adam (AdamCall in addon.ts).
struct AdamCall {
  SumTree gradients;
  AdamArrays arrays;
  AdamNumbers numbers;
  size_t start, end;
  uint32_t threads;
};

bool GetArrays(napi_env env, napi_value call, AdamArrays* arrays, size_t* length) {
  const char* names[] = {"weights",    "firstMoments",    "secondMoments",
                         "newWeights", "newFirstMoments", "newSecondMoments"};
  napi_value values[6];
  for (size_t i = 0; i < 6; ++i) values[i] = Property(env, call, names[i]);
  std::vector<float*> a;
  if (!GetFloats(env, values, 6, &a, length)) return false;
  *arrays = {a[0], a[1], a[2], a[3], a[4], a[5]};
  return true;
}

// Reads the call. Returns false if a value is of the wrong kind, or an array of the wrong length.
bool GetAdamCall(napi_env env, napi_value value, AdamCall* call) {
  size_t length = 0;
  if (!GetArrays(env, value, &call->arrays, &length)) return false;
  if (!GetSumTree(env, Property(env, value, "vectors"), Property(env, value, "order"), &call->gradients)) return false;
  if (call->gradients.size != length) return false;
  const auto get = [&](const char* name, double* number) { return GetDouble(env, Property(env, value, name), number); };
  double start = 0, end = 0, threads = 0, beta1_power = 0, beta2_power = 0;
  AdamNumbers& numbers = call->numbers;
  if (!get("divisor", &numbers.divisor) || !get("learningRate", &numbers.rate)) return false;
  if (!get("beta1", &numbers.beta1) || !get("beta2", &numbers.beta2) || !get("epsilon", &numbers.epsilon)) return false;
  if (!get("beta1Power", &beta1_power) || !get("beta2Power", &beta2_power)) return false;
  if (!get("start", &start) || !get("end", &end) || !get("threads", &threads)) return false;
  if (!(threads >= 1 && threads <= kMaxThreads)) return false;
  if (!(start >= 0 && start <= end && end <= static_cast<double>(length))) return false;
  numbers.correction1 = 1 / (1 - beta1_power);
  numbers.correction2 = 1 / (1 - beta2_power);
  call->start = static_cast<size_t>(start);
  call->end = static_cast<size_t>(end);
  call->threads = static_cast<uint32_t>(threads);
  return true;
}

// adam(call: AdamCall): boolean, whether the new weights are finite
napi_value UpdateByAdam(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  AdamCall call;
  if (!GetAdamCall(env, arguments[0], &call)) {
    return Throw(env, "ERR_ARGUMENT", "adam takes a sum, six Float32Arrays, all of one length, and ten numbers");
  }
  const auto update = [&](size_t start, size_t size, const float* sum) {
    float mean[kBlock];
    Mean(sum, call.numbers.divisor, mean, size);
    Adam(mean, call.arrays, call.numbers, start, size);
    return AllFinite(call.arrays.new_weights + start, size);
  };
  return MakeBoolean(env, ForBlocksOfSum(call.gradients, call.start, call.end, call.threads, update));
}

}  // namespace

void DefineAdam(napi_env env, napi_value exports) { DefineFunctions(env, exports, {Function("adam", UpdateByAdam)}); }

}  // namespace lstm_gan
