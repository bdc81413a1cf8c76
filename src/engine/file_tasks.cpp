#include "base/check.hpp"
#include "base/executor.hpp"
#include "engine/file_tasks_internal.hpp"

namespace ingot::engine {

FileTasks::~FileTasks() {
    stop();
}

void FileTasks::submit(std::size_t bytes, std::function<void()> task) {
    std::unique_lock lock(mutex_);
    INGOT_CHECK(!is_stopped_, "a task came after the end");
    task_ended_.wait(lock, [&] {
        return failure_ != nullptr || under_way_ == 0 ||
               (under_way_ < kThreadsMax && bytes_ + bytes <= bytes_max_);
    });
    rethrow();
    waiting_.push_back({bytes, std::move(task)});
    ++under_way_;
    bytes_ += bytes;
    if (threads_.size() < under_way_) {
        threads_.emplace_back([this] { work(); });
    }
    task_came_.notify_one();
}

void FileTasks::wait() {
    std::unique_lock lock(mutex_);
    task_ended_.wait(lock, [&] { return under_way_ == 0; });
    rethrow();
}

void FileTasks::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopped_ = true;
        task_came_.notify_all();
    }
    threads_.clear();
}

void FileTasks::work() {
    name_this_thread("ingot-files");
    std::unique_lock lock(mutex_);
    for (;;) {
        task_came_.wait(lock, [&] { return is_stopped_ || !waiting_.empty(); });
        if (is_stopped_) {
            return;
        }
        auto task = std::move(waiting_.front());
        waiting_.pop_front();
        if (failure_ == nullptr) {
            lock.unlock();
            std::exception_ptr failure;
            try {
                task.run();
            } catch (...) {
                failure = std::current_exception();
            }
            lock.lock();
            if (failure_ == nullptr) {
                failure_ = std::move(failure);
            }
        }
        --under_way_;
        bytes_ -= task.bytes;
        task_ended_.notify_all();
    }
}

void FileTasks::rethrow() {
    if (failure_ != nullptr) {
        std::rethrow_exception(failure_);
    }
}

}  // namespace ingot::engine
