#include <algorithm>
#include <climits>
#include <cmath>
#include <map>

#include "delta/skipping_internal.hpp"

namespace ingot::delta {
namespace {

using Kind = Predicate::Kind;
using Op = Predicate::Op;
using Mask = std::vector<std::uint8_t>;

struct Leaf {
    TableConfig::Resolved column;
    std::shared_ptr<const StatsColumn> stats;  ///< Null for partition columns.
};
using Leaves = std::map<Predicate::ColumnPath, Leaf>;

void collect_leaves(const TableConfig& config, const Predicate& predicate, Leaves& leaves) {
    for (const Predicate& part : predicate.parts()) collect_leaves(config, part, leaves);
    if (predicate.column().empty()) return;
    if (auto resolved = config.resolve(predicate.column())) {
        leaves.emplace(predicate.column(), Leaf{*std::move(resolved), nullptr});
    }
}

/// Statistics of all columns of the predicate, in one pass over the texts.
void load_stats(const FileSegment& segment, Leaves& leaves) {
    std::vector<StatsKey> keys;
    std::vector<Leaf*> targets;
    for (auto& [path, leaf] : leaves) {
        if (leaf.column.partition_index) continue;
        StatsKey key{leaf.column.physical_path, leaf.column.type};
        const auto same = [&](const StatsKey& other) { return other.text() == key.text(); };
        // Two spellings of one column share the parsed one.
        if (std::none_of(keys.begin(), keys.end(), same)) keys.push_back(key);
        targets.push_back(&leaf);
    }
    if (keys.empty()) return;
    const auto columns = segment.columns(keys);
    for (Leaf* leaf : targets) {
        const std::string text = StatsKey{leaf->column.physical_path, leaf->column.type}.text();
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (keys[i].text() == text) leaf->stats = columns[i];
        }
    }
}

bool is_integral(TypeId type) {
    return type == TypeId::kByte || type == TypeId::kShort || type == TypeId::kInteger ||
           type == TypeId::kLong;
}

bool is_floating(TypeId type) {
    return type == TypeId::kFloat || type == TypeId::kDouble;
}

// The literal in the domain in which the column's bounds are held; nothing when that is not exact.

std::optional<std::int64_t> in_domain(const DataType& column, const Scalar& literal,
                                      std::int64_t /*tag*/) {
    const TypeId type = literal.type().id();
    if (type == column.id() || (is_integral(type) && is_integral(column.id()))) {
        return literal.as_integer();
    }
    return std::nullopt;
}

std::optional<double> in_domain(const DataType& /*column*/, const Scalar& literal, double /*tag*/) {
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    if (is_floating(literal.type().id())) return literal.as_double();
    if (!is_integral(literal.type().id())) return std::nullopt;
    const std::int64_t value = literal.as_integer();
    if (value > kExact || value < -kExact) return std::nullopt;
    return static_cast<double>(value);
}

std::optional<Int128> in_domain(const DataType& column, const Scalar& literal, Int128 /*tag*/) {
    if (literal.type().id() != TypeId::kDecimal || literal.type().scale() != column.scale()) {
        return std::nullopt;
    }
    return literal.as_decimal();
}

std::optional<std::string> in_domain(const DataType& /*column*/, const Scalar& literal,
                                     const std::string& /*tag*/) {
    if (literal.type().id() != TypeId::kString) return std::nullopt;
    return literal.as_text();
}

template <class T>
bool less(const T& a, const T& b) {
    if constexpr (std::is_same_v<T, double>) {
        if (std::isnan(a)) return false;  // NaN is greatest.
        return std::isnan(b) || a < b;
    } else {
        return a < b;
    }
}

template <class T>
struct Bounds {
    const T* min;  ///< Null: unknown
    const T* max;
};

/// Whether a value within the bounds may satisfy the comparison. `hides_nan`: the column may hold
/// NaN outside the bounds, since some writers leave NaN out of them.
template <class T>
bool may_compare(Op op, const T& literal, Bounds<T> bounds, bool hides_nan) {
    const auto below_min = [&] { return bounds.min != nullptr && less(literal, *bounds.min); };
    const auto above_max = [&] { return bounds.max != nullptr && less(*bounds.max, literal); };
    switch (op) {
        case Op::kEq:
            return !below_min() && !above_max();
        case Op::kNe:
            return hides_nan || bounds.min == nullptr || bounds.max == nullptr ||
                   less(*bounds.min, *bounds.max) || less(*bounds.min, literal) ||
                   less(literal, *bounds.min);
        case Op::kLt:
            return bounds.min == nullptr || less(*bounds.min, literal);
        case Op::kLe:
            return !below_min();
        case Op::kGt:
            return hides_nan || bounds.max == nullptr || less(literal, *bounds.max);
        case Op::kGe:
            return hides_nan || !above_max();
    }
    return true;
}

/// `sorted` ascending: whether one of them lies within the bounds.
template <class T>
bool may_equal_any(const std::vector<T>& sorted, Bounds<T> bounds) {
    const auto first = bounds.min == nullptr
                           ? sorted.begin()
                           : std::lower_bound(sorted.begin(), sorted.end(), *bounds.min, less<T>);
    return first != sorted.end() && (bounds.max == nullptr || !less(*bounds.max, *first));
}

bool compare_holds(Op op, int order) {
    switch (op) {
        case Op::kEq:
            return order == 0;
        case Op::kNe:
            return order != 0;
        case Op::kLt:
            return order < 0;
        case Op::kLe:
            return order <= 0;
        case Op::kGt:
            return order > 0;
        case Op::kGe:
            return order >= 0;
    }
    return true;
}

/// For one exact value, as a partition value is. Types that can't be compared may match.
bool value_may_match(const Predicate& predicate, const Scalar& value) {
    if (predicate.kind() == Kind::kIsNull) return value.is_null();
    if (value.is_null()) return false;
    if (predicate.kind() == Kind::kIsNotNull) return true;
    const Op op = predicate.kind() == Kind::kIn ? Op::kEq : predicate.op();
    const auto& literals = predicate.literals();
    return std::any_of(literals.begin(), literals.end(), [&](const Scalar& literal) {
        const auto order = compare(value, literal);
        return !order || compare_holds(op, *order);
    });
}

enum class Order : std::uint8_t { kUnknown, kBelow, kEqual, kAbove };

/// Of the literal against a bound.
Order order_of(const Scalar& literal, const std::optional<Scalar>& bound) {
    if (!bound) return Order::kUnknown;
    const int order = compare(literal, *bound).value_or(INT_MIN);
    if (order == INT_MIN) return Order::kUnknown;
    return order < 0 ? Order::kBelow : order > 0 ? Order::kAbove : Order::kEqual;
}

bool literal_may_match(Op op, Order to_min, Order to_max, bool hides_nan) {
    switch (op) {
        case Op::kEq:
            return to_min != Order::kBelow && to_max != Order::kAbove;
        case Op::kNe:
            return hides_nan || to_min != Order::kEqual || to_max != Order::kEqual;
        case Op::kLt:
            return to_min == Order::kUnknown || to_min == Order::kAbove;
        case Op::kLe:
            return to_min != Order::kBelow;
        case Op::kGt:
            return hides_nan || to_max == Order::kUnknown || to_max == Order::kBelow;
        case Op::kGe:
            return hides_nan || to_max != Order::kAbove;
    }
    return true;
}

/// The slow way for literals of another type than the column: scalar by scalar.
bool bounds_may_match(const Predicate& predicate, const StatsColumn& stats, std::uint32_t row) {
    const auto min = stats.min(row);
    const auto max = stats.max(row);
    const Op op = predicate.kind() == Kind::kIn ? Op::kEq : predicate.op();
    const bool hides_nan = is_floating(stats.type.id());
    const auto& literals = predicate.literals();
    return std::any_of(literals.begin(), literals.end(), [&](const Scalar& literal) {
        return literal_may_match(op, order_of(literal, min), order_of(literal, max), hides_nan);
    });
}

struct Context {
    const TableConfig& config;
    const IndexPart& part;
    const std::vector<std::uint32_t>& rows;
    const Leaves& leaves;
};

template <class Test>
void keep_where(const Context& context, Mask& mask, Test&& test) {
    for (std::size_t i = 0; i < mask.size(); ++i) {
        if (mask[i] != 0 && !test(context.rows[i])) mask[i] = 0;
    }
}

void apply_partition_leaf(const Context& context, const Predicate& predicate, std::size_t column,
                          Mask& mask) {
    Mask by_partition;  // One decision for each distinct partition.
    for (const auto& values : context.part.partitions->values) {
        by_partition.push_back(value_may_match(predicate, values[column]) ? 1 : 0);
    }
    keep_where(context, mask, [&](std::uint32_t row) {
        return by_partition[context.part.segment->partition_id(row)] != 0;
    });
}

template <class T>
void apply_typed_compare(const Context& context, const Predicate& predicate,
                         const StatsColumn& stats, const StatsColumn::Values<T>& values,
                         Mask& mask) {
    std::vector<T> literals;
    for (const Scalar& literal : predicate.literals()) {
        auto value = in_domain(stats.type, literal, T{});
        if (!value) {
            keep_where(context, mask,
                       [&](std::uint32_t row) { return bounds_may_match(predicate, stats, row); });
            return;
        }
        literals.push_back(*std::move(value));
    }
    std::sort(literals.begin(), literals.end(), less<T>);
    const bool floating = is_floating(stats.type.id());
    if constexpr (std::is_same_v<T, double>) {
        // A NaN that bounds leave out: equality with NaN can't be decided.
        if (std::isnan(literals.back())) return;
    }
    const auto bounds_of = [&](std::uint32_t row) {
        const std::uint8_t known = stats.known[row];
        return Bounds<T>{(known & StatsColumn::kHasMin) != 0 ? &values.min[row] : nullptr,
                         (known & StatsColumn::kHasMax) != 0 ? &values.max[row] : nullptr};
    };
    if (predicate.kind() == Kind::kIn) {
        keep_where(context, mask,
                   [&](std::uint32_t row) { return may_equal_any(literals, bounds_of(row)); });
        return;
    }
    const Op op = predicate.op();
    keep_where(context, mask, [&](std::uint32_t row) {
        return may_compare(op, literals.front(), bounds_of(row), floating);
    });
}

void apply_stats_leaf(const Context& context, const Predicate& predicate, const StatsColumn& stats,
                      Mask& mask) {
    if (predicate.kind() == Kind::kIsNull) {
        keep_where(context, mask, [&](std::uint32_t row) { return stats.null_count[row] != 0; });
        return;
    }
    // Everything else is never true for a null.
    keep_where(context, mask, [&](std::uint32_t row) {
        const std::int64_t nulls = stats.null_count[row];
        return nulls <= 0 || nulls != context.part.segment->num_records(row);
    });
    if (predicate.kind() == Kind::kIsNotNull) return;
    std::visit(
        [&](const auto& values) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(values)>, std::monostate>) {
                apply_typed_compare(context, predicate, stats, values, mask);
            }
        },
        stats.values);
}

