#include "net/http_client.hpp"

#include <algorithm>
#include <charconv>

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/percent.hpp"
#include "base/uuid.hpp"
#include "net/http_session_internal.hpp"
#include "net/part_file_internal.hpp"
#include "net/retry_internal.hpp"
#include "net/url.hpp"

namespace ingot::net {

/// Each call takes a session for itself, so that connections are reused without a lock held.
class HttpClient::SessionPool {
public:
    /// A session that returns to the pool.
    using Lease = std::unique_ptr<HttpSession, std::function<void(HttpSession*)>>;

    Lease take() {
        std::unique_ptr<HttpSession> session;
        if (auto idle = idle_.lock(); !idle->empty()) {
            session = std::move(idle->back());
            idle->pop_back();
        }
        if (session == nullptr) session = std::make_unique<HttpSession>();
        return {session.release(), [this](HttpSession* used) { give_back(used); }};
    }

private:
    void give_back(HttpSession* used) {
        constexpr std::size_t kIdleMax = 16;
        std::unique_ptr<HttpSession> session(used);
        auto idle = idle_.lock();
        if (idle->size() < kIdleMax) idle->push_back(std::move(session));
    }
    Guarded<std::vector<std::unique_ptr<HttpSession>>> idle_;
};

namespace {

/// Replaces in messages what must not be seen.
class Redactor {
public:
    explicit Redactor(const HttpRequest& request, std::string method = "GET")
        : method_(std::move(method)), shown_url_(display_url(request.url)) {
        for (const auto& [name, value] : request.secret_query) add(value);
        for (const auto& [name, value] : request.headers) {
            if (is_secret_name(name)) add(value);
        }
    }
    const std::string& shown_url() const { return shown_url_; }
    std::string operator()(std::string text) const {
        for (const std::string& secret : secrets_) {
            for (std::size_t at = text.find(secret); at != std::string::npos;
                 at = text.find(secret, at + 3)) {
                text.replace(at, secret.size(), "***");
            }
        }
        return mask_secrets(text);
    }
    Error operator()(Error error) const {
        error.message = (*this)(fmt::format("{} {}: {}", method_, shown_url_, error.message));
        return error;
    }

private:
    void add(const std::string& value) {
        if (value.empty()) return;
        secrets_.push_back(value);
        secrets_.push_back(percent_encode(value));
    }
    std::vector<std::string> secrets_;
    std::string method_;
    std::string shown_url_;
};

/// One attempt at a request: the exchanges along its redirects.
class Attempt {
public:
    Attempt(HttpSession& session, const HttpRequest& request, std::optional<Duration> time_left,
            const std::stop_token& stop)
        : session_(session), request_(request), stop_(stop) {
        exchange_.limits = request.limits;
        exchange_.unix_socket = request.unix_socket;
        if (time_left && (exchange_.limits.attempt_timeout == Duration(0) ||
                          *time_left < exchange_.limits.attempt_timeout)) {
            exchange_.limits.attempt_timeout = std::max(*time_left, Duration(1));
        }
    }

    /// `extra` are headers of our own, which go along to another origin, too.
    std::variant<ExchangeReply, AttemptFailure> run(const std::vector<std::string>& extra,
                                                    BodySink& sink) {
        if (Status set = set_url(); !set) return AttemptFailure{std::move(set).error(), false};
        const std::string first_origin = url_origin(exchange_.url);
        for (int redirects = 0;; ++redirects) {
            exchange_.header_lines = extra;
            if (url_origin(exchange_.url) == first_origin) add_own_headers();
            auto result = session_.exchange(exchange_, sink, stop_);
            const auto* const reply = std::get_if<ExchangeReply>(&result);
            if (reply == nullptr || classify_status(reply->status) != StatusKind::kRedirect) {
                return result;
            }
            if (Status allowed = check_redirect(*reply, redirects); !allowed) {
                return AttemptFailure{std::move(allowed).error(), false};
            }
            exchange_.url = reply->redirect_url;
        }
    }

    /// The same with the method and the body of the request, and where it leads to is a value.
    std::variant<ExchangeReply, AttemptFailure> run_once(BodySink& sink) {
        if (Status set = set_url(); !set) return AttemptFailure{std::move(set).error(), false};
        exchange_.method = request_.method;
        exchange_.body = request_.body;
        add_own_headers();
        return session_.exchange(exchange_, sink, stop_);
    }

private:
    Status set_url() {
        exchange_.url = request_.url;
        for (const auto& [name, value] : request_.secret_query) {
            exchange_.url = with_query_parameter(exchange_.url, name, value);
        }
        if (is_http(url_origin(exchange_.url))) return {};
        return make_error(ErrorCode::kInvalidArgument, "a URL must begin with http:// or https://");
    }

