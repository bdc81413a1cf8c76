#include <boost/system/error_code.hpp>
#include <ctime>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "server/certificate_internal.hpp"

#include "base/log.hpp"

namespace ingot::server {

namespace asio = boost::asio;

Result<Certificate> Certificate::read(std::string chain_file, std::string key_file) {
    Certificate certificate(std::move(chain_file), std::move(key_file));
    certificate.stamp_read_ = certificate.stamp_seen_ = certificate.stamp();
    INGOT_TRY_ASSIGN(certificate.context_, certificate.context_of_files());
    return certificate;
}

void Certificate::look() {
    const std::string stamp = this->stamp();
    const bool stands_still = stamp == std::exchange(stamp_seen_, stamp);
    if (!stands_still || stamp == stamp_read_) return;
    stamp_read_ = stamp;
    Result<Context> read = context_of_files();
    if (read) {
        context_ = *std::move(read);
        problem_.clear();
        log_info("the certificate {} was read again: it expires at {}", chain_file_,
                 expires().to_string());
    } else {
        problem_ = read.error().message;
        log_error("the new certificate cannot be used, the one before stays: {}", problem_);
    }
}

Timestamp Certificate::expires() const {
    const X509* certificate = SSL_CTX_get0_certificate(context_->native_handle());
    std::tm time{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return {};
    return Timestamp::from_millis(static_cast<std::int64_t>(::timegm(&time)) * 1000);
}

Result<Certificate::Context> Certificate::context_of_files() const {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
    boost::system::error_code failed;
    context->use_certificate_chain_file(chain_file_, failed);
    if (failed) {
        return make_error(ErrorCode::kInvalidArgument,
                          "--tls-cert {}: {}: it has to be a chain of certificates in PEM",
                          chain_file_, failed.message());
    }
    context->use_private_key_file(key_file_, asio::ssl::context::pem, failed);
    if (failed) {
        return make_error(ErrorCode::kInvalidArgument,
                          "--tls-key {}: {}: it has to be the certificate's private key in PEM",
                          key_file_, failed.message());
    }
    return context;
}

std::string Certificate::stamp() const {
    std::string stamp;
    for (const std::string& file : {chain_file_, key_file_}) {
        struct stat found{};
        if (::stat(file.c_str(), &found) != 0) {
            stamp += "absent ";
            continue;
        }
        stamp += fmt::format("{}.{}.{}.{}.{} ", found.st_dev, found.st_ino, found.st_size,
                             found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
    }
    return stamp;
}

}  // namespace ingot::server
