#pragma once
// Cuts a stream into blocks of whole records. A framer runs under its file's lock, so it does only
// what must happen in order: unpack, find where records end, count lines.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "format/byte_stream_internal.hpp"
#include "format/format_spec.hpp"

namespace ingot::format {

/// One record: bytes [begin, end) of a block.
struct RecordRange {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::int64_t number = 0;  ///< Line or record number.
};

/// Whole records, in memory that a reader owns and lends to one framer after the other.
class Block {
public:
    /// Readable (and zero) bytes after `size()`.
    static constexpr std::size_t kPadding = 64;

    char* data() { return data_.get(); }
    const char* data() const { return data_.get(); }
    std::size_t size() const { return size_; }
    std::size_t capacity() const { return capacity_; }
    /// Makes room for `bytes` (and the padding), and keeps what is there up to `keep`.
    void reserve(std::size_t bytes, std::size_t keep);
    void set_size(std::size_t size);
    /// Forgets everything but the memory.
    void clear();

    std::int64_t first_line = 1;   ///< Of the byte at 0.
    std::int64_t byte_offset = 0;  ///< Of the byte at 0, in the unpacked stream.
    std::string member;            ///< Of an archive: which one this comes from.
    bool cut_off = false;          ///< The stream broke inside this block's only record.
    bool by_line = true;           ///< Every line is a record; else `records` says where they are.
    std::vector<RecordRange> records = {};
    std::shared_ptr<const std::vector<std::string>> header = {};  ///< CSV: the fields' names.

private:
    std::unique_ptr<char[]> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class Framer {
public:
    static constexpr std::size_t kBlockBytes = 512U << 10;
    /// A longer record is the file's error.
    static constexpr std::size_t kRecordBytesMax = 1U << 30;

    virtual ~Framer() = default;
    /// Fills the block; false at the end. After an error it is not called again
    /// unless `can_go_on`. Before the error
    /// of a broken stream the rest that it left is handed out as a block that is `cut_off`.
    virtual Result<bool> next(Block& block) = 0;
    /// After an error: whether it concerned one archive member only, so that `next` goes on with
    /// the following one.
    virtual bool can_go_on() const { return false; }
};

/// `name` is the file's name for messages.
std::unique_ptr<Framer> make_line_framer(std::unique_ptr<ByteStream> stream, std::string name);
std::unique_ptr<Framer> make_json_framer(std::unique_ptr<ByteStream> stream, std::string name,
                                         const JsonFormat& format);
std::unique_ptr<Framer> make_csv_framer(std::unique_ptr<ByteStream> stream, std::string name,
                                        const CsvFormat& format);

}  // namespace ingot::format
