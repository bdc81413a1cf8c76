#include <cstring>

#include "format/stream_framer_internal.hpp"

namespace ingot::format {
namespace {

class LineFramer final : public StreamFramer {
public:
    using StreamFramer::StreamFramer;

protected:
    Result<std::size_t> cut(Block& block, std::size_t filled, bool at_end) override {
        if (at_end) return filled;
        const void* found = ::memrchr(block.data() + scanned_, '\n', filled - scanned_);
        scanned_ = found == nullptr ? filled : 0;
        if (found == nullptr) return std::size_t{0};
        return static_cast<std::size_t>(static_cast<const char*>(found) - block.data()) + 1;
    }
    bool inside_record() const override { return true; }

private:
    std::size_t scanned_ = 0;  // Bytes at the beginning that hold no newline.
};

}  // namespace

std::unique_ptr<Framer> make_line_framer(std::unique_ptr<ByteStream> stream, std::string name) {
    return std::make_unique<LineFramer>(std::move(stream), std::move(name));
}

}  // namespace ingot::format
