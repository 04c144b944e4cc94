/*
 * Opening: what is refused and in which words, what hosts and presets follow, and that no secret
 * gets past redaction or outlives close.
 */
#include "call_support.h"

#define TOKEN "eyJhbGciOiJSUzI1NiJ9.secret+token/with=marks"

static void expect_config(struct rig *rig, const char *field, const char *message)
{
    CHECK_CASE(message);
    CHECK(!rig_open(rig));
    CHECK_INT(rig->error.kind, REPAY_KIND_CONFIG);
    CHECK_TEXT(rig->error.field, field);
    CHECK_TEXT(rig->error.message, message);
    CHECK(rig->session.provider == NULL);
    CHECK_CASE(NULL);
    rig_close(rig);
}

static void test_policy(void)
{
    static const struct {
        size_t at;
        const char *name;
        int64_t least, most;
    } bounds[] = {
        {offsetof(struct repay_policy, timeout_ms), "timeout_ms", 1, 600000},
        {offsetof(struct repay_policy, attempt_timeout_ms), "attempt_timeout_ms", 1, 600000},
        {offsetof(struct repay_policy, connect_timeout_ms), "connect_timeout_ms", 1, 600000},
        {offsetof(struct repay_policy, first_byte_timeout_ms), "first_byte_timeout_ms", 1, 600000},
        {offsetof(struct repay_policy, retry_base_ms), "retry_base_ms", 0, 60000},
        {offsetof(struct repay_policy, retry_cap_ms), "retry_cap_ms", 0, 60000},
        {offsetof(struct repay_policy, body_size_max), "body_size_max", 1024, INT64_C(2147483648)},
    };

    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        const int64_t values[] = {bounds[i].least - 1, bounds[i].least, bounds[i].most,
                                  bounds[i].most + 1};
        for (int j = 0; j < 4; j++) {
            struct rig rig;
            char message[128];
            rig_init(&rig, "carbon");
            memcpy((char *)&rig.options.policy + bounds[i].at, &values[j], sizeof values[j]);
            (void)snprintf(message, sizeof message, "%s must be between %lld and %lld",
                           bounds[i].name, (long long)bounds[i].least, (long long)bounds[i].most);
            if (j == 0 || j == 3) {
                expect_config(&rig, bounds[i].name, message);
                continue;
            }
            CHECK(rig_open(&rig));
            rig_close(&rig);
        }
    }
    struct rig rig;
    rig_init(&rig, "carbon");
    rig.options.policy.attempts = 11;
    expect_config(&rig, "attempts", "attempts must be between 1 and 10");
    rig_init(&rig, "carbon");
    rig.options.policy.attempts = 0;
    expect_config(&rig, "attempts", "attempts must be between 1 and 10");
}

static void expect_base(const char *provider, const char *environment, const char *host,
                        const char *path)
{
    struct rig rig;

    rig_init(&rig, provider);
    rig.options.environment = repay_text_of(environment);
    CHECK_CASE(host);
    if (CHECK(rig_open(&rig))) {
        CHECK_TEXT(rig.session.base.host, host);
        CHECK_TEXT(rig.session.base.path, path);
        CHECK_INT(rig.session.base.port, 443);
        CHECK(rig.session.base.tls);
        CHECK_TEXT(rig.session.environment, environment);
    }
    CHECK_CASE(NULL);
    rig_close(&rig);
}

static void test_hosts(void)
{
    expect_base("carbon", "sandbox", "carbonapistagingsecure.getcarbon.co", "/baas/api");
    expect_base("carbon", "live", "carbonapisecure.getcarbon.co", "/baas/api");
    expect_base("pezesha", "sandbox", "dev.api.pezesha.com", "");
    expect_base("pezesha", "live", "api.pezesha.com", "");
    expect_base("fincode", "sandbox", "finlend.fincode.software", "/api/v1/services");
}

