// An image's pixels are divided into four sets, which are called parities here: whether the row is even or odd, and
// whether the column is. A convolution with stride 2 multiplies the pixels of a parity by only 2 x 2 of the kernel's
// 4 x 4 taps; counted in pixels of the parity, its stride is 1. The sums of the four parities are added, like the sums
// of channels. Each piece of work writes memory of its own, and the size of a piece changes no sum, so the bits do
// not depend on the number of threads.
#include "kernels/convolutions/winograd.h"

#include "kernels/convolutions/winograd-points.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

constexpr size_t kParities = 4;
static_assert(kLane == kStrip);  // a strip of the kernel's gradient is a lane
constexpr size_t kTiles = 64,
                 kChannels = 64;  // the points of kTiles tiles and kChannels channels fit into the second-level cache

struct Work {
  const WinogradLayer& layer;
  const float* images;
  const float* maps;
  const float* kernel;  // packed, but kPack and kPackTransposed get it as it is in the weights
  const Activation& activation;
  float* result;
  const float* zeros;  // a pixel of zeros, read in place of every pixel outside of the image
  size_t grain;        // how many tiles, or channels, one piece of work computes
};

size_t TilesOf(const WinogradLayer& layer) { return layer.batch * layer.rows * layer.columns; }

struct Tile {
  size_t image, row, column;
};

LSTM_GAN_INLINE Tile TileAt(const WinogradLayer& layer, size_t index) {
  return {index / (layer.rows * layer.columns), index / layer.columns % layer.rows, index % layer.columns};
}

// One image, or the maps of one image.
struct Plane {
  const float* data;
  ptrdiff_t height, width;
  size_t channels;
};

LSTM_GAN_INLINE Plane PlaneOf(const float* data, size_t image, size_t height, size_t width, size_t channels) {
  return {data + image * height * width * channels, static_cast<ptrdiff_t>(height), static_cast<ptrdiff_t>(width),
          channels};
}

// Transforms 3 x 3 pixels for the channels [first, last). The first pixel is at (row, column); neighbours are `step`
// pixels apart. Writes each point to at(channel, point).
template <typename P, typename At>
LSTM_GAN_INLINE void TransformPixels(const Plane& plane, ptrdiff_t row, ptrdiff_t column, ptrdiff_t step,
                                     const float* zeros, size_t first, size_t last, const At& at) {
  const float* pixels[kPoints];
  for (ptrdiff_t i = 0; i < static_cast<ptrdiff_t>(kPoints); ++i) {
    const ptrdiff_t y = row + i / 3 * step, x = column + i % 3 * step;
    const bool inside = y >= 0 && x >= 0 && y < plane.height && x < plane.width;
    pixels[i] = inside ? plane.data + static_cast<size_t>(y * plane.width + x) * plane.channels : zeros;
  }
  for (size_t channel = first; channel < last; channel += P::kWidth) {
    typename P::Vector values[kPoints];
#pragma GCC unroll 9
    for (size_t i = 0; i < kPoints; ++i) values[i] = *P::AtLoose(pixels[i] + channel);
    ValuesToPoints(values);
#pragma GCC unroll 9
    for (size_t i = 0; i < kPoints; ++i) *P::At(at(channel, i)) = values[i];
  }
}

// Transforms the 3 x 3 pixels of a parity that the maps of a tile are computed from, for the channels [first, last).
template <typename P, typename At>
LSTM_GAN_INLINE void TransformParity(const Work& work, const Tile& tile, size_t parity, size_t first, size_t last,
                                     const At& at) {
  const WinogradLayer& layer = work.layer;
  const auto row = static_cast<ptrdiff_t>(4 * tile.row + parity / 2) - 1,
             column = static_cast<ptrdiff_t>(4 * tile.column + parity % 2) - 1;
  TransformPixels<P>(PlaneOf(work.images, tile.image, 4 * layer.rows, 4 * layer.columns, layer.channels), row, column,
                     2, work.zeros, first, last, at);
}

// The index in a kernel [4, 4, channels, maps] of tap i (row by row) of a parity, for a channel and the first map.
LSTM_GAN_INLINE size_t TapAt(const WinogradLayer& layer, size_t parity, size_t i, size_t channel) {
  const size_t row = parity / 2 + i / 2 * 2, column = parity % 2 + i % 2 * 2;
  return ((row * 4 + column) * layer.channels + channel) * layer.maps;
}

