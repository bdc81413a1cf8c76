#pragma once
// Types of Arrow and ours.
#include <cstdint>
#include <nanoarrow/nanoarrow.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/column_batch.hpp"

namespace ingot::format {

/// How the values of an Arrow array become those of one of our columns.
struct ArrowConversion {
    enum class Kind : std::uint8_t {
        kNull,
        kBoolean,
        kInteger,
        kUnsigned,  ///< 64 bits, to a decimal.
        kDouble,
        kDecimal,
        kText,
        kTime,  ///< To microseconds or days, by `multiply` and `divide`.
        kStruct,
        kList,  ///< Map: its child is the struct of key and value.
        kDictionary,
    };
    Kind kind = Kind::kNull;
    DataType type;
    std::int32_t decimal_bits = 0;
    std::int64_t multiply = 1;
    std::int64_t divide = 1;
    std::vector<ArrowConversion> children;  ///< kDictionary: that of its values.
};

/// `path` names the column for messages. kUnsupported, kCorruptData (names).
Result<ArrowConversion> arrow_conversion(const ArrowSchema& schema, const std::string& path);
/// The columns of a stream, whose root is a struct.
Result<std::vector<Field>> arrow_fields(const ArrowSchema& root,
                                        std::vector<ArrowConversion>& conversions);

/// What an array may have at most.
inline constexpr std::int64_t kArrowRowsMax = (std::int64_t{1} << 31) - 1;
/// What is wrong with a message that the library takes for granted: parts that may be absent in any
/// flatbuffer, and lengths whose sizes in bits would overflow. Empty: nothing. Requires a header
/// that the library has verified, with its 8 bytes of prefix.
std::string_view arrow_message_problem(std::span<const std::byte> header);

/// How many nodes and buffers the columns of a message have, the library checks for rows alone.
struct ArrowParts {
    std::size_t nodes = 0;
    std::size_t buffers = 0;
    friend bool operator==(const ArrowParts&, const ArrowParts&) = default;
};
/// Of a dictionary's message; requires what arrow_message_problem requires, and that it found
/// nothing.
struct ArrowDictionaryMessage {
    ArrowParts parts;
    bool is_packed = false;
};
ArrowDictionaryMessage arrow_dictionary_message(std::span<const std::byte> header);
/// Those that an array of the type has.
Result<ArrowParts> arrow_parts(const ArrowSchema& schema);

/// The schema of a stream.
Result<nanoarrow::UniqueSchema> arrow_schema(const Schema& schema);

/// Appends values of Arrow arrays to column builders.
class ArrowAppender {
public:
    /// A row with more is refused; a batch ends when it is as large as kBatchBytes.
    static constexpr std::size_t kRowBytesMax = 1U << 30;
    static constexpr std::size_t kBatchBytes = 32U << 20;

    void begin_batch() { bytes_ = 0; }
    void begin_row() { row_begin_ = bytes_; }
    bool batch_is_full() const { return bytes_ >= kBatchBytes; }
    /// False: the value has no place in the column, and `problem` says why. Then the builder is in
    /// no state to go on.
    bool append(const ArrowArrayView& view, const ArrowConversion& conversion, std::int64_t row,
                ColumnBuilder& into);
    const std::string& problem() const { return problem_; }

private:
    bool refuse(std::string why);
    bool count(std::size_t bytes);
    bool append_text(const ArrowArrayView& view, const DataType& type, std::int64_t row,
                     ColumnBuilder& into);
    bool append_decimal(const ArrowArrayView& view, const ArrowConversion& conversion,
                        std::int64_t row, ColumnBuilder& into);
    bool append_time(const ArrowArrayView& view, const ArrowConversion& conversion,
                     std::int64_t row, ColumnBuilder& into);
    bool append_struct(const ArrowArrayView& view, const ArrowConversion& conversion,
                       std::int64_t row, ColumnBuilder& into);
    bool append_list(const ArrowArrayView& view, const ArrowConversion& conversion,
                     std::int64_t row, ColumnBuilder& into);
    bool append_from_dictionary(const ArrowArrayView& view, const ArrowConversion& conversion,
                                std::int64_t row, ColumnBuilder& into);

    std::size_t bytes_ = 0;
    std::size_t row_begin_ = 0;
    std::string problem_;
};

}  // namespace ingot::format
