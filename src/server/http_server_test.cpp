#include "server/http_server.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <thread>

#include "server/raw_client_for_test.hpp"

namespace ingot::server {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

Response text(std::string body) {
    return {.content_type = "text/plain", .body = std::move(body)};
}

Response refuse(int status, std::string_view detail) {
    return {.status = status, .content_type = "text/plain", .body = std::string(detail)};
}

/// A server that says what it was asked.
struct Served {
    explicit Served(HttpLimits limits = {}, std::size_t threads = 2) {
        const ListenOptions options{.port = 0, .handler_threads = threads, .limits = limits};
        auto started =
            HttpServer::start(options, [this](const Request& it) { return reply(it); }, refuse);
        EXPECT_TRUE(started) << started.error().to_string();
        server = *std::move(started);
    }
    Reply reply(const Request& request) {
        ++requests;
        if (request.path() == "/throw") throw std::runtime_error("a handler that fails");
        if (request.path() == "/large") return text(std::string(8 << 20, 'x'));
        if (request.path() == "/slow") {
            std::this_thread::sleep_for(300ms);
            return text("slow");
        }
        if (request.path() == "/wait") {
            return Wait{"news", 2s, [this](bool last) -> std::optional<Response> {
                            ++looks;
                            if (news) return text("news");
                            if (last) return text("nothing");
                            return std::nullopt;
                        }};
        }
        if (request.path() == "/stream") {
            return Stream{.topic = "news", .quick = true, .pull = [this] {
                              return news ? Piece{.bytes = "data: news\n\n", .end = true} : Piece{};
                          }};
        }
        return text(
            fmt::format("{} {} {}", method_name(request.method), request.target, request.body));
    }
    std::string answer(std::string_view request) const {
        RawClient client(server->port());
        EXPECT_TRUE(client.send(request));
        return client.read_answer();
    }
    bool answers() const {
        return answer("GET /alive HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 200");
    }

    std::atomic<int> requests = 0;
    std::atomic<int> looks = 0;
    std::atomic<bool> news = false;
    std::unique_ptr<HttpServer> server;
};

TEST(HttpServer, ARequestIsAnsweredAndTheConnectionStays) {
    const Served served;
    RawClient client(served.server->port());
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(client.send("POST /a?b=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"));
        const std::string answer = client.read_answer();
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
        EXPECT_THAT(answer, EndsWith("\r\n\r\nPOST /a?b=1 hi"));
    }
}

TEST(HttpServer, RequestsInOnePacketAreAnsweredInTheirOrder) {
    const Served served;
    RawClient client(served.server->port());
    std::string requests;
    for (int i = 0; i < 50; ++i) requests += fmt::format("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", i);
    ASSERT_TRUE(client.send(requests));
    for (int i = 0; i < 50; ++i)
        EXPECT_THAT(client.read_answer(), EndsWith(fmt::format("GET /{} ", i)));
}

