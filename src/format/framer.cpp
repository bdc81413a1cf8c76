#include <algorithm>
#include <cstring>

#include "format/stream_framer_internal.hpp"

namespace ingot::format {

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

void Block::clear() {
    size_ = 0;
    member.clear();
    cut_off = false;
    by_line = true;
    records.clear();
    header.reset();
}

Result<bool> StreamFramer::next(Block& block) {
    block.clear();
    block.first_line = line_;
    block.byte_offset = offset_;
    block.reserve(std::max(kBlockBytes, rest_.size() + 1), 0);
    std::copy(rest_.begin(), rest_.end(), block.data());
    std::size_t filled = rest_.size();
    std::size_t whole = 0;
    while (whole == 0) {
        if (error_) return broken(block, filled);
        INGOT_TRY(fill(block, filled));
        Result<std::size_t> cut = this->cut(block, filled, at_end_);
        if (!cut) {
            // What was framed before the damage still counts.
            error_ = std::move(cut).error();
            if (!block.records.empty()) whole = block.records.back().end;
            continue;
        }
        whole = *cut;
        if (at_end_ && whole == 0) return false;
    }
    keep_rest(block, whole, filled);
    return true;
}

void StreamFramer::keep_rest(Block& block, std::size_t whole, std::size_t filled) {
    rest_.assign(block.data() + whole, block.data() + filled);
    block.set_size(whole);
    line_ += count_newlines(block.data(), whole);
    offset_ += static_cast<std::int64_t>(whole);
}

/// Reads until the block is full. A stream's error waits until what came before it is out.
Status StreamFramer::fill(Block& block, std::size_t& filled) {
    if (filled >= kRecordBytesMax) {
        return make_error(ErrorCode::kCorruptData,
                          "{}: the record at byte {} is longer than {} bytes", name_, offset_,
                          kRecordBytesMax);
    }
    if (filled == block.capacity()) block.reserve(filled * 2, filled);
    const bool at_start = offset_ == 0 && filled == 0;
    Result<std::size_t> got = stream_->read(
        std::as_writable_bytes(std::span(block.data() + filled, block.capacity() - filled)));
    if (!got) {
        error_ = std::move(got).error();
        return {};
    }
    at_end_ = *got == 0;
    filled += *got;
    if (at_start && std::string_view(block.data(), filled).starts_with(kByteOrderMark)) {
        has_mark_ = true;
        std::memset(block.data(), ' ', kByteOrderMark.size());
    }
    return {};
}

Result<bool> StreamFramer::broken(Block& block, std::size_t filled) {
    if (filled == 0 || broken_ || !inside_record()) return *error_;
    broken_ = true;
    block.records.clear();
    block.cut_off = true;
    block.first_line = next_number();
    keep_rest(block, filled, filled);
    return true;
}

std::int64_t count_newlines(const char* data, std::size_t size) {
    // memchr uses the widest vectors that the machine has; std::count stays with single bytes.
    std::int64_t count = 0;
    const char* const end = data + size;
    while (data < end) {
        const void* found = std::memchr(data, '\n', static_cast<std::size_t>(end - data));
        if (found == nullptr) break;
        data = static_cast<const char*>(found) + 1;
        ++count;
    }
    return count;
}

}  // namespace ingot::format
