// The load client of the fan-out benchmark: thousands of WebSocket readers and a few publishers in
// one epoll loop, so that one core can read more than the servers under test can send.
//
// Built by client.py with `cc` into a shared object and driven through ctypes. It looks at frames,
// never at JSON: a comment is counted by its mark "~@", behind which stand sixteen digits, the
// publisher's CLOCK_MONOTONIC in microseconds. The servers under test send the mark back as it is.
//
// A compressed frame is the same bytes for many viewers, who got the same frames before. So each is
// inflated once for all who are in the same state, by the caller's callback, see inflaters.py, and
// remembered by its hash.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTING, UPGRADING, GREETING, JOINED, GONE };
enum { READ_BYTES = 1 << 20, SEEN_MAX = 4096, LATENCY_STEPS = 300000, STEP_US = 100 };
enum { STAMP_DIGITS = 16, TEMPLATE_BYTES_MAX = 2048, BACKLOG_BYTES_MAX = 1 << 16 };

typedef struct {
    int fd;
    uint8_t state;
    uint8_t publisher;
    uint8_t greetings;  // text frames seen since the upgrade
    uint8_t alone;      // the server compresses each frame alone
    int32_t window;     // the state of what was inflated so far, see inflaters.py; 0 at first
    int32_t index;
    uint8_t *rest;      // bytes of a frame that is not whole yet
    uint32_t rest_len;
    uint8_t *unsent;
    uint32_t unsent_len;
} Conn;

// Filled in by the caller; the layout is mirrored in client.py.
typedef struct {
    const char *request;         // the HTTP upgrade of a viewer, sent as it is
    const char *publish_request; // and of a publisher
    const char **hello;          // a frame's payload for each viewer, then each publisher; or 0
    const int32_t *hello_bytes;
    const char **templates;      // what publishers send in turn, as text frames; the sixteen digits
    int32_t templates_n;         // behind "~@" and the nine of "#########" are filled in
    int32_t port, sources, viewers, publishers;
    int32_t greetings;           // text frames (or lines, see by_line) after which one has joined
    int32_t in_flight_max;       // joins that may be under way at once
    int32_t engine_io;           // answer "2" with "3"
    int32_t by_line;             // a frame may hold several lines; answer the line "{}" with "{}"
    int32_t binary;              // the viewers' hello is a binary frame
    int32_t sample_every;        // measure the latency of each n-th delivered comment
    int32_t (*inflated)(const uint8_t *payload, int32_t len, uint8_t *out, int32_t out_max,
                        int32_t *window, int32_t alone);
} Setup;

typedef struct {
    int64_t delivered, bytes, frames, published, blocked, closed, joined, failed, samples;
    int64_t latency_max_us, elapsed_us;
} Counts;

// A compressed payload that was looked into, by one in the state `from`, and is in `to` then: when
// its comments were published.
typedef struct { uint64_t hash, *stamps; int32_t len, marks, room, from, to; } Seen;

static Setup setup;
static Counts counts;
static Conn *conns;
static int epfd = -1, conns_n, next_open, under_way;
static uint8_t *page, *plain;
static uint32_t latency[LATENCY_STEPS];
static Seen seen[SEEN_MAX];
static uint64_t ref_next = 100000000, publish_turn, mask_state = 88172645463325252ull;

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static uint32_t random_mask(void) {
    mask_state ^= mask_state << 13; mask_state ^= mask_state >> 7; mask_state ^= mask_state << 17;
    return (uint32_t)mask_state;
}

static void leave(Conn *c) {
    if (c->state == GONE) return;
    if (c->state == JOINED) counts.closed++; else { counts.failed++; under_way--; }
    c->state = GONE;
    close(c->fd);
    free(c->rest); free(c->unsent);
    c->rest = c->unsent = 0; c->rest_len = c->unsent_len = 0;
}

static void watch(Conn *c, int op, uint32_t events) {
    struct epoll_event e = {.events = events, .data.ptr = c};
    epoll_ctl(epfd, op, c->fd, &e);
}

// Sends or keeps what does not fit; a publisher whose backlog is full drops the message instead.
static int put(Conn *c, const uint8_t *data, size_t n) {
    if (c->unsent_len + n > BACKLOG_BYTES_MAX) return 0;
    ssize_t sent = 0;
    if (!c->unsent_len) {
        sent = send(c->fd, data, n, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN) { leave(c); return 0; }
            sent = 0;
        }
    }
    if ((size_t)sent < n) {
        if (!c->unsent) c->unsent = malloc(BACKLOG_BYTES_MAX);
        memcpy(c->unsent + c->unsent_len, data + sent, n - sent);
        c->unsent_len += n - sent;
        watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
    return 1;
}

