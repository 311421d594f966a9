#include "net/tls_context.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <string_view>
#include <utility>

namespace holdfast {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

// Not SSL_CTX app data: Asio keeps its own there.
int self_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

std::unexpected<Error> refused(std::string_view part, const error_code& error, std::string_view field) {
  return fail(ErrorKind::Invalid, "cannot use " + std::string(part) + ": " + error.message(), "",
              "check " + std::string(field) + " in the kubeconfig: PEM, and key and certificate of one pair");
}

std::string text_of(const ASN1_TIME* time) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
  char* text = nullptr;
  if (memory == nullptr || ASN1_TIME_print(memory.get(), time) != 1) return "an unknown date";
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

// A server says no more than 401 to an expired certificate.
Result<void> check_expiry(const X509* certificate) {
  const ASN1_TIME* end = certificate == nullptr ? nullptr : X509_get0_notAfter(certificate);
  if (end == nullptr || X509_cmp_current_time(end) > 0) return {};
  return fail(ErrorKind::Invalid, "the client certificate expired on " + text_of(end), "",
              "renew client-certificate(-data) in the kubeconfig, and check this machine's clock");
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::create(const ClientConfig& config) {
  auto context = std::make_shared<TlsContext>(config);
  if (auto loaded = context->load(config); !loaded) return std::unexpected(std::move(loaded.error()));
  return context;
}

TlsContext::TlsContext(const ClientConfig& config)
    : context_(ssl::context::tls_client),
      server_name_(config.tls_server_name.empty() ? config.host : config.tls_server_name) {
  error_code not_an_address;
  boost::asio::ip::make_address(server_name_, not_an_address);
  server_name_is_address_ = !not_an_address;
}

TlsContext::~TlsContext() { SSL_SESSION_free(session_); }

Result<void> TlsContext::load(const ClientConfig& config) {
  SSL_CTX* native = context_.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // an idle connection keeps no record buffers
  SSL_CTX_set_verify(native, config.insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_ex_data(native, self_index(), this);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(native, keep_session);

  error_code error;
  if (config.ca_pem.empty()) {
    context_.set_default_verify_paths(error);
    if (error) return refused("the trusted certificates of the system", error, "certificate-authority");
  } else {
    context_.add_certificate_authority(boost::asio::buffer(config.ca_pem), error);
    if (error) return refused("the certificate authority", error, "certificate-authority(-data)");
    own_trust_ = true;
  }
  if (!config.identity) return {};
  context_.use_certificate_chain(boost::asio::buffer(config.identity->certificate_pem), error);
  if (error) return refused("the client certificate", error, "client-certificate(-data)");
  if (auto valid = check_expiry(SSL_CTX_get0_certificate(native)); !valid) return valid;
  const std::string_view key = config.identity->key_pem.reveal();
  context_.use_private_key(boost::asio::buffer(key.data(), key.size()), ssl::context::pem, error);
  if (error) return refused("the key of the client certificate", error, "client-key(-data)");
  return {};
}

void TlsContext::prepare(SSL* ssl) const {
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl);
  // As Go does, and so kubectl: no common names, no half wildcards, and what the kubeconfig names is trusted even where
  // it is an intermediate authority.
  X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (own_trust_) X509_VERIFY_PARAM_set_flags(verify, X509_V_FLAG_PARTIAL_CHAIN);
  if (server_name_is_address_) {
    X509_VERIFY_PARAM_set1_ip_asc(verify, server_name_.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(verify, server_name_.data(), server_name_.size());
    // The function behind SSL_set_tlsext_host_name, whose macro casts constness away.
    std::string name = server_name_;
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  }
  if (session_ != nullptr) SSL_set_session(ssl, session_);
}

void TlsContext::forget_session() { SSL_SESSION_free(std::exchange(session_, nullptr)); }

int TlsContext::keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* self = static_cast<TlsContext*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), self_index()));
  self->forget_session();
  self->session_ = session;
  return 1;  // the reference is ours now
}

}  // namespace holdfast