template <typename P>
LSTM_GAN_INLINE void WriteResults(const Work& work, size_t channel, const typename P::Vector results[4], float* corner,
                                  size_t row_stride, size_t column_stride) {
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i)
    WriteActivated<P>(work.activation, channel, results[i], corner + i / 2 * row_stride + i % 2 * column_stride);
}

// Points [WholeStrips(tiles)][9][terms]. The points after the last tile are zero.
struct TilePoints : Aligned {
  TilePoints(size_t tiles, size_t terms) : Aligned(WholeStrips(tiles) * kPoints * terms) {
    std::fill(data + tiles * kPoints * terms, data + WholeStrips(tiles) * kPoints * terms, 0.0f);
  }
};

// ---- One function for each stage. A call computes one piece of work.

// Packs the kernel to [panel of maps][9][4 parities][channels][kPanel]. One piece of work is one parity.
template <typename P>
LSTM_GAN_INLINE void Pack(const Work& work, size_t parity) {
  const auto& [batch, rows, columns, channels, maps] = work.layer;
  for (size_t c = 0; c < channels; ++c) {
    for (size_t n = 0; n < maps; n += P::kWidth) {
      typename P::Vector taps[4], points[kPoints];
      for (size_t i = 0; i < 4; ++i) taps[i] = *P::AtLoose(work.kernel + TapAt(work.layer, parity, i, c) + n);
      TapsToPoints(taps, points);
      float* target =
          work.result + (n / kPanel * kPoints * kParities * channels + parity * channels + c) * kPanel + n % kPanel;
      for (size_t p = 0; p < kPoints; ++p) *P::At(target + p * kParities * channels * kPanel) = points[p];
    }
  }
}

// Packs the transposed kernel, with its taps in reverse order, to [parity][panel of channels][9][maps][kPanel]. One
// piece of work is one parity.
template <typename P>
LSTM_GAN_INLINE void PackTransposed(const Work& work, size_t parity) {
  const auto& [batch, rows, columns, channels, maps] = work.layer;
  for (size_t c = 0; c < channels; c += P::kWidth) {
    for (size_t n = 0; n < maps; n += P::kWidth) {
      alignas(64) float turned[4][P::kWidth][P::kWidth];
      for (size_t i = 0; i < 4; ++i) {
        for (size_t k = 0; k < P::kWidth; ++k) {
          const float* source = work.kernel + TapAt(work.layer, parity, 3 - i, c + k) + n;
          for (size_t j = 0; j < P::kWidth; ++j) turned[i][j][k] = source[j];
        }
      }
      for (size_t j = 0; j < P::kWidth; ++j) {
        typename P::Vector taps[4], points[kPoints];
        for (size_t i = 0; i < 4; ++i) taps[i] = *P::At(turned[i][j]);
        TapsToPoints(taps, points);
        float* target = work.result + ((parity * channels + c) / kPanel * kPoints * maps + n + j) * kPanel + c % kPanel;
        for (size_t p = 0; p < kPoints; ++p) *P::At(target + p * maps * kPanel) = points[p];
      }
    }
  }
}

// Computes the maps. One piece of work is at most `grain` tiles.
template <typename P>
LSTM_GAN_INLINE void Convolve(const Work& work, size_t piece) {
  const auto& [batch, rows, columns, channels, maps] = work.layer;
  const size_t start = piece * work.grain, tiles = std::min(work.grain, TilesOf(work.layer) - start),
               terms = kParities * channels;
  const TilePoints points(tiles, terms);
  for (size_t t = 0; t < tiles; ++t) {
    for (size_t parity = 0; parity < kParities; ++parity) {
      float* target = points.data + t * kPoints * terms + parity * channels;
      TransformParity<P>(work, TileAt(work.layer, start + t), parity, 0, channels,
                         [&](size_t channel, size_t p) { return target + p * terms + channel; });
    }
  }
  const size_t width = 2 * columns;
  for (size_t n = 0; n < maps; n += kPanel) {
    MultiplyTiles<P>(points.data, tiles, terms, work.kernel + n * kPoints * terms,
                     [&, maps = maps](size_t t, size_t column, const auto* results) {
                       const Tile tile = TileAt(work.layer, start + t);
                       const size_t place = (tile.image * 2 * work.layer.rows + 2 * tile.row) * width + 2 * tile.column;
                       WriteResults<P>(work, n + column, results, work.result + place * maps + n + column, width * maps,
                                       maps);
                     });
  }
}

