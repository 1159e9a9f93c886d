// Memory that other processes of this user and machine read where it lies: blocks without a name in any file system (memfd),
// so nothing is left behind by whoever is killed. A peer opens a block by way of /proc, and believes nothing: its name, its
// size, and that it can neither shrink nor grow, which would end whoever reads it. Mapped by peers for reading only.
// Mappings are touched on the JavaScript thread only, blocks by the threads of graphs too.
#pragma once

#include <fcntl.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace lstm_gan {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

inline size_t WholePages(size_t size) {
  constexpr size_t kPage = 4096;
  return (size + kPage - 1) & ~(kPage - 1);
}

// A block of this process.
struct Block {
  int fd = -1;
  void* data = nullptr;
  size_t size = 0;
  std::string name;
  size_t uses = 0;       // the array over it, and every peer that was lent it; guarded, as what follows
  bool reusable = true;  // not where a peer left without giving it back: it may still be reading
};

// Null where the system gives no more; used once.
Block* TakeBlock(size_t size);
// Null where there is none.
Block* FindBlock(const void* data);
Block* FindBlock(const std::string& name);
// One use more.
void HoldBlock(Block* block);
// One use less; idle after the last, or gone if it is not reusable.
void DropBlock(Block* block, bool reusable = true);

// A block of a peer, mapped. Kept while its peer is there, because mapping takes as long as copying.
struct Mapping {
  void* data = nullptr;
  size_t size = 0;
  uint32_t pid = 0;
  std::string name;
  size_t holds = 0;
  bool forgotten = false;
};

// Maps a peer's block, unless it is mapped already, and holds it; null and why it cannot be used otherwise.
Mapping* HoldMapping(uint32_t pid, uint32_t fd, const std::string& name, size_t size, std::string* error);
void DropMapping(Mapping* mapping);
// A peer is gone: its blocks are unmapped as soon as nobody holds them.
void ForgetMappings(uint32_t pid);

}  // namespace lstm_gan
