#include "server/http_server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <condition_variable>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "server/certificate_internal.hpp"
#include "server/http_session_internal.hpp"

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/os_user.hpp"
#include "base/socket_path.hpp"

namespace ingot::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using local = asio::local::stream_protocol;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// The socket in the file system: who may come in is for the kernel to say.
struct OwnSocket {
    local::acceptor acceptor;
    std::string path;
    ino_t inode = 0;
    uid_t owner = ::geteuid();
    std::string owner_name = os_user_name(owner);

    /// The other side's user; nothing: it may not come in.
    std::optional<std::string> user_of(local::socket& socket) const {
        ucred peer{};
        socklen_t size = sizeof(peer);
        const int failed =
            ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
        if (failed != 0) return std::nullopt;
        if (peer.uid == owner) return owner_name;
        return peer.uid == 0 ? std::optional<std::string>("root") : std::nullopt;
    }
    /// The file goes, unless another server has put its own there.
    void close() {
        error_code ignored;
        acceptor.close(ignored);
        struct stat found{};
        if (::stat(path.c_str(), &found) == 0 && found.st_ino == inode) ::unlink(path.c_str());
    }
};

/// Reports what ends a connection that should have ended by itself.
void report(const std::exception_ptr& failure) {
    if (!failure) return;
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        log_error("a connection ended unexpectedly: {}", e.what());
    }
}

}  // namespace

struct HttpServer::Impl {
    Impl(ListenOptions chosen, Application application, Refusal refusal)
        : options(std::move(chosen)),
          world{.application = std::move(application),
                .refusal = std::move(refusal),
                .limits = options.limits,
                .io = io,
                .handlers = handlers},
          handlers({.name = "http-handler",
                    .threads = options.handler_threads,
                    // Each connection has one request at work at most.
                    .queue_capacity = options.limits.connections + 1}) {}

    Status listen();
    Status read_certificate();
    asio::awaitable<void> watch_certificate();
    Status listen_locally();
    template <class Acceptor>
    asio::awaitable<void> accept(Acceptor& from);
    void turn_away(tcp::socket socket);
    static void turn_away(local::socket) {}
    asio::awaitable<void> say_that_it_is_full(tcp::socket socket);
    void begin_session(tcp::socket socket);
    void begin_session(local::socket socket);
    void wake_all(std::set<std::string>& topics);
    void stop();
    bool wait_until_drained();

