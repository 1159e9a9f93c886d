// Blocks of peers.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "blocks.h"

namespace lstm_gan {
namespace {

class Mappings {
 public:
  Mapping* Find(uint32_t pid, const std::string& name) {
    for (Mapping* mapping : all_) {
      if (mapping->pid == pid && mapping->name == name && !mapping->forgotten) return mapping;
    }
    return nullptr;
  }

  // Takes over a new mapping; the one that was idle longest makes room.
  Mapping* Add(Mapping mapping) {
    if (all_.size() >= kMaxMappings) {
      const auto idle = std::find_if(all_.begin(), all_.end(), [](const Mapping* one) { return one->holds == 0; });
      if (idle != all_.end()) Unmap(*idle);
    }
    all_.push_back(new Mapping(std::move(mapping)));
    return all_.back();
  }

  void Drop(Mapping* mapping) {
    if (--mapping->holds == 0 && mapping->forgotten) Unmap(mapping);
  }

  void Forget(uint32_t pid) {
    const std::vector<Mapping*> before = all_;
    for (Mapping* mapping : before) {
      if (mapping->pid != pid) continue;
      mapping->forgotten = true;
      if (mapping->holds == 0) Unmap(mapping);
    }
  }

  bool IsFull() const {
    return all_.size() >= kMaxMappings && std::none_of(all_.begin(), all_.end(), [](const Mapping* one) { return one->holds == 0; });
  }

 private:
  static constexpr size_t kMaxMappings = 512;

  void Unmap(Mapping* mapping) {
    all_.erase(std::find(all_.begin(), all_.end(), mapping));
    munmap(mapping->data, mapping->size);
    delete mapping;
  }

  std::vector<Mapping*> all_;
};

Mappings& PeersBlocks() {
  static Mappings* mappings = new Mappings;
  return *mappings;
}

// Opens and checks a block of a peer; why it cannot be used, or nothing.
std::string Map(Mapping* mapping, uint32_t fd) {
  const std::string path = "/proc/" + std::to_string(mapping->pid) + "/fd/" + std::to_string(fd);
  // Without blocking: what is there may be anything, a pipe too.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return path + " cannot be opened";
  struct stat about;
  char target[128];
  const std::string own = "/proc/self/fd/" + std::to_string(file);
  const ssize_t length = readlink(own.c_str(), target, sizeof(target));
  const int seals = fcntl(file, F_GET_SEALS);
  std::string error;
  if (length < 0 || std::string(target, static_cast<size_t>(length)) != "/memfd:" + mapping->name + " (deleted)") {
    error = path + " is not the block " + mapping->name;
  } else if (seals < 0 || (seals & kSeals) != kSeals) {
    error = "the block " + mapping->name + " may shrink";
  } else if (fstat(file, &about) != 0 || static_cast<size_t>(about.st_size) != mapping->size) {
    error = "the block " + mapping->name + " has not the size of its array";
  } else {
    mapping->data = mmap(nullptr, mapping->size, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
    if (mapping->data == MAP_FAILED) error = "the block " + mapping->name + " cannot be mapped";
  }
  close(file);
  return error;
}

}  // namespace

Mapping* HoldMapping(uint32_t pid, uint32_t fd, const std::string& name, size_t size, std::string* error) {
  Mapping* mapping = PeersBlocks().Find(pid, name);
  if (mapping == nullptr) {
    if (PeersBlocks().IsFull()) {
      *error = "too many blocks are in use";
      return nullptr;
    }
    Mapping made;
    made.size = size;
    made.pid = pid;
    made.name = name;
    *error = Map(&made, fd);
    if (!error->empty()) return nullptr;
    mapping = PeersBlocks().Add(std::move(made));
  }
  if (mapping->size != size) {
    *error = "the block " + name + " has not the size of its array";
    return nullptr;
  }
  ++mapping->holds;
  return mapping;
}

void DropMapping(Mapping* mapping) { PeersBlocks().Drop(mapping); }
void ForgetMappings(uint32_t pid) { PeersBlocks().Forget(pid); }

}  // namespace lstm_gan
