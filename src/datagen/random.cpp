#include <algorithm>
#include <chrono>

#include "datagen/random_internal.hpp"

namespace ingot::datagen {

namespace {

constexpr std::array<std::string_view, 96> kWords = {
    "amber",  "anchor", "apple",  "arrow",   "ash",     "atlas",  "badger",  "basil",  "beacon",
    "birch",  "blade",  "bolt",   "bridge",  "brook",   "cabin",  "cactus",  "candle", "canyon",
    "cedar",  "chart",  "cloud",  "cobalt",  "comet",   "copper", "coral",   "crane",  "dawn",
    "delta",  "desert", "dune",   "eagle",   "echo",    "ember",  "falcon",  "fern",   "flint",
    "forest", "forge",  "fox",    "garden",  "glacier", "grain",  "harbor",  "hazel",  "heron",
    "hollow", "indigo", "iron",   "island",  "ivory",   "jade",   "juniper", "kettle", "lantern",
    "lark",   "linen",  "lotus",  "lunar",   "maple",   "marble", "meadow",  "mesa",   "mint",
    "moss",   "nectar", "north",  "oak",     "ocean",   "olive",  "onyx",    "orbit",  "otter",
    "paper",  "pearl",  "pepper", "pine",    "pixel",   "plum",   "prairie", "quartz", "quill",
    "raven",  "reef",   "ridge",  "river",   "saffron", "sage",   "shadow",  "sierra", "slate",
    "spark",  "stone",  "summit", "thistle", "tundra",  "willow"};

constexpr std::array<std::string_view, 48> kProse = {
    "the",     "fix",     "build", "when",    "we",       "should",
    "this",    "test",    "of",    "for",     "update",   "readme",
    "a",       "and",     "crash", "release", "to",       "version",
    "remove",  "unused",  "add",   "support", "merge",    "branch",
    "error:",  "see",     "#12",   "in",      "option",   "null",
    "return",  "value",   "it",    "works",   "on",       "my",
    "machine", "please",  "café",  "größer",  "修正",     "問題",
    "тест",    "función", "don't", "`code`",  "**bold**", "http://example.org/a?b=c"};

constexpr std::array<std::string_view, 8> kEscapes = {
    R"(\r\n)", R"(\n)", R"(\"quoted\")", R"(C:\\tmp)", R"(\t)", "🚀", R"(\n\n- )", R"(\u001b[0m)"};

struct Civil {
    std::chrono::year_month_day day;
    std::int64_t second;
};

Civil civil(std::int64_t seconds) {
    const std::int64_t days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
    return {std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(days))),
            seconds - days * 86400};
}

void append_padded(std::string& out, unsigned number) {
    out.push_back(static_cast<char>('0' + number / 10 % 10));
    out.push_back(static_cast<char>('0' + number % 10));
}

}  // namespace

std::uint32_t Random::skewed(std::uint32_t bound) {
    const std::uint64_t unit = next() >> 32U;
    const std::uint64_t cube = (((unit * unit) >> 32U) * unit) >> 32U;
    return static_cast<std::uint32_t>((cube * bound) >> 32U);
}

std::uint32_t Random::quantile(std::span<const Quantile> table) {
    const std::uint32_t at = below(1000);
    std::size_t upper = 1;
    while (upper + 1 < table.size() && table[upper].permille <= at) ++upper;
    const Quantile low = table[upper - 1];
    const std::uint32_t width = table[upper].value - low.value + 1;
    return low.value + (upper + 1 == table.size() ? skewed(width) : below(width));
}

std::string base36(std::uint64_t number) {
    std::string digits;
    do {
        const auto digit = static_cast<char>(number % 36);
        digits.push_back(static_cast<char>(digit < 10 ? '0' + digit : 'a' + digit - 10));
        number /= 36;
    } while (number != 0);
    std::reverse(digits.begin(), digits.end());
    return digits;
}

void append_sha(std::string& out, Random& random) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::uint64_t bits = 0;
    for (int digit = 0; digit < 40; ++digit, bits >>= 4U) {
        if (digit % 16 == 0) bits = random.next();
        out.push_back(kDigits[bits & 15U]);
    }
}

void append_prose(std::string& out, Random& random, std::uint32_t length) {
    const std::size_t end = out.size() + length;
    while (out.size() < end) {
        const std::uint32_t draw = random.below(1024);
        out.append(draw < 32 ? kEscapes[draw % kEscapes.size()] : kProse[draw % kProse.size()]);
        if (out.size() < end) out.push_back(' ');
    }
}

std::string_view word(std::uint64_t hash) {
    return kWords[hash % kWords.size()];
}

void append_instant(std::string& out, std::int64_t seconds) {
    append_day(out, seconds);
    const auto second = static_cast<unsigned>(civil(seconds).second);
    out.push_back('T');
    append_padded(out, second / 3600);
    out.push_back(':');
    append_padded(out, second / 60 % 60);
    out.push_back(':');
    append_padded(out, second % 60);
    out.push_back('Z');
}

void append_day(std::string& out, std::int64_t seconds) {
    const auto day = civil(seconds).day;
    append(out, static_cast<int>(day.year()), "-");
    append_padded(out, static_cast<unsigned>(day.month()));
    out.push_back('-');
    append_padded(out, static_cast<unsigned>(day.day()));
}

}  // namespace ingot::datagen