// Computes the images. One piece of work is one parity of the pixels of at most `grain` tiles.
template <typename P>
LSTM_GAN_INLINE void ConvolveTransposed(const Work& work, size_t piece) {
  const auto& [batch, rows, columns, channels, maps] = work.layer;
  const size_t parity = piece % kParities, a = parity / 2, b = parity % 2;
  const size_t start = piece / kParities * work.grain, tiles = std::min(work.grain, TilesOf(work.layer) - start);
  const TilePoints points(tiles, maps);
  for (size_t t = 0; t < tiles; ++t) {
    const Tile tile = TileAt(work.layer, start + t);
    const auto row = static_cast<ptrdiff_t>(2 * tile.row) - static_cast<ptrdiff_t>(a),
               column = static_cast<ptrdiff_t>(2 * tile.column) - static_cast<ptrdiff_t>(b);
    float* target = points.data + t * kPoints * maps;
    TransformPixels<P>(PlaneOf(work.maps, tile.image, 2 * rows, 2 * columns, maps), row, column, 1, work.zeros, 0, maps,
                       [&, maps = maps](size_t channel, size_t p) { return target + p * maps + channel; });
  }
  const size_t width = 4 * columns;
  for (size_t c = 0; c < channels; c += kPanel) {
    const float* panel = work.kernel + (parity * channels + c) * kPoints * maps;
    MultiplyTiles<P>(points.data, tiles, maps, panel,
                     [&, channels = channels](size_t t, size_t column, const auto* results) {
                       const Tile tile = TileAt(work.layer, start + t);
                       const size_t place =
                           (tile.image * 4 * work.layer.rows + 4 * tile.row + 1 - a) * width + 4 * tile.column + 1 - b;
                       WriteResults<P>(work, c + column, results, work.result + place * channels + c + column,
                                       2 * width * channels, 2 * channels);
                     });
  }
}

// Computes the gradient of the kernel. One piece of work is one parity, `grain` channels. The products of kTiles tiles
// are summed; this sum is added to the sum of the earlier tiles.
template <typename P>
LSTM_GAN_INLINE void ComputeKernelGradient(const Work& work, size_t piece) {
  const auto& [batch, rows, columns, channels, maps] = work.layer;
  const size_t parity = piece % kParities, group = piece / kParities * work.grain, all = TilesOf(work.layer),
               width = 2 * columns;
  const Aligned values(kPoints * work.grain * kTiles), gradients(kPoints * maps * kTiles),
      sums(kPoints * work.grain * maps);
  std::fill_n(sums.data, kPoints * work.grain * maps, 0.0f);
  for (size_t start = 0; start < all; start += kTiles) {
    const size_t tiles = std::min(kTiles, all - start);
    for (size_t t = 0; t < tiles; ++t) {
      const Tile tile = TileAt(work.layer, start + t);
      TransformParity<P>(work, tile, parity, group, group + work.grain, [&](size_t channel, size_t p) {
        return values.data + ((p * work.grain + channel - group) / kLane * kTiles + t) * kLane + channel % kLane;
      });
      const float* corner = work.maps + ((tile.image * 2 * rows + 2 * tile.row) * width + 2 * tile.column) * maps;
      for (size_t n = 0; n < maps; n += P::kWidth) {
        typename P::Vector results[4], points[kPoints];
        for (size_t i = 0; i < 4; ++i) results[i] = *P::AtLoose(corner + (i / 2 * width + i % 2) * maps + n);
        ResultsToPoints(results, points);
        for (size_t p = 0; p < kPoints; ++p)
          *P::At(gradients.data + ((p * maps + n) / kPanel * kTiles + t) * kPanel + n % kPanel) = points[p];
      }
    }
    for (size_t p = 0; p < kPoints; ++p) {
      for (size_t n = 0; n < maps; n += kPanel) {
        for (size_t c = 0; c < work.grain; c += kStrip) {
          alignas(64) float sum[kStrip][kPanel];
          const float* strip = values.data + (p * work.grain + c) * kTiles;
          Multiply<P>(strip, 1, kLane, gradients.data + (p * maps + n) * kTiles, kPanel, tiles, kStrip, sum);
          for (size_t r = 0; r < kStrip; ++r) {
            for (size_t i = 0; i < kPanel; i += P::kWidth)
              *P::At(sums.data + (p * work.grain + c + r) * maps + n + i) += *P::At(sum[r] + i);
          }
        }
      }
    }
  }
  for (size_t c = 0; c < work.grain; ++c) {
    for (size_t n = 0; n < maps; n += P::kWidth) {
      typename P::Vector points[kPoints], taps[4];
      for (size_t p = 0; p < kPoints; ++p) points[p] = *P::At(sums.data + (p * work.grain + c) * maps + n);
      PointsToTaps(points, taps);
      for (size_t i = 0; i < 4; ++i) *P::AtLoose(work.result + TapAt(work.layer, parity, i, group + c) + n) = taps[i];
    }
  }
}

