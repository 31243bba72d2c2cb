// The floor: what one send() a frame and viewer costs with nothing round it. An epoll loop that
// upgrades without looking, and sends whatever text frame a client sends to everybody.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FDS_MAX = 1 << 16, HELD_MAX = 8192 };
// The load client does not check the key that a real server would have to sign.
static const char UPGRADED[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                               "Connection: Upgrade\r\nSec-WebSocket-Accept: -\r\n\r\n";
static int room[FDS_MAX], place[FDS_MAX], n;
static uint8_t *held[FDS_MAX];
static int held_len[FDS_MAX];

static void gone(int fd) {
    if (place[fd]) { int last = room[--n]; room[place[fd] - 1] = last; place[last] = place[fd]; place[fd] = 0; }
    free(held[fd]); held[fd] = 0; held_len[fd] = 0;
    close(fd);
}

static void broadcast(const uint8_t *payload, size_t len) {
    uint8_t frame[HELD_MAX + 4] = {0x81};
    size_t head = len < 126 ? 2 : 4;
    if (head == 2) frame[1] = len; else { frame[1] = 126; frame[2] = len >> 8; frame[3] = len & 255; }
    memcpy(frame + head, payload, len);
    for (int i = 0; i < n; i++) send(room[i], frame, head + len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void readable(int fd) {
    if (!held[fd]) held[fd] = malloc(HELD_MAX);
    uint8_t *data = held[fd];
    ssize_t got = recv(fd, data + held_len[fd], HELD_MAX - held_len[fd], 0);
    if (got <= 0) { gone(fd); return; }
    int len = held_len[fd] + got, at = 0;
    if (!place[fd]) {
        if (memmem(data, len, "\r\n\r\n", 4)) {
            send(fd, UPGRADED, sizeof UPGRADED - 1, MSG_NOSIGNAL);
            room[n++] = fd;
            place[fd] = n;
            len = 0;
        }
    } else while (len - at >= 6) {
        int size = data[at + 1] & 127, head = 6;
        if (size == 126) { if (len - at < 8) break; size = data[at + 2] << 8 | data[at + 3]; head = 8; }
        if (len - at < head + size) break;
        uint8_t *mask = data + at + head - 4, *payload = data + at + head;
        for (int i = 0; i < size; i++) payload[i] ^= mask[i & 3];
        if ((data[at] & 15) == 1) broadcast(payload, size);
        at += head + size;
    }
    memmove(data, data + at, len - at);
    held_len[fd] = len - at;
    if (!held_len[fd]) { free(held[fd]); held[fd] = 0; }
}

int main(int argc, char **argv) {
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), ep = epoll_create1(0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    at.sin_port = htons(argc > 1 ? atoi(argv[1]) : 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096)) return 1;
    struct epoll_event e = {.events = EPOLLIN, .data.fd = listener}, ready[256];
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
    for (;;) {
        int k = epoll_wait(ep, ready, 256, -1);
        for (int i = 0; i < k; i++) {
            if (ready[i].data.fd != listener) { readable(ready[i].data.fd); continue; }
            int fd = accept4(listener, 0, 0, SOCK_NONBLOCK);
            if (fd < 0) continue;
            if (fd >= FDS_MAX) { close(fd); continue; }
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            e.data.fd = fd;
            epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
        }
    }
}
