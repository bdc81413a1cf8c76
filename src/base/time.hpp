#pragma once
// Instants, civil time and zones. Instants are UTC microseconds since 1970-01-01T00:00:00Z
// everywhere in Ingot.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/strong_type.hpp"

namespace ingot {

using Duration = std::chrono::microseconds;

class Timestamp {
public:
    constexpr Timestamp() = default;
    static constexpr Timestamp from_micros(std::int64_t micros) { return Timestamp(micros); }
    static constexpr Timestamp from_millis(std::int64_t millis) { return Timestamp(millis * 1000); }
    constexpr std::int64_t micros() const { return micros_; }
    /// Rounded down.
    constexpr std::int64_t millis() const {
        return (micros_ - ((micros_ % 1000 + 1000) % 1000)) / 1000;
    }
    friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
    friend constexpr Timestamp operator+(Timestamp at, Duration by) {
        return Timestamp(at.micros_ + by.count());
    }
    friend constexpr Timestamp operator-(Timestamp at, Duration by) {
        return Timestamp(at.micros_ - by.count());
    }
    friend constexpr Duration operator-(Timestamp a, Timestamp b) {
        return Duration(a.micros_ - b.micros_);
    }

    /// ISO 8601 in UTC with as many fraction digits as needed: `2015-01-01T15:00:08Z`,
    /// `2015-01-01T15:00:08.250Z`.
    std::string to_string() const;

private:
    constexpr explicit Timestamp(std::int64_t micros) : micros_(micros) {}
    std::int64_t micros_ = 0;
};

/// Reads `2015`, `2015-01`, `2015-01-01`, `2015-01-01T15`, `...T15:00`,
/// `...T15:00:08[.123456][Z|+01:00]` (also with a blank instead of T). Without an offset the text
/// is civil time in `zone` (an IANA name; a time that a clock change skips moves forward, one that
/// happens twice is the first).
Result<Timestamp> parse_timestamp(std::string_view text, std::string_view zone = "UTC");

/// `90s`, `30m`, `6h`, `7d`, `2w`, `250ms`: a whole number and one unit; exact multiples of 24 h
/// for d and w.
Result<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration duration);

/// A calendar step, used for windows and for shifts such as `window.start - 10y`.
struct CalendarStep {
    enum class Unit : std::uint8_t { kMinute, kHour, kDay, kWeek, kMonth, kYear };
    Unit unit = Unit::kHour;
    std::int64_t count = 1;
};

/// strftime as civil time in `zone`. `%-H`, `%-m`, `%-d` are without padding. Errors: unknown zone,
/// unknown specifier.
Result<std::string> format_time(Timestamp at, std::string_view pattern,
                                std::string_view zone = "UTC");

/// Moves by calendar in `zone`. A day that the target month lacks (29 February minus 10 years) is
/// nullopt, never another day.
Result<std::optional<Timestamp>> shift_calendar(Timestamp at, CalendarStep by,
                                                std::string_view zone = "UTC");

/// The start of the step-sized window that holds `at`, in civil time of `zone` (a day starts at
/// local midnight, a week on Monday).
Result<Timestamp> floor_calendar(Timestamp at, CalendarStep step, std::string_view zone = "UTC");

bool is_known_zone(std::string_view zone);

/// An IANA zone, looked up once. A small value; valid for the life of the process.
class TimeZone {
public:
    TimeZone() = default;  ///< UTC
    static Result<TimeZone> find(std::string_view name);

    /// How far wall clocks are ahead of UTC, and the instants [begin, end) for which that holds.
    struct Period {
        Duration offset{0};
        std::optional<Timestamp> begin;  ///< Nothing: since ever.
        std::optional<Timestamp> end;    ///< Nothing: for ever.
    };
    Period period_at(Timestamp at) const;

private:
    explicit TimeZone(const void* zone) : zone_(zone) {}
    const void* zone_ = nullptr;  // the zone database's own; nullptr: UTC
};

/// Where the time comes from. Thread-safe. `now` may jump either way; `steady` never goes back.
class Clock {
public:
    virtual ~Clock() = default;
    virtual Timestamp now() const = 0;
    virtual Duration steady() const = 0;
    virtual void sleep_for(Duration duration) = 0;
};

/// The operating system's clock.
Clock& system_clock();

/// A clock that tests set. `sleep_for` moves it forward at once. Thread-safe.
class ManualClock final : public Clock {
public:
    explicit ManualClock(Timestamp start);
    Timestamp now() const override;
    Duration steady() const override;
    void sleep_for(Duration duration) override;
    void set(Timestamp now);
    void advance(Duration by);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace ingot
