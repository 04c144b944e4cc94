-- A configuration of the command: copy it to ~/.config/repay/config.lua, then run: repay doctor
-- It is data. env and command say where a secret is; each is asked only when a client is opened.
return {
  profile = "practice", -- what is used without --profile
  zone = "Africa/Lagos", -- what today is

  profiles = {
    -- repay sandbox --clock now --flow; secrets of this machine may stand in a file.
    practice = {
      providers = {
        carbon = { base_url = "http://127.0.0.1:8042/carbon/baas/api",
          api_key = "sandbox-carbon-api-key", carbon_key = "sandbox-carbon-key" },
        fincode = { base_url = "http://127.0.0.1:8042/fincode/api/v1/services", currency = "NGN",
          zone = "+01:00", customer_ip = "127.0.0.1", token = "sandbox-fincode-token" },
      },
    },

    -- One provider, asked for real. Nothing here takes repayments.
    nairobi = {
      provider = "pezesha", environment = "live", channel = "Partner Name", currency = "KES",
      secrets = { token = command { "pass", "show", "loans/pezesha" } },
    },

    -- Real money moves only where this says live and the command line says --live.
    lagos = {
      environment = "live",
      journal = "/var/lib/repay/lagos.db",
      limits = { per_run_minor = 50000000, per_account_minor = 10000000,
        per_day_minor = 100000000 },
      providers = {
        carbon = { secrets = { api_key = env "CARBON_API_KEY", carbon_key = env "CARBON_KEY" } },
        fincode = {
          base_url = "https://example.fincode.software/api/v1/services",
          currency = "NGN", zone = "+01:00", customer_ip = "203.0.113.7",
          keys = "honoured", -- only once the provider has confirmed that it replays keys
          rate = 5,
          secrets = { token = env "FINCODE_TOKEN" },
        },
      },
    },
  },
}
