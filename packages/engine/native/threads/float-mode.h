// The float mode of a thread says whether tiny numbers (below 1.2e-38 in float32) count as zero. TensorFlow sets it on
// its own threads, but not on the thread that calls TensorFlow. If they differed, the bits of a value would depend on
// which thread computes it.
#pragma once

namespace lstm_gan {

using FloatMode = unsigned;

#if defined(__x86_64__)
inline FloatMode CurrentFloatMode() { return __builtin_ia32_stmxcsr(); }
inline void SetFloatMode(FloatMode mode) { __builtin_ia32_ldmxcsr(mode); }
constexpr FloatMode kTinyIsZero = 0x8040;  // the flags FTZ and DAZ of the register MXCSR
#else
inline FloatMode CurrentFloatMode() { return 0; }
inline void SetFloatMode(FloatMode) {}
constexpr FloatMode kTinyIsZero = 0;
#endif

// Sets the mode of this thread until the scope ends.
class ScopedFloatMode {
 public:
  explicit ScopedFloatMode(bool tiny_is_zero) : before_(CurrentFloatMode()) {
    SetFloatMode(tiny_is_zero ? before_ | kTinyIsZero : before_ & ~kTinyIsZero);
  }
  ~ScopedFloatMode() { SetFloatMode(before_); }
  ScopedFloatMode(const ScopedFloatMode&) = delete;
  ScopedFloatMode& operator=(const ScopedFloatMode&) = delete;

 private:
  const FloatMode before_;
};

}  // namespace lstm_gan
