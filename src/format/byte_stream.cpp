#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>
#include <zstd.h>

#include "format/byte_stream_internal.hpp"

namespace ingot::format {
namespace {

constexpr std::size_t kInputBytes = 256U << 10;

/// A file read from front to back through one buffer.
class FileInput {
public:
    FileInput(int fd, std::string name) : fd_(fd), name_(std::move(name)), opened_(state()) {}
    ~FileInput() { ::close(fd_); }
    FileInput(const FileInput&) = delete;
    FileInput& operator=(const FileInput&) = delete;

    const std::string& name() const { return name_; }

    Result<std::size_t> read_some(std::byte* into, std::size_t size) {
        while (true) {
            const ssize_t got = ::read(fd_, into, size);
            if (got > 0) return static_cast<std::size_t>(got);
            if (got == 0) return end_of_file(size);
            if (errno != EINTR) {
                return make_error(ErrorCode::kIo, "cannot read {}: {}", name_,
                                  std::strerror(errno));
            }
        }
    }

    /// What is buffered and not yet consumed.
    std::span<const std::byte> pending() const {
        return std::span(buffer_).subspan(begin_, end_ - begin_);
    }
    /// Position in the file of the first pending byte.
    std::uint64_t position() const { return position_; }
    void consume(std::size_t bytes) {
        begin_ += bytes;
        position_ += bytes;
    }
    /// Reads until at least `bytes` are pending or the file ends.
    Status require(std::size_t bytes) {
        if (buffer_.empty()) buffer_.resize(kInputBytes);
        while (end_ - begin_ < bytes && !at_end_) {
            if (begin_ > 0) {
                std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
                end_ -= begin_;
                begin_ = 0;
            }
            INGOT_TRY_ASSIGN(const std::size_t got,
                             read_some(buffer_.data() + end_, buffer_.size() - end_));
            at_end_ = got == 0;
            end_ += got;
        }
        return {};
    }

private:
    struct State {
        off_t size = 0;
        std::int64_t modified_s = 0;
        std::int64_t modified_ns = 0;
        friend bool operator==(const State&, const State&) = default;
    };

    State state() const {
        struct stat now{};
        if (::fstat(fd_, &now) != 0 || !S_ISREG(now.st_mode)) return {};
        return {now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
    }

    /// A file that is still being written, or cut, has no end that could be trusted.
    Result<std::size_t> end_of_file(std::size_t asked) const {
        if (asked == 0 || state() == opened_) return std::size_t{0};
        return make_error(ErrorCode::kIo,
                          "{} changed while it was read; run again when it is complete", name_);
    }

    int fd_;
    std::string name_;
    State opened_;
    std::vector<std::byte> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint64_t position_ = 0;
    bool at_end_ = false;
};

/// What all streams share: an error that arises after some bytes were delivered waits for the next
/// call, and is then given for ever.
class InputStream : public ByteStream {
public:
    explicit InputStream(std::unique_ptr<FileInput> input) : input_(std::move(input)) {}

    Result<std::size_t> read(std::span<std::byte> into) final {
        std::size_t filled = 0;
        while (filled < into.size() && !error_ && !at_end_) {
            Result<std::size_t> got = read_some(into.subspan(filled));
            if (!got) {
                error_ = std::move(got).error();
            } else if (*got == 0) {
                at_end_ = true;
            } else {
                filled += *got;
            }
        }
        if (filled == 0 && error_) return *error_;
        return filled;
    }

protected:
    /// At least one byte, or 0 at the end.
    virtual Result<std::size_t> read_some(std::span<std::byte> into) = 0;
    FileInput& input() { return *input_; }