    ListenOptions options;
    SessionWorld world;  ///< Sessions look into it when the context below ends them.
    asio::io_context io{1};
    std::optional<Certificate> tls;
    Guarded<CertificateState> certificate;
    tcp::acceptor acceptor{io};
    asio::steady_timer next_look{io};
    std::optional<OwnSocket> own_socket;
    std::size_t turned_away = 0;
    Guarded<std::set<std::string>> topics_to_wake;
    Executor handlers;
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
    std::jthread thread;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(ListenOptions options,
                                                      Application application, Refusal refusal) {
    auto impl =
        std::make_unique<Impl>(std::move(options), std::move(application), std::move(refusal));
    INGOT_TRY(impl->read_certificate());
    INGOT_TRY(impl->listen());
    asio::co_spawn(impl->io, impl->accept(impl->acceptor), asio::detached);
    if (impl->tls) asio::co_spawn(impl->io, impl->watch_certificate(), asio::detached);
    if (const Status own = impl->listen_locally(); !own) {
        log_warning("verbs of the command line cannot ask this server: {}",
                    own.error().to_string());
    } else if (impl->own_socket) {
        asio::co_spawn(impl->io, impl->accept(impl->own_socket->acceptor), asio::detached);
    }
    impl->thread = std::jthread([raw = impl.get()] {
        name_this_thread("http-io");
        raw->io.run();
    });
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
    stop();
}

void HttpServer::drain() {
    asio::post(impl_->io, [impl = impl_.get()] { impl->world.draining = true; });
}

void HttpServer::stop() {
    impl_->stop();
}

void HttpServer::wake(std::string_view topic) {
    bool first = false;
    {
        auto topics = impl_->topics_to_wake.lock();
        first = topics->empty();
        topics->emplace(topic);
    }
    if (!first) return;
    asio::post(impl_->io, [impl = impl_.get()] {
        std::set<std::string> topics;
        std::swap(topics, *impl->topics_to_wake.lock());
        impl->wake_all(topics);
    });
}

std::uint16_t HttpServer::port() const {
    return impl_->options.port;
}

std::size_t HttpServer::connections() const {
    return impl_->world.count;
}

std::optional<CertificateState> HttpServer::certificate() const {
    if (!impl_->tls) return std::nullopt;
    return *impl_->certificate.lock();
}

Status HttpServer::Impl::read_certificate() {
    if (options.tls_certificate.empty() && options.tls_key.empty()) return {};
    if (options.tls_certificate.empty() || options.tls_key.empty())
        return make_error(ErrorCode::kInvalidArgument, "--tls-cert and --tls-key go together");
    INGOT_TRY_ASSIGN(tls, Certificate::read(options.tls_certificate, options.tls_key));
    *certificate.lock() = {tls->expires(), ""};
    return {};
}

/// Connections that are there keep the certificate that they began with.
asio::awaitable<void> HttpServer::Impl::watch_certificate() {
    while (acceptor.is_open()) {
        next_look.expires_after(options.look_at_certificate);
        co_await next_look.async_wait(kAwait);
        tls->look();
        *certificate.lock() = {tls->expires(), tls->problem()};
    }
}

Status HttpServer::Impl::listen() {
    error_code failed;
    const auto address = asio::ip::make_address(options.address, failed);
    if (failed) {
        return make_error(ErrorCode::kInvalidArgument,
                          "--listen: {} is no address: give one such as 127.0.0.1:8420",
                          options.address);
    }
    const tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol(), failed);
    if (!failed) acceptor.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) acceptor.bind(endpoint, failed);
    if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) {
        return make_error(ErrorCode::kIo,
                          "cannot listen on {} port {}: {}: choose another with "
                          "--listen ADDRESS:PORT",
                          options.address, options.port, failed.message());
    }
    options.port = acceptor.local_endpoint(failed).port();
    return {};
}

/// Whoever comes before its rights are set finds nobody listening.
Status HttpServer::Impl::listen_locally() {
    if (options.socket.empty()) return {};
    INGOT_TRY_ASSIGN(const SocketPath path, SocketPath::of(options.socket));
    OwnSocket own{local::acceptor(io), options.socket};
    ::unlink(path.text().c_str());  // Of a server that was killed.
    error_code failed;
    struct stat made{};
    own.acceptor.open(local(), failed);
    if (!failed) own.acceptor.bind(local::endpoint(path.text()), failed);
    if (!failed && (::chmod(path.text().c_str(), S_IRUSR | S_IWUSR) != 0 ||
                    ::stat(path.text().c_str(), &made) != 0)) {
        failed = error_code(errno, boost::system::generic_category());
    }
    if (!failed) own.acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) {
        return make_error(ErrorCode::kIo, "cannot listen on the socket {}: {}", options.socket,
                          failed.message());
    }
    own.inode = made.st_ino;
    own_socket = std::move(own);
    return {};
}

template <class Acceptor>
asio::awaitable<void> HttpServer::Impl::accept(Acceptor& from) {
    asio::steady_timer pause(io);
    while (from.is_open()) {
        auto [failed, socket] = co_await from.async_accept(kAwait);
        if (failed == asio::error::operation_aborted || !from.is_open()) co_return;
        if (failed) {
            // Out of descriptors, most likely: those that end make room.
            log_warning("a connection cannot be accepted: {}", failed.message());
            pause.expires_after(std::chrono::milliseconds(100));
            co_await pause.async_wait(kAwait);
        } else if (world.sessions.size() >= options.limits.connections) {
            turn_away(std::move(socket));
        } else {
            begin_session(std::move(socket));
        }
    }
}

void HttpServer::Impl::turn_away(tcp::socket socket) {
    asio::co_spawn(io, say_that_it_is_full(std::move(socket)), asio::detached);
}