static void test_environment(void)
{
    struct rig rig;

    rig_init(&rig, "fincode");
    rig.options.environment = REPAY_TEXT("live");
    expect_config(&rig, "base_url",
                  "base_url is required: the provider's pages print no host for this environment");
    rig_init(&rig, "carbon");
    rig.options.environment = REPAY_NO_TEXT;
    expect_config(&rig, "environment",
                  "environment (\"sandbox\" or \"live\") or base_url is required");
    rig_init(&rig, "carbon");
    rig.options.environment = REPAY_TEXT("production");
    expect_config(&rig, "environment",
                  "environment \"production\" is neither \"sandbox\" nor \"live\"");
    rig_init(&rig, "carbon");
    rig.options.environment = REPAY_NO_TEXT;
    rig.options.has_transport = true;
    CHECK(rig_open(&rig));
    CHECK_TEXT(rig.session.environment, "sandbox");
    CHECK_TEXT(rig.session.base.host, "carbonapistagingsecure.getcarbon.co");
    rig_close(&rig);
}

/* environment given or NULL, base URL, and the environment it opens in, or NULL for a refusal. */
static void expect_pair(const char *provider, const char *environment, const char *base_url,
                        const char *opened)
{
    struct rig rig;
    char message[128];

    rig_init(&rig, provider);
    rig.options.environment = repay_text_of(environment);
    rig.options.base_url = repay_text_of(base_url);
    if (!opened) {
        (void)snprintf(message, sizeof message, "base_url is a %s host, but environment is \"%s\"",
                       strcmp(environment, "live") == 0 ? "sandbox" : "live", environment);
        expect_config(&rig, "base_url", message);
        return;
    }
    CHECK_CASE(base_url);
    CHECK(rig_open(&rig));
    CHECK_TEXT(rig.session.environment, opened);
    CHECK_CASE(NULL);
    rig_close(&rig);
}

static void test_mixed_up_hosts(void)
{
    const char *carbon_sandbox = "https://carbonapistagingsecure.getcarbon.co/baas/api";
    const char *carbon_live = "https://CarbonAPIsecure.getcarbon.co/baas/api/";

    expect_pair("carbon", "live", carbon_sandbox, NULL);
    expect_pair("carbon", "sandbox", carbon_live, NULL);
    expect_pair("carbon", "sandbox", carbon_sandbox, "sandbox");
    expect_pair("carbon", NULL, carbon_live, "live");
    expect_pair("carbon", NULL, "https://proxy.example.com/carbon", "");
    expect_pair("carbon", "live", "https://proxy.example.com/carbon", "live");
    expect_pair("pezesha", "live", "https://dev.api.pezesha.com", NULL);
    expect_pair("pezesha", "live", "https://staging.api.pezesha.com", NULL);
    expect_pair("pezesha", "sandbox", "https://api.pezesha.com", NULL);
    expect_pair("pezesha", "sandbox", "http://127.0.0.1:8080", "sandbox");
    expect_pair("pezesha", "live", "https://notapi.pezesha.com", "live");
    expect_pair("fincode", "live", "https://acme.fincode.software/api/v1/services", NULL);
    expect_pair("fincode", "sandbox", "https://acme.fincode.tech/api/v1/services", NULL);
    expect_pair("fincode", "live", "https://acme.fincode.tech/api/v1/services", "live");
    expect_pair("fincode", NULL, "https://acme.fincode.software/api/v1/services", "sandbox");
    /* Two labels are no tenant. */
    expect_pair("fincode", "live", "https://a.b.fincode.software/api", "live");
    expect_pair("fincode", "live", "https://fincode.software/api", "live");
}

static void test_base_url(void)
{
    static const char *const bad[] = {"http://api.pezesha.com",
                                      "ftp://127.0.0.1",
                                      "https://user:pw@api.pezesha.com",
                                      "https://api.pezesha.com?x=1",
                                      "https://api.pezesha.com#x",
                                      "api.pezesha.com",
                                      "https://"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rig rig;
        rig_init(&rig, "pezesha");
        rig.options.environment = REPAY_NO_TEXT;
        rig.options.base_url = repay_text_of(bad[i]);
        CHECK_CASE(bad[i]);
        CHECK(!rig_open(&rig));
        CHECK(rig.error.kind != REPAY_KIND_NONE && rig.error.message[0] != '\0');
        CHECK(strstr(rig.error.message, "pw") == NULL);
        CHECK_CASE(NULL);
        rig_close(&rig);
    }
    struct rig rig;
    rig_init(&rig, "pezesha");
    rig.options.base_url = REPAY_TEXT("http://[::1]:8080/mock/");
    CHECK(rig_open(&rig));
    CHECK_TEXT(rig.session.base.host, "::1");
    CHECK(rig.session.base.host_is_ipv6);
    CHECK_INT(rig.session.base.port, 8080);
    CHECK_TEXT(rig.session.base.path, "/mock");
    rig_close(&rig);
}

