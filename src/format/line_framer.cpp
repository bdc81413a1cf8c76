#include <algorithm>
#include <cstring>
#include <optional>

#include "format/framer_internal.hpp"

namespace ingot::format {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class LineFramer final : public Framer {
public:
    LineFramer(std::unique_ptr<ByteStream> stream, std::string name)
        : stream_(std::move(stream)), name_(std::move(name)) {}

    Result<bool> next(Block& block) override {
        begin_block(block);
        std::size_t filled = rest_.size();
        std::size_t lines_end = 0;
        while (lines_end == 0) {
            if (error_) return broken(block, filled);
            if (at_end_) {
                if (filled == 0) return false;
                lines_end = filled;
                break;
            }
            const std::size_t scanned = filled;
            INGOT_TRY(fill(block, filled));
            lines_end = after_last_newline(block.data(), scanned, filled);
        }
        rest_.assign(block.data() + lines_end, block.data() + filled);
        end_block(block, lines_end);
        return true;
    }

private:
    void begin_block(Block& block) {
        block.records.clear();
        block.cut_off = false;
        block.first_line = line_;
        block.byte_offset = offset_;
        block.reserve(std::max(kBlockBytes, rest_.size() + 1), 0);
        std::memcpy(block.data(), rest_.data(), rest_.size());
    }

    void end_block(Block& block, std::size_t size) {
        block.set_size(size);
        line_ += std::count(block.data(), block.data() + size, '\n');
        offset_ += static_cast<std::int64_t>(size);
        if (block.byte_offset == 0 &&
            std::string_view(block.data(), size).starts_with(kByteOrderMark)) {
            std::memset(block.data(), ' ', kByteOrderMark.size());
        }
    }

    /// Reads until the block is full. A stream's error waits until its whole lines are out.
    Status fill(Block& block, std::size_t& filled) {
        if (filled >= kRecordBytesMax) {
            return make_error(ErrorCode::kCorruptData,
                              "{}: line {} (byte {}) is longer than {} bytes", name_, line_,
                              offset_, kRecordBytesMax);
        }
        if (filled == block.capacity()) block.reserve(filled * 2, filled);
        Result<std::size_t> got = stream_->read(
            std::as_writable_bytes(std::span(block.data() + filled, block.capacity() - filled)));
        if (!got) {
            error_ = std::move(got).error();
        } else {
            at_end_ = *got == 0;
            filled += *got;
        }
        return {};
    }

    static std::size_t after_last_newline(const char* data, std::size_t begin, std::size_t end) {
        const void* found = ::memrchr(data + begin, '\n', end - begin);
        return found == nullptr
                   ? 0
                   : static_cast<std::size_t>(static_cast<const char*>(found) - data) + 1;
    }

    Result<bool> broken(Block& block, std::size_t filled) {
        if (filled == 0) return *error_;
        rest_.clear();
        block.cut_off = true;
        end_block(block, filled);
        return true;
    }

    std::unique_ptr<ByteStream> stream_;
    std::string name_;
    std::vector<char> rest_;  // The beginning of a line whose end has not been read.
    std::optional<Error> error_;
    bool at_end_ = false;
    std::int64_t line_ = 1;
    std::int64_t offset_ = 0;
};

}  // namespace

void Block::reserve(std::size_t bytes, std::size_t keep) {
    if (bytes <= capacity_) return;
    std::unique_ptr<char[]> larger(new char[bytes + kPadding]);
    if (keep > 0) std::memcpy(larger.get(), data_.get(), keep);
    data_ = std::move(larger);
    capacity_ = bytes;
}

void Block::set_size(std::size_t size) {
    size_ = size;
    std::memset(data_.get() + size, 0, kPadding);
}

std::unique_ptr<Framer> make_line_framer(std::unique_ptr<ByteStream> stream, std::string name) {
    return std::make_unique<LineFramer>(std::move(stream), std::move(name));
}

}  // namespace ingot::format
