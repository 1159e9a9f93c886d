// Memory that other processes of this user and machine read where it lies: blocks without a name in any file system (memfd),
// so nothing is left behind by whoever is killed. A peer opens a block by way of /proc, and believes nothing: its name, its
// size, and that it can neither shrink nor grow, which would end whoever reads it. Mapped by peers for reading only.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "addon.h"

namespace lstm_gan {
namespace {

constexpr size_t kPage = 4096;
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

size_t WholePages(size_t size) { return (size + kPage - 1) & ~(kPage - 1); }

struct Block {
  int fd = -1;
  void* data = nullptr;
  size_t size = 0;
  std::string name;
  size_t uses = 0;       // the array over it, and every peer that was lent it
  bool reusable = true;  // not where a peer left without giving it back: it may still be reading
};

// Our own blocks. Touched on the JavaScript thread only.
class Blocks {
 public:
  // Null where the system gives no more.
  Block* Take(size_t size) {
    Block* block = TakeIdle(size);
    if (block == nullptr) block = Make(size);
    if (block != nullptr) block->uses = 1;
    return block;
  }

  Block* Find(const void* data) {
    const auto found = by_address_.find(data);
    return found == by_address_.end() ? nullptr : found->second;
  }

  Block* Find(const std::string& name) {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  void Drop(Block* block) {
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
    const bool ready = ftruncate(block->fd, static_cast<off_t>(size)) == 0 && fcntl(block->fd, F_ADD_SEALS, kSeals) == 0;
    block->data = !ready ? MAP_FAILED : mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, block->fd, 0);
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

  // Of this process: a process that later has the same number has other blocks.
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

  std::multimap<size_t, Block*> idle_;
  std::map<const void*, Block*> by_address_;
  std::map<std::string, Block*> by_name_;
  size_t idle_bytes_ = 0;
  size_t made_ = 0;
};

Blocks& OurBlocks() {
  static Blocks* blocks = new Blocks;  // never destroyed: finalizers may run when the process ends
  return *blocks;
}

struct Mapping {
  void* data = nullptr;
  size_t size = 0;
  uint32_t pid = 0;
  std::string name;
  size_t holds = 0;
  bool forgotten = false;
};

// Blocks of peers. A mapping is kept while its peer is there, because making one takes as long as copying.
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

bool GetSize(napi_env env, napi_value value, size_t* size) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok || !(number >= 1 && number <= 1e11)) return false;
  *size = static_cast<size_t>(number);
  return true;
}

// allocateShared(byteLength): ArrayBuffer | undefined
napi_value AllocateShared(napi_env env, napi_callback_info info) {
  size_t count = 1, size = 0;
  napi_value argument, nothing;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  napi_get_undefined(env, &nothing);
  if (count != 1 || !GetSize(env, argument, &size)) return Throw(env, "ERR_ARGUMENT", "allocateShared takes a number of bytes");
  Block* block = OurBlocks().Take(WholePages(size));
  if (block == nullptr) return nothing;
  return LendBuffer(env, block->data, size, [block] { OurBlocks().Drop(block); });
}

// lend(array): [fd, name] | undefined
napi_value Lend(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, result, fd, name;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  Bytes bytes;
  if (count != 1 || !GetBytes(env, argument, &bytes)) return Throw(env, "ERR_ARGUMENT", "lend takes an array");
  Block* block = OurBlocks().Find(bytes.data);
  if (block == nullptr || WholePages(bytes.size) != block->size) {
    napi_get_undefined(env, &result);
    return result;
  }
  ++block->uses;
  napi_create_array_with_length(env, 2, &result);
  napi_create_int32(env, block->fd, &fd);
  napi_create_string_utf8(env, block->name.c_str(), block->name.size(), &name);
  napi_set_element(env, result, 0, fd);
  napi_set_element(env, result, 1, name);
  return result;
}

// takeBack(name, reusable): a peer needs a block no more, or is gone with it
napi_value TakeBack(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  std::string name;
  bool reusable = false;
  if (count != 2 || !GetString(env, arguments[0], &name) || napi_get_value_bool(env, arguments[1], &reusable) != napi_ok) {
    return Throw(env, "ERR_ARGUMENT", "takeBack takes the name of a block, and whether it may be used again");
  }
  Block* block = OurBlocks().Find(name);
  if (block == nullptr) return Throw(env, "ERR_ARGUMENT", "nobody was lent the block " + name);
  block->reusable = block->reusable && reusable;
  OurBlocks().Drop(block);
  return nullptr;
}

// attach(pid, fd, name, byteLength): ArrayBuffer, which nobody can write
napi_value Attach(napi_env env, napi_callback_info info) {
  size_t count = 4, size = 0;
  napi_value arguments[4];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  uint32_t pid = 0, fd = 0;
  std::string name;
  if (count != 4 || !GetUint32(env, arguments[0], &pid) || !GetUint32(env, arguments[1], &fd) || !GetString(env, arguments[2], &name) ||
      !GetSize(env, arguments[3], &size)) {
    return Throw(env, "ERR_ARGUMENT", "attach takes a process, a file descriptor, a name and a number of bytes");
  }
  Mapping* mapping = PeersBlocks().Find(pid, name);
  if (mapping == nullptr) {
    if (PeersBlocks().IsFull()) return Throw(env, "ERR_BLOCK", "too many blocks are in use");
    Mapping made;
    made.size = WholePages(size);
    made.pid = pid;
    made.name = name;
    const std::string error = Map(&made, fd);
    if (!error.empty()) return Throw(env, "ERR_BLOCK", error);
    mapping = PeersBlocks().Add(std::move(made));
  }
  if (mapping->size != WholePages(size)) return Throw(env, "ERR_BLOCK", "the block " + name + " has not the size of its array");
  ++mapping->holds;
  napi_value buffer = LendBuffer(env, mapping->data, size, [mapping] { PeersBlocks().Drop(mapping); });
  return buffer == nullptr ? Throw(env, "ERR_MEMORY", "no memory for an array") : buffer;
}

// forget(pid): the blocks of a peer that is gone, as soon as nobody holds an array of them
napi_value Forget(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  uint32_t pid = 0;
  if (count != 1 || !GetUint32(env, argument, &pid)) return Throw(env, "ERR_ARGUMENT", "forget takes a process");
  PeersBlocks().Forget(pid);
  return nullptr;
}

}  // namespace

void DefineShared(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      Function("allocateShared", AllocateShared), Function("attach", Attach),     Function("forget", Forget),
      Function("lend", Lend),                     Function("takeBack", TakeBack),
  };
  napi_define_properties(env, exports, sizeof(functions) / sizeof(functions[0]), functions);
}

}  // namespace lstm_gan
