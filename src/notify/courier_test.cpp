#include "notify/courier.hpp"

#include <atomic>
#include <future>
#include <gtest/gtest.h>

#include "notify/sender.hpp"

#include "net/http_client.hpp"
#include "net/http_test_server.hpp"

namespace ingot::notify {
namespace {

using std::chrono::milliseconds;

Delivery delivery(std::string id, std::string receiver = "oncall") {
    Delivery one{std::move(id), std::move(receiver), {"test", "A title", "", {}, Timestamp()}};
    one.created = one.next_at = system_clock().now();
    return one;
}

/// What a store has of deliveries.
class Kept {
public:
    void put(const Delivery& one) { (*all_.lock())[one.id] = delivery_to_json(one); }
    void remove(const std::string& id) { all_.lock()->erase(id); }
    std::vector<Delivery> load() const {
        std::vector<Delivery> found;
        auto all = all_.lock();
        for (const auto& [id, json] : *all) found.push_back(*parse_delivery(json));
        return found;
    }
    bool wait_until_ended(std::size_t count) const {
        for (int i = 0; i < 1000; ++i) {
            std::size_t ended = 0;
            for (const Delivery& one : load()) {
                ended += one.state != Delivery::State::kWaiting ? 1U : 0U;
            }
            if (ended == count) return true;
            std::this_thread::sleep_for(milliseconds(10));
        }
        return false;
    }

private:
    Guarded<std::map<std::string, std::string>> all_;
};

Courier::Parts parts(Kept& kept, std::function<Sent(const Delivery&, std::stop_token)> send) {
    return {std::move(send), [&](const Delivery& one) { kept.put(one); },
            [&](const std::string& id) { kept.remove(id); }, system_clock()};
}

const OutboxLimits kQuick{.delay_first = milliseconds(5), .delay_max = milliseconds(20)};

TEST(Courier, AServerThatFailsTwiceGetsItTheThirdTime) {
    net::HttpTestServer server(
        [](const net::TestRequest& request, net::TestConnection& connection) {
            connection.respond(request.number < 2 ? 503 : 200, "", "");
        });
    auto project = std::make_shared<project::Project>();
    project::Receiver receiver;
    receiver.url = project::Template::literal(server.url("/hook"));
    project->receivers["oncall"] = receiver;
    std::shared_ptr<project::SecretStore> secrets = *project::SecretStore::open({"env"}, ".");
    net::HttpClient http;
    const Sender sender(project, secrets, http);
    Kept kept;
    kept.put(delivery("a"));
    Courier courier(
        parts(kept, [&](const Delivery& one,
                        const std::stop_token& stop) { return sender.send(one, stop); }),
        kQuick);
    courier.take(kept.load());
    ASSERT_TRUE(kept.wait_until_ended(1));
    EXPECT_EQ(kept.load()[0].state, Delivery::State::kDelivered);
    EXPECT_EQ(kept.load()[0].attempts, 3);
    EXPECT_EQ(server.requests().size(), 3U);
    for (const net::TestRequest& request : server.requests()) {
        EXPECT_EQ(request.header("ingot-delivery"), "a") << "a repetition can be told";
    }
}

TEST(Courier, WhatAProcessLeftIsDeliveredByTheNext) {
    Kept kept;
    kept.put(delivery("a"));
    std::promise<void> begun;
    {
        Courier courier(parts(kept, [&](const Delivery&, std::stop_token stop) {
            begun.set_value();
            while (!stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
            return Sent{Sent::Kind::kTryAgain, "cut off"};
        }));
        courier.take(kept.load());
        begun.get_future().wait();
    }
    EXPECT_EQ(kept.load()[0].attempts, 0);
    Courier next(parts(kept, [](const Delivery&, const std::stop_token&) { return Sent{}; }));
    next.take(kept.load());
    EXPECT_TRUE(kept.wait_until_ended(1));
}

TEST(Courier, TakingNeverWaitsForAReceiver) {
    Kept kept;
    std::atomic<bool> go = false;
    Courier courier(parts(kept, [&](const Delivery& one, std::stop_token stop) {
        while (one.receiver == "slow" && !go && !stop.stop_requested()) {
            std::this_thread::sleep_for(milliseconds(1));
        }
        return Sent{};
    }));
    for (int i = 0; i < 50; ++i) {
        const Delivery one = delivery("slow" + std::to_string(i), "slow");
        kept.put(one);
        courier.take({one});
    }
    const Delivery quick = delivery("quick", "quick");
    kept.put(quick);
    courier.take({quick});
    EXPECT_TRUE(kept.wait_until_ended(1)) << "another receiver does not wait";
    go = true;
    EXPECT_TRUE(kept.wait_until_ended(51));
}

TEST(Courier, AnOperatorTriesAgainWhatWasGivenUp) {
    Kept kept;
    std::atomic<bool> down = true;
    Courier courier(parts(kept, [&](const Delivery&, const std::stop_token&) {
        return down ? Sent{Sent::Kind::kRefused, "status 404"} : Sent{};
    }));
    kept.put(delivery("a"));
    courier.take(kept.load());
    ASSERT_TRUE(kept.wait_until_ended(1));
    EXPECT_EQ(courier.deliveries().at(0).state, Delivery::State::kGivenUp);
    down = false;
    ASSERT_TRUE(courier.try_again("a"));
    for (int i = 0; i < 1000 && kept.load()[0].state != Delivery::State::kDelivered; ++i) {
        std::this_thread::sleep_for(milliseconds(5));
    }
    EXPECT_EQ(kept.load()[0].state, Delivery::State::kDelivered);
    EXPECT_FALSE(courier.try_again("a"));
}

}  // namespace
}  // namespace ingot::notify
