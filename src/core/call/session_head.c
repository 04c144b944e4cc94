/*
 * Owns the headers that are the same in every request of a client: checked and written once, when
 * it is opened. Refuses to know any header of a provider.
 */
#include "provider.h"

/* Brackets, a colon and five digits around the longest name. */
#define HOST_ROOM (REPAY_HOST_MAX + 8)

/* "host", "[::1]" or "host:8080", as RFC 9110 wants the Host header. */
static struct repay_text write_host(const struct repay_url *base, char room[HOST_ROOM])
{
    uint16_t usual_port = base->tls ? 443 : 80;
    char number[REPAY_DIGITS_MAX];
    struct repay_text digits = repay_text_of_number(base->port, number);
    size_t used = 0;

    if (base->host_is_ipv6)
        room[used++] = '[';
    memcpy(room + used, base->host.data, base->host.length);
    used += base->host.length;
    if (base->host_is_ipv6)
        room[used++] = ']';
    if (base->port != usual_port) {
        room[used++] = ':';
        memcpy(room + used, digits.data, digits.length);
        used += digits.length;
    }
    return (struct repay_text){room, used};
}

bool repay_session_write_head(struct repay_session *session, const struct repay_provider *provider,
                              struct repay_error *error)
{
    struct repay_request *head = &session->head;
    char room[HOST_ROOM];

    return repay_request_add_header(head, "Host", write_host(&session->base, room), false, error) &&
           repay_request_add_header(head, "Accept", REPAY_TEXT("application/json"), false, error) &&
           repay_request_add_header(head, "Accept-Encoding", REPAY_TEXT("identity"), false,
                                    error) &&
           (!provider->add_headers || provider->add_headers(session, head, error));
}
