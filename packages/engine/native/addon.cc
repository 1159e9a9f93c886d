// TensorFlow and arithmetic behind Node-API.
#include <cstdlib>

#include "addon.h"
#include "tensorflow/c/c_api.h"

// Of the absl inside the pinned wheel, whose headers we do not unpack.
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

// TensorFlow tells about its devices on stderr. Its log is absl's, whose level only Python's wrapper sets from
// TF_CPP_MIN_LOG_LEVEL. Errors still get through, and so do the two lines (one about oneDNN) that its static
// initializers print while the library is being loaded: nothing can be called before them.
void QuietLog() {
  if (std::getenv("TF_CPP_MIN_LOG_LEVEL") == nullptr) absl::SetMinLogLevel(absl::LogSeverityAtLeast::kError);
}

napi_value Initialize(napi_env env, napi_value exports) {
  QuietLog();
  DefineSessions(env, exports);
  DefineRuns(env, exports);
  DefineArithmetic(env, exports);
  DefineMemory(env, exports);
  DefineKernels(env, exports);
  DefineShared(env, exports);
  const napi_property_descriptor version = Function("version", Version);
  napi_define_properties(env, exports, 1, &version);
  return exports;
}

}  // namespace
}  // namespace lstm_gan

NAPI_MODULE(NODE_GYP_MODULE_NAME, lstm_gan::Initialize)