TEST(HttpServer, AnAnswerToHeadHasNoBody) {
    const Served served;
    RawClient client(served.server->port());
    ASSERT_TRUE(client.send("HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    const std::string answer = client.read_all();
    EXPECT_THAT(answer, HasSubstr("Content-Length: 8\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(HttpServer, AnOldClientGetsItsAnswerAndTheEnd) {
    const Served served;
    RawClient client(served.server->port());
    ASSERT_TRUE(client.send("GET /a HTTP/1.0\r\n\r\n"));
    EXPECT_THAT(client.read_all(), EndsWith("GET /a "));
    EXPECT_TRUE(client.closed());
}

TEST(HttpServer, ABodyInChunksIsOneBody) {
    const Served served;
    EXPECT_THAT(served.answer("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "2\r\nhi\r\n3\r\n yo\r\n0\r\n\r\n"),
                EndsWith("POST / hi yo"));
}

TEST(HttpServer, AClientThatWaitsToBeAskedForTheBodyIsAsked) {
    const Served served;
    RawClient client(served.server->port());
    ASSERT_TRUE(
        client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                    "Content-Length: 2\r\n\r\n"));
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    ASSERT_TRUE(client.send("hi"));
    EXPECT_THAT(client.read_answer(), EndsWith("POST / hi"));
}

TEST(HttpServer, HeadersBeyondTheLimitAreRefusedAsSuch) {
    const Served served;
    const std::string request =
        "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n";
    EXPECT_THAT(served.answer(request), StartsWith("HTTP/1.1 431 "));
    EXPECT_THAT(served.answer("GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n\r\n"),
                StartsWith("HTTP/1.1 431 "));
    EXPECT_EQ(served.requests, 0);
}

TEST(HttpServer, ABodyBeyondTheLimitIsRefusedBeforeItIsRead) {
    const Served served({.body_bytes = 1000});
    EXPECT_THAT(served.answer("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"),
                StartsWith("HTTP/1.1 413 "));
    const std::string chunks = "3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n";
    EXPECT_THAT(
        served.answer("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks),
        StartsWith("HTTP/1.1 413 "));
    EXPECT_EQ(served.requests, 0);
}

TEST(HttpServer, AMessageThatTwoReadersCouldUnderstandDifferentlyIsRefused) {
    const Served served;
    const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
    for (const std::string headers : {
             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
             "Content-Length: 5\r\nContent-Length: 6\r\n",
             "Content-Length: 5\r\nContent-Length: 5\r\n",
             "Content-Length: -1\r\n",
             "Content-Length: 5x\r\n",
             "Content-Length: 99999999999999999999999\r\n",
             "Transfer-Encoding: gzip, chunked\r\n",
             "Transfer-Encoding: identity\r\n",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding : chunked\r\n",
             "Host: b\r\n",
         }) {
        const std::string answer = served.answer(start + headers + "\r\n0\r\n\r\n");
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 4")) << headers << answer;
    }
    EXPECT_THAT(served.answer("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_EQ(served.requests, 0);
}

TEST(HttpServer, WhatIsNoHttpIsRefusedAndTheConnectionEnds) {
    const Served served;
    for (const std::string& bytes :
         {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),
          std::string("GET / HTTP/9.9\r\n\r\n"), std::string("GET /\r\n\r\n"),
          std::string("\r\n\r\nGET\r\n\r\n"), std::string(1000, '\0')}) {
        RawClient client(served.server->port());
        client.send(bytes);
        EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400 "));
        EXPECT_TRUE(client.closed());
    }
    EXPECT_THAT(served.answer("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "zz\r\nhi\r\n0\r\n\r\n"),
                StartsWith("HTTP/1.1 400 "));
    EXPECT_EQ(served.requests, 0);
}

TEST(HttpServer, AClientThatSendsItsHeadersTooSlowlyIsCutOff) {
    const Served served({.header_time = 200ms});
    RawClient client(served.server->port());
    const auto begun = std::chrono::steady_clock::now();
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\n"));
    for (int i = 0; i < 100 && client.send("X"); ++i) std::this_thread::sleep_for(20ms);
    client.read_all();
    EXPECT_TRUE(client.closed());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 1500ms);
}

TEST(HttpServer, AClientThatSendsItsBodyTooSlowlyIsCutOff) {
    const Served served({.body_time = 200ms});
    RawClient client(served.server->port());
    ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhi"));
    client.read_all(2s);
    EXPECT_TRUE(client.closed());
    EXPECT_EQ(served.requests, 0);
}

TEST(HttpServer, AConnectionThatSaysNothingIsClosed) {
    const Served served({.idle_time = 200ms});
    RawClient client(served.server->port());
    client.read_all(2s);
    EXPECT_TRUE(client.closed());
}

TEST(HttpServer, SlowClientsDoNotKeepOthersWaiting) {
    const Served served({}, 1);
    std::vector<std::unique_ptr<RawClient>> slow;
    for (int i = 0; i < 200; ++i) {
        slow.push_back(std::make_unique<RawClient>(served.server->port()));
        ASSERT_TRUE(slow.back()->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1"));
    }
    for (int i = 0; i < 20; ++i) {
        slow.push_back(std::make_unique<RawClient>(served.server->port()));
        slow.back()->shrink_receive_buffer();
        ASSERT_TRUE(slow.back()->send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(served.answers());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);  // They are cut off after ten.
}

TEST(HttpServer, AReaderThatTakesNothingIsCutOff) {
    const Served served({.write_time = 200ms});
    RawClient client(served.server->port());
    client.shrink_receive_buffer();
    ASSERT_TRUE(client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n"));
    for (int i = 0; i < 100 && served.server->connections() > 0; ++i)
        std::this_thread::sleep_for(20ms);
    EXPECT_EQ(served.server->connections(), 0);
}

TEST(HttpServer, OneConnectionTooManyIsToldSo) {
    const Served served({.connections = 2});
    RawClient first(served.server->port());
    RawClient second(served.server->port());
    for (RawClient* client : {&first, &second}) {
        ASSERT_TRUE(client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        EXPECT_THAT(client->read_answer(), StartsWith("HTTP/1.1 200 "));
    }
    RawClient third(served.server->port());
    EXPECT_THAT(third.read_answer(), StartsWith("HTTP/1.1 503 "));
}

TEST(HttpServer, AHandlerThatThrowsIsA500AndNothingElse) {
    const Served served;
    EXPECT_THAT(served.answer("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n"),
                StartsWith("HTTP/1.1 500 "));
    EXPECT_TRUE(served.answers());
}

TEST(HttpServer, WhatWaitsHoldsNoThreadAndIsAnsweredWhenWoken) {
    Served served({}, 1);
    std::vector<std::unique_ptr<RawClient>> waiting;
    for (int i = 0; i < 100; ++i) {
        waiting.push_back(std::make_unique<RawClient>(served.server->port()));
        ASSERT_TRUE(waiting.back()->send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    while (served.looks < 100) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(served.answers());
    served.news = true;
    const auto begun = std::chrono::steady_clock::now();
    served.server->wake("other");
    served.server->wake("news");
    for (auto& client : waiting) EXPECT_THAT(client->read_answer(), EndsWith("\r\n\r\nnews"));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
}

TEST(HttpServer, WhatWaitsInVainIsAnsweredInTheEnd) {
    const Served served;
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_THAT(served.answer("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"),
                EndsWith("\r\n\r\nnothing"));
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 1900ms);
}

TEST(HttpServer, AStreamSpeaksWhenWokenAndGivesSignsOfLifeBefore) {
    Served served({.heartbeat = 100ms});
    RawClient client(served.server->port());
    ASSERT_TRUE(client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"));
    const std::string head = client.read_until("\r\n\r\n");
    EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream\r\n"));
    EXPECT_EQ(client.read_until("\n\n"), ": still here\n\n");
    served.news = true;
    served.server->wake("news");
    EXPECT_THAT(client.read_all(), EndsWith("data: news\n\n"));
    EXPECT_TRUE(client.closed());
}

TEST(HttpServer, AThousandIdleStreamsAreHeldAndLetGo) {
    Served served;
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 1000; ++i) {
        clients.push_back(std::make_unique<RawClient>(served.server->port()));
        ASSERT_TRUE(clients.back()->connected());
        ASSERT_TRUE(clients.back()->send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    for (auto& client : clients) client->read_until("\r\n\r\n");
    EXPECT_EQ(served.server->connections(), 1000);
    EXPECT_TRUE(served.answers());
    clients.clear();
    for (int i = 0; i < 500 && served.server->connections() > 0; ++i)
        std::this_thread::sleep_for(10ms);
    EXPECT_EQ(served.server->connections(), 0);
}

TEST(HttpServer, StoppingLetsRequestsEndAndAnswersWhatWaits) {
    Served served;
    RawClient slow(served.server->port());
    RawClient waiting(served.server->port());
    RawClient stream(served.server->port());
    RawClient idle(served.server->port());
    ASSERT_TRUE(slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"));
    ASSERT_TRUE(waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
    ASSERT_TRUE(stream.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"));
    while (served.requests < 3 || served.looks < 1) std::this_thread::sleep_for(1ms);
    std::jthread stopping([&] { served.server->stop(); });
    EXPECT_THAT(waiting.read_all(), EndsWith("\r\n\r\nnothing"));
    EXPECT_THAT(slow.read_all(), EndsWith("\r\n\r\nslow"));
    stream.read_all();
    idle.read_all();
    stopping.join();
    EXPECT_TRUE(slow.closed() && waiting.closed() && stream.closed() && idle.closed());
    EXPECT_FALSE(RawClient(served.server->port()).connected());
}

TEST(Listen, AnAddressIsReadWithOrWithoutAPort) {
    EXPECT_EQ(parse_listen("0.0.0.0:9000")->address, "0.0.0.0");
    EXPECT_EQ(parse_listen("0.0.0.0:9000")->port, 9000);
    EXPECT_EQ(parse_listen("10.0.0.1")->port, 8420);
    EXPECT_EQ(parse_listen(":0")->address, "127.0.0.1");
    EXPECT_EQ(parse_listen("[::1]:80")->address, "::1");
    EXPECT_EQ(parse_listen("::1")->address, "::1");
    EXPECT_EQ(parse_listen("localhost:1")->address, "127.0.0.1");
    for (const char* wrong :
         {"nowhere", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:70000", "[::1", "[::1]x", "1.2.3.4:-1"}) {
        EXPECT_FALSE(parse_listen(wrong)) << wrong;
    }
}

TEST(Listen, OnlyAddressesOfThisMachineAloneAreLoopback) {
    for (const char* here : {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"})
        EXPECT_TRUE(is_loopback(here)) << here;
    for (const char* there : {"0.0.0.0", "::", "192.168.0.1", "example"})
        EXPECT_FALSE(is_loopback(there)) << there;
}

TEST(Listen, AnAddressThatIsTakenIsNamed) {
    const Served served;
    const auto second = HttpServer::start(
        {.port = served.server->port()}, [](const Request&) { return text(""); }, refuse);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message,
                HasSubstr(fmt::format("127.0.0.1 port {}", served.server->port())));
}

}  // namespace
}  // namespace ingot::server
