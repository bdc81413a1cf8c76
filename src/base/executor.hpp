#pragma once
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bounded_queue.hpp"
#include "base/result.hpp"

namespace ingot {

struct ExecutorOptions {
    std::string name;  ///< Threads are called `name-0`, `name-1`, ... (15 characters are shown).
    std::size_t threads = 1;
    std::size_t queue_capacity = 256;
};

/// A fixed pool of threads that run tasks in the order of their arrival. Thread-safe. A task must
/// not wait for another task of the same executor.
class Executor {
public:
    using Task = std::function<void(std::stop_token)>;

    /// Requires threads > 0 and queue_capacity > 0.
    explicit Executor(ExecutorOptions options);
    /// As `stop`.
    ~Executor();
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    /// Waits for room in the queue. Error kCancelled: the executor or `stop` was stopped. The
    /// task's own token is the executor's. An exception that leaves a task is logged and ends only
    /// that task.
    Status submit(Task task, std::stop_token stop = {});

    /// The same with a result, or the exception that left the function.
    template <class Function>
    auto run(Function function, std::stop_token stop = {})
        -> Result<std::future<std::invoke_result_t<Function, std::stop_token>>> {
        using Value = std::invoke_result_t<Function, std::stop_token>;
        auto task =
            std::make_shared<std::packaged_task<Value(std::stop_token)>>(std::move(function));
        std::future<Value> future = task->get_future();
        INGOT_TRY(
            submit([task](std::stop_token own) { (*task)(std::move(own)); }, std::move(stop)));
        return future;
    }

    /// Runs what is queued, then ends the threads. New tasks are refused. Not from a task.
    void drain();
    /// Asks running tasks to stop, drops the queued ones (their futures are broken), and ends the
    /// threads. Not from a task.
    void stop();

    std::size_t thread_count() const { return threads_.size(); }

private:
    void work(std::string name);

    BoundedQueue<Task> queue_;
    std::stop_source stop_;
    std::vector<std::jthread> threads_;
};

/// Names the calling thread for debuggers and `top`; the kernel keeps 15 characters.
void name_this_thread(std::string_view name);

}  // namespace ingot