static void test_tenant(void)
{
    struct rig rig;

    rig_init(&rig, "fincode");
    rig_set(&rig, "tenant", "acme-2");
    CHECK(rig_open(&rig));
    CHECK_TEXT(rig.session.base.host, "acme-2.fincode.software");
    rig_close(&rig);
    static const char *const bad[] = {"a.b", "evil.example/", "-a", "a-", "a@b", "a/b", "a b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rig_init(&rig, "fincode");
        rig_set(&rig, "tenant", bad[i]);
        expect_config(&rig, "tenant", "tenant must be one label of a host");
    }
    rig_init(&rig, "fincode");
    rig_set(&rig, "tenant", "acme");
    rig.options.base_url = REPAY_TEXT("https://acme.fincode.software/api/v1/services");
    expect_config(&rig, "tenant", "tenant and base_url both choose the host: give one of them");
}

static void test_currency_and_zone(void)
{
    struct rig rig;

    rig_init(&rig, "pezesha");
    rig.options.currency = REPAY_NO_TEXT;
    expect_config(&rig, "currency", "currency is required: this provider's answers name none");
    rig_init(&rig, "pezesha");
    rig.options.currency = REPAY_TEXT("XYZ");
    expect_config(&rig, "currency", "currency \"XYZ\" is no code of ISO 4217, like \"KES\"");
    rig_init(&rig, "pezesha");
    rig.options.currency = REPAY_TEXT("kes");
    expect_config(&rig, "currency", "currency \"kes\" is no code of ISO 4217, like \"KES\"");
    rig_init(&rig, "pezesha");
    rig.options.amounts_in = REPAY_TEXT("cents");
    expect_config(&rig, "amounts_in", "amounts_in \"cents\" is neither \"major\" nor \"minor\"");
    rig_init(&rig, "pezesha");
    rig.options.zone = REPAY_TEXT("Europe/Paris");
    expect_config(&rig, "zone", "zone \"Europe/Paris\" is no offset like \"+01:00\"");
    rig_init(&rig, "pezesha");
    rig.options.keys = REPAY_TEXT("yes");
    expect_config(&rig, "keys", "keys \"yes\" is neither \"honoured\" nor \"unproven\"");

    rig_init(&rig, "pezesha");
    rig.options.currency = REPAY_TEXT("UGX");
    rig.options.keys = REPAY_TEXT("honoured");
    CHECK(rig_open(&rig));
    CHECK_INT(rig.session.wire_decimals, 0);
    CHECK_INT(rig.session.currency_decimals, 0);
    CHECK_INT(rig.session.zone_minutes, 180);
    CHECK(rig.session.zone_known);
    CHECK(rig.session.keys_honoured);
    rig_close(&rig);

    rig_init(&rig, "carbon");
    CHECK(rig_open(&rig));
    CHECK_TEXT(rig.session.currency, "NGN");
    CHECK_INT(rig.session.wire_decimals, 0);
    CHECK_INT(rig.session.currency_decimals, 2);
    CHECK_INT(rig.session.zone_minutes, 60);
    CHECK(!rig.session.keys_honoured);
    rig_close(&rig);

    rig_init(&rig, "fincode");
    CHECK(rig_open(&rig));
    CHECK_INT(rig.session.wire_decimals, 2);
    CHECK(!rig.session.zone_known);
    rig_close(&rig);

    rig_init(&rig, "fincode");
    rig.options.amounts_in = REPAY_TEXT("minor");
    rig.options.zone = REPAY_TEXT("-03:30");
    CHECK(rig_open(&rig));
    CHECK_INT(rig.session.wire_decimals, 0);
    CHECK_INT(rig.session.zone_minutes, -210);
    rig_close(&rig);
}

