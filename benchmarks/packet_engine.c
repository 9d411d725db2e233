/* The two ends of a benchmark: sends prepared datagrams at a given rate, receives, counts, echoes and takes the time.
 *
 * Built as a shared library and called through ctypes, which lets go of Python's lock, so that each call runs in a thread of
 * its own at the speed of C: the load generator must never be what is measured.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 32,          /* datagrams in one system call */
    BUFFER_BYTES = 2048, /* more than an Ethernet payload */
    STOP_CHECK_MS = 20,
    COLLECT_EVERY_NS = 500000, /* the buffers hold a hundred times more */
};

uint64_t engine_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + now.tv_nsec;
}

static void sleep_until_ns(uint64_t when) {
    struct timespec at = {.tv_sec = when / 1000000000u, .tv_nsec = when % 1000000000u};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
    }
}

/* Sends datagrams 0..count-1 of `slab` (each `stride` bytes apart, `lengths` long) at `rate` a second, 0 for no limit.
 * Each run of `batch` (<= BATCH) consecutive datagrams goes out of one socket, and, when `targets` is given, to one target;
 * sockets and targets take turns. `sent_ns`, when given, gets the time of each datagram's departure.
 * Returns how many the kernel took. */
uint64_t engine_send(const int *sockets, int socket_count, const struct sockaddr_in *targets, int target_count,
                     const uint8_t *slab, uint32_t stride, const uint16_t *lengths, uint64_t count, int batch, double rate,
                     uint64_t *sent_ns, const volatile int *stop) {
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH];
    uint64_t taken = 0, start = engine_now_ns();
    memset(messages, 0, sizeof messages);
    for (uint64_t first = 0, turn = 0; first < count && !*stop; first += batch, turn++) {
        int size = count - first < (uint64_t)batch ? (int)(count - first) : batch;
        for (int index = 0; index < size; index++) {
            pieces[index].iov_base = (void *)(slab + (first + index) * stride);
            pieces[index].iov_len = lengths[first + index];
            messages[index].msg_hdr.msg_iov = &pieces[index];
            messages[index].msg_hdr.msg_iovlen = 1;
            if (target_count > 0) {
                messages[index].msg_hdr.msg_name = (void *)&targets[turn % target_count];
                messages[index].msg_hdr.msg_namelen = sizeof *targets;
            }
        }
        if (rate > 0) {
            uint64_t due = start + (uint64_t)(first / rate * 1e9), now = engine_now_ns();
            /* A sleep ends about 50 us late: shorter waits would only make the stream burstier. */
            if (due > now + 20000) sleep_until_ns(due);
        }
        if (sent_ns != NULL) {
            uint64_t now = engine_now_ns();
            for (int index = 0; index < size; index++) sent_ns[first + index] = now;
        }
        int descriptor = sockets[turn % socket_count];
        for (int done = 0; done < size;) {
            int went = sendmmsg(descriptor, messages + done, size - done, 0);
            if (went > 0) {
                done += went;
                taken += went;
            } else if (errno == EAGAIN || errno == ENOBUFS) {
                struct pollfd writable = {.fd = descriptor, .events = POLLOUT};
                poll(&writable, 1, STOP_CHECK_MS);
            } else {
                done++; /* ECONNREFUSED and the like: counted by the difference of count and the result */
            }
        }
    }
    return taken;
}

/* Empties all sockets every half millisecond until *stop, and counts. Nobody waits for a datagram here, so the forwarder under
 * test never pays for waking this side up: on a network the other side is another machine. */
uint64_t engine_collect(const int *sockets, int socket_count, volatile uint64_t *counter, const volatile int *stop) {
    static __thread uint8_t buffers[BATCH][BUFFER_BYTES];
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH];
    uint64_t received = 0;
    for (int index = 0; index < BATCH; index++) {
        pieces[index] = (struct iovec){.iov_base = buffers[index], .iov_len = BUFFER_BYTES};
        messages[index].msg_hdr = (struct msghdr){.msg_iov = &pieces[index], .msg_iovlen = 1};
    }
    for (int last_round = 0; !last_round;) {
        last_round = *stop;
        for (int index = 0; index < socket_count; index++) {
            int got;
            while ((got = recvmmsg(sockets[index], messages, BATCH, MSG_DONTWAIT, NULL)) > 0) received += got;
        }
        *counter = received;
        sleep_until_ns(engine_now_ns() + COLLECT_EVERY_NS);
    }
    return received;
}

/* Receives on all sockets until *stop; returns the number of datagrams. With `echo` each goes back where it came from.
 * The first `capacity` datagrams are kept: bytes in `slab` (cut to `stride`), length, socket index and time of arrival. */
uint64_t engine_receive(const int *sockets, int socket_count, int echo, uint8_t *slab, uint32_t stride, uint16_t *lengths,
                        uint16_t *sources, uint64_t *arrived_ns, uint64_t capacity, volatile uint64_t *counter,
                        const volatile int *stop) {
    static __thread uint8_t buffers[BATCH][BUFFER_BYTES];
    struct sockaddr_in peers[BATCH];
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH];
    uint64_t received = 0;
    int poller = epoll_create1(0);
    if (poller < 0) return 0;
    for (int index = 0; index < socket_count; index++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
        epoll_ctl(poller, EPOLL_CTL_ADD, sockets[index], &event);
    }
    while (!*stop) {
        struct epoll_event events[64];
        int ready = epoll_wait(poller, events, 64, STOP_CHECK_MS);
        for (int which = 0; which < ready; which++) {
            uint32_t source = events[which].data.u32;
            for (int index = 0; index < BATCH; index++) {
                pieces[index] = (struct iovec){.iov_base = buffers[index], .iov_len = BUFFER_BYTES};
                messages[index].msg_hdr = (struct msghdr){
                    .msg_iov = &pieces[index], .msg_iovlen = 1, .msg_name = &peers[index], .msg_namelen = sizeof peers[index]};
            }
            int got = recvmmsg(sockets[source], messages, BATCH, MSG_DONTWAIT, NULL);
            uint64_t now = capacity > 0 ? engine_now_ns() : 0;
            for (int index = 0; index < got; index++) {
                uint32_t bytes = messages[index].msg_len;
                uint64_t at = received + index;
                if (at < capacity) {
                    lengths[at] = bytes;
                    sources[at] = source;
                    arrived_ns[at] = now;
                    memcpy(slab + at * stride, buffers[index], bytes < stride ? bytes : stride);
                }
                pieces[index].iov_len = bytes;
            }
            if (got <= 0) continue;
            if (echo) sendmmsg(sockets[source], messages, got, 0);
            received += got;
            *counter = received;
        }
    }
    close(poller);
    return received;
}