void apply(const Context& context, const Predicate& predicate, Mask& mask) {
    switch (predicate.kind()) {
        case Kind::kTrue:
            return;
        case Kind::kFalse:
            std::fill(mask.begin(), mask.end(), std::uint8_t{0});
            return;
        case Kind::kAnd:
            for (const Predicate& part : predicate.parts()) apply(context, part, mask);
            return;
        case Kind::kOr: {
            Mask any(mask.size(), 0);
            for (const Predicate& part : predicate.parts()) {
                Mask one = mask;
                apply(context, part, one);
                for (std::size_t i = 0; i < any.size(); ++i) any[i] |= one[i];
            }
            mask = std::move(any);
            return;
        }
        default:
            break;
    }
    const auto leaf = context.leaves.find(predicate.column());
    if (leaf == context.leaves.end()) return;
    if (leaf->second.column.partition_index) {
        apply_partition_leaf(context, predicate, *leaf->second.column.partition_index, mask);
    } else if (leaf->second.stats != nullptr) {
        apply_stats_leaf(context, predicate, *leaf->second.stats, mask);
    }
}

}  // namespace

std::vector<std::uint32_t> rows_that_may_match(const TableConfig& config,
                                               const Predicate& predicate, const IndexPart& part,
                                               const std::vector<std::uint32_t>& rows) {
    if (rows.empty() || predicate.kind() == Kind::kTrue) return rows;
    Leaves leaves;
    collect_leaves(config, predicate, leaves);
    load_stats(*part.segment, leaves);
    Mask mask(rows.size(), 1);
    apply({config, part, rows, leaves}, predicate, mask);
    std::vector<std::uint32_t> result;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (mask[i] != 0) result.push_back(rows[i]);
    }
    return result;
}

}  // namespace ingot::delta
