/*
 * Owns the meaning of libcurl's failure codes. It looks at nothing else: whether the request left
 * is the hook's knowledge, and codes 23 and 42 are decided by the slot's own record before this
 * table is asked.
 */
#include "curl_codes.h"

#include <curl/curl.h>

#define BOTH(kind)                                                                                 \
    {                                                                                              \
        REPAY_KIND_##kind, REPAY_KIND_##kind, true, false                                          \
    }
#define SPLIT(before, after)                                                                       \
    {                                                                                              \
        REPAY_KIND_##before, REPAY_KIND_##after, true, false                                       \
    }
/* Should one come after all, it is treated like any other loss: nothing is believed about it. */
#define IMPOSSIBLE                                                                                 \
    {                                                                                              \
        REPAY_KIND_CONNECT, REPAY_KIND_CONNECTION_LOST, true, true                                 \
    }

/*
 * Numbers that curl.h calls obsolete are written as numbers: their names differ between versions
 * and some vanish under CURL_NO_OLDIES. 100 and 101 are younger than the headers of Debian 12.
 */
static const struct repay_curl_meaning meanings[] = {
    [CURLE_UNSUPPORTED_PROTOCOL] = SPLIT(CONFIG, BAD_RESPONSE), /* after: the answer is not HTTP */
    [CURLE_FAILED_INIT] = BOTH(CONFIG),
    [CURLE_URL_MALFORMAT] = BOTH(CONFIG),
    [CURLE_NOT_BUILT_IN] = BOTH(CONFIG),
    [CURLE_COULDNT_RESOLVE_PROXY] = BOTH(DNS),
    [CURLE_COULDNT_RESOLVE_HOST] = BOTH(DNS),
    [CURLE_COULDNT_CONNECT] = BOTH(CONNECT),
    [CURLE_WEIRD_SERVER_REPLY] = SPLIT(CONNECT, BAD_RESPONSE),
    [CURLE_REMOTE_ACCESS_DENIED] = IMPOSSIBLE, /* FTP */
    [10] = IMPOSSIBLE,                         /* FTP */
    [CURLE_FTP_WEIRD_PASS_REPLY] = IMPOSSIBLE,
    [12] = IMPOSSIBLE, /* FTP */
    [CURLE_FTP_WEIRD_PASV_REPLY] = IMPOSSIBLE,
    [CURLE_FTP_WEIRD_227_FORMAT] = IMPOSSIBLE,
    [CURLE_FTP_CANT_GET_HOST] = IMPOSSIBLE,
    [CURLE_HTTP2] = SPLIT(CONNECT, CONNECTION_LOST),
    [CURLE_FTP_COULDNT_SET_TYPE] = IMPOSSIBLE,
    [CURLE_PARTIAL_FILE] = BOTH(CONNECTION_LOST),
    [CURLE_FTP_COULDNT_RETR_FILE] = IMPOSSIBLE,
    [20] = IMPOSSIBLE, /* unused */
    [CURLE_QUOTE_ERROR] = IMPOSSIBLE,
    [CURLE_HTTP_RETURNED_ERROR] = IMPOSSIBLE, /* FAILONERROR is off */
    [CURLE_WRITE_ERROR] = BOTH(BAD_RESPONSE),
    [24] = IMPOSSIBLE, /* unused */
    [CURLE_UPLOAD_FAILED] = IMPOSSIBLE,
    [CURLE_READ_ERROR] = IMPOSSIBLE, /* bodies lie in memory */
    [CURLE_OUT_OF_MEMORY] = BOTH(MEMORY),
    [CURLE_OPERATION_TIMEDOUT] = BOTH(TIMEOUT),
    [29] = IMPOSSIBLE, /* unused */
    [CURLE_FTP_PORT_FAILED] = IMPOSSIBLE,
    [CURLE_FTP_COULDNT_USE_REST] = IMPOSSIBLE,
    [32] = IMPOSSIBLE,                /* unused */
    [CURLE_RANGE_ERROR] = IMPOSSIBLE, /* no ranges are asked for */
    [34] = IMPOSSIBLE,                /* no forms are posted */
    [CURLE_SSL_CONNECT_ERROR] = BOTH(TLS),
    [CURLE_BAD_DOWNLOAD_RESUME] = IMPOSSIBLE,
    [CURLE_FILE_COULDNT_READ_FILE] = IMPOSSIBLE,
    [CURLE_LDAP_CANNOT_BIND] = IMPOSSIBLE,
    [CURLE_LDAP_SEARCH_FAILED] = IMPOSSIBLE,
    [40] = IMPOSSIBLE, /* unused */
    [41] = IMPOSSIBLE, /* unused */
    [CURLE_ABORTED_BY_CALLBACK] = BOTH(CANCELLED),
    [CURLE_BAD_FUNCTION_ARGUMENT] = BOTH(CONFIG),
    [44] = IMPOSSIBLE,                     /* unused */
    [CURLE_INTERFACE_FAILED] = IMPOSSIBLE, /* no interface is chosen */
    [46] = IMPOSSIBLE,                     /* unused */
    [CURLE_TOO_MANY_REDIRECTS] = IMPOSSIBLE,
    [CURLE_UNKNOWN_OPTION] = BOTH(CONFIG),
    [49] = BOTH(CONFIG), /* an option with wrong syntax, named differently by age */
    [50] = IMPOSSIBLE,   /* unused */
    [51] = IMPOSSIBLE,   /* unused */
    [CURLE_GOT_NOTHING] = SPLIT(CONNECT, CONNECTION_LOST),
    [CURLE_SSL_ENGINE_NOTFOUND] = IMPOSSIBLE, /* no engine is chosen */
    [CURLE_SSL_ENGINE_SETFAILED] = IMPOSSIBLE,
    [CURLE_SEND_ERROR] = SPLIT(CONNECT, CONNECTION_LOST),
    [CURLE_RECV_ERROR] = SPLIT(CONNECT, CONNECTION_LOST),
    [57] = IMPOSSIBLE, /* unused */
    [CURLE_SSL_CERTPROBLEM] = BOTH(TLS),
    [CURLE_SSL_CIPHER] = BOTH(TLS),
    [CURLE_PEER_FAILED_VERIFICATION] = BOTH(TLS),
    [CURLE_BAD_CONTENT_ENCODING] = BOTH(BAD_RESPONSE),
    [62] = IMPOSSIBLE, /* unused */
    [CURLE_FILESIZE_EXCEEDED] = BOTH(TOO_LARGE),
    [CURLE_USE_SSL_FAILED] = IMPOSSIBLE, /* FTP, IMAP and others that upgrade */
    [CURLE_SEND_FAIL_REWIND] = SPLIT(CONNECT, CONNECTION_LOST),
    [CURLE_SSL_ENGINE_INITFAILED] = IMPOSSIBLE,
    [CURLE_LOGIN_DENIED] = IMPOSSIBLE, /* no login of libcurl's is used */
    [CURLE_TFTP_NOTFOUND] = IMPOSSIBLE,
    [CURLE_TFTP_PERM] = IMPOSSIBLE,
    [CURLE_REMOTE_DISK_FULL] = IMPOSSIBLE,
    [CURLE_TFTP_ILLEGAL] = IMPOSSIBLE,
    [CURLE_TFTP_UNKNOWNID] = IMPOSSIBLE,
    [CURLE_REMOTE_FILE_EXISTS] = IMPOSSIBLE,
    [CURLE_TFTP_NOSUCHUSER] = IMPOSSIBLE,
    [75] = IMPOSSIBLE, /* unused */
    [76] = IMPOSSIBLE, /* unused */
    [CURLE_SSL_CACERT_BADFILE] = BOTH(TLS),
    [CURLE_REMOTE_FILE_NOT_FOUND] = IMPOSSIBLE,
    [CURLE_SSH] = IMPOSSIBLE,
    [CURLE_SSL_SHUTDOWN_FAILED] = BOTH(TLS),
    [CURLE_AGAIN] = IMPOSSIBLE,           /* never leaves libcurl's own loop */
    [CURLE_SSL_CRL_BADFILE] = IMPOSSIBLE, /* no revocation list is given */
    [CURLE_SSL_ISSUER_ERROR] = BOTH(TLS),
    [CURLE_FTP_PRET_FAILED] = IMPOSSIBLE,
    [CURLE_RTSP_CSEQ_ERROR] = IMPOSSIBLE,
    [CURLE_RTSP_SESSION_ERROR] = IMPOSSIBLE,
    [CURLE_FTP_BAD_FILE_LIST] = IMPOSSIBLE,
    [CURLE_CHUNK_FAILED] = IMPOSSIBLE,
    [CURLE_NO_CONNECTION_AVAILABLE] = BOTH(CONNECT),
    [CURLE_SSL_PINNEDPUBKEYNOTMATCH] = IMPOSSIBLE, /* no key is pinned */
    [CURLE_SSL_INVALIDCERTSTATUS] = IMPOSSIBLE,    /* no stapled status is asked for */
    [CURLE_HTTP2_STREAM] = SPLIT(CONNECT, CONNECTION_LOST),
    [CURLE_RECURSIVE_API_CALL] = IMPOSSIBLE, /* no callback calls libcurl */
    [CURLE_AUTH_ERROR] = BOTH(CONNECT), /* a proxy's login: ours never passes through libcurl */
    [CURLE_HTTP3] = IMPOSSIBLE,
    [CURLE_QUIC_CONNECT_ERROR] = IMPOSSIBLE,
    [CURLE_PROXY] = BOTH(CONNECT),
    [CURLE_SSL_CLIENTCERT] = BOTH(TLS), /* with TLS 1.3 it comes after the request has left */
    [CURLE_UNRECOVERABLE_POLL] = BOTH(CONNECTION_LOST),
    [100] = SPLIT(CONNECT, TOO_LARGE), /* a head over libcurl's own limit */
    [101] = BOTH(TLS),                 /* encrypted client hello */
};

struct repay_curl_meaning repay_curl_meaning_of(int code)
{
    struct repay_curl_meaning unlisted = {REPAY_KIND_CONNECT, REPAY_KIND_CONNECTION_LOST, false,
                                          false};

    if (code < 1 || (size_t)code >= sizeof(meanings) / sizeof(meanings[0]))
        return unlisted;
    return meanings[code].listed ? meanings[code] : unlisted;
}
