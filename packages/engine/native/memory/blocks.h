// Blocks: shared memory of this process, which other processes of the same user and machine read without a copy. A
// block is a memfd: it has no name in a file system, so nothing is left when a process is killed. Other processes open
// it through /proc, and map it read-only (peer-blocks.h).
#pragma once

#include <fcntl.h>

#include <cstddef>
#include <string>

namespace lstm_gan {

// A sealed memfd cannot shrink or grow. If it could shrink, a process that reads it would be killed (SIGBUS).
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

inline size_t RoundUpToPages(size_t size) {
  constexpr size_t kPage = 4096;
  return (size + kPage - 1) & ~(kPage - 1);
}

// A block of this process. A lock guards `uses` and `reusable`, because the threads that run graphs use blocks too.
struct Block {
  int fd = -1;
  void* data = nullptr;
  size_t size = 0;
  std::string name;
  size_t uses = 0;       // one for the array in the block, and one for each loan
  bool reusable = true;  // false if a borrower was lost before it gave the block back: the borrower may still read
};

// A block with one use; null if there are too many blocks, or if the system has no memory.
Block* TakeBlock(size_t size);
// The block with this address, or with this name; null if there is none.
Block* FindBlock(const void* data);
Block* FindBlock(const std::string& name);
// Adds a use.
void HoldBlock(Block* block);
// Removes a use. After its last use the block is idle, or unmapped if it is not reusable.
void DropBlock(Block* block, bool reusable = true);

}  // namespace lstm_gan
