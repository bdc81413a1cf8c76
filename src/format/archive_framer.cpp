#include <archive.h>
#include <archive_entry.h>
#include <optional>
#include <vector>

#include "format/inference_internal.hpp"

namespace ingot::format {
namespace {

/// `*` and `?` stay within a folder, `**` goes across.
bool glob_matches(std::string_view pattern, std::string_view name) {
    if (pattern.empty()) return name.empty();
    if (pattern.starts_with("**")) {
        std::string_view rest = pattern.substr(2);
        // `a/**/b` also means `a/b`.
        if (rest.starts_with('/') && glob_matches(rest.substr(1), name)) return true;
        for (std::size_t skipped = 0; skipped <= name.size(); ++skipped) {
            if (glob_matches(rest, name.substr(skipped))) return true;
        }
        return false;
    }
    if (pattern.front() == '*') {
        for (std::size_t skipped = 0; skipped <= name.size(); ++skipped) {
            if (glob_matches(pattern.substr(1), name.substr(skipped))) return true;
            if (skipped < name.size() && name[skipped] == '/') return false;
        }
        return false;
    }
    if (name.empty()) return false;
    const bool same =
        pattern.front() == '?' ? name.front() != '/' : pattern.front() == name.front();
    return same && glob_matches(pattern.substr(1), name.substr(1));
}

/// A tar archive over a stream of ours.
class Tar {
public:
    Tar(std::unique_ptr<ByteStream> stream, std::string name)
        : stream_(std::move(stream)), name_(std::move(name)), buffer_(128U << 10) {
        archive_read_support_format_tar(archive_.get());
    }
    Tar(const Tar&) = delete;
    Tar& operator=(const Tar&) = delete;

    Status open() {
        const int code =
            archive_read_open(archive_.get(), this, nullptr, &Tar::give_bytes, nullptr);
        if (code < ARCHIVE_WARN) return error();
        return {};
    }
    /// The next member that is a file; empty at the end.
    Result<std::string> next_file() {
        while (true) {
            archive_entry* entry = nullptr;
            const int code = archive_read_next_header(archive_.get(), &entry);
            if (code == ARCHIVE_EOF) return std::string();
            if (code < ARCHIVE_WARN) return error();
            const char* path = archive_entry_pathname(entry);
            if (path != nullptr && *path != '\0' && archive_entry_filetype(entry) == AE_IFREG) {
                return std::string(path);
            }
        }
    }
    Result<std::size_t> read(std::span<std::byte> into) {
        const la_ssize_t got = archive_read_data(archive_.get(), into.data(), into.size());
        if (got < 0) return error();
        return static_cast<std::size_t>(got);
    }
    /// After an error here nothing more can be read.
    bool broken() const { return broken_; }

private:
    struct Closer {
        void operator()(archive* handle) const { archive_read_free(handle); }
    };

    static la_ssize_t give_bytes(archive*, void* self_pointer, const void** bytes) {
        Tar& self = *static_cast<Tar*>(self_pointer);
        Result<std::size_t> got = self.stream_->read(self.buffer_);
        if (!got) {
            self.stream_error_ = std::move(got).error();
            return -1;
        }
        self.unpacked_ += static_cast<std::int64_t>(*got);
        *bytes = self.buffer_.data();
        return static_cast<la_ssize_t>(*got);
    }

    Error error() {
        broken_ = true;
        if (stream_error_) return *stream_error_;
        const char* text = archive_error_string(archive_.get());
        return make_error(ErrorCode::kCorruptData, "{}: {}, near byte {} of the archive", name_,
                          text == nullptr ? "damaged archive" : text, unpacked_);
    }

    std::unique_ptr<ByteStream> stream_;
    std::string name_;
    std::vector<std::byte> buffer_;
    std::optional<Error> stream_error_;
    std::int64_t unpacked_ = 0;
    bool broken_ = false;
    std::unique_ptr<archive, Closer> archive_{archive_read_new()};
};

/// The member that the archive stands at.
class MemberStream final : public ByteStream {
public:
    explicit MemberStream(Tar& tar) : tar_(tar) {}
    Result<std::size_t> read(std::span<std::byte> into) override {
        std::size_t filled = 0;
        while (filled < into.size() && !error_) {
            Result<std::size_t> got = tar_.read(into.subspan(filled));
            if (!got) {
                error_ = std::move(got).error();
            } else if (*got == 0) {
                break;
            } else {
                filled += *got;
            }
        }
        if (filled == 0 && error_) return *error_;
        return filled;
    }

private:
    Tar& tar_;
    std::optional<Error> error_;
};

/// Frames the members that the glob selects, one after the other.
class ArchiveFramer final : public Framer {
public:
    ArchiveFramer(std::unique_ptr<Tar> tar, const InputFile& file, const FormatSpec& spec)
        : tar_(std::move(tar)), file_(file), spec_(spec) {}

    Result<bool> next(Block& block) override {
        block.member = member_;
        while (true) {
            if (!framer_) {
                INGOT_TRY_ASSIGN(const bool more, next_member());
                block.member = member_;
                if (!more) return false;
            }
            Result<bool> more = framer_->next(block);
            block.member = member_;
            if (more && *more) return true;
            framer_.reset();
            if (!more) return std::move(more).error();
        }
    }
    bool can_go_on() const override { return !tar_->broken() && found_; }

private:
    Result<bool> next_member() {
        while (true) {
            INGOT_TRY_ASSIGN(std::string path, tar_->next_file());
            if (path.empty()) break;
            if (!glob_matches(file_.members, path)) continue;
            member_ = std::move(path);
            found_ = true;
            framer_ = make_framer(std::make_unique<MemberStream>(*tar_),
                                  file_.display_name() + "!" + member_, spec_);
            return true;
        }
        if (found_) return false;
        return make_error(ErrorCode::kNotFound, "{}: no member is named like {}",
                          file_.display_name(), file_.members);
    }

    std::unique_ptr<Tar> tar_;
    InputFile file_;
    FormatSpec spec_;
    std::unique_ptr<Framer> framer_;
    std::string member_;
    bool found_ = false;
};

}  // namespace

Result<std::unique_ptr<Framer>> open_archive_framer(const InputFile& file, const FormatSpec& spec) {
    INGOT_TRY_ASSIGN(std::unique_ptr<ByteStream> stream, open_byte_stream(file));
    auto tar = std::make_unique<Tar>(std::move(stream), file.display_name());
    INGOT_TRY(tar->open());
    return std::unique_ptr<Framer>(std::make_unique<ArchiveFramer>(std::move(tar), file, spec));
}

}  // namespace ingot::format