    void add_own_headers() {
        for (const auto& [name, value] : request_.headers) {
            exchange_.header_lines.push_back(name + ": " + value);
        }
    }

    static bool is_http(std::string_view origin) {
        return origin.starts_with("http://") || origin.starts_with("https://");
    }

    Status check_redirect(const ExchangeReply& reply, int redirects) const {
        if (reply.redirect_url.empty()) {
            return make_error(ErrorCode::kIo, "status {} without a Location", reply.status);
        }
        if (redirects >= request_.limits.redirects_max) {
            return make_error(ErrorCode::kIo, "more than {} redirects, the last one to {}",
                              request_.limits.redirects_max, display_url(reply.redirect_url));
        }
        const std::string to = url_origin(reply.redirect_url);
        if (!is_http(to)) {
            return make_error(ErrorCode::kIo, "redirected to {}, which is not http",
                              display_url(reply.redirect_url));
        }
        if (url_origin(exchange_.url).starts_with("https:") && !to.starts_with("https:")) {
            return make_error(ErrorCode::kIo, "redirected from https to {}, which is not secure",
                              display_url(reply.redirect_url));
        }
        return {};
    }

    HttpSession& session_;
    const HttpRequest& request_;
    const std::stop_token& stop_;
    ExchangeRequest exchange_;
};

std::string_view header(const ExchangeReply& reply, std::string_view name) {
    const auto at = reply.headers.find(name);
    return at == reply.headers.end() ? std::string_view() : std::string_view(at->second);
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && rest == end ? std::optional(value) : std::nullopt;
}

Error too_large(std::uint64_t bytes_max) {
    return make_error(ErrorCode::kIo, "the body is larger than the limit of {} bytes", bytes_max);
}

/// The beginning of an error's body usually says what was wrong.
class ErrorText {
public:
    void append(std::string_view bytes) {
        constexpr std::size_t kBytesMax = 300;
        text_ += bytes.substr(0, kBytesMax - std::min(text_.size(), kBytesMax));
    }
    AttemptFailure failure(const ExchangeReply& reply, Timestamp now) const {
        std::string text = fmt::format("the server answers with status {}", reply.status);
        if (reply.status == 401 || reply.status == 403) text += " (check the credentials)";
        std::string line = text_.substr(0, text_.find_first_of("\r\n"));
        std::erase_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
        if (!line.empty()) text += ": " + line;
        AttemptFailure failure{make_error(ErrorCode::kIo, "{}", text),
                               classify_status(reply.status) == StatusKind::kTransient};
        failure.retry_after = parse_retry_after(header(reply, "retry-after"), now);
        return failure;
    }

private:
    std::string text_;
};

class MemorySink final : public BodySink {
public:
    explicit MemorySink(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
    Status begin(const ExchangeReply&) override {
        body.clear();
        return {};
    }
    Status append(std::string_view bytes) override {
        if (body.size() + bytes.size() > bytes_max_) return too_large(bytes_max_);
        body += bytes;
        return {};
    }
    std::string body;

private:
    std::uint64_t bytes_max_;
};

/// `bytes 100-199/200`
struct ContentRange {
    std::uint64_t first = 0;
    std::optional<std::uint64_t> total;
};

std::optional<ContentRange> parse_content_range(std::string_view text) {
    constexpr std::string_view kUnit = "bytes ";
    const std::size_t dash = text.find('-');
    const std::size_t slash = text.find('/');
    if (!text.starts_with(kUnit) || dash == std::string_view::npos ||
        slash == std::string_view::npos || dash > slash) {
        return std::nullopt;
    }
    const auto first = number(text.substr(kUnit.size(), dash - kUnit.size()));
    if (!first) return std::nullopt;
    return ContentRange{*first, number(text.substr(slash + 1))};
}

/// A download over all its attempts: what has arrived, and under which version.
class Download final : public BodySink {
public:
    /// Goes on from what an earlier call kept.
    static Result<Download> start(const DownloadRequest& request) {
        if (request.keep_part) {
            INGOT_TRY_ASSIGN(std::optional<PartFile::Kept> kept, PartFile::take_kept(request.file));
            if (kept && kept->part.size() <= request.request.limits.bytes_max) {
                const std::size_t line = kept->version.find('\n');
                Validators version{kept->version.substr(0, line), ""};
                if (line != std::string::npos)
                    version.last_modified = kept->version.substr(line + 1);
                return Download(request, std::move(kept->part), std::move(version));
            }
        }
        INGOT_TRY_ASSIGN(PartFile part, PartFile::create(request.file));
        return Download(request, std::move(part), {});
    }

