#pragma once
// Threads for work that waits for a store.
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ingot::engine {

/// Runs tasks side by side on threads of its own. Making a file durable is waiting, and a disk
/// makes many files durable in the time of one: hence more threads than cores. Threads start when
/// they are first needed.
class FileTasks {
public:
    static constexpr std::size_t kThreadsMax = 16;

    /// Tasks that are under way hold at most so many bytes, or there is only one of them.
    explicit FileTasks(std::size_t bytes_max) : bytes_max_(bytes_max) {}
    /// As stop.
    ~FileTasks();
    FileTasks(const FileTasks&) = delete;
    FileTasks& operator=(const FileTasks&) = delete;

    /// Takes a task that holds so many bytes; waits while too much is under way. Throws what an
    /// earlier task threw; the new task is not taken then. Not to be called by a task.
    void submit(std::size_t bytes, std::function<void()> task);
    /// Until all tasks have ended. Throws what the first failing one threw: those that had not
    /// begun by then never ran.
    void wait();
    /// Tasks that have not begun never run; returns when the others have ended. Nothing may be
    /// submitted afterwards.
    void stop();

private:
    struct Task {
        std::size_t bytes;
        std::function<void()> run;
    };

    void work();
    void rethrow();

    const std::size_t bytes_max_;
    std::mutex mutex_;  ///< Guards what follows.
    std::condition_variable task_came_;
    std::condition_variable task_ended_;
    std::deque<Task> waiting_;
    std::size_t under_way_ = 0;  ///< Waiting ones too, as in the next.
    std::size_t bytes_ = 0;
    std::exception_ptr failure_;
    bool is_stopped_ = false;
    std::vector<std::jthread> threads_;
};

}  // namespace ingot::engine