static void flush_unsent(Conn *c) {
    if (!c->unsent_len) return;
    ssize_t sent = send(c->fd, c->unsent, c->unsent_len, MSG_NOSIGNAL);
    if (sent < 0) { if (errno != EAGAIN) leave(c); return; }
    memmove(c->unsent, c->unsent + sent, c->unsent_len - sent);
    c->unsent_len -= sent;
    if (!c->unsent_len) watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

static int put_frame(Conn *c, uint8_t opcode, const uint8_t *payload, size_t n) {
    uint8_t out[TEMPLATE_BYTES_MAX + 4096];
    size_t head = 2;
    if (n + 8 > sizeof out) return 0;
    out[0] = 0x80 | opcode;
    if (n < 126) out[1] = 0x80 | n;
    else { out[1] = 0x80 | 126; out[2] = n >> 8; out[3] = n & 255; head = 4; }
    uint32_t mask = random_mask();
    memcpy(out + head, &mask, 4);
    for (size_t i = 0; i < n; i++) out[head + 4 + i] = payload[i] ^ out[head + (i & 3)];
    return put(c, out, head + 4 + n);
}

static void open_next(void) {
    Conn *c = &conns[next_open];
    c->index = next_open++;
    c->publisher = c->index >= setup.viewers;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    under_way++;
    c->state = CONNECTING;
    if (c->fd < 0) { counts.failed++; under_way--; c->state = GONE; return; }
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(0x7f000001u + c->index % setup.sources);
    bind(c->fd, (struct sockaddr *)&from, sizeof from);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(setup.port);
    watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) leave(c);
}

static void joined(Conn *c) {
    c->state = JOINED;
    counts.joined++;
    under_way--;
}

static void measure(uint64_t stamp) {
    int64_t took = now_us() - stamp;
    if (took < 0) return;
    int64_t step = took / STEP_US;
    latency[step < LATENCY_STEPS ? step : LATENCY_STEPS - 1]++;
    counts.samples++;
    if (took > counts.latency_max_us) counts.latency_max_us = took;
}

// The next mark in [at, end), or 0. Its stamp is read only if asked for.
static const uint8_t *next_mark(const uint8_t *at, const uint8_t *end) {
    while (at < end && (at = memchr(at, '~', end - at))) {
        if (end - at >= 2 + STAMP_DIGITS && at[1] == '@') return at + 2;
        at++;
    }
    return 0;
}

static uint64_t stamp_at(const uint8_t *digits) {
    uint64_t stamp = 0;
    for (int i = 0; i < STAMP_DIGITS; i++) stamp = stamp * 10 + (digits[i] - '0');
    return stamp;
}

static void tally(const uint8_t *payload, size_t n) {
    const uint8_t *at = payload, *end = payload + n;
    while ((at = next_mark(at, end))) {
        if (++counts.delivered % setup.sample_every == 0) measure(stamp_at(at));
        at += STAMP_DIGITS;
    }
}

static uint64_t hash_of(const uint8_t *data, size_t n) {
    uint64_t hash = 1469598103934665603ull ^ n, word;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        memcpy(&word, data + i, 8);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
        hash ^= hash >> 29;
    }
    for (; i < n; i++) hash = (hash ^ data[i]) * 1099511628211ull;
    return hash;
}

static void look_into(Seen *s, const Conn *c, const uint8_t *payload, size_t n, uint64_t hash) {
    s->from = s->to = c->window;
    int32_t len = setup.inflated(payload, n, plain, READ_BYTES, &s->to, c->alone);
    s->hash = hash;
    s->len = n;
    s->marks = 0;
    for (const uint8_t *at = plain, *end = plain + len; (at = next_mark(at, end));) {
        if (s->marks == s->room)
            s->stamps = realloc(s->stamps, (s->room = s->room * 2 + 16) * sizeof *s->stamps);
        s->stamps[s->marks++] = stamp_at(at);
        at += STAMP_DIGITS;
    }
}

