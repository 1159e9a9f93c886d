// Threads that wait for pieces of work, and stay: starting one takes as long as a small piece; and threads that begin with one.
#include "parallel.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace lstm_gan {
namespace {

// Leaves the processor's core to its other thread for a moment.
inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// One piece of work after the other; whoever calls takes part.
class Crew {
 public:
  void Run(size_t count, size_t threads, const std::function<void(size_t)>& body) {
    // Work of another thread goes on meanwhile: then this one does its own alone.
    std::unique_lock<std::mutex> busy(busy_, std::try_to_lock);
    const size_t others = busy.owns_lock() ? std::min(threads, count) - 1 : 0;
    if (others == 0) {
      for (size_t i = 0; i < count; ++i) body(i);
      return;
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      while (members_ < others) {
        std::thread(&Crew::Wait, this, members_).detach();
        ++members_;
      }
      body_ = &body;
      count_ = count;
      next_ = 0;
      wanted_ = working_ = others;
      ++round_;
    }
    begin_.notify_all();
    Take(body, count);
    WaitAwhile([this] { return working_ == 0; });
    std::unique_lock<std::mutex> lock(mutex_);
    end_.wait(lock, [this] { return working_ == 0; });
  }

 private:
  void Take(const std::function<void(size_t)>& body, size_t count) {
    for (size_t i = next_++; i < count; i = next_++) body(i);
  }

  // Waits a little for what comes soon: falling asleep and waking up takes as long as a small piece.
  template <typename Condition>
  static void WaitAwhile(const Condition& isTrue) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(40);
    while (!isTrue() && std::chrono::steady_clock::now() < end) Pause();
  }

  void Wait(size_t member) {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      lock.unlock();
      WaitAwhile([&] { return round_ != seen; });
      lock.lock();
      begin_.wait(lock, [&] { return round_ != seen && member < wanted_; });
      seen = round_;
      const auto* body = body_;
      const size_t count = count_;
      lock.unlock();
      Take(*body, count);
      lock.lock();
      if (--working_ == 0) end_.notify_one();
    }
  }

  std::mutex busy_, mutex_;
  std::condition_variable begin_, end_;
  const std::function<void(size_t)>* body_ = nullptr;
  std::atomic<size_t> next_{0};
  size_t count_ = 0, wanted_ = 0, members_ = 0;
  std::atomic<size_t> working_{0};
  std::atomic<uint64_t> round_{0};
};

Crew& TheCrew() {
  static Crew* crew = new Crew;  // never destroyed: its threads wait in it until the process ends
  return *crew;
}

// Threads that begin beside this one: the kernel puts a new thread on its maker's processor, and takes it away from there only
// some milliseconds later, when its maker has done all the work.
class Beside {
 public:
  Beside() {
    pthread_attr_init(&attributes_);
    cpu_set_t others;
    const int own = sched_getcpu();
    if (own < 0 || sched_getaffinity(0, sizeof(others), &others) != 0) return;
    CPU_CLR(static_cast<size_t>(own), &others);
    if (CPU_COUNT(&others) > 0) pthread_attr_setaffinity_np(&attributes_, sizeof(others), &others);
  }
  ~Beside() {
    for (pthread_t thread : threads_) pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes_);
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  // Runs it here where the system gives no more threads.
  void Run(std::function<void()> body) {
    const auto call = [](void* data) -> void* {
      std::unique_ptr<std::function<void()>> body(static_cast<std::function<void()>*>(data));
      (*body)();
      return nullptr;
    };
    auto owned = std::make_unique<std::function<void()>>(std::move(body));
    pthread_t thread;
    if (pthread_create(&thread, &attributes_, call, owned.get()) != 0) return (*owned)();
    owned.release();
    threads_.push_back(thread);
  }

 private:
  pthread_attr_t attributes_;
  std::vector<pthread_t> threads_;
};

std::atomic<size_t> piece_threads{1};

}  // namespace

void SetPieceThreads(size_t threads) { piece_threads = std::max<size_t>(1, threads); }

size_t PieceThreads() { return piece_threads; }

void ForEachPiece(size_t count, const std::function<void(size_t)>& body) {
  if (count > 0) TheCrew().Run(count, PieceThreads(), body);
}

void ForEachRange(size_t size, size_t grain, const std::function<void(size_t, size_t)>& body) {
  const size_t grains = (size + grain - 1) / grain;
  const size_t pieces = std::min(PieceThreads(), grains);
  ForEachPiece(pieces, [&](size_t i) {
    const size_t start = grains * i / pieces * grain, end = std::min(size, grains * (i + 1) / pieces * grain);
    if (start < end) body(start, end);
  });
}

void ForNewThreads(size_t size, size_t threads, const std::function<void(size_t, size_t)>& body) {
  const size_t count = std::max<size_t>(1, std::min(threads, size >> 16));
  const size_t piece = (size / count + 15) & ~size_t{15};
  const auto end = [=](size_t i) { return i + 1 == count ? size : std::min(size, (i + 1) * piece); };
  Beside others;
  for (size_t i = 1; i < count; ++i) others.Run([&body, start = std::min(size, i * piece), stop = end(i)] { body(start, stop); });
  body(0, end(0));
}

}  // namespace lstm_gan