    Error corrupt(std::string_view what) const {
        return make_error(ErrorCode::kCorruptData, "{}: {} at byte {} of the file", input_->name(),
                          what, input_->position());
    }

private:
    std::unique_ptr<FileInput> input_;
    std::optional<Error> error_;
    bool at_end_ = false;
};

class PlainStream final : public InputStream {
public:
    using InputStream::InputStream;

protected:
    Result<std::size_t> read_some(std::span<std::byte> into) override {
        const std::span<const std::byte> pending = input().pending();
        if (pending.empty()) return input().read_some(into.data(), into.size());
        const std::size_t bytes = std::min(pending.size(), into.size());
        std::memcpy(into.data(), pending.data(), bytes);
        input().consume(bytes);
        return bytes;
    }
};

bool is_gzip(std::span<const std::byte> head) {
    return head.size() >= 2 && head[0] == std::byte{0x1F} && head[1] == std::byte{0x8B};
}

bool is_zstd(std::span<const std::byte> head) {
    if (head.size() < 4) return false;
    std::uint32_t magic = 0;
    std::memcpy(&magic, head.data(), sizeof magic);
    return magic == ZSTD_MAGICNUMBER ||
           (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

/// Packed files may be padded with zero bytes (tapes, block devices), as gzip itself accepts.
Result<bool> only_zero_bytes_follow(FileInput& input) {
    while (true) {
        INGOT_TRY(input.require(1));
        const std::span<const std::byte> pending = input.pending();
        if (pending.empty()) return true;
        const auto other = std::find_if(pending.begin(), pending.end(),
                                        [](std::byte each) { return each != std::byte{0}; });
        if (other != pending.end()) return false;
        input.consume(pending.size());
    }
}

const char* inflate_error(int code) {
    switch (code) {
        case ISAL_INVALID_BLOCK:
            return "invalid deflate block";
        case ISAL_INVALID_SYMBOL:
            return "invalid deflate symbol";
        case ISAL_INVALID_LOOKBACK:
            return "invalid deflate distance";
        case ISAL_INCORRECT_CHECKSUM:
            return "wrong gzip checksum";
        case ISAL_UNSUPPORTED_METHOD:
            return "unknown gzip method";
        default:
            return "damaged gzip data";
    }
}

/// One or more gzip members, inflated straight into the caller's memory.
class GzipStream final : public InputStream {
public:
    explicit GzipStream(std::unique_ptr<FileInput> input) : InputStream(std::move(input)) {}

protected:
    Result<std::size_t> read_some(std::span<std::byte> into) override {
        while (true) {
            if (!in_member_) {
                INGOT_TRY_ASSIGN(const bool more, begin_member());
                if (!more) return std::size_t{0};
            }
            INGOT_TRY(input().require(1));
            const std::span<const std::byte> pending = input().pending();
            state_->next_in =
                reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(pending.data()));
            state_->avail_in = static_cast<std::uint32_t>(pending.size());
            state_->next_out = reinterpret_cast<std::uint8_t*>(into.data());
            state_->avail_out =
                static_cast<std::uint32_t>(std::min<std::size_t>(into.size(), 1U << 30));
            const std::uint32_t room = state_->avail_out;
            const int code = isal_inflate(state_.get());
            const std::size_t produced = room - state_->avail_out;
            input().consume(pending.size() - state_->avail_in);
            if (code < 0) return corrupt(inflate_error(code));
            if (state_->block_state == ISAL_BLOCK_FINISH) in_member_ = false;
            if (produced > 0) return produced;
            if (in_member_ && pending.empty()) return corrupt("truncated gzip stream: it ends");
        }
    }

private:
    /// False at the end of the file.
    Result<bool> begin_member() {
        INGOT_TRY(input().require(2));
        if (input().pending().empty() && members_ > 0) return false;
        if (!is_gzip(input().pending())) {
            const Error error = members_ == 0 ? corrupt("not a gzip stream")
                                              : corrupt("trailing bytes after the gzip stream");
            if (members_ == 0) return error;
            INGOT_TRY_ASSIGN(const bool padding, only_zero_bytes_follow(input()));
            if (!padding) return error;
            return false;
        }
        isal_inflate_init(state_.get());
        state_->crc_flag = ISAL_GZIP;
        in_member_ = true;
        ++members_;
        return true;
    }

    std::unique_ptr<inflate_state> state_ = std::make_unique<inflate_state>();
    bool in_member_ = false;
    std::int64_t members_ = 0;
};

class ZstdStream final : public InputStream {
public:
    explicit ZstdStream(std::unique_ptr<FileInput> input)
        : InputStream(std::move(input)), context_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {}

protected:
    Result<std::size_t> read_some(std::span<std::byte> into) override {
        while (true) {
            if (!in_frame_) {
                INGOT_TRY_ASSIGN(const bool more, begin_frame());
                if (!more) return std::size_t{0};
            }
            INGOT_TRY(input().require(1));
            const std::span<const std::byte> pending = input().pending();
            ZSTD_inBuffer in{pending.data(), pending.size(), 0};
            ZSTD_outBuffer out{into.data(), into.size(), 0};
            const std::size_t code = ZSTD_decompressStream(context_.get(), &out, &in);
            input().consume(in.pos);
            if (ZSTD_isError(code) != 0) {
                return corrupt(fmt::format("damaged zstd data ({})", ZSTD_getErrorName(code)));
            }
            if (code == 0) in_frame_ = false;
            if (out.pos > 0) return out.pos;
            if (in_frame_ && pending.empty()) return corrupt("truncated zstd stream: it ends");
        }
    }

private:
    Result<bool> begin_frame() {
        INGOT_TRY(input().require(4));
        if (input().pending().empty() && frames_ > 0) return false;
        if (!is_zstd(input().pending())) {
            const Error error = frames_ == 0 ? corrupt("not a zstd stream")
                                             : corrupt("trailing bytes after the zstd stream");
            if (frames_ == 0) return error;
            INGOT_TRY_ASSIGN(const bool padding, only_zero_bytes_follow(input()));
            if (!padding) return error;
            return false;
        }
        in_frame_ = true;
        ++frames_;
        return true;
    }

    std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_;
    bool in_frame_ = false;
    std::int64_t frames_ = 0;
};

Compression detect(const InputFile& file, std::span<const std::byte> head) {
    if (file.compression != Compression::kAuto) return file.compression;
    if (is_gzip(head)) return Compression::kGzip;
    if (is_zstd(head)) return Compression::kZstd;
    return Compression::kNone;
}

bool named_as_packed(std::string_view name) {
    return name.ends_with(".gz") || name.ends_with(".zst") || name.ends_with(".tgz");
}

}  // namespace

Result<std::unique_ptr<ByteStream>> open_byte_stream(const InputFile& file) {
    const int fd = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return make_error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                          "cannot open {}: {}", file.display_name(), std::strerror(errno));
    }
    auto input = std::make_unique<FileInput>(fd, file.display_name());
    INGOT_TRY(input->require(4));
    const bool empty = input->pending().empty();
    if (empty && file.compression == Compression::kAuto &&
        (named_as_packed(file.path) || named_as_packed(file.display_name()))) {
        return make_error(ErrorCode::kCorruptData,
                          "{}: the file is empty (0 bytes), not a packed stream at byte 0",
                          file.display_name());
    }
    switch (detect(file, input->pending())) {
        case Compression::kGzip:
            return std::unique_ptr<ByteStream>(std::make_unique<GzipStream>(std::move(input)));
        case Compression::kZstd:
            return std::unique_ptr<ByteStream>(std::make_unique<ZstdStream>(std::move(input)));
        default:
            return std::unique_ptr<ByteStream>(std::make_unique<PlainStream>(std::move(input)));
    }
}

}  // namespace ingot::format