// What a compressed payload holds; it moves its reader to the next state.
static Seen *inflate(Conn *c, const uint8_t *payload, size_t n) {
    uint64_t hash = hash_of(payload, n);
    Seen *s = &seen[(hash + c->window) % SEEN_MAX];
    if (s->hash != hash || s->len != (int32_t)n || s->from != c->window)
        look_into(s, c, payload, n, hash);
    c->window = s->to;
    return s;
}

static void tally_compressed(Conn *c, const uint8_t *payload, size_t n) {
    Seen *s = inflate(c, payload, n);
    for (int i = 0; i < s->marks; i++)
        if (++counts.delivered % setup.sample_every == 0) measure(s->stamps[i]);
}

static void greeted(Conn *c, const uint8_t *payload, size_t n) {
    c->greetings++;
    if (setup.by_line) for (size_t i = 0; i + 1 < n; i++) c->greetings += payload[i] == '\n';
    if (c->greetings < setup.greetings) {
        if (setup.engine_io && n && payload[0] == '0') put_frame(c, 1, (const uint8_t *)"40", 2);
        return;
    }
    joined(c);
}

static int holds_ping(const uint8_t *payload, size_t n) {
    const uint8_t *at = payload, *end = payload + n;
    for (; end - at >= 2 && (at = memmem(at, end - at, "{}", 2)); at += 2) {
        int starts = at == payload || at[-1] == '\n', ends = at + 2 == end || at[2] == '\n';
        if (starts && ends) return 1;
    }
    return 0;
}

static void on_frame(Conn *c, uint8_t first, const uint8_t *payload, size_t n) {
    uint8_t opcode = first & 15;
    if (opcode == 9) { put_frame(c, 10, payload, n); return; }
    if (opcode == 8) { leave(c); return; }
    if (c->state == GREETING) {
        if (first & 0x40) inflate(c, payload, n);
        greeted(c, payload, n);
        return;
    }
    if (setup.engine_io && n == 1 && payload[0] == '2') { put_frame(c, 1, (const uint8_t *)"3", 1); return; }
    if (setup.by_line && holds_ping(payload, n)) put_frame(c, 1, (const uint8_t *)"{}", 2);
    if (c->publisher) return;
    counts.frames++;
    if (first & 0x40) tally_compressed(c, payload, n); else tally(payload, n);
}

static size_t on_upgrade(Conn *c, const uint8_t *data, size_t n) {
    const uint8_t *end = memmem(data, n, "\r\n\r\n", 4);
    if (!end) return 0;
    if (n < 12 || memcmp(data + 9, "101", 3)) { leave(c); return 0; }
    c->alone = memmem(data, end - data, "server_no_context_takeover", 26) != 0;
    if (setup.greetings) c->state = GREETING; else joined(c);
    if (setup.hello) put_frame(c, setup.binary && !c->publisher ? 2 : 1,
        (const uint8_t *)setup.hello[c->index], setup.hello_bytes[c->index]);
    return end + 4 - data;
}

// Takes the whole frames out of data; returns how many bytes were used.
static size_t take_frames(Conn *c, const uint8_t *data, size_t n) {
    size_t at = 0;
    while (n - at >= 2 && c->state != GONE) {
        const uint8_t *f = data + at;
        size_t len = f[1] & 127, head = 2;
        if (len == 126) { if (n - at < 4) break; len = f[2] << 8 | f[3]; head = 4; }
        else if (len == 127) {
            if (n - at < 10) break;
            len = 0;
            for (int i = 2; i < 10; i++) len = len << 8 | f[i];
            head = 10;
        }
        if (n - at < head + len) break;
        on_frame(c, f[0], f + head, len);
        at += head + len;
    }
    return at;
}

static void keep_rest(Conn *c, const uint8_t *data, size_t n) {
    if (!n) { free(c->rest); c->rest = 0; c->rest_len = 0; return; }
    uint8_t *rest = malloc(n);  // data may lie in c->rest's copy within `page`, never in c->rest
    memcpy(rest, data, n);
    free(c->rest);
    c->rest = rest;
    c->rest_len = n;
}

static void on_readable(Conn *c) {
    uint32_t kept = c->rest_len;
    if (kept) memcpy(page, c->rest, kept);
    ssize_t got = recv(c->fd, page + kept, READ_BYTES - kept, 0);
    if (got <= 0) { if (got == 0 || errno != EAGAIN) leave(c); return; }
    if (!c->publisher && c->state == JOINED) counts.bytes += got;
    size_t n = kept + got, used = 0;
    if (c->state == UPGRADING) {
        used = on_upgrade(c, page, n);
        if (c->state == UPGRADING || c->state == GONE) { if (c->state != GONE) keep_rest(c, page, n); return; }
    }
    used += take_frames(c, page + used, n - used);
    if (c->state != GONE && (kept || used < n)) keep_rest(c, page + used, n - used);
}

