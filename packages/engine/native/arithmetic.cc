// Arithmetic on weights, equal bit for bit to core's TypeScript (which explains it): float64 arithmetic in the same order,
// stored as float32, never contracted. Compiled for several processors; IEEE arithmetic is the same on all, and so it is
// however a vector is cut among threads.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "addon.h"
#include "parallel.h"
#include "sums.h"

namespace lstm_gan {
namespace {

// A sum that is done while it is read: vectors, and in which order they are added (postfix: v takes the next, + adds two).
struct Sum {
  std::vector<const float*> vectors;
  std::string order;
  size_t depth = 1;
};

// The sum of [start, start + size), where it lies if it is one vector's, else in `scratch`, which has `depth` blocks.
const float* AddUpBlock(const Sum& sum, size_t start, size_t size, float* scratch) {
  const float* stack[64];
  size_t top = 0, next = 0;
  for (const char step : sum.order) {
    if (step == 'v') {
      stack[top++] = sum.vectors[next++] + start;
      continue;
    }
    --top;
    float* result = scratch + (top - 1) * kBlock;
    AddBlock(stack[top - 1], stack[top], result, size);
    stack[top - 1] = result;
  }
  return stack[0];
}

struct AdamArrays {
  const float *weights, *first, *second;
  float *new_weights, *new_first, *new_second;
};

struct AdamNumbers {
  double divisor, rate, beta1, beta2, epsilon, correction1, correction2;
};

// A quotient of float32 numbers is the same whether it is rounded once or by way of float64; a divisor that is no float32
// number (no count of shards is one) is divided by as the float64 number that it is.
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

LSTM_GAN_CLONES void Adam(const float* gradient, const AdamArrays& arrays, const AdamNumbers& numbers, size_t start, size_t size) {
  const float *weights = arrays.weights + start, *first = arrays.first + start, *second = arrays.second + start;
  float *new_weights = arrays.new_weights + start, *new_first = arrays.new_first + start, *new_second = arrays.new_second + start;
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

LSTM_GAN_CLONES void Average(const float* average, const float* weights, float* result, size_t start, size_t end, double beta) {
  const double rest = 1 - beta;
#pragma GCC ivdep
  for (size_t i = start; i < end; ++i) result[i] = static_cast<float>(beta * average[i] + rest * weights[i]);
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

// Reads the two arguments of a sum; its vectors have one length.
bool GetSum(napi_env env, napi_value vectors, napi_value order, Sum* sum, size_t* length) {
  std::vector<napi_value> items;
  std::vector<float*> floats;
  if (!GetArray(env, vectors, &items) || items.empty() || !GetFloats(env, items.data(), items.size(), &floats, length)) return false;
  if (!GetString(env, order, &sum->order)) return false;
  sum->vectors.assign(floats.begin(), floats.end());
  size_t top = 0, taken = 0;
  for (const char step : sum->order) {
    const bool takes = step == 'v';
    if (!takes && (step != '+' || top < 2)) return false;
    if (takes) ++taken;
    top = takes ? top + 1 : top - 1;
    sum->depth = std::max(sum->depth, top);
  }
  return top == 1 && taken == floats.size() && sum->depth <= 64;
}

// Calls body(start, size, sum of it) for blocks of [first, last), with some threads; whether all calls returned true.
template <typename Body>
bool ForBlocks(const Sum& sum, size_t first, size_t last, uint32_t threads, const Body& body) {
  std::atomic<bool> good{true};
  ForNewThreads(last - first, threads, [&](size_t start, size_t end) {
    std::vector<float> scratch(sum.depth * kBlock);
    bool all = true;
    for (size_t at = first + start; at < first + end; at += kBlock) {
      const size_t size = std::min(kBlock, first + end - at);
      all &= body(at, size, AddUpBlock(sum, at, size, scratch.data()));
    }
    if (!all) good = false;
  });
  return good;
}

napi_value Boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

// The properties of adam's argument.
constexpr const char* kArrays[] = {"weights", "firstMoments", "secondMoments", "newWeights", "newFirstMoments", "newSecondMoments"};
constexpr const char* kNumbers[] = {"threads", "start", "end", "divisor", "learningRate", "beta1", "beta2", "epsilon", "beta1Power", "beta2Power"};

// adam(call: AdamCall): whether the new weights are finite
napi_value AdamUpdate(napi_env env, napi_callback_info info) {
  size_t count = 1, length = 0, summed = 0;
  napi_value call, items[6];
  napi_get_cb_info(env, info, &count, &call, nullptr, nullptr);
  Sum sum;
  std::vector<float*> a;
  double n[10];
  for (size_t i = 0; i < 6; ++i) items[i] = Property(env, call, kArrays[i]);
  bool fits = GetSum(env, Property(env, call, "vectors"), Property(env, call, "order"), &sum, &summed) && GetFloats(env, items, 6, &a, &length) && summed == length;
  for (size_t i = 0; fits && i < 10; ++i) fits = napi_get_value_double(env, Property(env, call, kNumbers[i]), &n[i]) == napi_ok;
  if (!fits || !(n[0] >= 1 && n[0] <= kMaxThreads && n[1] >= 0 && n[1] <= n[2] && n[2] <= static_cast<double>(length))) {
    return Throw(env, "ERR_ARGUMENT", "adam takes a sum, six Float32Arrays, all of one length, and ten numbers");
  }
  const AdamNumbers numbers{n[3], n[4], n[5], n[6], n[7], 1 / (1 - n[8]), 1 / (1 - n[9])};
  const AdamArrays arrays{a[0], a[1], a[2], a[3], a[4], a[5]};
  return Boolean(env, ForBlocks(sum, static_cast<size_t>(n[1]), static_cast<size_t>(n[2]), static_cast<uint32_t>(n[0]),
                                [&](size_t start, size_t size, const float* block) {
                                  float mean[kBlock];
                                  Mean(block, numbers.divisor, mean, size);
                                  Adam(mean, arrays, numbers, start, size);
                                  return AllFinite(arrays.new_weights + start, size);
                                }));
}

// Floats until whoever waits for a processor gets it: the threads that carry the new weights away wake up meanwhile, and waited a
// millisecond for theirs.
constexpr size_t kTurn = 16 * kBlock;

// Averages that are being written beside the JavaScript thread, one after the other.
struct Averages {
  std::thread thread;            // of the last; it waits for the one before it
  std::vector<napi_ref> arrays;  // alive until they are written
};

Averages& TheAverages() {
  static Averages* averages = new Averages;
  return *averages;
}

void Settle(napi_env env) {
  Averages& averages = TheAverages();
  if (averages.thread.joinable()) averages.thread.join();
  for (napi_ref arrays : averages.arrays) napi_delete_reference(env, arrays);
  averages.arrays.clear();
}

// average(ema, weights, result, beta): returns at once; settle waits
napi_value AverageUpdate(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value arguments[4], kept;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  std::vector<float*> a;
  size_t length = 0;
  double beta = 0;
  if (count != 4 || !GetFloats(env, arguments, 3, &a, &length) || napi_get_value_double(env, arguments[3], &beta) != napi_ok) {
    return Throw(env, "ERR_ARGUMENT", "average takes three Float32Arrays of one length, and a number");
  }
  napi_create_array_with_length(env, 3, &kept);
  for (uint32_t i = 0; i < 3; ++i) napi_set_element(env, kept, i, arguments[i]);
  napi_ref arrays = nullptr;
  if (napi_create_reference(env, kept, 1, &arrays) != napi_ok) return Throw(env, "ERR_MEMORY", "no memory for an average");
  Averages& averages = TheAverages();
  averages.arrays.push_back(arrays);
  averages.thread = std::thread([=, before = std::move(averages.thread)]() mutable {
    if (before.joinable()) before.join();
    for (size_t at = 0; at < length; at += kTurn) {
      Average(a[0], a[1], a[2], at, std::min(length, at + kTurn), beta);
      std::this_thread::yield();
    }
  });
  return nullptr;
}

// settle(): returns when all averages are written
napi_value SettleAverage(napi_env env, napi_callback_info) {
  Settle(env);
  return nullptr;
}

// addUp(vectors, order, target, threads): is the sum finite? The target may be one of the vectors.
napi_value AddUp(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value arguments[4];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  Sum sum;
  std::vector<float*> a;
  size_t length = 0, summed = 0;
  uint32_t threads = 0;
  if (count != 4 || !GetSum(env, arguments[0], arguments[1], &sum, &summed) || !GetFloats(env, arguments + 2, 1, &a, &length) ||
      summed != length || !GetUint32(env, arguments[3], &threads) || threads < 1 || threads > kMaxThreads) {
    return Throw(env, "ERR_ARGUMENT", "evaluateSum takes a sum, a Float32Array of its length, and a number");
  }
  return Boolean(env, ForBlocks(sum, 0, length, threads, [&](size_t start, size_t size, const float* block) {
    if (block != a[0] + start) std::memcpy(a[0] + start, block, size * sizeof(float));
    return AllFinite(a[0] + start, size);
  }));
}

}  // namespace

void DefineArithmetic(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      Function("adam", AdamUpdate),
      Function("ema", AverageUpdate),
      Function("evaluateSum", AddUp),
      Function("finishPending", SettleAverage),
  };
  napi_add_env_cleanup_hook(env, [](void* env) { Settle(static_cast<napi_env>(env)); }, env);
  napi_define_properties(env, exports, sizeof(functions) / sizeof(functions[0]), functions);
}

}  // namespace lstm_gan
