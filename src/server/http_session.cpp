#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "server/http_session_internal.hpp"

#include "base/log.hpp"

namespace ingot::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kIdleBytes = 1024;  // What a connection without a request holds.

SteadyTime after(Duration duration) {
    return std::chrono::steady_clock::now() + duration;
}

/// The outcome of `work`, which a handler thread does meanwhile. Without a value: the handlers have
/// stopped. Compiled by g++ 12, a coroutine must not be given temporaries that own something: they
/// are destroyed twice. So `work` is a named value wherever this is called.
template <class Value>
asio::awaitable<std::optional<Value>> on_handler_thread(SessionWorld& world,
                                                        const std::function<Value()>& work) {
    const auto start = [&world, &work](auto done) {
        auto shared = std::make_shared<decltype(done)>(std::move(done));
        const auto finish = [&world, shared](std::optional<Value> value) {
            asio::post(world.io, [shared, result = std::move(value)]() mutable {
                (*shared)(std::move(result));
            });
        };
        // There is room: the queue is as long as there may be connections.
        const Status queued =
            world.handlers.submit([finish, work](const std::stop_token&) { finish(work()); });
        if (!queued) finish(std::nullopt);
    };
    return asio::async_initiate<const asio::use_awaitable_t<>&, void(std::optional<Value>)>(
        start, asio::use_awaitable);
}

/// Calls what the application gave; what it throws is logged.
template <class Value, class Call>
std::optional<Value> guarded(const Call& call) {
    try {
        return call();
    } catch (const std::exception& e) {
        log_error("a request handler failed: {}", e.what());
    } catch (...) {
        log_error("a request handler failed");
    }
    return std::nullopt;
}

}  // namespace

Session::Session(SessionWorld& world) : world_(world), timer_(world.io) {
    world_.sessions.insert(this);
    world_.count = world_.sessions.size();
}

Session::~Session() {
    world_.sessions.erase(this);
    world_.count = world_.sessions.size();
}

void Session::wake() {
    woken_ = true;
    timer_.cancel();
}

void Session::drain() {
    if (idle_) close();
    wake();
}

Session::Waiting::Waiting(Session& session, std::string topic)
    : session_(session), topic_(std::move(topic)) {
    session_.world_.waiting[topic_].insert(&session_);
}

Session::Waiting::~Waiting() {
    auto& waiting = session_.world_.waiting;
    const auto found = waiting.find(topic_);
    found->second.erase(&session_);
    if (found->second.empty()) waiting.erase(found);
}

asio::awaitable<void> Session::sleep_until(SteadyTime time) {
    timer_.expires_at(time);
    co_await timer_.async_wait(kAwait);
}

asio::awaitable<Reply> Session::answer(Request request) {
    const std::function<std::optional<Reply>()> work = [this, &request] {
        return guarded<Reply>([&] { return world_.application(request); });
    };
    auto reply = co_await on_handler_thread(world_, work);
    if (!reply) co_return world_.refusal(503, "the server is stopping");
    if (!*reply) co_return world_.refusal(500, "unexpected: the server's log says more");
    co_return std::move(**reply);
}

asio::awaitable<std::optional<Response>> Session::look(const Wait& wait, bool last) {
    using Looked = std::optional<Response>;
    const std::function<std::optional<Looked>()> work = [&wait, last] {
        return guarded<Looked>([&] { return wait.look(last); });
    };
    auto looked = co_await on_handler_thread(world_, work);
    if (!looked) co_return world_.refusal(503, "the server is stopping");
    if (!*looked) co_return world_.refusal(500, "unexpected: the server's log says more");
    co_return std::move(**looked);
}

asio::awaitable<Response> Session::wait_for(const Wait& wait) {
    const Waiting waiting(*this, wait.topic);
    const SteadyTime deadline = after(wait.at_most);
    for (;;) {
        const bool last = world_.stopping || gone_ || std::chrono::steady_clock::now() >= deadline;
        woken_ = false;
        std::optional<Response> response = co_await look(wait, last);
        if (response) co_return std::move(*response);
        if (last) co_return world_.refusal(500, "what was waited for gave no answer in the end");
        if (!woken_) co_await sleep_until(deadline);
    }
}

asio::awaitable<Piece> Session::pull(const Stream& stream) {
    const std::function<std::optional<Piece>()> work = [&stream] {
        return guarded<Piece>(stream.pull);
    };
    std::optional<std::optional<Piece>> piece;
    if (stream.quick) {
        piece = work();
    } else {
        piece = co_await on_handler_thread(world_, work);
    }
    if (piece && *piece) co_return std::move(**piece);
    Piece end;
    end.end = true;
    co_return end;
}