// ---- The stages.

enum class Stage { kPack, kPackTransposed, kConvolve, kConvolveTransposed, kKernelGradient };

template <typename P>
LSTM_GAN_INLINE void RunStage(Stage stage, const Work& work, size_t piece) {
  switch (stage) {
    case Stage::kPack:
      return Pack<P>(work, piece);
    case Stage::kPackTransposed:
      return PackTransposed<P>(work, piece);
    case Stage::kConvolve:
      return Convolve<P>(work, piece);
    case Stage::kConvolveTransposed:
      return ConvolveTransposed<P>(work, piece);
    case Stage::kKernelGradient:
      return ComputeKernelGradient<P>(work, piece);
  }
}

LSTM_GAN_AVX512 void RunStage512(Stage stage, const Work& work, size_t piece) { RunStage<Avx512>(stage, work, piece); }
LSTM_GAN_AVX2 void RunStage256(Stage stage, const Work& work, size_t piece) { RunStage<Avx2>(stage, work, piece); }
void RunStageAny(Stage stage, const Work& work, size_t piece) { RunStage<AnyProcessor>(stage, work, piece); }

void RunPieces(Stage stage, const Work& work, size_t pieces) {
  const auto code = ForProcessor(RunStage512, RunStage256, RunStageAny);
  ForEachPiece(pieces, [&](size_t piece) { code(stage, work, piece); });
}

struct Zeros : Aligned {
  explicit Zeros(size_t count) : Aligned(count) { std::fill_n(data, count, 0.0f); }
};

// The number of tiles of a piece of work: kTiles, or fewer if there would otherwise be fewer pieces than threads.
size_t GrainOfTiles(const WinogradLayer& layer) {
  const size_t share = (TilesOf(layer) + PieceThreads() - 1) / PieceThreads();
  return std::min(kTiles, WholeStrips(share));
}

// The number of channels of a piece of work: kChannels, or kPanel if kChannels does not divide the channels, or would
// give fewer pieces than threads.
size_t GrainOfChannels(const WinogradLayer& layer) {
  const bool is_enough = layer.channels % kChannels == 0 && kParities * layer.channels / kChannels >= PieceThreads();
  return is_enough ? kChannels : kPanel;
}

}  // namespace

void WinogradConvolve(const WinogradLayer& layer, const float* images, const float* kernel,
                      const Activation& activation, float* maps) {
  const Aligned packed(kParities * kPoints * layer.channels * layer.maps);
  const Zeros zeros(layer.channels);
  const size_t grain = GrainOfTiles(layer);
  RunPieces(Stage::kPack, {layer, nullptr, nullptr, kernel, activation, packed.data, zeros.data, 0}, kParities);
  RunPieces(Stage::kConvolve, {layer, images, nullptr, packed.data, activation, maps, zeros.data, grain},
            (TilesOf(layer) + grain - 1) / grain);
}

void WinogradConvolveTransposed(const WinogradLayer& layer, const float* maps, const float* kernel,
                                const Activation& activation, float* images) {
  const Aligned packed(kParities * kPoints * layer.channels * layer.maps);
  const Zeros zeros(layer.maps);
  const size_t grain = GrainOfTiles(layer);
  RunPieces(Stage::kPackTransposed, {layer, nullptr, nullptr, kernel, activation, packed.data, zeros.data, 0},
            kParities);
  RunPieces(Stage::kConvolveTransposed, {layer, nullptr, maps, packed.data, activation, images, zeros.data, grain},
            kParities * ((TilesOf(layer) + grain - 1) / grain));
}

void WinogradKernelGradient(const WinogradLayer& layer, const float* images, const float* maps, float* kernel) {
  const Zeros zeros(layer.channels);
  const size_t grain = GrainOfChannels(layer);
  RunPieces(Stage::kKernelGradient, {layer, images, maps, nullptr, {}, kernel, zeros.data, grain},
            kParities * layer.channels / grain);
}

}  // namespace lstm_gan
