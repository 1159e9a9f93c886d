// The moving average of weights, with the same bits as core's `updateEma`. It is computed on other threads than
// JavaScript's.
#include <thread>

#include "addon.h"
#include "arithmetic/clones.h"
#include "arithmetic/sum-tree.h"
#include "javascript/values.h"

namespace lstm_gan {
namespace {

LSTM_GAN_CLONES void Average(const float* average, const float* weights, float* result, size_t start, size_t end,
                             double beta) {
  const double rest = 1 - beta;
#pragma GCC ivdep
  for (size_t i = start; i < end; ++i) result[i] = static_cast<float>(beta * average[i] + rest * weights[i]);
}

// After this many floats the averaging thread yields its processor. Other threads send the new weights at the same
// time; without the yield they would wait a millisecond for a processor.
constexpr size_t kTurn = 16 * kBlock;

// The averages that are being written, one after the other.
struct PendingAverages {
  std::thread thread;            // writes the newest average, after it has joined the thread of the previous one
  std::vector<napi_ref> arrays;  // references that keep the arrays alive until all averages are written
};

PendingAverages& ThePendingAverages() {
  static PendingAverages* pending = new PendingAverages;
  return *pending;
}

void Finish(napi_env env) {
  PendingAverages& pending = ThePendingAverages();
  if (pending.thread.joinable()) pending.thread.join();
  for (napi_ref arrays : pending.arrays) napi_delete_reference(env, arrays);
  pending.arrays.clear();
}

// ema(ema, weights, result, beta): returns at once
napi_value BeginEma(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  std::vector<float*> a;
  size_t length = 0;
  double beta = 0;
  if (!GetFloats(env, arguments.values, 3, &a, &length) || !GetDouble(env, arguments[3], &beta)) {
    return Throw(env, "ERR_ARGUMENT", "ema takes three Float32Arrays of one length, and a number");
  }
  napi_value kept;
  napi_create_array_with_length(env, 3, &kept);
  for (uint32_t i = 0; i < 3; ++i) napi_set_element(env, kept, i, arguments[i]);
  napi_ref arrays = nullptr;
  if (napi_create_reference(env, kept, 1, &arrays) != napi_ok) {
    return Throw(env, "ERR_MEMORY", "no memory for an average");
  }
  PendingAverages& pending = ThePendingAverages();
  pending.arrays.push_back(arrays);
  pending.thread = std::thread([=, before = std::move(pending.thread)]() mutable {
    if (before.joinable()) before.join();
    for (size_t at = 0; at < length; at += kTurn) {
      Average(a[0], a[1], a[2], at, std::min(length, at + kTurn), beta);
      std::this_thread::yield();
    }
  });
  return nullptr;
}

// finishPending(): returns when all averages are written
napi_value FinishPending(napi_env env, napi_callback_info) {
  Finish(env);
  return nullptr;
}

}  // namespace

void DefineEma(napi_env env, napi_value exports) {
  napi_add_env_cleanup_hook(env, [](void* env) { Finish(static_cast<napi_env>(env)); }, env);
  DefineFunctions(env, exports, {Function("ema", BeginEma), Function("finishPending", FinishPending)});
}

}  // namespace lstm_gan
