// The addon: TensorFlow's sessions, memory and arithmetic for JavaScript, through Node-API.
#include "addon.h"

#include <cstdlib>

#include "javascript/values.h"
#include "tensorflow/c/c_api.h"

// Declarations from absl, which is a part of TensorFlow's library. They stand here because provisioning does not unpack
// absl's headers.
namespace absl {
inline namespace lts_20250814 {
enum class LogSeverityAtLeast : int { kError = 2 };
void SetMinLogLevel(LogSeverityAtLeast severity);
}  // namespace lts_20250814
}  // namespace absl

namespace lstm_gan {
namespace {

napi_value Version(napi_env env, napi_callback_info) {
  napi_value version = nullptr;
  napi_create_string_utf8(env, TF_Version(), NAPI_AUTO_LENGTH, &version);
  return version;
}

// Lets TensorFlow print errors only, and not lines about its devices. TensorFlow prints through absl, and only its
// Python wrapper sets absl's level from TF_CPP_MIN_LOG_LEVEL. Two lines (one about oneDNN) still appear: static
// initializers print them while the library is loaded, before any function can be called.
void QuietLog() {
  if (std::getenv("TF_CPP_MIN_LOG_LEVEL") == nullptr) absl::SetMinLogLevel(absl::LogSeverityAtLeast::kError);
}

napi_value Initialize(napi_env env, napi_value exports) {
  QuietLog();
  DefineSessions(env, exports);
  DefineRuns(env, exports);
  DefineVectorMemory(env, exports);
  DefineSharedMemory(env, exports);
  DefineAdam(env, exports);
  DefineEma(env, exports);
  DefineSums(env, exports);
  DefineKernels(env, exports);
  DefineFunctions(env, exports, {Function("version", Version)});
  return exports;
}

}  // namespace
}  // namespace lstm_gan

NAPI_MODULE(NODE_GYP_MODULE_NAME, lstm_gan::Initialize)
