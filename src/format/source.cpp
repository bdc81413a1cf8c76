#include "format/source.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>
#include <unistd.h>

#include "format/arrow_source_internal.hpp"
#include "format/block_parser_internal.hpp"
#include "format/inference_internal.hpp"

namespace ingot::format {
namespace {

/// One input file under its lock: readers take blocks of it in turn.
class FileWork {
public:
    FileWork(InputFile file, ScanState& scan) : file_(std::move(file)), scan_(scan) {}

    /// Fills the block. The totals to count it under, or nullptr when the file has no more.
    Result<SharedTotals*> take(Block& block) {
        const std::scoped_lock lock(mutex_);
        while (!done_) {
            Result<bool> more = next_block(block);
            if (more && *more) return &totals_of(block.member);
            done_ = more || !framer_ || !framer_->can_go_on();
            std::optional<Error> error;
            if (!more) error = std::move(more).error();
            totals_of(block.member).finish(error);
            if (!error || scan_.options.on_file_error == OnFileError::kReport) continue;
            done_ = true;
            return *error;
        }
        return nullptr;
    }
    bool done() const { return done_; }
    void report(std::vector<FileTotals>& into) const {
        const std::scoped_lock lock(mutex_);
        for (const auto& totals : totals_) into.push_back(totals->get());
        if (totals_.empty()) into.push_back(SharedTotals(file_.display_name()).get());
    }

private:
    Result<bool> next_block(Block& block) {
        if (!framer_) {
            block.member.clear();
            INGOT_TRY_ASSIGN(framer_, open_framer(file_, scan_.spec));
        }
        return framer_->next(block);
    }

    /// A new member begins when the name changes; the ones before it were read to their end.
    SharedTotals& totals_of(const std::string& member) {
        std::string name = file_.display_name();
        if (!member.empty()) name += "!" + member;
        if (totals_.empty() || totals_.back()->name() != name) {
            if (!totals_.empty()) totals_.back()->finish(std::nullopt);
            totals_.push_back(std::make_unique<SharedTotals>(std::move(name)));
        }
        return *totals_.back();
    }

    InputFile file_;
    ScanState& scan_;
    mutable std::mutex mutex_;
    std::unique_ptr<Framer> framer_;
    std::vector<std::unique_ptr<SharedTotals>> totals_;
    std::atomic<bool> done_ = false;
};

/// Hands out files: each first to one reader; when all have been begun, readers join those that
/// are not done.
class WorkList {
public:
    WorkList(std::vector<InputFile> files, ScanState& scan) {
        for (InputFile& file : files) {
            files_.push_back(std::make_unique<FileWork>(std::move(file), scan));
        }
    }

    FileWork* next() {
        const std::size_t fresh = next_++;
        if (fresh < files_.size()) return files_[fresh].get();
        const auto open = std::find_if(files_.begin(), files_.end(),
                                       [](const auto& file) { return !file->done(); });
        return open == files_.end() ? nullptr : open->get();
    }
    std::vector<FileTotals> report() const {
        std::vector<FileTotals> result;
        for (const auto& file : files_) file->report(result);
        return result;
    }

private:
    std::vector<std::unique_ptr<FileWork>> files_;
    std::atomic<std::size_t> next_ = 0;
};

std::unique_ptr<BlockParser> make_parser(ScanState& scan, RowWriter& writer) {
    if (std::holds_alternative<CsvFormat>(scan.spec.kind)) return make_csv_parser(scan, writer);
    return make_json_parser(scan, writer);
}

class Reader final : public BatchReader {
public:
    Reader(ScanState& scan, WorkList& work)
        : work_(work), writer_(scan), parser_(make_parser(scan, writer_)) {}

    Result<std::optional<ColumnBatch>> next() override {
        while (!writer_.full()) {
            if (!in_block_) {
                INGOT_TRY_ASSIGN(in_block_, take_block());
                if (!in_block_) break;
            }
            INGOT_TRY_ASSIGN(const bool finished, parser_->parse());
            in_block_ = !finished;
        }
        return writer_.take();
    }

private:
    Result<bool> take_block() {
        while (true) {
            if (file_ == nullptr) file_ = work_.next();
            if (file_ == nullptr) return false;
            INGOT_TRY_ASSIGN(SharedTotals * totals, file_->take(block_));
            if (totals != nullptr) {
                parser_->begin(block_, *totals);
                return true;
            }
            file_ = nullptr;
        }
    }

    WorkList& work_;
    RowWriter writer_;
    std::unique_ptr<BlockParser> parser_;
    Block block_;
    FileWork* file_ = nullptr;
    bool in_block_ = false;
};

class Source final : public FormatSource {
public:
    Source(std::vector<InputFile> files, FormatSpec spec, bool inferred, ScanOptions options)
        : scan_(std::move(spec), inferred, std::move(options)), work_(std::move(files), scan_) {}

    const Schema& schema() const override { return scan_.schema; }
    std::size_t max_readers() const override {
        return scan_.options.readers_max > 0 ? scan_.options.readers_max
                                             : std::max(1U, std::thread::hardware_concurrency());
    }
    Result<std::unique_ptr<BatchReader>> open_reader() override {
        if (readers_++ >= max_readers()) {
            return make_error(ErrorCode::kInvalidArgument,
                              "these files were read already; open them again for another scan");
        }
        return std::unique_ptr<BatchReader>(std::make_unique<Reader>(scan_, work_));
    }

    const FormatSpec& spec() const override { return scan_.spec; }
    const RejectSink& rejects() const override { return scan_.rejects; }
    ScanReport report() const override {
        ScanReport report;
        report.files = work_.report();
        report.rejects_by_reason = scan_.rejects.counts_by_reason();
        report.surprises = scan_.surprises.lock()->list(scan_.spec);
        return report;
    }

private:
    mutable ScanState scan_;
    WorkList work_;
    std::atomic<std::size_t> readers_ = 0;
};

template <class Member>
std::int64_t sum(const std::vector<FileTotals>& files, Member member) {
    std::int64_t total = 0;
    for (const FileTotals& file : files) total += file.*member;
    return total;
}

}  // namespace

Result<std::unique_ptr<FormatSource>> open_source(std::vector<InputFile> files, FormatSpec spec,
                                                  ScanOptions options) {
    INGOT_TRY(validate(spec));
    for (const InputFile& file : files) {
        if (::access(file.path.c_str(), R_OK) == 0) continue;
        return make_error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                          "cannot read {}: {}", file.display_name(), std::strerror(errno));
    }
    if (std::holds_alternative<ArrowFormat>(spec.kind)) {
        return open_arrow_source(std::move(files), std::move(spec), std::move(options));
    }
    const bool inferred = spec.columns.empty();
    if (inferred) {
        INGOT_TRY_ASSIGN(spec, with_inferred_columns(files, spec));
        spec.unknown_members = UnknownFields::kAdd;
        INGOT_TRY(validate(spec));
    }
    return std::unique_ptr<FormatSource>(
        std::make_unique<Source>(std::move(files), std::move(spec), inferred, std::move(options)));
}

std::int64_t ScanReport::records() const {
    return sum(files, &FileTotals::records);
}

std::int64_t ScanReport::good() const {
    return sum(files, &FileTotals::good);
}

std::int64_t ScanReport::rejected() const {
    return sum(files, &FileTotals::rejected);
}

}  // namespace ingot::format
