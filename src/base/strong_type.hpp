#pragma once
#include <compare>
#include <cstddef>
#include <fmt/format.h>
#include <functional>

namespace ingot {

/// A value of its own type: no implicit conversion either way, comparable only with its own kind.
///   using TableVersion = StrongType<struct TableVersionTag, std::int64_t>;
template <class Tag, class Rep>
class StrongType {
public:
    using rep = Rep;
    constexpr StrongType() = default;
    constexpr explicit StrongType(Rep value) : value_(std::move(value)) {}
    constexpr const Rep& value() const { return value_; }
    friend constexpr auto operator<=>(const StrongType&, const StrongType&) = default;

private:
    Rep value_{};
};

}  // namespace ingot

template <class Tag, class Rep>
struct std::hash<ingot::StrongType<Tag, Rep>> {
    std::size_t operator()(const ingot::StrongType<Tag, Rep>& id) const {
        return std::hash<Rep>{}(id.value());
    }
};

template <class Tag, class Rep>
struct fmt::formatter<ingot::StrongType<Tag, Rep>> : fmt::formatter<Rep> {
    auto format(const ingot::StrongType<Tag, Rep>& id, fmt::format_context& context) const {
        return fmt::formatter<Rep>::format(id.value(), context);
    }
};
