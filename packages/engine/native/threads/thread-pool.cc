#include "threads/thread-pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "threads/float-mode.h"

namespace lstm_gan {
namespace {

class ThreadPool {
 public:
  // Runs all pieces; the calling thread takes part. All threads get the calling thread's float mode, so that the
  // results do not depend on which thread computes which piece.
  void Run(size_t count, size_t threads, const std::function<void(size_t)>& body) {
    // If the pool is busy with the work of another caller, this caller does all pieces itself.
    std::unique_lock<std::mutex> busy(busy_, std::try_to_lock);
    const size_t others = busy.owns_lock() ? std::min(threads, count) - 1 : 0;
    if (others == 0) {
      for (size_t i = 0; i < count; ++i) body(i);
      return;
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      while (threads_ < others) {
        std::thread(&ThreadPool::Wait, this, threads_).detach();
        ++threads_;
      }
      body_ = &body;
      count_ = count;
      float_mode_ = CurrentFloatMode();
      next_ = 0;
      wanted_ = working_ = others;
      ++round_;
    }
    begin_.notify_all();
    RunPieces(body, count);
    WaitAwhile([this] { return working_ == 0; });
    std::unique_lock<std::mutex> lock(mutex_);
    end_.wait(lock, [this] { return working_ == 0; });
  }

 private:
  void RunPieces(const std::function<void(size_t)>& body, size_t count) {
    for (size_t i = next_++; i < count; i = next_++) body(i);
  }

  // Waits up to 200 microseconds without sleeping: falling asleep and waking up takes as long as a small piece of work.
  // Yields, so that any other thread that is ready gets the processor.
  template <typename Condition>
  static void WaitAwhile(const Condition& is_true) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
    while (!is_true() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  }

  void Wait(size_t thread) {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      lock.unlock();
      WaitAwhile([&] { return round_ != seen; });
      lock.lock();
      begin_.wait(lock, [&] { return round_ != seen && thread < wanted_; });
      seen = round_;
      const auto* body = body_;
      const size_t count = count_;
      SetFloatMode(float_mode_);
      lock.unlock();
      RunPieces(*body, count);
      lock.lock();
      if (--working_ == 0) end_.notify_one();
    }
  }

  std::mutex busy_, mutex_;
  std::condition_variable begin_, end_;
  const std::function<void(size_t)>* body_ = nullptr;
  std::atomic<size_t> next_{0};
  size_t count_ = 0, wanted_ = 0, threads_ = 0;
  FloatMode float_mode_ = 0;
  std::atomic<size_t> working_{0};
  std::atomic<uint64_t> round_{0};
};

ThreadPool& TheThreadPool() {
  static ThreadPool* pool = new ThreadPool;  // never destroyed: its threads use it until the process ends
  return *pool;
}

std::atomic<size_t> piece_threads{1};

}  // namespace

void SetPieceThreads(size_t threads) { piece_threads = std::max<size_t>(1, threads); }

size_t PieceThreads() { return piece_threads; }

void ForEachPiece(size_t count, const std::function<void(size_t)>& body) {
  if (count > 0) TheThreadPool().Run(count, PieceThreads(), body);
}

void ForEachRange(size_t size, size_t grain, const std::function<void(size_t, size_t)>& body) {
  const size_t grains = (size + grain - 1) / grain;
  const size_t pieces = std::min(PieceThreads(), grains);
  ForEachPiece(pieces, [&](size_t i) {
    const size_t start = grains * i / pieces * grain, end = std::min(size, grains * (i + 1) / pieces * grain);
    if (start < end) body(start, end);
  });
}

}  // namespace lstm_gan