    /// For the next call, when it is wanted and can be told apart from another version.
    void keep_part() {
        if (!request_.keep_part || part_.size() == 0 || range_validator().empty()) return;
        const Status kept = part_.keep(validators_.etag + '\n' + validators_.last_modified);
        if (!kept) log_debug("{}", kept.error().message);  // It is fetched again, then.
    }

    /// Range and If-Range when there is something to continue, else the caller's conditions.
    std::vector<std::string> request_headers() {
        std::vector<std::string> lines;
        const std::string validator = range_validator();
        if (part_.size() > 0 && !validator.empty()) {
            lines.push_back(fmt::format("Range: bytes={}-", part_.size()));
            lines.push_back("If-Range: " + validator);
        } else {
            if (!request_.known.etag.empty()) {
                lines.push_back("If-None-Match: " + request_.known.etag);
            }
            if (!request_.known.last_modified.empty()) {
                lines.push_back("If-Modified-Since: " + request_.known.last_modified);
            }
        }
        return lines;
    }

    Status begin(const ExchangeReply& reply) override {
        error_text_ = ErrorText();
        storing_ = false;
        misplaced_ = false;
        if (reply.status != 200 && reply.status != 206) return {};
        std::optional<std::uint64_t> total = number(header(reply, "content-length"));
        if (reply.status == 206) {
            const auto range = parse_content_range(header(reply, "content-range"));
            const std::string_view etag = header(reply, "etag");
            // Another place or version than the one we asked for: its bytes are not ours.
            misplaced_ = !range || range->first != part_.size() ||
                         (!etag.empty() && !validators_.etag.empty() && etag != validators_.etag);
            if (misplaced_) return {};
            if (range->total) total = range->total;
        } else {
            INGOT_TRY(part_.restart());
            validators_ = {std::string(header(reply, "etag")),
                           std::string(header(reply, "last-modified"))};
        }
        total_ = total;
        if (total && *total > request_.request.limits.bytes_max) {
            return too_large(request_.request.limits.bytes_max);
        }
        storing_ = true;
        return {};
    }

    Status append(std::string_view bytes) override {
        if (!storing_) {
            error_text_.append(bytes);
            return {};
        }
        if (bytes.size() > request_.request.limits.bytes_max - part_.size()) {
            return too_large(request_.request.limits.bytes_max);
        }
        return part_.append(bytes);
    }

    /// What a whole reply came to.
    std::variant<DownloadOutcome, AttemptFailure> conclude(const ExchangeReply& reply, int attempts,
                                                           Timestamp now) {
        switch (classify_status(reply.status)) {
            case StatusKind::kAbsent:
                return DownloadOutcome(NotFound{reply.status});
            case StatusKind::kNotModified:
                if (part_.size() == 0) return DownloadOutcome(NotModified{});
                return start_over("the server says 'not modified' to a range");
            case StatusKind::kSuccess:
                if (misplaced_) return start_over("the server sends another range than asked for");
                if (storing_) return complete(reply, attempts);
                return AttemptFailure{
                    make_error(ErrorCode::kIo, "the server answers with status {}", reply.status),
                    false};
            default:
                if (reply.status == 416) return start_over("the server has not that many bytes");
                return error_text_.failure(reply, now);
        }
    }

private:
    Download(const DownloadRequest& request, PartFile part, Validators version)
        : request_(request), part_(std::move(part)), validators_(std::move(version)) {}

    /// A weak ETag may stand for other bytes, so it cannot join two pieces.
    std::string range_validator() const {
        const bool weak = validators_.etag.starts_with("W/");
        return validators_.etag.empty() || weak ? validators_.last_modified : validators_.etag;
    }

    AttemptFailure start_over(std::string_view why) {
        Status emptied = part_.restart();
        if (!emptied) return {std::move(emptied).error(), false};
        return {make_error(ErrorCode::kIo, "{}", why), true};
    }