static void test_settings(void)
{
    static const char *const bad[] = {"line\nbreak", "end\r\n", "tab\there",
                                      "caf\xc3\xa9", " x",      "x "};
    struct rig rig;

    rig_init(&rig, "carbon");
    rig_set(&rig, "carbon_key", "");
    expect_config(&rig, "carbon_key", "carbon_key is required");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rig_init(&rig, "carbon");
        rig_set(&rig, "api_key", bad[i]);
        expect_config(&rig, "api_key",
                      "api_key may hold visible ASCII only, with blanks only inside; look for a "
                      "line break at its end");
    }
    rig_init(&rig, "carbon");
    rig.options.settings[0] = (struct repay_text){"nul\0inside", 10};
    CHECK(!rig_open(&rig));
    rig_close(&rig);
    rig_init(&rig, "pezesha");
    rig_set(&rig, "token_header", "cookie");
    expect_config(&rig, "token_header", "token_header is none of the words it may be");
    rig_init(&rig, "pezesha");
    rig_set(&rig, "channel", "\xff\xfe");
    expect_config(&rig, "channel", "channel must be UTF-8 without NUL bytes");
    char *huge = malloc(8194);
    if (!huge)
        abort();
    memset(huge, 'a', 8193);
    huge[8193] = '\0';
    rig_init(&rig, "pezesha");
    rig_set(&rig, "token", huge);
    expect_config(&rig, "token", "token is too long");
    free(huge);
    rig_init(&rig, "pezesha");
    CHECK(rig_open(&rig));
    CHECK_TEXT(repay_session_setting(&rig.session, 0), "PEZESHA-TOKEN");
    CHECK_TEXT(repay_session_setting(&rig.session, 2), "both");
    repay_session_close(&rig.session);
    CHECK_INT(repay_session_setting(&rig.session, 0).length, 0);
    rig_close(&rig);
}

/* A provider made up here: what the table of a real one does not show today. */
static void test_tables(void)
{
    static const struct repay_setting settings[] = {
        {.name = "region"}, {.name = "note"}, {.name = NULL}};
    static const struct repay_operation operations[] = {{.name = NULL}};
    struct repay_provider provider = {
        .name = "made_up",
        .currency = "XOF",
        .hosts = {{REPAY_ENVIRONMENT_SANDBOX, "https://{region}.example.com/v1", true},
                  {REPAY_ENVIRONMENT_LIVE, "https://{nothing}.example.com/v1", true},
                  {REPAY_ENVIRONMENT_SANDBOX, NULL, false}},
        .settings = settings,
        .operations = operations,
    };
    struct rig rig;

    rig_init(&rig, "carbon");
    rig.options.provider = &provider;
    rig.options.settings[0] = REPAY_TEXT("west");
    rig.options.settings[1] = REPAY_NO_TEXT;
    rig.options.amounts_in = REPAY_TEXT("major");
    CHECK(rig_open(&rig));
    CHECK_TEXT(rig.error.message, "");
    CHECK_TEXT(rig.session.base.host, "west.example.com");
    CHECK_INT(rig.session.currency_decimals, 0);
    CHECK_INT(repay_session_setting(&rig.session, 1).length, 0);
    rig_close(&rig);
    rig_init(&rig, "carbon");
    rig.options.provider = &provider;
    rig.options.environment = REPAY_TEXT("live");
    expect_config(&rig, "base_url", "base_url is required");
    /* Without a region no host can be made of the pattern. */
    rig_init(&rig, "carbon");
    rig.options.provider = &provider;
    rig.options.settings[0] = REPAY_NO_TEXT;
    expect_config(&rig, "region", "region must be one label of a host");
    rig_init(&rig, "carbon");
    rig.options.provider = &provider;
    rig.options.settings[0] = REPAY_NO_TEXT;
    rig.options.base_url = REPAY_TEXT("https://west.example.com");
    CHECK(rig_open(&rig));
    CHECK_TEXT(rig.session.environment, "sandbox");
    rig_close(&rig);
}

