/*
 * One client of libstrophe that does what lines of JSON on standard input say, and tells on standard output what
 * happens: the protocol of ../stanza-client.ts.
 *
 *     cc agent.c -o agent -lstrophe
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>
#include <unistd.h>

enum { LINE = 1 << 16 };

static xmpp_ctx_t *context;
static xmpp_conn_t *connection;
static char mechanism[64] = "";
static char failure[512] = "";
static int was_online = 0;
static int leaving = 0;
/* Whether the server has taken up the session that was there (XEP-0198). */
static int resumed = 0;
static char *connect_order = NULL;

/* Writes a JSON string: quotation marks, backslashes and control characters are escaped, UTF-8 stays. */
static void put_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            printf("\\%c", byte);
        else if (byte < 0x20)
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

/* Tells an event with one or no value. */
static void tell(const char *event, const char *name, const char *value)
{
    printf("{\"event\":");
    put_string(event);
    if (name) {
        printf(",");
        put_string(name);
        printf(":");
        put_string(value);
    }
    printf("}\n");
    fflush(stdout);
}

/* The value of a member of a flat object of strings, as JSON.stringify writes it; to be freed. */
static char *member(const char *line, const char *name)
{
    char key[80];
    snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *from = strstr(line, key);
    if (!from) {
        fprintf(stderr, "no %s in %s\n", name, line);
        exit(1);
    }
    char *value = malloc(strlen(from) + 1), *to = value;
    for (from += strlen(key); *from && *from != '"'; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        switch (*++from) {
        case 'n': *to++ = '\n'; break;
        case 't': *to++ = '\t'; break;
        case 'r': *to++ = '\r'; break;
        default: *to++ = *from;
        }
    }
    *to = '\0';
    return value;
}

/* Its log is where the mechanism and the reason of a failure can be seen. */
static void on_log(void *data, xmpp_log_level_t level, const char *area, const char *text)
{
    (void)data;
    (void)area;
    const char *auth = strstr(text, "<auth ");
    const char *at = auth ? strstr(auth, "mechanism=\"") : NULL;
    if (at) sscanf(at, "mechanism=\"%63[^\"]", mechanism);
    if (strstr(text, "RECV: <resumed ")) resumed = 1;
    if (level >= XMPP_LEVEL_WARN || strstr(text, "certificate") || strstr(text, "verify"))
        snprintf(failure, sizeof failure, "%s", text);
    if (getenv("AGENT_LOG")) fprintf(stderr, "%s: %s\n", area, text);
}

/* What this client is and can (XEP-0030), the same as `features` of ../stanza-client.ts. */
static const char info[] =
    "<query xmlns='http://jabber.org/protocol/disco#info'>"
    "<identity category='client' type='bot' name='agent'/>"
    "<feature var='http://jabber.org/protocol/chatstates'/><feature var='http://jabber.org/protocol/disco#info'/>"
    "<feature var='urn:xmpp:ping'/><feature var='urn:xmpp:receipts'/></query>";
static const char unavailable[] =
    "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

/*
 * Answers requests: disco, pings and roster pushes; all else is refused (RFC 6120 section 8.2.3). Not by
 * xmpp_stanza_reply, which makes nothing of a request that has no `from`.
 */
static void answer(xmpp_stanza_t *request)
{
    const char *type = xmpp_stanza_get_type(request), *from = xmpp_stanza_get_from(request);
    if (!type || (strcmp(type, "get") != 0 && strcmp(type, "set") != 0)) return;
    xmpp_stanza_t *disco = xmpp_stanza_get_child_by_ns(request, XMPP_NS_DISCO_INFO);
    int known = disco != NULL || xmpp_stanza_get_child_by_ns(request, "urn:xmpp:ping") != NULL ||
                xmpp_stanza_get_child_by_ns(request, XMPP_NS_ROSTER) != NULL;
    xmpp_stanza_t *reply = xmpp_iq_new(context, known ? "result" : "error", xmpp_stanza_get_id(request));
    if (from) xmpp_stanza_set_to(reply, from);
    if (disco || !known) {
        xmpp_stanza_t *content = xmpp_stanza_new_from_string(context, known ? info : unavailable);
        const char *node = disco ? xmpp_stanza_get_attribute(disco, "node") : NULL;
        if (node) xmpp_stanza_set_attribute(content, "node", node);
        xmpp_stanza_add_child(reply, content);
        xmpp_stanza_release(content);
    }
    xmpp_send(connection, reply);
    xmpp_stanza_release(reply);
}