    std::variant<DownloadOutcome, AttemptFailure> complete(const ExchangeReply& reply,
                                                           int attempts) {
        if (total_ && part_.size() != *total_) {
            const std::uint64_t size = part_.size();
            if (size > *total_) return start_over("more bytes came than the server had promised");
            return AttemptFailure{
                make_error(ErrorCode::kIo, "only {} of {} bytes came", size, *total_), true};
        }
        Downloaded done{part_.size(), part_.finish_sha256(), validators_,
                        std::string(header(reply, "content-type")), attempts};
        if (!request_.sha256_expected.empty() && !same_digest(done.sha256)) {
            AttemptFailure failure = start_over("");
            failure.error = make_error(ErrorCode::kCorruptData, "the checksum is {}, expected {}",
                                       done.sha256, request_.sha256_expected);
            return failure;
        }
        if (Status published = part_.publish(); !published) {
            return AttemptFailure{std::move(published).error(), false};
        }
        return DownloadOutcome(std::move(done));
    }

    bool same_digest(std::string_view digest) const {
        return std::equal(digest.begin(), digest.end(), request_.sha256_expected.begin(),
                          request_.sha256_expected.end(), [](char a, char b) {
                              return a == (b >= 'A' && b <= 'F' ? static_cast<char>(b + 32) : b);
                          });
    }

    const DownloadRequest& request_;
    PartFile part_;
    Validators validators_;
    std::optional<std::uint64_t> total_;
    bool storing_ = false;
    bool misplaced_ = false;
    ErrorText error_text_;
};

std::uint64_t system_random() {
    std::uint64_t value = 0;
    fill_random(reinterpret_cast<std::byte*>(&value), sizeof value);
    return value;
}

}  // namespace

HttpClient::HttpClient(Clock& clock) : HttpClient(clock, &system_random) {}

HttpClient::HttpClient(Clock& clock, Random random)
    : clock_(clock), random_(std::move(random)), sessions_(std::make_unique<SessionPool>()) {}

HttpClient::~HttpClient() = default;

Result<DownloadOutcome> HttpClient::download(const DownloadRequest& request, std::stop_token stop) {
    const Redactor redact(request.request);
    INGOT_TRY_ASSIGN(Download download, Download::start(request));
    const SessionPool::Lease session = sessions_->take();
    RetryLoop retries(request.request.retry, clock_, random_);
    for (;;) {
        Attempt attempt(*session, request.request, retries.time_left(), stop);
        auto result = attempt.run(download.request_headers(), download);
        auto* failure = std::get_if<AttemptFailure>(&result);
        std::variant<DownloadOutcome, AttemptFailure> concluded;
        if (failure == nullptr) {
            concluded = download.conclude(std::get<ExchangeReply>(result), retries.attempts(),
                                          clock_.now());
            if (auto* outcome = std::get_if<DownloadOutcome>(&concluded))
                return *std::move(outcome);
            failure = std::get_if<AttemptFailure>(&concluded);
        }
        failure->error = redact(std::move(failure->error));
        log_debug("{}", failure->error.message);
        if (Status again = retries.wait_for_next(*std::move(failure), stop); !again) {
            download.keep_part();
            return std::move(again).error();
        }
    }
}

Result<HttpResponse> HttpClient::get(const HttpRequest& request, std::stop_token stop) {
    const Redactor redact(request);
    const SessionPool::Lease session = sessions_->take();
    RetryLoop retries(request.retry, clock_, random_);
    for (;;) {
        MemorySink sink(request.limits.bytes_max);
        auto result = Attempt(*session, request, retries.time_left(), stop).run({}, sink);
        AttemptFailure failure{};
        if (auto* reply = std::get_if<ExchangeReply>(&result)) {
            if (classify_status(reply->status) != StatusKind::kTransient) {
                return HttpResponse{reply->status, std::move(reply->headers), std::move(sink.body)};
            }
            ErrorText text;
            text.append(sink.body);
            failure = text.failure(*reply, clock_.now());
        } else {
            failure = std::get<AttemptFailure>(std::move(result));
        }
        failure.error = redact(std::move(failure.error));
        INGOT_TRY(retries.wait_for_next(std::move(failure), stop));
    }
}

bool was_not_sent(const Error& error) {
    return std::find(error.context.begin(), error.context.end(), kNotSent) != error.context.end();
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request, std::stop_token stop) {
    const Redactor redact(request, request.method);
    const SessionPool::Lease session = sessions_->take();
    MemorySink sink(request.limits.bytes_max);
    auto result = Attempt(*session, request, std::nullopt, stop).run_once(sink);
    if (auto* failure = std::get_if<AttemptFailure>(&result)) {
        return redact(std::move(failure->error));
    }
    auto& reply = std::get<ExchangeReply>(result);
    return HttpResponse{reply.status, std::move(reply.headers), std::move(sink.body)};
}

}  // namespace ingot::net
