#include "threads/new-threads.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace lstm_gan {
namespace {

// Starts threads on other processors than the calling thread's. Otherwise Linux would put a new thread on the processor
// of the calling thread, and move the new thread only some milliseconds later, when its work is already done.
class ThreadsElsewhere {
 public:
  ThreadsElsewhere() {
    pthread_attr_init(&attributes_);
    cpu_set_t others;
    const int own = sched_getcpu();
    if (own < 0 || sched_getaffinity(0, sizeof(others), &others) != 0) return;
    CPU_CLR(static_cast<size_t>(own), &others);
    if (CPU_COUNT(&others) > 0) pthread_attr_setaffinity_np(&attributes_, sizeof(others), &others);
  }
  ~ThreadsElsewhere() {
    for (pthread_t thread : threads_) pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes_);
  }
  ThreadsElsewhere(const ThreadsElsewhere&) = delete;
  ThreadsElsewhere& operator=(const ThreadsElsewhere&) = delete;

  // Runs `body` on a new thread, or on the calling thread if the system gives no more threads.
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

}  // namespace

void ForNewThreads(size_t size, size_t threads, const std::function<void(size_t, size_t)>& body) {
  const size_t count = std::max<size_t>(1, std::min(threads, size >> 16));
  const size_t piece = (size / count + 15) & ~size_t{15};
  const auto end = [=](size_t i) { return i + 1 == count ? size : std::min(size, (i + 1) * piece); };
  ThreadsElsewhere others;
  for (size_t i = 1; i < count; ++i)
    others.Run([&body, start = std::min(size, i * piece), stop = end(i)] { body(start, stop); });
  body(0, end(0));
}

}  // namespace lstm_gan