static int on_stanza(xmpp_conn_t *from, xmpp_stanza_t *stanza, void *data)
{
    (void)from;
    (void)data;
    char *text;
    size_t length;
    if (!was_online || xmpp_stanza_to_text(stanza, &text, &length) != 0) return 1;
    tell("stanza", "xml", text);
    xmpp_free(context, text);
    if (strcmp(xmpp_stanza_get_name(stanza), "iq") == 0) answer(stanza);
    return 1;
}

static void on_connection(xmpp_conn_t *of, xmpp_conn_event_t event, int error, xmpp_stream_error_t *stream, void *data)
{
    (void)error;
    (void)data;
    if (event == XMPP_CONN_CONNECT) {
        if (!xmpp_conn_is_secured(of)) {
            tell("refused", "why", "connected without TLS");
            return;
        }
        if (was_online) {
            tell(resumed ? "resumed" : "not-resumed", NULL, NULL);
            return;
        }
        was_online = 1;
        printf("{\"event\":\"online\",\"tls\":\"\",\"mechanism\":");
        put_string(mechanism);
        printf(",\"jid\":");
        put_string(xmpp_conn_get_bound_jid(of));
        printf("}\n");
        fflush(stdout);
    } else if (was_online)
        tell(leaving ? "offline" : "disconnected", NULL, NULL);
    else
        tell("refused", "why", stream && stream->text ? stream->text : failure);
}

static void do_connect(const char *line, xmpp_sm_state_t *session)
{
    char *bare = member(line, "jid"), *resource = member(line, "resource"), *password = member(line, "password");
    char *address = member(line, "address"), *port = member(line, "port"), *carrier = member(line, "carrier");
    char *authority = member(line, "authority");
    char full[512];
    snprintf(full, sizeof full, "%s/%s", bare, resource);
    int direct = strcmp(carrier, "direct TLS") == 0;
    connection = xmpp_conn_new(context);
    if (session) xmpp_conn_set_sm_state(connection, session);
    xmpp_conn_set_flags(connection, direct ? XMPP_CONN_FLAG_LEGACY_SSL : XMPP_CONN_FLAG_MANDATORY_TLS);
    xmpp_conn_set_cafile(connection, authority);
    xmpp_conn_set_jid(connection, full);
    xmpp_conn_set_pass(connection, password);
    xmpp_handler_add(connection, on_stanza, NULL, NULL, NULL, NULL);
    if (xmpp_connect_client(connection, address, (unsigned short)atoi(port), on_connection, NULL) != XMPP_EOK)
        tell("refused", "why", failure);
    free(bare), free(resource), free(password), free(address), free(port), free(carrier), free(authority);
}

/* A new connection with the session of the old one. */
static void do_reconnect(void)
{
    xmpp_sm_state_t *session = xmpp_conn_get_sm_state(connection);
    xmpp_conn_release(connection);
    resumed = 0;
    do_connect(connect_order, session);
}

static void do_send(const char *line)
{
    char *xml = member(line, "xml");
    xmpp_stanza_t *stanza = xmpp_stanza_new_from_string(context, xml);
    if (!stanza) {
        fprintf(stderr, "libstrophe does not read %s\n", xml);
        exit(1);
    }
    xmpp_send(connection, stanza);
    xmpp_stanza_release(stanza);
    free(xml);
}

static void obey(const char *line)
{
    char *what = member(line, "do");
    if (strcmp(what, "connect") == 0) {
        connect_order = strdup(line);
        do_connect(line, NULL);
    } else if (strcmp(what, "reconnect") == 0)
        do_reconnect();
    else if (strcmp(what, "send") == 0)
        do_send(line);
    else {
        leaving = 1;
        xmpp_disconnect(connection);
    }
    free(what);
}

/* Takes what standard input has, line by line; 0 at its end. */
static int read_orders(void)
{
    static char buffer[LINE];
    static size_t length = 0;
    struct pollfd input = {.fd = 0, .events = POLLIN};
    if (poll(&input, 1, connection ? 0 : 100) <= 0) return 1;
    ssize_t count = read(0, buffer + length, sizeof buffer - 1 - length);
    if (count <= 0) return 0;
    length += (size_t)count;
    buffer[length] = '\0';
    for (char *end; (end = memchr(buffer, '\n', length)) != NULL;) {
        *end = '\0';
        obey(buffer);
        length -= (size_t)(end + 1 - buffer);
        memmove(buffer, end + 1, length + 1);
    }
    return length < sizeof buffer - 1;
}

int main(void)
{
    xmpp_log_t log = {.handler = on_log, .userdata = NULL};
    xmpp_initialize();
    context = xmpp_ctx_new(NULL, &log);
    while (read_orders()) xmpp_run_once(context, 10);
    return 0;
}
