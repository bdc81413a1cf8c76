#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/http_client.hpp"

namespace ingot::net {

enum class StatusKind : std::uint8_t {
    kSuccess,
    kRedirect,
    kNotModified,
    kAbsent,
    kTransient,
    kPermanent
};
StatusKind classify_status(int status);

/// The value of a Retry-After header, seconds or a date. Nothing: unreadable. A date in the past is
/// zero.
std::optional<Duration> parse_retry_after(std::string_view value, Timestamp now);

/// Exponential backoff with full jitter: anything from nothing to first * 2^attempt, at most max.
/// `attempt` counts from 0.
Duration backoff_delay(const RetryPolicy& policy, int attempt, std::uint64_t random);

/// Why an attempt did not succeed, and whether another one may.
struct AttemptFailure {
    Error error;
    bool transient = false;
    std::optional<Duration> retry_after = {};
};

/// Counts attempts and waits between them.
class RetryLoop {
public:
    RetryLoop(const RetryPolicy& policy, Clock& clock, const std::function<std::uint64_t()>& random)
        : policy_(policy), clock_(clock), random_(random), start_(clock.steady()) {}

    /// What is left of the total time; nothing: no limit.
    std::optional<Duration> time_left() const;
    int attempts() const { return failures_ + 1; }
    /// After a failure: waits until the next attempt may begin, or returns the error when there is
    /// none, with the number of attempts as context.
    Status wait_for_next(AttemptFailure failure, const std::stop_token& stop);

private:
    const RetryPolicy& policy_;
    Clock& clock_;
    const std::function<std::uint64_t()>& random_;
    Duration start_;
    int failures_ = 0;
};

}  // namespace ingot::net
