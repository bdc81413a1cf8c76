#pragma once
// One connection: reads a request, has it answered, writes the answer, again and again. Everything
// here runs on the one I/O thread, so that nothing is locked.
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <map>
#include <set>

#include "server/http_server.hpp"

#include "base/executor.hpp"

namespace ingot::server {

class Session;

/// What the sessions of a server share.
struct SessionWorld {
    HttpServer::Application application;
    HttpServer::Refusal refusal;
    HttpLimits limits;
    boost::asio::io_context& io;
    Executor& handlers;
    std::set<Session*> sessions = {};
    std::map<std::string, std::set<Session*>, std::less<>> waiting = {};  ///< By topic.
    bool draining = false;  ///< Each connection ends with its next answer.
    bool stopping = false;
    std::atomic<std::size_t> count = 0;  ///< Of sessions, for other threads.
};

/// What is not about the kind of stream.
class Session {
public:
    explicit Session(SessionWorld& world);
    virtual ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// It looks again at what it waits for.
    void wake();
    /// The server stops: between requests it closes, otherwise after the one at work.
    void drain();
    virtual void close() = 0;

protected:
    boost::asio::awaitable<Reply> answer(Request request);
    boost::asio::awaitable<Response> wait_for(const Wait& wait);
    boost::asio::awaitable<std::optional<Response>> look(const Wait& wait, bool last);
    boost::asio::awaitable<Piece> pull(const Stream& stream);
    /// Until it is woken or the time has come.
    boost::asio::awaitable<void> sleep_until(std::chrono::steady_clock::time_point time);

    /// While it lives, the topic wakes the session.
    class Waiting {
    public:
        Waiting(Session& session, std::string topic);
        ~Waiting();
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;

    private:
        Session& session_;
        std::string topic_;
    };

    SessionWorld& world_;
    boost::asio::steady_timer timer_;
    bool woken_ = false;
    bool idle_ = true;   ///< Between requests.
    bool gone_ = false;  ///< The client has left a stream.
};

/// Serves the connection until it ends.
boost::asio::awaitable<void> serve_plain(SessionWorld& world, boost::asio::ip::tcp::socket socket);
boost::asio::awaitable<void> serve_local(SessionWorld& world,
                                         boost::asio::local::stream_protocol::socket socket,
                                         std::string os_user);
boost::asio::awaitable<void> serve_tls(SessionWorld& world, boost::asio::ip::tcp::socket socket,
                                       std::shared_ptr<boost::asio::ssl::context> tls);

}  // namespace ingot::server