namespace {

Method method_of(http::verb verb) {
    switch (verb) {
        case http::verb::get:
            return Method::kGet;
        case http::verb::head:
            return Method::kHead;
        case http::verb::post:
            return Method::kPost;
        case http::verb::put:
            return Method::kPut;
        case http::verb::patch:
            return Method::kPatch;
        case http::verb::delete_:
            return Method::kDelete;
        case http::verb::options:
            return Method::kOptions;
        default:
            return Method::kOther;
    }
}

std::string lower(std::string_view text) {
    std::string lowered(text);
    for (char& c : lowered)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lowered;
}

/// Why a message must not be taken, though each of its lines is well-formed: two readers could
/// understand it differently.
std::string_view ambiguity(const http::request<http::string_body>& message) {
    if (message.count(http::field::host) != 1 && message.version() == 11)
        return "a request has one Host";
    const bool chunked = message.count(http::field::transfer_encoding) > 0;
    if (chunked && message.count(http::field::content_length) > 0)
        return "a request has Content-Length or Transfer-Encoding, not both";
    if (message.count(http::field::content_length) > 1) return "Content-Length comes twice";
    if (message.count(http::field::transfer_encoding) > 1) return "Transfer-Encoding comes twice";
    if (chunked && (message.version() < 11 ||
                    lower(std::string_view(message[http::field::transfer_encoding])) != "chunked"))
        return "the only Transfer-Encoding is chunked, since HTTP/1.1";
    return {};
}

int status_of(const error_code& failed) {
    if (failed == http::error::header_limit || failed == http::error::buffer_overflow) return 431;
    if (failed == http::error::body_limit) return 413;
    return 400;
}

std::string_view detail_of(int status) {
    switch (status) {
        case 413:
            return "the body is larger than the server takes";
        case 431:
            return "the headers are larger than the server takes";
        default:
            return "this is not a request of HTTP/1.1";
    }
}

/// The connection ended, or never sent anything: nobody reads an answer.
bool has_left(const error_code& failed) {
    return failed == http::error::end_of_stream || failed == http::error::partial_message ||
           failed == asio::error::eof || failed == asio::error::connection_reset ||
           failed == asio::error::broken_pipe || failed == asio::error::operation_aborted ||
           failed == asio::error::bad_descriptor || failed == asio::error::not_connected ||
           failed == asio::ssl::error::stream_truncated ||
           failed == beast::error::timeout;  // Which has closed it already.
}

/// A line break in a value would begin another header.
void add_headers(std::string& text, const Headers& headers) {
    for (const auto& [name, value] : headers) {
        text += name + ": ";
        for (const char c : value) text += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
        text += "\r\n";
    }
}

using LocalStream = beast::basic_stream<asio::local::stream_protocol>;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

/// A connection over `Transport`: a beast::tcp_stream, one with TLS around it, or a LocalStream.
template <class Transport>
class Connection final : public Session {
public:
    Connection(SessionWorld& world, Transport transport, std::optional<std::string> os_user = {})
        : Session(world),
          transport_(std::move(transport)),
          os_user_(std::move(os_user)),
          buffer_(kIdleBytes + world.limits.header_bytes + world.limits.body_bytes) {}

    asio::awaitable<void> serve();
    asio::awaitable<bool> shake_hands();
    void close() override {
        error_code ignored;
        lowest().socket().close(ignored);
    }

private:
    using Parser = http::request_parser<http::string_body>;

    auto& lowest() { return beast::get_lowest_layer(transport_); }
    asio::awaitable<error_code> first_byte();
    asio::awaitable<error_code> read(Parser& parser);
    asio::awaitable<error_code> promise_to_read(const Parser& parser);
    Request request_of(Parser& parser) const;
    asio::awaitable<bool> refuse(int status, std::string_view detail);
    asio::awaitable<bool> write(const Response& response, bool head, bool keep_alive);
    asio::awaitable<void> write(const Stream& stream, bool head);
    asio::awaitable<bool> send(std::string_view bytes);
    void watch_for_leaving();
    asio::awaitable<void> linger();

