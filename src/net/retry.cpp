#include <algorithm>
#include <charconv>
#include <curl/curl.h>

#include "net/retry_internal.hpp"

namespace ingot::net {

namespace {

Error cancelled() {
    return make_error(ErrorCode::kCancelled, "stopped while waiting for a retry");
}

/// In slices, since the clock knows no stop token.
Status sleep(Clock& clock, Duration duration, const std::stop_token& stop) {
    constexpr Duration kSlice = std::chrono::milliseconds(20);
    while (duration > Duration(0)) {
        if (stop.stop_requested()) return cancelled();
        clock.sleep_for(std::min(duration, kSlice));
        duration -= kSlice;
    }
    return stop.stop_requested() ? Status(cancelled()) : Status();
}

}  // namespace

StatusKind classify_status(int status) {
    switch (status) {
        case 301:
        case 302:
        case 303:
        case 307:
        case 308:
            return StatusKind::kRedirect;
        case 304:
            return StatusKind::kNotModified;
        case 404:
        case 410:
            return StatusKind::kAbsent;
        case 408:
        case 425:
        case 429:
            return StatusKind::kTransient;
        case 501:
        case 505:
            return StatusKind::kPermanent;
        default:
            if (status >= 200 && status < 300) return StatusKind::kSuccess;
            return status >= 500 ? StatusKind::kTransient : StatusKind::kPermanent;
    }
}

std::optional<Duration> parse_retry_after(std::string_view value, Timestamp now) {
    std::int64_t seconds = 0;
    const char* const end = value.data() + value.size();
    const auto [rest, error] = std::from_chars(value.data(), end, seconds);
    constexpr std::int64_t kSecondsMax = 365LL * 24 * 3600;
    if (error == std::errc() && rest == end) {
        return seconds < 0
                   ? std::nullopt
                   : std::optional<Duration>(std::chrono::seconds(std::min(seconds, kSecondsMax)));
    }
    const time_t date = ::curl_getdate(std::string(value).c_str(), nullptr);
    if (date < 0) return std::nullopt;
    const Duration wait = Timestamp::from_millis(std::int64_t{date} * 1000) - now;
    return std::clamp<Duration>(wait, Duration(0), std::chrono::seconds(kSecondsMax));
}

Duration backoff_delay(const RetryPolicy& policy, int attempt, std::uint64_t random) {
    Duration ceiling = policy.delay_first;
    for (int i = 0; i < attempt && ceiling < policy.delay_max; ++i) ceiling *= 2;
    ceiling = std::min(ceiling, policy.delay_max);
    const auto choices = static_cast<std::uint64_t>(std::max<std::int64_t>(ceiling.count(), 0)) + 1;
    return Duration(static_cast<std::int64_t>(random % choices));
}

std::optional<Duration> RetryLoop::time_left() const {
    if (policy_.total_timeout == Duration(0)) return std::nullopt;
    return std::max(policy_.total_timeout - (clock_.steady() - start_), Duration(0));
}

Status RetryLoop::wait_for_next(AttemptFailure failure, const std::stop_token& stop) {
    ++failures_;
    if (!failure.transient) return std::move(failure.error);
    const auto give_up = [&](std::string_view why) {
        return std::move(failure.error)
            .with(fmt::format("given up after {} {}{}", failures_,
                              failures_ == 1 ? "attempt" : "attempts", why));
    };
    if (failures_ >= policy_.attempts_max) return give_up("");
    const Duration wait = std::max(failure.retry_after.value_or(Duration(0)),
                                   backoff_delay(policy_, failures_ - 1, random_()));
    if (wait > policy_.retry_after_max && failure.retry_after) {
        return give_up(fmt::format(": the server asks to wait for {}", format_duration(wait)));
    }
    if (const auto left = time_left(); left && wait >= *left) {
        return give_up(
            fmt::format(": the time of {} is used up", format_duration(policy_.total_timeout)));
    }
    return sleep(clock_, wait, stop);
}

}  // namespace ingot::net