/// There is no place for one more: it hears so, for as long as that costs little.
asio::awaitable<void> HttpServer::Impl::say_that_it_is_full(tcp::socket socket) {
    constexpr std::size_t kAtOnce = 64;
    if (tls || turned_away >= kAtOnce) co_return;
    ++turned_away;
    const std::string text =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
        "Content-Length: 0\r\n\r\n";
    boost::beast::tcp_stream stream(std::move(socket));
    stream.expires_after(std::chrono::seconds(1));
    std::array<char, 4096> dropped{};
    auto [failed, bytes] = co_await asio::async_write(stream, asio::buffer(text), kAwait);
    stream.socket().shutdown(tcp::socket::shutdown_send, failed);
    while (!failed)
        std::tie(failed, bytes) = co_await stream.async_read_some(asio::buffer(dropped), kAwait);
    --turned_away;
}

void HttpServer::Impl::begin_session(tcp::socket socket) {
    error_code ignored;  // Slower, nothing else.
    socket.set_option(tcp::no_delay(true), ignored);
    if (tls) {
        asio::co_spawn(io, serve_tls(world, std::move(socket), tls->context()), report);
    } else {
        asio::co_spawn(io, serve_plain(world, std::move(socket)), report);
    }
}

void HttpServer::Impl::begin_session(local::socket socket) {
    const std::optional<std::string> user = own_socket->user_of(socket);
    if (!user) return;  // Closed without a word.
    asio::co_spawn(io, serve_local(world, std::move(socket), *user), report);
}

void HttpServer::Impl::wake_all(std::set<std::string>& topics) {
    for (const std::string& topic : topics) {
        const auto found = world.waiting.find(topic);
        if (found == world.waiting.end()) continue;
        for (Session* session : found->second) session->wake();
    }
}

void HttpServer::Impl::stop() {
    if (!thread.joinable()) return;
    asio::post(io, [this] {
        error_code ignored;
        acceptor.close(ignored);
        next_look.cancel();
        if (own_socket) own_socket->close();
        world.stopping = true;
        for (Session* session : world.sessions) session->drain();
    });
    if (!wait_until_drained()) {
        log_warning("{} connections did not end in time and are cut off", world.count.load());
        asio::post(io, [this] {
            for (Session* session : world.sessions) session->close();
        });
    }
    // What handlers still do ends first: it answers into sessions.
    handlers.drain();
    static_cast<void>(wait_until_drained());
    work.reset();
    io.stop();
    thread.join();
}

bool HttpServer::Impl::wait_until_drained() {
    const auto deadline = std::chrono::steady_clock::now() + options.limits.drain_time;
    while (std::chrono::steady_clock::now() < deadline) {
        bool listening = true;
        // Seen on the I/O thread, so that nothing is accepted in between.
        std::promise<bool> seen;
        asio::post(io, [&] {
            seen.set_value(acceptor.is_open() || (own_socket && own_socket->acceptor.is_open()));
        });
        listening = seen.get_future().get();
        if (!listening && world.count == 0) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

Result<ListenOptions> parse_listen(std::string_view text, ListenOptions options) {
    std::string_view address = text;
    std::string_view port;
    if (const auto end = text.find(']'); text.starts_with('[') && end != std::string_view::npos) {
        address = text.substr(1, end - 1);
        port = text.substr(end + 1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        address = text.substr(0, text.find(':'));
        port = text.substr(text.find(':'));
    }
    if (!address.empty()) {
        error_code failed;
        const auto parsed = asio::ip::make_address(
            std::string(address == "localhost" ? "127.0.0.1" : address), failed);
        if (failed) {
            return make_error(ErrorCode::kInvalidArgument,
                              "--listen {}: '{}' is no address: give one such as 127.0.0.1:8420 or "
                              "0.0.0.0:8420",
                              text, address);
        }
        options.address = parsed.to_string();
    }
    if (port.empty()) return options;
    const char* const end = port.data() + port.size();
    const auto [stop, failed] = std::from_chars(port.data() + 1, end, options.port);
    if (failed == std::errc() && stop == end && port.starts_with(':')) return options;
    return make_error(ErrorCode::kInvalidArgument,
                      "--listen {}: '{}' is no port: give a number from 0 to 65535", text,
                      port.substr(1));
}

bool is_loopback(std::string_view address) {
    error_code failed;
    const auto parsed = asio::ip::make_address(std::string(address), failed);
    if (failed) return false;
    if (parsed.is_v6() && parsed.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, parsed.to_v6()).is_loopback();
    return parsed.is_loopback();
}

}  // namespace ingot::server
