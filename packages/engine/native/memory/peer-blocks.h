// Blocks of other processes (blocks.h), mapped into this process for reading. Used on the JavaScript thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace lstm_gan {

// A mapped block. It stays mapped until the process that lent it ends, or until too many blocks are mapped, because
// mapping a block again takes as long as copying it.
struct PeerBlock {
  void* data = nullptr;
  size_t size = 0;
  uint32_t pid = 0;
  std::string name;
  size_t holds = 0;        // number of arrays in the block
  bool forgotten = false;  // the block's process has ended
};

// Maps a block, unless it is mapped already, and adds a hold. Nothing that the other process says is trusted: the name,
// the size and the seals of the block are checked. Returns null and an error if the block cannot be used.
PeerBlock* HoldPeerBlock(uint32_t pid, uint32_t fd, const std::string& name, size_t size, std::string* error);
// Removes a hold.
void DropPeerBlock(PeerBlock* block);
// Unmaps the blocks of a process that has ended: each block as soon as it has no holds.
void ForgetPeerBlocks(uint32_t pid);

}  // namespace lstm_gan
