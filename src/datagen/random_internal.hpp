#pragma once
// Random numbers and text that are the same everywhere: integers only, nothing from <random>.
#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ingot::datagen {

/// Mixes any number of values into one hash: the fixed properties of a thing follow from its
/// number.
constexpr std::uint64_t mix(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15ULL;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31U);
}
template <class... Rest>
constexpr std::uint64_t mix(std::uint64_t first, std::uint64_t second, Rest... rest) {
    return mix(mix(first) ^ second, rest...);
}

/// A value of a measured distribution at a cumulative share in 1/1000.
struct Quantile {
    std::uint32_t permille;
    std::uint32_t value;
};

/// SplitMix64.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        const std::uint64_t value = mix(state_);
        state_ += 0x9E3779B97F4A7C15ULL;
        return value;
    }
    /// In [0, bound); bound > 0. The bias is under bound / 2^32.
    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>(((next() >> 32U) * bound) >> 32U);
    }
    std::uint32_t between(std::uint32_t low, std::uint32_t high) {
        return low + below(high - low + 1);
    }
    bool chance(std::uint32_t of_thousand) { return below(1000) < of_thousand; }
    /// In [0, bound), small numbers far more often: the share below x is the cube root of x /
    /// bound.
    std::uint32_t skewed(std::uint32_t bound);
    /// Between the quantiles, closer to the lower one in the last stretch, whose tail is long.
    std::uint32_t quantile(std::span<const Quantile> table);

    template <class T, std::size_t N>
    const T& pick(const std::array<T, N>& values) {
        return values[below(static_cast<std::uint32_t>(N))];
    }

private:
    std::uint64_t state_;
};

inline void append_one(std::string& out, std::string_view text) {
    out.append(text);
}
template <std::integral T>
void append_one(std::string& out, T number) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}
/// Appends texts and whole numbers one after the other.
template <class... Parts>
void append(std::string& out, const Parts&... parts) {
    (append_one(out, parts), ...);
}

/// A number in base 36.
std::string base36(std::uint64_t number);

/// Forty hexadecimal digits.
void append_sha(std::string& out, Random& random);

/// The inside of a JSON string, escaped where JSON wants it, of about `length` bytes: words of
/// several languages, line ends, quotes, backslashes, an emoji now and then.
void append_prose(std::string& out, Random& random, std::uint32_t length);

/// A lower-case word, for names.
std::string_view word(std::uint64_t hash);

/// `2015-01-01T15:00:08Z` and `2015-01-01` from seconds since 1970.
void append_instant(std::string& out, std::int64_t seconds);
void append_day(std::string& out, std::int64_t seconds);

}  // namespace ingot::datagen