    Transport transport_;
    std::optional<std::string> os_user_;
    beast::flat_buffer buffer_;
    std::shared_ptr<bool> here_ = std::make_shared<bool>(true);  ///< For what may come too late.
};

/// With a client that speaks no TLS there is nothing to say.
template <class Transport>
asio::awaitable<bool> Connection<Transport>::shake_hands() {
    lowest().expires_after(world_.limits.header_time);
    const auto [failed] =
        co_await transport_.async_handshake(asio::ssl::stream_base::server, kAwait);
    co_return !failed;
}

template <class Transport>
asio::awaitable<void> Connection<Transport>::serve() {
    for (;;) {
        idle_ = true;
        if (world_.stopping || co_await first_byte()) co_return;
        idle_ = false;
        Parser parser;
        const error_code failed = co_await read(parser);
        if (failed && has_left(failed)) co_return;
        if (failed) {
            const int status = status_of(failed);
            co_await refuse(status, detail_of(status));
            co_return;
        }
        if (const std::string_view why = ambiguity(parser.get()); !why.empty()) {
            co_await refuse(400, why);
            co_return;
        }
        const bool head = parser.get().method() == http::verb::head;
        bool keep_alive = parser.get().keep_alive();
        lowest().expires_never();
        Request request = request_of(parser);
        Reply reply = co_await answer(std::move(request));
        if (const Stream* stream = std::get_if<Stream>(&reply)) {
            co_await write(*stream, head);
            co_return;
        }
        if (Wait* wait = std::get_if<Wait>(&reply)) reply = co_await wait_for(std::move(*wait));
        keep_alive = keep_alive && !world_.draining && !world_.stopping;
        if (!co_await write(std::get<Response>(reply), head, keep_alive)) co_return;
    }
}

/// Waits for the next request. It may come with the bytes of the one before.
template <class Transport>
asio::awaitable<error_code> Connection<Transport>::first_byte() {
    if (buffer_.size() > 0) co_return error_code();
    buffer_.shrink_to_fit();
    lowest().expires_after(world_.limits.idle_time);
    const auto [failed, bytes] =
        co_await transport_.async_read_some(buffer_.prepare(kIdleBytes), kAwait);
    buffer_.commit(bytes);
    co_return failed;
}

template <class Transport>
asio::awaitable<error_code> Connection<Transport>::read(Parser& parser) {
    parser.header_limit(static_cast<std::uint32_t>(world_.limits.header_bytes));
    parser.body_limit(world_.limits.body_bytes);
    lowest().expires_after(world_.limits.header_time);
    const auto [bad_header, header_bytes] =
        co_await http::async_read_header(transport_, buffer_, parser, kAwait);
    static_cast<void>(header_bytes);
    if (bad_header || parser.is_done()) co_return bad_header;
    if (!ambiguity(parser.get()).empty()) co_return error_code();
    lowest().expires_after(world_.limits.body_time);
    if (const error_code failed = co_await promise_to_read(parser)) co_return failed;
    const auto [bad_body, body_bytes] =
        co_await http::async_read(transport_, buffer_, parser, kAwait);
    static_cast<void>(body_bytes);
    co_return bad_body;
}

/// `Expect: 100-continue`: the client holds its body back until it is asked for.
template <class Transport>
asio::awaitable<error_code> Connection<Transport>::promise_to_read(const Parser& parser) {
    if (lower(std::string_view(parser.get()[http::field::expect])) != "100-continue")
        co_return error_code();
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [failed, bytes] =
        co_await asio::async_write(transport_, asio::buffer(kContinue), kAwait);
    static_cast<void>(bytes);
    co_return failed;
}

template <class Transport>
Request Connection<Transport>::request_of(Parser& parser) const {
    auto message = parser.release();
    Request request;
    request.method = method_of(message.method());
    request.target = std::string(message.target());
    for (const auto& field : message)
        request.headers.emplace_back(lower(std::string_view(field.name_string())),
                                     std::string(field.value()));
    request.body = std::move(message.body());
    request.os_user = os_user_;
    if constexpr (std::is_same_v<Transport, LocalStream>) {
        request.address = "this machine";
    } else {
        error_code unknown;
        const auto peer = beast::get_lowest_layer(transport_).socket().remote_endpoint(unknown);
        if (!unknown) request.address = peer.address().to_string();
    }
    request.tls = std::is_same_v<Transport, TlsStream>;
    return request;
}

template <class Transport>
asio::awaitable<bool> Connection<Transport>::refuse(int status, std::string_view detail) {
    const Response response = world_.refusal(status, detail);
    co_return co_await write(response, false, false);
}

/// False: the connection ends after it.
template <class Transport>
asio::awaitable<bool> Connection<Transport>::write(const Response& response, bool head,
                                                   bool keep_alive) {
    std::string text =
        fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
    add_headers(text, response.headers);
    const bool bodiless = response.status == 204 || response.status == 304;
    if (!bodiless) {
        fmt::format_to(std::back_inserter(text), "Content-Type: {}\r\nContent-Length: {}\r\n",
                       response.content_type, response.body.size());
    }
    if (!keep_alive) text += "Connection: close\r\n";
    text += "\r\n";
    if (!bodiless && !head) text += response.body;
    const bool sent = co_await send(text);
    if (sent && keep_alive) co_return true;
    if (sent) co_await linger();
    co_return false;
}

/// Bytes until the connection closes, which is the end that every version of HTTP knows.
template <class Transport>
asio::awaitable<void> Connection<Transport>::write(const Stream& stream, bool head) {
    std::string text = "HTTP/1.1 200 OK\r\n";
    add_headers(text, stream.headers);
    fmt::format_to(std::back_inserter(text),
                   "Content-Type: {}\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
                   "Connection: close\r\n\r\n",
                   stream.content_type);
    if (!co_await send(text) || head) co_return;
    watch_for_leaving();
    const Waiting waiting(*this, stream.topic);
    SteadyTime spoken = std::chrono::steady_clock::now();
    while (!gone_ && !world_.stopping) {
        woken_ = false;
        Piece piece = co_await pull(stream);
        const bool silent = piece.bytes.empty();
        if (silent && std::chrono::steady_clock::now() >= spoken + world_.limits.heartbeat)
            piece.bytes = stream.heartbeat;
        if (!piece.bytes.empty()) {
            if (!co_await send(piece.bytes)) co_return;
            spoken = std::chrono::steady_clock::now();
        }
        if (piece.end) break;
        if (piece.more || woken_ || gone_ || world_.stopping) continue;
        co_await sleep_until(std::min(after(stream.pause), spoken + world_.limits.heartbeat));
    }
    if (!gone_) co_await linger();
}

template <class Transport>
asio::awaitable<bool> Connection<Transport>::send(std::string_view bytes) {
    while (!bytes.empty()) {
        // The time is for each piece: a large answer to a slow reader is no stuck one.
        lowest().expires_after(world_.limits.write_time);
        const auto piece = bytes.substr(0, 64 * 1024);
        const auto [failed, sent] = co_await asio::async_write(
            transport_, asio::buffer(piece.data(), piece.size()), kAwait);
        if (failed) co_return false;
        bytes.remove_prefix(sent);
    }
    lowest().expires_never();
    co_return true;
}

/// A client has nothing to say while a stream runs: bytes or the end of them mean that it leaves.
template <class Transport>
void Connection<Transport>::watch_for_leaving() {
    const auto look = [this, here = std::weak_ptr(here_)](const error_code&) {
        if (here.expired()) return;
        gone_ = true;
        wake();
    };
    lowest().socket().async_wait(asio::socket_base::wait_read, look);
}

/// Says that nothing follows, and takes what still comes for a moment: closing on unread bytes
/// would make the system throw away the answer.
template <class Transport>
asio::awaitable<void> Connection<Transport>::linger() {
    error_code failed;
    lowest().expires_after(std::chrono::seconds(2));
    if constexpr (std::is_same_v<Transport, TlsStream>)
        co_await transport_.async_shutdown(asio::redirect_error(asio::use_awaitable, failed));
    lowest().socket().shutdown(asio::socket_base::shutdown_send, failed);
    std::array<char, 4096> dropped{};
    for (int rounds = 0; !failed && rounds < 512; ++rounds) {
        const auto [ended, bytes] =
            co_await lowest().async_read_some(asio::buffer(dropped), kAwait);
        static_cast<void>(bytes);
        failed = ended;
    }
}

}  // namespace

asio::awaitable<void> serve_plain(SessionWorld& world, asio::ip::tcp::socket socket) {
    Connection<beast::tcp_stream> connection(world, beast::tcp_stream(std::move(socket)));
    co_await connection.serve();
    connection.close();
}

asio::awaitable<void> serve_local(SessionWorld& world, asio::local::stream_protocol::socket socket,
                                  std::string os_user) {
    Connection<LocalStream> connection(world, LocalStream(std::move(socket)), std::move(os_user));
    co_await connection.serve();
    connection.close();
}

asio::awaitable<void> serve_tls(SessionWorld& world, asio::ip::tcp::socket socket,
                                std::shared_ptr<asio::ssl::context> tls) {
    Connection<TlsStream> connection(world, TlsStream(beast::tcp_stream(std::move(socket)), *tls));
    if (co_await connection.shake_hands()) co_await connection.serve();
    connection.close();
}

}  // namespace ingot::server
