#include <atomic>
#include <filesystem>
#include <fmt/format.h>
#include <map>

#include "base/executor.hpp"
#include "base/log.hpp"
#include "ingest/finders_internal.hpp"
#include "ingest/input_folder.hpp"
#include "net/http_client.hpp"
#include "net/url.hpp"

namespace ingot::ingest {
namespace {

constexpr std::size_t kDownloadsAtOnce = 4;

net::RetryPolicy retry_of(const project::RetryPolicy& from) {
    net::RetryPolicy to;
    to.attempts_max = from.retries + 1;
    to.delay_first = from.delay;
    to.delay_max = std::max<Duration>(from.delay, std::chrono::minutes(5));
    return to;
}

class RemoteFiles final : public InputFinder {
public:
    RemoteFiles(const project::Source& source, const project::FilesOrigin& origin,
                const InputContext& context)
        : source_(source), origin_(origin), context_(context), http_(context.clock) {}

    Result<std::optional<std::vector<Input>>> list() override {
        if (source_.load == project::LoadKind::kWindow) return std::optional<std::vector<Input>>();
        INGOT_TRY_ASSIGN(const std::string url, url_of(std::nullopt));
        INGOT_TRY_ASSIGN(const std::string name, name_of(url));
        Input whole;
        whole.key = source_.load == project::LoadKind::kFiles ? name : std::string(kWholeKey);
        whole.looked_for = shown(url);
        whole.found = true;
        return std::optional(std::vector<Input>{std::move(whole)});
    }

    Result<Input> find(const Interval& window) override {
        Input input;
        input.key = window.start.to_string();
        input.window = window;
        INGOT_TRY_ASSIGN(const project::Rendered rendered,
                         origin_.path.render(render_context(context_, source_, window)));
        if (const auto* absent = std::get_if<project::NoSuchDate>(&rendered)) {
            input.skipped = absent->reason;
            return input;
        }
        input.looked_for = shown(std::get<std::string>(rendered));
        input.found = true;
        return input;
    }

    Fetched fetch(std::vector<Input> inputs) override {
        Fetched fetched;
        std::vector<Job> jobs;
        Status prepared = prepare(inputs, jobs);
        if (!prepared) {
            fetched.error = std::move(prepared).error();
            return fetched;
        }
        if (!jobs.empty()) download_all(jobs);
        for (Job& job : jobs) {
            if (!job.done) continue;
            if (*job.done) {
                kept_.keep(**job.done);
                fetched.inputs.push_back(**std::move(job.done));
                continue;
            }
            fetched.failed.push_back(job.input.key);
            if (!fetched.error) fetched.error = std::move(*job.done).error();
        }
        if (!fetched.error && context_.stop.stop_requested()) {
            fetched.error = make_error(ErrorCode::kCancelled, "the downloads were cancelled");
        }
        return fetched;
    }

    void release(const std::vector<Input>& inputs) override { kept_.release(inputs); }

    std::size_t fetch_max() const override { return 96; }

private:
    struct Job {
        Input input;
        std::string url;
        std::string name;
        std::optional<Result<Input>> done;
    };

    Result<std::string> url_of(const std::optional<Interval>& window) const {
        return origin_.path.render_text(render_context(context_, source_, window));
    }

    static std::string shown(const std::string& url) { return mask_secrets(net::display_url(url)); }

    Result<std::string> name_of(const std::string& url) {
        if (telling_parts_ == 0) {
            INGOT_TRY_ASSIGN(telling_parts_, telling_parts(source_, origin_, context_));
        }
        return display_name(shown(url), telling_parts_);
    }

