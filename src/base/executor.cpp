#include "base/executor.hpp"

#include <exception>
#include <pthread.h>

#include "base/log.hpp"

namespace ingot {

Executor::Executor(ExecutorOptions options) : queue_(options.queue_capacity) {
    INGOT_CHECK(options.threads > 0, "an executor without threads runs nothing");
    threads_.reserve(options.threads);
    for (std::size_t i = 0; i < options.threads; ++i) {
        threads_.emplace_back([this, name = fmt::format("{}-{}", options.name, i)] { work(name); });
    }
}

Executor::~Executor() {
    stop();
}

Status Executor::submit(Task task, std::stop_token stop) {
    if (queue_.push(std::move(task), std::move(stop))) return {};
    return make_error(ErrorCode::kCancelled, "the task was not started: its executor is stopping");
}

void Executor::drain() {
    queue_.close();
    for (std::jthread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

void Executor::stop() {
    stop_.request_stop();
    drain();
    // The threads are gone; what they left is dropped here, not at some later time.
    while (queue_.pop()) {
    }
}

void Executor::work(std::string name) {
    name_this_thread(name);
    while (const std::optional<Task> task = queue_.pop(stop_.get_token())) {
        try {
            (*task)(stop_.get_token());
        } catch (const std::exception& exception) {
            log_error("a task of {} ended by an exception: {}", name, exception.what());
        } catch (...) {
            log_error("a task of {} ended by an unknown exception", name);
        }
    }
}

void name_this_thread(std::string_view name) {
    // The call refuses longer names instead of cutting them.
    ::pthread_setname_np(::pthread_self(), std::string(name.substr(0, 15)).c_str());
}

}  // namespace ingot
