#include "kernels/random-words.h"

#include <algorithm>

#include "kernels/philox.h"

namespace lstm_gan {
namespace {

template <typename P>
LSTM_GAN_INLINE void DrawAll(const Stream& stream, uint64_t first, size_t count, uint32_t* words) {
  constexpr size_t kBlock = Integers<P>::kBlock;
  for (size_t i = 0; i < count; i += kBlock) {
    typename Integers<P>::Words block[kWords];
    Draw<P>(stream, (first + i) / kWords, block);
    std::copy_n(reinterpret_cast<const uint32_t*>(block), std::min(kBlock, count - i), words + i);
  }
}

LSTM_GAN_AVX512 void Draw512(const Stream& stream, uint64_t first, size_t count, uint32_t* words) {
  DrawAll<Avx512>(stream, first, count, words);
}
LSTM_GAN_AVX2 void Draw256(const Stream& stream, uint64_t first, size_t count, uint32_t* words) {
  DrawAll<Avx2>(stream, first, count, words);
}
void DrawAny(const Stream& stream, uint64_t first, size_t count, uint32_t* words) {
  DrawAll<AnyProcessor>(stream, first, count, words);
}

}  // namespace

void DrawWords(const int32_t seed[2], uint64_t first, size_t count, uint32_t* words) {
  ForProcessor(Draw512, Draw256, DrawAny)(StreamOf(seed), first, count, words);
}

}  // namespace lstm_gan
