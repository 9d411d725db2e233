/* A plain UDP forwarder: the floor that the relay is compared with.
 *
 * recvfrom on one front socket, one connected upstream socket per client, send; and back the same way. No header, no key,
 * no check of any kind. epoll with drains of at most 64 datagrams, as a careful C programmer would write it first.
 *
 * Usage: c_forwarder UPSTREAM_IP UPSTREAM_PORT. Prints the front port, chosen by the system, and forwards until killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TABLE_SLOTS = 4096,   /* power of two; the benchmark uses at most 100 clients */
    DRAIN = 64,           /* datagrams taken from one socket before others get their turn; the relay's figure */
    BUFFER_BYTES = 2048,  /* more than an Ethernet payload */
    SOCKET_BUFFER_BYTES = 4 << 20,
    EVENTS = 64,
};

struct client {
    struct sockaddr_in address;
    int upstream;  /* 0: the slot is free */
};

static struct client clients[TABLE_SLOTS];
static struct sockaddr_in upstream_address;
static int poller, front;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void grow_buffers(int descriptor) {
    int bytes = SOCKET_BUFFER_BYTES;
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

static void watch(int descriptor, uint64_t mark) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = mark};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) < 0) fail("epoll_ctl");
}

/* The slot of a client, made at its first datagram. */
static struct client *client_of(const struct sockaddr_in *address) {
    uint32_t slot = (ntohl(address->sin_addr.s_addr) * 2654435761u ^ ntohs(address->sin_port) * 40503u) % TABLE_SLOTS;
    while (clients[slot].upstream != 0) {
        if (clients[slot].address.sin_port == address->sin_port &&
            clients[slot].address.sin_addr.s_addr == address->sin_addr.s_addr)
            return &clients[slot];
        slot = (slot + 1) % TABLE_SLOTS;
    }
    int upstream = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (upstream < 0) fail("socket");
    grow_buffers(upstream);
    if (connect(upstream, (struct sockaddr *)&upstream_address, sizeof upstream_address) < 0) fail("connect");
    clients[slot].address = *address;
    clients[slot].upstream = upstream;
    watch(upstream, slot);
    return &clients[slot];
}

static void drain_front(void) {
    char buffer[BUFFER_BYTES];
    for (int taken = 0; taken < DRAIN; taken++) {
        struct sockaddr_in source;
        socklen_t length = sizeof source;
        ssize_t bytes = recvfrom(front, buffer, sizeof buffer, 0, (struct sockaddr *)&source, &length);
        if (bytes < 0) return;
        send(client_of(&source)->upstream, buffer, bytes, 0);
    }
}

static void drain_upstream(struct client *client) {
    char buffer[BUFFER_BYTES];
    for (int taken = 0; taken < DRAIN; taken++) {
        ssize_t bytes = recvfrom(client->upstream, buffer, sizeof buffer, 0, NULL, NULL);
        if (bytes < 0) return;
        sendto(front, buffer, bytes, 0, (struct sockaddr *)&client->address, sizeof client->address);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: c_forwarder UPSTREAM_IP UPSTREAM_PORT\n");
        return 2;
    }
    upstream_address.sin_family = AF_INET;
    upstream_address.sin_port = htons(atoi(argv[2]));
    if (inet_pton(AF_INET, argv[1], &upstream_address.sin_addr) != 1) fail("inet_pton");

    front = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    poller = epoll_create1(0);
    if (front < 0 || poller < 0) fail("socket");
    grow_buffers(front);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof own;
    if (bind(front, (struct sockaddr *)&own, sizeof own) < 0) fail("bind");
    if (getsockname(front, (struct sockaddr *)&own, &length) < 0) fail("getsockname");
    watch(front, TABLE_SLOTS);
    printf("%d\n", ntohs(own.sin_port));
    fflush(stdout);

    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poller, events, EVENTS, -1);
        if (ready < 0 && errno != EINTR) fail("epoll_wait");
        for (int index = 0; index < ready; index++) {
            if (events[index].data.u64 == TABLE_SLOTS)
                drain_front();
            else
                drain_upstream(&clients[events[index].data.u64]);
        }
    }
}
