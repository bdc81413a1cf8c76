#pragma once
#include <stop_token>

#include "notify/outbox.hpp"

#include "net/http_client.hpp"
#include "project/project.hpp"
#include "project/secrets.hpp"

namespace ingot::notify {

/// Makes one attempt at a delivery, over the way that its receiver has. Thread-safe. What it says
/// shows no secret: neither values of `$secret` nor the addresses of webhooks, which often are one.
class Sender {
public:
    Sender(project::ProjectPtr project, std::shared_ptr<project::SecretStore> secrets,
           net::HttpClient& http, Duration timeout = std::chrono::seconds(30));

    Sent send(const Delivery& delivery, std::stop_token stop = {}) const;

private:
    Result<Sent> send_to(const project::Receiver& receiver, const Delivery& delivery,
                         const std::stop_token& stop) const;
    Result<Sent> post(const project::Receiver& receiver, const Delivery& delivery,
                      const std::stop_token& stop) const;
    Result<Sent> mail(const project::Receiver& receiver, const Delivery& delivery,
                      const std::stop_token& stop) const;
    Result<Sent> run(const project::Receiver& receiver, const Delivery& delivery,
                     const std::stop_token& stop) const;
    Result<std::string> render(const project::Template& text) const;

    project::ProjectPtr project_;
    std::shared_ptr<project::SecretStore> secrets_;
    net::HttpClient& http_;
    Duration timeout_;
};

}  // namespace ingot::notify