static void test_long_texts(void)
{
    static char text[5000];
    struct rig rig;

    memset(text, 'a', sizeof text - 1);
    rig_init(&rig, "carbon");
    rig.options.base_url = repay_text_of(text);
    expect_config(&rig, "base_url", "base_url is too long");
    rig_init(&rig, "carbon");
    rig.options.ca_file = repay_text_of(text);
    expect_config(&rig, "ca_file", "ca_file is too long");
    rig_init(&rig, "carbon");
    rig.options.ca_file = REPAY_TEXT("\xff.pem");
    expect_config(&rig, "ca_file", "ca_file must be UTF-8");
    /* A value in a message is cut, not the message. */
    rig_init(&rig, "carbon");
    rig.options.zone = repay_text_of(text);
    CHECK(!rig_open(&rig));
    CHECK(strlen(rig.error.message) < 120);
    rig_close(&rig);
}

static void test_way(void)
{
    struct rig rig;

    rig_init(&rig, "carbon");
    rig.options.client_cert = REPAY_TEXT("/etc/client.pem");
    expect_config(&rig, "client_key", "client_cert and client_key belong together");
    rig_init(&rig, "carbon");
    rig.options.client_key = REPAY_TEXT("/etc/client.key");
    expect_config(&rig, "client_cert", "client_cert and client_key belong together");
    rig_init(&rig, "carbon");
    rig.options.connect_host = REPAY_TEXT("127.0.0.1");
    expect_config(&rig, "connect", "connect needs a host and a port");
    rig_init(&rig, "carbon");
    rig.options.proxy = REPAY_TEXT("http://user:pw@proxy:3128");
    expect_config(&rig, "proxy", "proxy may hold no user name or password");
    rig_init(&rig, "carbon");
    rig.options.label = (struct repay_text){"a\nb", 3};
    expect_config(&rig, "label", "label may hold no control bytes");
    rig_init(&rig, "carbon");
    rig.options.label =
        REPAY_TEXT("0123456789012345678901234567890123456789012345678901234567890123x");
    expect_config(&rig, "label", "label is too long");

    rig_init(&rig, "carbon");
    rig.options.connect_host = REPAY_TEXT("127.0.0.1");
    rig.options.connect_port = 8443;
    rig.options.ca_file = REPAY_TEXT("/tmp/ca.pem");
    rig.options.client_cert = REPAY_TEXT("/tmp/c.pem");
    rig.options.client_key = REPAY_TEXT("/tmp/k.pem");
    rig.options.proxy = REPAY_TEXT("http://proxy:3128");
    rig.options.label = REPAY_TEXT("main account");
    CHECK(rig_open(&rig));
    CHECK_TEXT(rig.session.connect_host, "127.0.0.1");
    CHECK_INT(rig.session.connect_port, 8443);
    CHECK_TEXT(rig.session.ca_file, "/tmp/ca.pem");
    CHECK_TEXT(rig.session.client_cert, "/tmp/c.pem");
    CHECK_TEXT(rig.session.client_key, "/tmp/k.pem");
    CHECK_TEXT(rig.session.proxy, "http://proxy:3128");
    CHECK_TEXT(rig.session.label, "main account");
    CHECK_TEXT(rig.session.base.host, "carbonapistagingsecure.getcarbon.co");
    rig_close(&rig);
}

static void expect_redacted(struct repay_session *session, const char *text, const char *redacted)
{
    char room[512];

    (void)snprintf(room, sizeof room, "%s", text);
    repay_session_redact(session, room, strlen(room));
    CHECK_CASE(text);
    CHECK_TEXT(room, redacted);
    CHECK_CASE(NULL);
}