static void on_event(Conn *c, uint32_t events) {
    if (c->state == CONNECTING && (events & EPOLLOUT)) {
        c->state = UPGRADING;
        watch(c, EPOLL_CTL_MOD, EPOLLIN);
        const char *request = c->publisher ? setup.publish_request : setup.request;
        put(c, (const uint8_t *)request, strlen(request));
    } else if (events & EPOLLOUT) flush_unsent(c);
    if (c->state != GONE && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) on_readable(c);
}

static void poll_once(int wait_ms) {
    static struct epoll_event events[512];
    int n = epoll_wait(epfd, events, 512, wait_ms);
    for (int i = 0; i < n; i++) {
        Conn *c = events[i].data.ptr;
        if (c->state != GONE) on_event(c, events[i].events);
    }
}

static void publish(uint64_t planned_us) {
    char text[TEMPLATE_BYTES_MAX];
    const char *chosen = setup.templates[publish_turn * 7 % setup.templates_n];
    int n = strlen(chosen);
    memcpy(text, chosen, n);
    char *mark = memmem(text, n, "~@", 2), *ref = memmem(text, n, "#########", 9);
    for (int i = STAMP_DIGITS - 1; i >= 0; i--, planned_us /= 10) mark[2 + i] = '0' + planned_us % 10;
    uint64_t number = ref_next++;
    for (int i = 8; ref && i >= 0; i--, number /= 10) ref[i] = '0' + number % 10;
    Conn *c = &conns[setup.viewers + publish_turn++ % setup.publishers];
    if (c->state == JOINED && put_frame(c, 1, (uint8_t *)text, n)) counts.published++;
    else counts.blocked++;
}

// ---- what client.py calls ----

int fan_start(const Setup *given) {
    setup = *given;
    memset(&counts, 0, sizeof counts);
    conns_n = setup.viewers + setup.publishers;
    conns = calloc(conns_n, sizeof *conns);
    page = malloc(READ_BYTES);
    plain = malloc(READ_BYTES);
    next_open = under_way = 0;
    epfd = epoll_create1(EPOLL_CLOEXEC);
    return conns && page && plain && epfd >= 0 ? 0 : -1;
}

// Opens connections until `upto` have been tried and answered, or the time is over.
void fan_join(int32_t upto, double seconds, Counts *out) {
    uint64_t start = now_us(), end = start + seconds * 1e6;
    while ((next_open < upto || under_way) && now_us() < end) {
        while (next_open < upto && under_way < setup.in_flight_max) open_next();
        poll_once(20);
    }
    counts.elapsed_us = now_us() - start;
    *out = counts;
}

// Publishes `rate` a second, evenly, and reads for `seconds`; the counts are of this call alone. A
// comment's latency runs from the instant it was due, so a client that lags is not flattered.
void fan_run(double rate, double seconds, Counts *out, uint32_t *histogram) {
    int64_t joined_before = counts.joined;
    memset(&counts, 0, sizeof counts);
    memset(latency, 0, sizeof latency);
    counts.joined = joined_before;
    uint64_t start = now_us(), end = start + seconds * 1e6, now = start;
    double gap_us = rate > 0 ? 1e6 / rate : 1e18, due = start + gap_us / 2;
    while (now < end) {
        for (int i = 0; due <= now && i < 64; i++, due += gap_us) publish((uint64_t)due);
        double wait_ms = ((due < end ? due : end) - now) / 1000;
        poll_once(wait_ms <= 0 ? 0 : wait_ms < 20 ? (int)wait_ms + 1 : 20);  // never spin
        now = now_us();
    }
    counts.elapsed_us = now - start;
    *out = counts;
    memcpy(histogram, latency, sizeof latency);
}

void fan_stop(void) {
    for (int i = 0; i < next_open; i++) leave(&conns[i]);
    close(epfd);
    free(conns); free(page); free(plain);
    for (int i = 0; i < SEEN_MAX; i++) free(seen[i].stamps);
    memset(seen, 0, sizeof seen);
}
