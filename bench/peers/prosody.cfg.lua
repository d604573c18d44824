-- A Prosody to compare with: loopback only, the modules of a usual server, no rate limits, log at warn.
-- ENV_NAME is the environment variable NAME, set by prosody.ts.
run_as_root = true
daemonize = false
pidfile = ENV_FOLDER .. "/prosody.pid"
data_path = ENV_FOLDER .. "/data"
network_backend = "epoll"
gc = { mode = "generational" } -- Prosody is at its best with it
interfaces = { "127.0.0.1" }
c2s_ports = { tonumber(ENV_STARTTLS) }
c2s_direct_tls_ports = { tonumber(ENV_DIRECTTLS) }
s2s_ports = { }
http_ports = { }
https_ports = { }
c2s_require_encryption = ENV_ENCRYPTION == "yes"
allow_unencrypted_plain_auth = ENV_ENCRYPTION == "no"
allow_registration = true -- how the benchmark makes its accounts
authentication = "internal_hashed"
password_hash = ENV_HASH -- it keeps one, and offers SCRAM with that
storage = ENV_STORAGE
sql = { driver = "SQLite3", database = ENV_FOLDER .. "/prosody.sqlite" }
default_archive_policy = true
archive_expires_after = "never" -- no cleaning in the middle of a run
storage_archive_item_limit = 10000000
default_iteration_count = 4096 -- as the others; SCRAM with keys that the client has kept does not run them
ssl = { certificate = ENV_FOLDER .. "/localhost.crt", key = ENV_FOLDER .. "/localhost.key" }
log = { { levels = { min = "warn" }, to = "console" } }
modules_enabled = {
  "roster"; "saslauth"; "tls"; "disco"; "ping"; "offline"; "register"; "register_ibr"; "posix";
  "blocklist"; "carbons"; "csi_simple"; "lastactivity"; "mam"; "pep"; "private"; "smacks"; "vcard4"; "vcard_legacy";
  "version"; "time"; "uptime";
}
modules_disabled = { "s2s" }
VirtualHost("localhost")
