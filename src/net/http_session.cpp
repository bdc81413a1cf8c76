#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/socket_path.hpp"
#include "net/curl_transfer_internal.hpp"
#include "net/http_session_internal.hpp"

namespace ingot::net {

struct HttpSession::Handles {
    std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi{::curl_multi_init(), &::curl_multi_cleanup};
    std::unique_ptr<CURL, void (*)(CURL*)> easy{::curl_easy_init(), &::curl_easy_cleanup};
    std::array<char, CURL_ERROR_SIZE> error_text{};
};

namespace {

/// What libcurl's callbacks fill. They never throw: libcurl is C.
struct Exchange {
    BodySink& sink;
    CURL* easy;
    ExchangeReply reply = {};
    bool begun = false;
    std::optional<Error> sink_error = {};

    bool begin() {
        if (begun) return !sink_error;
        begun = true;
        long status = 0;
        ::curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        reply.status = static_cast<int>(status);
        return keep_error(sink.begin(reply));
    }
    bool keep_error(Status status) {
        if (!status) sink_error = std::move(status).error();
        return !sink_error;
    }
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t first = std::min(text.find_first_not_of(kBlanks), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) noexcept {
    auto& exchange = *static_cast<Exchange*>(user);
    const std::string_view line(data, size * count);
    if (line.starts_with("HTTP/")) exchange.reply.headers.clear();  // After a 100 Continue.
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return size * count;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const std::string_view value = trimmed(line.substr(colon + 1));
    auto [at, added] = exchange.reply.headers.try_emplace(std::move(name), value);
    if (!added) at->second.append(", ").append(value);
    return size * count;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) noexcept {
    auto& exchange = *static_cast<Exchange*>(user);
    const std::string_view bytes(data, size * count);
    const bool fine = exchange.begin() && exchange.keep_error(exchange.sink.append(bytes));
    return fine ? bytes.size() : (bytes.empty() ? 1 : 0);  // Another count ends the transfer.
}

void set_method(CURL* easy, const ExchangeRequest& request) {
    if (request.method == "GET") return;
    if (request.method == "HEAD") {
        ::curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
        // Not copied: the request outlives the transfer.
        ::curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                           static_cast<curl_off_t>(request.body.size()));
        ::curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
    }
    ::curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    // libcurl sends again by itself what a connection that it had kept has lost.
    ::curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

void set_options(CURL* easy, const ExchangeRequest& request, curl_slist* headers,
                 Exchange& exchange, char* error_text) {
    ::curl_easy_reset(easy);
    ::curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    if (const char* file = certificates_file()) ::curl_easy_setopt(easy, CURLOPT_CAINFO, file);
    ::curl_easy_setopt(easy, CURLOPT_USERAGENT, "ingot/" INGOT_VERSION);
    ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
    ::curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
    ::curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
    ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
    ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
    ::curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
    ::curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set_method(easy, request);
    const HttpLimits& limits = request.limits;
    ::curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, curl_milliseconds(limits.connect_timeout));
    // Zero would mean no limit, but a limit below a millisecond is over at once.
    const bool limited = limits.attempt_timeout != Duration(0);
    ::curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                       limited ? std::max(curl_milliseconds(limits.attempt_timeout), 1L) : 0L);
    ::curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT,
                       static_cast<long>(limits.low_speed_bytes_per_second));
    ::curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                       curl_milliseconds(limits.low_speed_time) / 1000);
}

AttemptFailure failure(CURLcode code, const char* detail) {
    const std::string text = *detail != '\0' ? detail : ::curl_easy_strerror(code);
    switch (code) {
        case CURLE_OPERATION_TIMEDOUT:
            return {make_error(ErrorCode::kTimeout, "{}", text), true};
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_CONNECT:
        case CURLE_PARTIAL_FILE:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_UNSUPPORTED_PROTOCOL:  // What came was no HTTP.
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return {make_error(ErrorCode::kIo, "{}", text), true};
        case CURLE_PEER_FAILED_VERIFICATION:
            return {make_error(ErrorCode::kIo,
                               "{} (SSL_CERT_FILE names a file of certificates to trust)", text),
                    false};
        case CURLE_URL_MALFORMAT:
            return {make_error(ErrorCode::kInvalidArgument, "{}", text), false};
        default:
            return {make_error(ErrorCode::kIo, "{}", text), false};
    }
}

}  // namespace

HttpSession::HttpSession() {
    initialise_curl();
    handles_ = std::make_unique<Handles>();
    INGOT_CHECK(handles_->multi != nullptr && handles_->easy != nullptr,
                "libcurl gives no handle: out of memory");
}

HttpSession::~HttpSession() = default;

std::variant<ExchangeReply, AttemptFailure> HttpSession::exchange(const ExchangeRequest& request,
                                                                  BodySink& sink,
                                                                  const std::stop_token& stop) {
    CURL* const easy = handles_->easy.get();
    Exchange exchange{sink, easy};
    const CurlList headers = curl_list(request.header_lines);
    handles_->error_text.fill('\0');
    set_options(easy, request, headers.get(), exchange, handles_->error_text.data());
    std::optional<SocketPath> socket;
    if (!request.unix_socket.empty()) {
        Result<SocketPath> path = SocketPath::of(request.unix_socket);
        if (!path) {
            return AttemptFailure{std::move(path).error().with(std::string(kNotSent)), false};
        }
        socket = *std::move(path);
        ::curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket->text().c_str());
    }
    const std::optional<CURLcode> outcome = run_transfer(handles_->multi.get(), easy, stop);
    if (exchange.sink_error) return AttemptFailure{*std::move(exchange.sink_error), false};
    if (!outcome) return AttemptFailure{make_error(ErrorCode::kCancelled, "stopped"), false};
    if (*outcome != CURLE_OK) {
        AttemptFailure failed = failure(*outcome, handles_->error_text.data());
        long sent = 0;
        ::curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
        if (sent == 0) failed.error = std::move(failed.error).with(std::string(kNotSent));
        return failed;
    }
    if (!exchange.begin()) return AttemptFailure{*std::move(exchange.sink_error), false};
    // Known only once the transfer is complete.
    const char* redirect = nullptr;
    ::curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &redirect);
    if (redirect != nullptr) exchange.reply.redirect_url = redirect;
    return std::move(exchange.reply);
}

}  // namespace ingot::net