    Status prepare(std::vector<Input>& inputs, std::vector<Job>& jobs) {
        if (!folder_) {
            INGOT_TRY_ASSIGN(InputFolder folder,
                             InputFolder::open(context_.cache_dir, source_.name));
            folder_.emplace(std::move(folder));
        }
        if (headers_.empty()) {
            for (const auto& [name, value] : origin_.headers) {
                INGOT_TRY_ASSIGN(std::string text, value.render_text(render_context(
                                                       context_, source_, std::nullopt)));
                headers_.emplace_back(name, std::move(text));
            }
        }
        for (Input& input : inputs) {
            Job& job = jobs.emplace_back();
            INGOT_TRY_ASSIGN(job.url, url_of(input.window));
            INGOT_TRY_ASSIGN(job.name, name_of(job.url));
            // Another table of this source has fetched it already.
            std::optional<Input> kept = kept_.find(input);
            if (kept && (!kept->files.empty() || !kept->found)) job.done = *std::move(kept);
            job.input = std::move(input);
        }
        return {};
    }

    void download_all(std::vector<Job>& jobs) {
        std::atomic<bool> failed = false;
        Executor downloads({"download", std::min(kDownloadsAtOnce, jobs.size()),
                            std::max<std::size_t>(jobs.size(), 1)});
        for (Job& job : jobs) {
            if (job.done) continue;
            const Status queued = downloads.submit(
                [&](const std::stop_token&) {
                    if (failed || context_.stop.stop_requested()) return;
                    job.done = download(job);
                    if (!*job.done) failed = true;
                },
                context_.stop);
            if (!queued) break;  // Cancelled; `fetch` says so.
        }
        downloads.drain();
    }

    /// Called from several threads, for inputs of different files.
    Result<Input> download(const Job& job) {
        const std::string file = folder_->file_for(job.url, job.name);
        INGOT_TRY_ASSIGN(const std::optional<KeptVersion> kept, read_kept_version(file));
        net::DownloadRequest request;
        request.request.url = job.url;
        request.request.headers = headers_;
        request.request.retry = retry_of(origin_.retry);
        if (origin_.retry.timeout) request.request.limits.attempt_timeout = *origin_.retry.timeout;
        request.file = file;
        request.keep_part = true;
        if (kept) {
            request.known = {kept->etag, kept->last_modified};
        } else if (job.input.before.size() == 1) {
            request.known = {job.input.before[0].etag, ""};
        }
        INGOT_TRY_ASSIGN(const net::DownloadOutcome outcome,
                         http_.download(request, context_.stop));

        Input input = job.input;
        input.found = !std::holds_alternative<net::NotFound>(outcome);
        if (!input.found) return input;
        if (std::holds_alternative<net::NotModified>(outcome) && !kept) {
            input.identities = input.before;
            input.unchanged = true;
            return input;
        }
        publish::InputIdentity identity;
        identity.name = job.name;
        if (const auto* fresh = std::get_if<net::Downloaded>(&outcome)) {
            identity.sha256 = fresh->sha256;
            identity.etag = fresh->validators.etag;
            INGOT_TRY(write_kept_version(
                file, {fresh->sha256, fresh->validators.etag, fresh->validators.last_modified}));
        } else {
            identity.sha256 = kept->sha256;
            identity.etag = kept->etag;
        }
        std::error_code error;
        identity.size = std::filesystem::file_size(file, error);
        if (error) return make_error(ErrorCode::kIo, "cannot read {}: {}", file, error.message());
        input.files = {{file, job.name, compression_of(source_.format), origin_.member}};
        input.identities = {std::move(identity)};
        input.unchanged = same_bytes(input.before, input.identities);
        return input;
    }

    const project::Source& source_;
    const project::FilesOrigin& origin_;
    InputContext context_;
    net::HttpClient http_;
    std::optional<InputFolder> folder_;
    std::vector<std::pair<std::string, std::string>> headers_;
    KeptInputs kept_;
    std::size_t telling_parts_ = 0;  ///< 0: not known yet.
};

}  // namespace

std::unique_ptr<InputFinder> find_remote_files(const project::Source& source,
                                               const project::FilesOrigin& origin,
                                               const InputContext& context) {
    return std::make_unique<RemoteFiles>(source, origin, context);
}

}  // namespace ingot::ingest
