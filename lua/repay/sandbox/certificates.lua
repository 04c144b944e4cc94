-- The sandbox's own certificate authority and the good and bad certificates it gives out.
--
-- Made afresh in memory for each server; only the authority's certificate is ever written to disk,
-- for clients to trust, and its key never. Names: localhost, provider.test, 127.0.0.1, ::1.

local altname = require "openssl.x509.altname"
local bignum = require "openssl.bignum"
local context = require "openssl.ssl.context"
local extension = require "openssl.x509.extension"
local name = require "openssl.x509.name"
local pkey = require "openssl.pkey"
local rand = require "openssl.rand"
local x509 = require "openssl.x509"
local store = require "openssl.x509.store"

local certificates = {}

local DAY = 86400

local function new_key()
  return pkey.new({ type = "EC", curve = "prime256v1" })
end

local function subject(common_name)
  local value = name.new()
  value:add("O", "repay sandbox")
  value:add("CN", common_name)
  return value
end

local function new_certificate(key, common_name, from, to)
  local certificate = x509.new()
  certificate:setVersion(3)
  certificate:setSerial(bignum.fromBinary(rand.bytes(16)))
  certificate:setSubject(subject(common_name))
  certificate:setLifetime(from, to)
  certificate:setPublicKey(key)
  return certificate
end

local function new_authority(now)
  local key = new_key()
  local certificate = new_certificate(key, "repay sandbox authority", now - DAY, now + 30 * DAY)
  certificate:setIssuer(certificate:getSubject())
  certificate:setBasicConstraints({ CA = true, pathLen = 0 })
  certificate:setBasicConstraintsCritical(true)
  certificate:addExtension(extension.new("keyUsage", "critical,keyCertSign,cRLSign"))
  certificate:addExtension(extension.new("subjectKeyIdentifier", "hash", { subject = certificate }))
  certificate:sign(key, "sha256")
  return { key = key, certificate = certificate }
end

-- `wish` has names, addresses, from, to; without an issuer the certificate signs itself.
local function issue(issuer, wish)
  local key = new_key()
  local certificate = new_certificate(key, wish.names[1], wish.from, wish.to)
  local alternatives = altname.new()
  for _, host in ipairs(wish.names) do
    alternatives:add("DNS", host)
  end
  for _, address in ipairs(wish.addresses or {}) do
    alternatives:add("IP", address)
  end
  certificate:setSubjectAlt(alternatives)
  certificate:setBasicConstraints({ CA = false })
  certificate:setBasicConstraintsCritical(true)
  certificate:addExtension(extension.new("keyUsage", "critical,digitalSignature"))
  certificate:addExtension(extension.new("extendedKeyUsage", "serverAuth"))
  certificate:setIssuer((issuer and issuer.certificate or certificate):getSubject())
  certificate:sign(issuer and issuer.key or key, "sha256")
  return { key = key, certificate = certificate }
end

local function server_context(held)
  local ssl = context.new("TLS", true)
  ssl:setOptions(context.OP_NO_SSLv2 + context.OP_NO_SSLv3 + context.OP_NO_TLSv1
    + context.OP_NO_TLSv1_1)
  ssl:setCertificate(held.certificate)
  ssl:setPrivateKey(held.key)
  ssl:setStore(store.new())
  return ssl
end

-- Returns the authority's PEM text and the contexts good, expired, wrong_host and self_signed.
-- `now` is the real time in seconds: certificates are judged by the client's clock, not ours.
function certificates.new(now)
  local authority = new_authority(now)
  local good = {
    names = { "localhost", "provider.test" }, addresses = { "127.0.0.1", "::1" },
    from = now - DAY, to = now + 30 * DAY,
  }
  local expired = {
    names = good.names, addresses = good.addresses, from = now - 20 * DAY, to = now - 10 * DAY,
  }
  local elsewhere = { names = { "elsewhere.test" }, from = good.from, to = good.to }
  return {
    pem = authority.certificate:toPEM(),
    contexts = {
      good = server_context(issue(authority, good)),
      expired = server_context(issue(authority, expired)),
      wrong_host = server_context(issue(authority, elsewhere)),
      self_signed = server_context(issue(nil, good)),
    },
  }
end

return certificates