static void test_redaction(void)
{
    struct rig rig;

    rig_init(&rig, "pezesha");
    rig_set(&rig, "token", TOKEN);
    CHECK(rig_open(&rig));
    expect_redacted(&rig.session, "token " TOKEN " is expired",
                    "token ******************************************** is expired");
    expect_redacted(&rig.session, TOKEN TOKEN,
                    "****************************************"
                    "************************************************");
    /* Percent-encoded, whole or in part, either case. */
    expect_redacted(&rig.session, "x=eyJhbGciOiJSUzI1NiJ9.secret%2Btoken%2fwith%3Dmarks&y=1",
                    "x=**************************************************&y=1");
    /* Base64 of "Bearer TOKEN" and of ":TOKEN": the secret begins at any of three places. */
    expect_redacted(&rig.session,
                    "QmVhcmVyIGV5SmhiR2NpT2lKU1V6STFOaUo5LnNlY3JldCt0b2tlbi93aXRoPW1hcmtz.",
                    "QmVhcmVyIG**********************************************************.");
    expect_redacted(&rig.session, "ZXlKaGJHY2lPaUpTVXpJMU5pSjkuc2VjcmV0K3Rva2VuL3dpdGg9bWFya3M=",
                    "**********************************************************M=");
    expect_redacted(&rig.session, "OmV5SmhiR2NpT2lKU1V6STFOaUo5LnNlY3JldCt0b2tlbi93aXRoPW1hcmtz",
                    "Om**********************************************************");
    /* Cut off at the end of the text. */
    expect_redacted(&rig.session, "got eyJhbGciOiJSUzI", "got ***************");
    expect_redacted(&rig.session, "got eyJhbGc", "got eyJhbGc");
    expect_redacted(&rig.session, "x eyJhbGciOiJSUzI1NiJ9.secret%2",
                    "x *****************************");
    expect_redacted(&rig.session, "x eyJhbGciOiJSUzI1NiJ9.secret%20",
                    "x ***************************%20");
    expect_redacted(&rig.session, "x %65%79%4", "x %65%79%4");
    /* The channel is no secret. */
    expect_redacted(&rig.session, "no such channel: Partner Name", "no such channel: Partner Name");
    expect_redacted(&rig.session, "", "");
    rig_close(&rig);
    /* Both alphabets of base64: this one has a slash, or an underscore, and a plus, or a hyphen. */
    rig_init(&rig, "pezesha");
    rig_set(&rig, "token", "~~~?\?\?>>>~~~?\?\?");
    CHECK(rig_open(&rig));
    expect_redacted(&rig.session, "a fn5+Pz8/Pj4+fn5+Pz8/ b", "a ******************** b");
    expect_redacted(&rig.session, "a fn5-Pz8_Pj4-fn5-Pz8_ b", "a ******************** b");
    repay_session_close(&rig.session);
    expect_redacted(&rig.session, "a closed client stars nothing", "a closed client stars nothing");
    rig_close(&rig);
    rig_init(&rig, "pezesha");
    rig_set(&rig, "token", "abc");
    CHECK(rig_open(&rig));
    expect_redacted(&rig.session, "abc is too short to search for",
                    "abc is too short to search for");
    rig_close(&rig);
}

/* Memory that is given back holds no secret. */
static bool holds_no_secret(void *context, const void *memory, size_t size)
{
    const char *bytes = memory;

    (void)context;
    for (size_t i = 0; i + sizeof TOKEN - 1 <= size; i++) {
        if (memcmp(bytes + i, TOKEN, sizeof TOKEN - 1) == 0)
            return false;
    }
    return true;
}

static void test_wiping(void)
{
    struct rig rig;

    rig_init(&rig, "pezesha");
    rig_set(&rig, "token", TOKEN);
    rig.memory.watch = holds_no_secret;
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "schedule"));
    CHECK(rig_text(&rig, "merchant_id", "merchant_jane"));
    CHECK(rig_prepare(&rig));
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(rig.call.request.header_count > 4);
    rig_reply(&rig, 200, "{\"status\":200,\"error\":false,\"data\":[]}");
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    rig_end_call(&rig);
    rig_close(&rig);
}

static void test_memory(void)
{
    for (unsigned long nth = 1;; nth++) {
        struct rig rig;
        bool opened;
        rig_init(&rig, "fincode");
        rig.options.label = REPAY_TEXT("main");
        rig.blocks = NULL;
        repay_session_init(&rig.session, &rig.memory.allocator);
        test_allocator_fail(&rig.memory, nth, true);
        opened = repay_session_open(&rig.session, &rig.options, &rig.error);
        if (!opened)
            CHECK_INT(rig.error.kind, REPAY_KIND_MEMORY);
        test_allocator_fail(&rig.memory, 0, false);
        rig_close(&rig);
        if (opened)
            break;
    }
}

int main(void)
{
    test_policy();
    test_hosts();
    test_environment();
    test_mixed_up_hosts();
    test_base_url();
    test_tenant();
    test_currency_and_zone();
    test_settings();
    test_tables();
    test_long_texts();
    test_way();
    test_redaction();
    test_wiping();
    test_memory();
    return CHECK_REPORT();
}
