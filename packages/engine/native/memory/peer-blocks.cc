#include "memory/peer-blocks.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "memory/blocks.h"

namespace lstm_gan {
namespace {

class PeerBlocks {
 public:
  PeerBlock* Find(uint32_t pid, const std::string& name) {
    for (PeerBlock* block : all_) {
      if (block->pid == pid && block->name == name && !block->forgotten) return block;
    }
    return nullptr;
  }

  // Adds a block. If there are too many, the oldest one without holds is unmapped.
  PeerBlock* Add(PeerBlock block) {
    if (all_.size() >= kMaxBlocks) {
      const auto idle = std::find_if(all_.begin(), all_.end(), [](const PeerBlock* one) { return one->holds == 0; });
      if (idle != all_.end()) Unmap(*idle);
    }
    all_.push_back(new PeerBlock(std::move(block)));
    return all_.back();
  }

  void Drop(PeerBlock* block) {
    if (--block->holds == 0 && block->forgotten) Unmap(block);
  }

  void Forget(uint32_t pid) {
    const std::vector<PeerBlock*> before = all_;
    for (PeerBlock* block : before) {
      if (block->pid != pid) continue;
      block->forgotten = true;
      if (block->holds == 0) Unmap(block);
    }
  }

  bool IsFull() const {
    return all_.size() >= kMaxBlocks &&
           std::none_of(all_.begin(), all_.end(), [](const PeerBlock* one) { return one->holds == 0; });
  }

 private:
  static constexpr size_t kMaxBlocks = 512;

  void Unmap(PeerBlock* block) {
    all_.erase(std::find(all_.begin(), all_.end(), block));
    munmap(block->data, block->size);
    delete block;
  }

  std::vector<PeerBlock*> all_;
};

PeerBlocks& ThePeerBlocks() {
  static PeerBlocks* blocks = new PeerBlocks;  // never destroyed: finalizers may run when the process ends
  return *blocks;
}

// Opens, checks and maps a block. Returns why the block cannot be used, otherwise an empty string.
std::string Map(PeerBlock* block, uint32_t fd) {
  const std::string path = "/proc/" + std::to_string(block->pid) + "/fd/" + std::to_string(fd);
  // O_NONBLOCK, because the file may be anything, for example a pipe.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return path + " cannot be opened";
  struct stat status;
  char target[128];
  const std::string own = "/proc/self/fd/" + std::to_string(file);
  const ssize_t length = readlink(own.c_str(), target, sizeof(target));
  const int seals = fcntl(file, F_GET_SEALS);
  std::string error;
  if (length < 0 || std::string(target, static_cast<size_t>(length)) != "/memfd:" + block->name + " (deleted)") {
    error = path + " is not the block " + block->name;
  } else if (seals < 0 || (seals & kSeals) != kSeals) {
    error = "the block " + block->name + " may shrink";
  } else if (fstat(file, &status) != 0 || static_cast<size_t>(status.st_size) != block->size) {
    error = "the block " + block->name + " does not have the size of its array";
  } else {
    block->data = mmap(nullptr, block->size, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
    if (block->data == MAP_FAILED) error = "the block " + block->name + " cannot be mapped";
  }
  close(file);
  return error;
}

}  // namespace

PeerBlock* HoldPeerBlock(uint32_t pid, uint32_t fd, const std::string& name, size_t size, std::string* error) {
  PeerBlock* block = ThePeerBlocks().Find(pid, name);
  if (block == nullptr) {
    if (ThePeerBlocks().IsFull()) {
      *error = "too many blocks are in use";
      return nullptr;
    }
    PeerBlock made;
    made.size = size;
    made.pid = pid;
    made.name = name;
    *error = Map(&made, fd);
    if (!error->empty()) return nullptr;
    block = ThePeerBlocks().Add(std::move(made));
  }
  if (block->size != size) {
    *error = "the block " + name + " does not have the size of its array";
    return nullptr;
  }
  ++block->holds;
  return block;
}

void DropPeerBlock(PeerBlock* block) { ThePeerBlocks().Drop(block); }
void ForgetPeerBlocks(uint32_t pid) { ThePeerBlocks().Forget(pid); }

}  // namespace lstm_gan
