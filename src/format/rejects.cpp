#include "format/rejects.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <vector>

#include "base/guarded.hpp"
#include "format/text_internal.hpp"

namespace ingot::format {
namespace {

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using TemporaryFile = std::unique_ptr<std::FILE, FileCloser>;

/// A file without a name: it is gone when the process ends, however it ends.
Result<TemporaryFile> make_temporary_file(const std::string& folder) {
    std::error_code exists;  // What else is wrong with the folder, opening the file will tell.
    std::filesystem::create_directories(folder, exists);
    std::string pattern = folder + "/rejects-XXXXXX";
    const int fd = ::mkostemp(pattern.data(), O_CLOEXEC);
    if (fd < 0) {
        return make_error(ErrorCode::kIo, "cannot make a file for rejected records in {}: {}",
                          folder, std::strerror(errno));
    }
    ::unlink(pattern.c_str());
    std::FILE* file = ::fdopen(fd, "w+b");
    if (file == nullptr) {
        ::close(fd);
        return make_error(ErrorCode::kIo, "cannot open a file for rejected records: {}",
                          std::strerror(errno));
    }
    return TemporaryFile(file);
}

std::size_t memory_of(const Reject& reject) {
    return sizeof(Reject) + reject.file.size() + reject.reason.size() + reject.detail.size() +
           reject.raw.size();
}

Error spill_error() {
    return make_error(ErrorCode::kIo, "cannot keep rejected records on disk: {}",
                      std::strerror(errno));
}

Status write_number(std::FILE* file, std::int64_t number) {
    if (std::fwrite(&number, sizeof number, 1, file) != 1) return spill_error();
    return {};
}

Status write_text(std::FILE* file, const std::string& text) {
    INGOT_TRY(write_number(file, static_cast<std::int64_t>(text.size())));
    if (std::fwrite(text.data(), 1, text.size(), file) != text.size()) return spill_error();
    return {};
}

Status write_reject(std::FILE* file, const Reject& reject) {
    INGOT_TRY(write_text(file, reject.file));
    INGOT_TRY(write_number(file, reject.line));
    INGOT_TRY(write_number(file, reject.byte_offset));
    INGOT_TRY(write_text(file, reject.reason));
    INGOT_TRY(write_text(file, reject.detail));
    INGOT_TRY(write_text(file, reject.raw));
    return write_number(file, reject.raw_length);
}

/// Reads what write_reject wrote, by position, so that reading does not move the writer.
class SpillReader {
public:
    explicit SpillReader(int fd) : fd_(fd) {}

    Result<Reject> next() {
        Reject reject;
        INGOT_TRY(text(reject.file));
        INGOT_TRY(number(reject.line));
        INGOT_TRY(number(reject.byte_offset));
        INGOT_TRY(text(reject.reason));
        INGOT_TRY(text(reject.detail));
        INGOT_TRY(text(reject.raw));
        INGOT_TRY(number(reject.raw_length));
        return reject;
    }

private:
    Status bytes(void* into, std::size_t size) {
        auto* out = static_cast<char*>(into);
        while (size > 0) {
            const ssize_t got = ::pread(fd_, out, size, position_);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) {
                return make_error(ErrorCode::kIo, "cannot read rejected records back: {}",
                                  got == 0 ? "the file is too short" : std::strerror(errno));
            }
            out += got;
            position_ += got;
            size -= static_cast<std::size_t>(got);
        }
        return {};
    }
    Status number(std::int64_t& into) { return bytes(&into, sizeof into); }
    Status text(std::string& into) {
        std::int64_t size = 0;
        INGOT_TRY(number(size));
        into.resize(static_cast<std::size_t>(size));
        return bytes(into.data(), into.size());
    }

    int fd_;
    off_t position_ = 0;
};

}  // namespace

struct RejectSink::State {
    struct Content {
        std::vector<Reject> in_memory;  // The first ones; all later ones are in the file.
        std::size_t memory_bytes = 0;
        TemporaryFile file;
        std::int64_t in_file = 0;
        std::map<std::string, std::int64_t> by_reason;
    };
    RejectOptions options;
    Guarded<Content> content;
};

RejectSink::RejectSink(RejectOptions options) : state_(std::make_unique<State>()) {
    state_->options = std::move(options);
}

RejectSink::~RejectSink() = default;

