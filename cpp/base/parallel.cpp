#include "base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace lpat {

namespace {

// Threads that are waited for, whatever happens. Apple's library long had no std::jthread.
struct Joined {
  std::vector<std::thread> threads;

  ~Joined() {
    for (std::thread& thread : threads) thread.join();
  }
};

}  // namespace

void for_each_index(std::size_t count, std::size_t threads,
                    const std::function<void(std::size_t)>& task) {
  std::atomic<std::size_t> next = 0;
  std::mutex failing;
  std::size_t failed = count;
  std::exception_ptr failure;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        task(i);
      } catch (...) {
        const std::scoped_lock lock(failing);
        if (i < failed) {
          failed = i;
          failure = std::current_exception();
        }
      }
    }
  };
  {
    if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
    Joined others;
    for (std::size_t i = 1; i < std::min(threads, count); ++i) others.threads.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lpat
