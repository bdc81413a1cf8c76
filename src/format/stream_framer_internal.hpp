#pragma once
#include <optional>
#include <vector>

#include "format/framer_internal.hpp"

namespace ingot::format {

/// What all framers share: filling blocks from a stream, keeping the part of a record whose end has
/// not been read, and handing out what came before an error.
class StreamFramer : public Framer {
public:
    StreamFramer(std::unique_ptr<ByteStream> stream, std::string name)
        : stream_(std::move(stream)), name_(std::move(name)) {}
    Result<bool> next(Block& block) final;

protected:
    /// Frames the block's first `filled` bytes, going on where the last call stopped: how many of
    /// them to hand out; 0: more is needed. At the end all of them, or the error that they are not
    /// whole. The bytes that are not handed out come again at the block's beginning.
    virtual Result<std::size_t> cut(Block& block, std::size_t filled, bool at_end) = 0;
    /// Whether the bytes left over belong to a record.
    virtual bool inside_record() const = 0;
    /// The line or record number of the record that begins at the bytes left over.
    virtual std::int64_t next_number() const { return line_; }

    const std::string& name() const { return name_; }
    /// Offset and line of the block's first byte.
    std::int64_t offset() const { return offset_; }
    std::int64_t line() const { return line_; }

    /// The stream began with one; blanks stand in its place.
    bool has_byte_order_mark() const { return has_mark_; }

private:
    Status fill(Block& block, std::size_t& filled);
    void keep_rest(Block& block, std::size_t whole, std::size_t filled);
    Result<bool> broken(Block& block, std::size_t filled);

    std::unique_ptr<ByteStream> stream_;
    std::string name_;
    std::vector<char> rest_;
    std::optional<Error> error_;
    bool broken_ = false;
    bool has_mark_ = false;
    bool at_end_ = false;
    std::int64_t line_ = 1;
    std::int64_t offset_ = 0;
};

std::int64_t count_newlines(const char* data, std::size_t size);

}  // namespace ingot::format