Status RejectSink::add(Reject reject) {
    auto content = state_->content.lock();
    const std::size_t memory = memory_of(reject);
    const bool fits = content->memory_bytes + memory <= state_->options.memory_bytes_max;
    std::string reason = reject.reason;
    if (!content->file && (fits || state_->options.spill_dir.empty())) {
        content->memory_bytes += memory;
        content->in_memory.push_back(std::move(reject));
    } else {
        if (!content->file) {
            INGOT_TRY_ASSIGN(content->file, make_temporary_file(state_->options.spill_dir));
        }
        INGOT_TRY(write_reject(content->file.get(), reject));
        ++content->in_file;
    }
    ++content->by_reason[std::move(reason)];
    return {};
}

std::int64_t RejectSink::count() const {
    auto content = state_->content.lock();
    return static_cast<std::int64_t>(content->in_memory.size()) + content->in_file;
}

std::map<std::string, std::int64_t> RejectSink::counts_by_reason() const {
    return state_->content.lock()->by_reason;
}

Status RejectSink::for_each(const std::function<Status(const Reject&)>& visit) const {
    auto content = state_->content.lock();
    for (const Reject& reject : content->in_memory) INGOT_TRY(visit(reject));
    if (!content->file) return {};
    if (std::fflush(content->file.get()) != 0) return spill_error();
    SpillReader reader(::fileno(content->file.get()));
    for (std::int64_t index = 0; index < content->in_file; ++index) {
        INGOT_TRY_ASSIGN(const Reject reject, reader.next());
        INGOT_TRY(visit(reject));
    }
    return {};
}

const Schema& RejectSink::row_schema() {
    static const Schema schema{{{"file", TypeId::kString},
                                {"line", TypeId::kLong},
                                {"byte_offset", TypeId::kLong},
                                {"reason", TypeId::kString},
                                {"detail", TypeId::kString},
                                {"raw_text", TypeId::kString},
                                {"raw_length", TypeId::kLong}}};
    return schema;
}

namespace {

void append_reject(BatchBuilder& rows, const Reject& reject) {
    rows.column(0).append_text(printable_utf8(reject.file));
    rows.column(1).append_integer(reject.line);
    rows.column(2).append_integer(reject.byte_offset);
    rows.column(3).append_text(printable_utf8(reject.reason));
    rows.column(4).append_text(printable_utf8(reject.detail));
    rows.column(5).append_text(printable_utf8(reject.raw));
    rows.column(6).append_integer(reject.raw_length);
}

/// Pulls batches out of the sink; nothing is added any more.
class RejectReader final : public BatchReader {
public:
    using Batch = std::optional<ColumnBatch>;
    using NextReject = std::function<Result<std::optional<Reject>>()>;
    explicit RejectReader(NextReject next) : next_(std::move(next)) {}

    Result<Batch> next() override {
        BatchBuilder rows(RejectSink::row_schema());
        while (rows.rows() < BatchBuilder::kBatchRows && rows.byte_size() < kBatchBytes) {
            INGOT_TRY_ASSIGN(std::optional<Reject> reject, next_());
            if (!reject) break;
            append_reject(rows, *reject);
        }
        if (rows.rows() == 0) return Batch();
        return Batch(rows.finish());
    }

private:
    static constexpr std::size_t kBatchBytes = 8U << 20;
    NextReject next_;
};

class RejectRows final : public BatchSource {
public:
    explicit RejectRows(std::function<RejectReader::NextReject()> open) : open_(std::move(open)) {}
    const Schema& schema() const override { return RejectSink::row_schema(); }
    std::size_t max_readers() const override { return 1; }
    Result<std::unique_ptr<BatchReader>> open_reader() override {
        return std::unique_ptr<BatchReader>(std::make_unique<RejectReader>(open_()));
    }

private:
    std::function<RejectReader::NextReject()> open_;
};

}  // namespace

std::unique_ptr<BatchSource> RejectSink::rows() const {
    return std::make_unique<RejectRows>([this]() -> RejectReader::NextReject {
        return [this, index = std::size_t{0},
                reader = std::optional<SpillReader>()]() mutable -> Result<std::optional<Reject>> {
            auto content = state_->content.lock();
            const std::size_t at = index++;
            if (at < content->in_memory.size()) return std::optional(content->in_memory[at]);
            const auto total =
                content->in_memory.size() + static_cast<std::size_t>(content->in_file);
            if (at >= total) return std::optional<Reject>();
            if (!reader) {
                if (std::fflush(content->file.get()) != 0) return spill_error();
                reader.emplace(::fileno(content->file.get()));
            }
            INGOT_TRY_ASSIGN(Reject reject, reader->next());
            return std::optional(std::move(reject));
        };
    });
}

}  // namespace ingot::format
