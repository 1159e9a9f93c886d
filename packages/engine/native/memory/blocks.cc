#include "memory/blocks.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <memory>
#include <mutex>

namespace lstm_gan {
namespace {

class Blocks {
 public:
  // Null if there are kMaxBlocks blocks already, or if the system has no memory.
  Block* Take(size_t size) {
    std::lock_guard<std::mutex> lock(mutex_);
    Block* block = TakeIdle(size);
    if (block == nullptr) block = Make(size);
    if (block != nullptr) block->uses = 1;
    return block;
  }

  Block* Find(const void* data) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = by_address_.find(data);
    return found == by_address_.end() ? nullptr : found->second;
  }

  Block* Find(const std::string& name) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  void Hold(Block* block) {
    std::lock_guard<std::mutex> lock(mutex_);
    ++block->uses;
  }

  void Drop(Block* block, bool reusable) {
    std::lock_guard<std::mutex> lock(mutex_);
    block->reusable = block->reusable && reusable;
    if (--block->uses > 0) return;
    if (!block->reusable || idle_bytes_ + block->size > kMaxIdleBytes) return Unmake(block);
    idle_bytes_ += block->size;
    idle_.emplace(block->size, block);
  }

 private:
  static constexpr size_t kMaxIdleBytes = size_t{256} << 20;
  static constexpr size_t kMaxBlocks = 512;

  Block* TakeIdle(size_t size) {
    const auto found = idle_.find(size);
    if (found == idle_.end()) return nullptr;
    Block* block = found->second;
    idle_.erase(found);
    idle_bytes_ -= size;
    return block;
  }

  Block* Make(size_t size) {
    if (by_name_.size() >= kMaxBlocks) return nullptr;
    auto block = std::make_unique<Block>();
    block->name = "lstm-gan-" + Token() + "-" + std::to_string(++made_);
    block->size = size;
    block->fd = memfd_create(block->name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (block->fd < 0) return nullptr;
    const bool ready =
        ftruncate(block->fd, static_cast<off_t>(size)) == 0 && fcntl(block->fd, F_ADD_SEALS, kSeals) == 0;
    block->data =
        !ready ? MAP_FAILED : mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, block->fd, 0);
    if (block->data == MAP_FAILED) {
      close(block->fd);
      return nullptr;
    }
    by_address_[block->data] = block.get();
    by_name_[block->name] = block.get();
    return block.release();
  }

  void Unmake(Block* block) {
    by_address_.erase(block->data);
    by_name_.erase(block->name);
    munmap(block->data, block->size);
    close(block->fd);
    delete block;
  }

  // A random text for this process. It tells the process apart from a later one with the same process ID.
  static const std::string& Token() {
    static const std::string token = [] {
      uint64_t random = 0;
      if (getrandom(&random, sizeof(random), 0) != sizeof(random)) random = static_cast<uint64_t>(getpid());
      char text[17];
      std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(random));
      return std::string(text);
    }();
    return token;
  }

  std::mutex mutex_;
  std::multimap<size_t, Block*> idle_;
  std::map<const void*, Block*> by_address_;
  std::map<std::string, Block*> by_name_;
  size_t idle_bytes_ = 0;
  size_t made_ = 0;
};

Blocks& TheBlocks() {
  static Blocks* blocks = new Blocks;  // never destroyed: finalizers may run when the process ends
  return *blocks;
}

}  // namespace

Block* TakeBlock(size_t size) { return TheBlocks().Take(size); }
Block* FindBlock(const void* data) { return TheBlocks().Find(data); }
Block* FindBlock(const std::string& name) { return TheBlocks().Find(name); }
void HoldBlock(Block* block) { TheBlocks().Hold(block); }
void DropBlock(Block* block, bool reusable) { TheBlocks().Drop(block, reusable); }

}  // namespace lstm_gan
