// UDP load generator: closed loop, every reply compared byte for byte, one thread on recvmmsg and sendmmsg.
//
// It never sleeps while datagrams are out: over loopback a server that answers a sleeping peer pays for waking it, which no
// server on a network does, and a slower server would pay it more often.
//
// Each socket keeps `pipeline` datagrams in flight, one for each slot. A datagram begins with its number; the rest depends
// on the number and the socket: byte p is table[(base(socket) + number * 7919 + p) mod PERIOD], the table is random and
// PERIOD is prime. So a changed, cut, foreign or repeated datagram is seen. One that is not answered within LOSS_MILLIS is
// counted as lost and its slot goes on: loss is reported, not an error. A late answer is only accepted for a loss.
//
// Protocol as load.c, on stdin/stdout, one line each way; the reply to RUN has "lost" as well:
//   OPEN port sockets pipeline payloadBytes seed stallMillis -> {}
//   RUN millis -> {"ops":…,"nanos":…,"lost":…,"histogram":[[nanos,count],…]}
//   CLOSE -> {}                                                       expects that nothing more has come
//   QUIT, or end of input
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PERIOD = 262139, PAYLOAD_MAX = 2048, NUMBER_BYTES = 8, BATCH = 64, PIPELINE_MAX = 1024, SOCKETS_MAX = 1024 };
enum { SUB_BUCKET_BITS = 7, BUCKETS = (64 - SUB_BUCKET_BITS) << SUB_BUCKET_BITS, LOSS_MILLIS = 500 };

// Invariant: waiting says that number is out and neither answered nor lost.
struct slot {
  uint64_t number, at_nanos;
  char waiting;
};

struct client {
  int fd;
  unsigned base;
  uint64_t lost, late;
  struct slot *slots;
  unsigned ready[BATCH], ready_count;  // slots to be sent
};

static struct client *clients;
static unsigned clients_count, pipeline, payload_bytes, outstanding;
static unsigned char *table;
static uint64_t stall_nanos, ops, lost, now, histogram[BUCKETS];
static char error[512];
static int poller = -1;
static unsigned char received[BATCH][PAYLOAD_MAX];

static uint64_t monotonic_nanos(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

__attribute__((format(printf, 1, 2))) static void refuse(const char *format, ...) {
  if (error[0]) return;  // the first cause is the one to report
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error, sizeof error, format, arguments);
  va_end(arguments);
}

// Log-linear as HdrHistogram: 128 linear steps per power of two, so a value is kept within 0.8 %.
static unsigned bucket_of(uint64_t value) {
  if (value < 1U << SUB_BUCKET_BITS) return (unsigned)value;
  unsigned exponent = 63 - (unsigned)__builtin_clzll(value) - SUB_BUCKET_BITS;
  return ((exponent + 1) << SUB_BUCKET_BITS) + (unsigned)((value >> exponent) & ((1U << SUB_BUCKET_BITS) - 1));
}

static uint64_t value_of(unsigned bucket) {
  unsigned exponent = bucket >> SUB_BUCKET_BITS;
  uint64_t step = bucket & ((1U << SUB_BUCKET_BITS) - 1);
  if (exponent == 0) return step;
  return ((step | 1U << SUB_BUCKET_BITS) << (exponent - 1)) + ((1ULL << (exponent - 1)) >> 1);
}

static unsigned char *content(struct client *c, uint64_t number) { return table + (c->base + number * 7919) % PERIOD; }

static void send_ready(struct client *c) {
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH][2];
  if (c->ready_count == 0) return;
  for (unsigned i = 0; i < c->ready_count; i++) {
    struct slot *slot = &c->slots[c->ready[i]];
    parts[i][0] = (struct iovec){&slot->number, NUMBER_BYTES};
    parts[i][1] = (struct iovec){content(c, slot->number), payload_bytes - NUMBER_BYTES};
    messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = parts[i], .msg_iovlen = 2}};
    slot->at_nanos = now;
    slot->waiting = 1;
  }
  outstanding += c->ready_count;
  for (unsigned sent = 0; sent < c->ready_count;) {
    int done = sendmmsg(c->fd, messages + sent, c->ready_count - sent, 0);
    if (done < 0) {
      refuse("socket on descriptor %d: send failed: errno=%d (%s)", c->fd, errno, strerror(errno));
      return;
    }
    sent += (unsigned)done;
  }
  c->ready_count = 0;
}

static void want(struct client *c, unsigned slot) {
  c->slots[slot].number += pipeline;
  c->ready[c->ready_count++] = slot;
  if (c->ready_count == BATCH) send_ready(c);
}

static void on_reply(struct client *c, const unsigned char *bytes, unsigned size, int more) {
  uint64_t number;
  memcpy(&number, bytes, NUMBER_BYTES);
  unsigned at = (unsigned)(number % pipeline);
  struct slot *slot = &c->slots[at];
  if (size != payload_bytes) {
    refuse("a reply of %u bytes to a datagram of %u", size, payload_bytes);
  } else if (memcmp(bytes + NUMBER_BYTES, content(c, number), payload_bytes - NUMBER_BYTES) != 0) {
    refuse("datagram %llu came back with other bytes", (unsigned long long)number);
  } else if (!slot->waiting || slot->number != number) {
    if (c->late == c->lost) refuse("datagram %llu came back twice, or was never sent", (unsigned long long)number);
    else c->late++;
  } else {
    slot->waiting = 0;
    outstanding--;
    ops++;
    histogram[bucket_of(now - slot->at_nanos)]++;
    if (more) want(c, at);
  }
}

static void receive_all(struct client *c, int more) {
  for (;;) {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    for (unsigned i = 0; i < BATCH; i++) {
      parts[i] = (struct iovec){received[i], PAYLOAD_MAX};
      messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    int count = recvmmsg(c->fd, messages, BATCH, MSG_DONTWAIT, NULL);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) {
      refuse("socket on descriptor %d: receive failed: errno=%d (%s)", c->fd, errno, strerror(errno));
      return;
    }
    for (int i = 0; i < count && !error[0]; i++) on_reply(c, received[i], messages[i].msg_len, more);
    if (count < BATCH || error[0]) return;
  }
}

static void count_losses(int more) {
  for (unsigned i = 0; i < clients_count; i++) {
    for (unsigned at = 0; at < pipeline; at++) {
      struct slot *slot = &clients[i].slots[at];
      if (!slot->waiting || now - slot->at_nanos < LOSS_MILLIS * 1000000ULL) continue;
      slot->waiting = 0;
      clients[i].lost++;
      lost++;
      outstanding--;
      if (more) want(&clients[i], at);
    }
    send_ready(&clients[i]);
  }
}

static void open_set(int port, unsigned count, unsigned depth, unsigned payload, uint64_t seed, unsigned stall_millis) {
  if (count < 1 || count > SOCKETS_MAX || depth < 1 || depth > PIPELINE_MAX || payload <= NUMBER_BYTES ||
      payload > PAYLOAD_MAX) {
    refuse("OPEN: sockets=%u (1..%d), pipeline=%u (1..%d), payloadBytes=%u (%d..%d)", count, SOCKETS_MAX, depth,
           PIPELINE_MAX, payload, NUMBER_BYTES + 1, PAYLOAD_MAX);
    return;
  }
  pipeline = depth;
  payload_bytes = payload;
  stall_nanos = (uint64_t)stall_millis * 1000000ULL;
  outstanding = 0;
  table = malloc(PERIOD + PAYLOAD_MAX);
  clients = calloc(count, sizeof *clients);
  poller = epoll_create1(EPOLL_CLOEXEC);
  uint64_t x = seed | 1;
  for (size_t i = 0; i < PERIOD; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    table[i] = (unsigned char)(x >> 32);
  }
  memcpy(table + PERIOD, table, PAYLOAD_MAX);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (unsigned i = 0; i < count; i++) {
    struct client *c = &clients[clients_count++];
    c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    c->base = (unsigned)((i + 1) * 104729ULL % PERIOD);
    c->slots = calloc(pipeline, sizeof *c->slots);
    for (unsigned at = 0; at < pipeline; at++) c->slots[at].number = at;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0 ||
        epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) < 0) {
      refuse("socket %u of %u to port %d: errno=%d (%s)", i, count, port, errno, strerror(errno));
      return;
    }
  }
}

static void run(uint64_t millis) {
  memset(histogram, 0, sizeof histogram);
  ops = lost = 0;
  uint64_t started = now = monotonic_nanos(), progressed_at = started, looked_at = started;
  uint64_t ends = started + millis * 1000000ULL;
  for (unsigned i = 0; i < clients_count; i++) {
    for (unsigned at = 0; at < pipeline; at++) want(&clients[i], at);
    send_ready(&clients[i]);
  }
  while (outstanding > 0 && !error[0]) {
    struct epoll_event events[BATCH];
    int ready = epoll_wait(poller, events, BATCH, 0);
    if (ready == 0) sched_yield();  // for a machine with one CPU
    now = monotonic_nanos();
    for (int i = 0; i < ready && !error[0]; i++) {
      receive_all(&clients[events[i].data.u32], now < ends);
      send_ready(&clients[events[i].data.u32]);
    }
    if (ready > 0) progressed_at = now;
    else if (now - progressed_at > stall_nanos) refuse("stalled: no reply for %llu ms",
                                                       (unsigned long long)((now - progressed_at) / 1000000));
    if (now - looked_at > LOSS_MILLIS * 100000ULL) {
      count_losses(now < ends);
      looked_at = now;
    }
  }
  if (error[0]) return;
  printf("@bench {\"ops\":%llu,\"nanos\":%llu,\"lost\":%llu,\"histogram\":[", (unsigned long long)ops,
         (unsigned long long)(now - started), (unsigned long long)lost);
  const char *separator = "";
  for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
    if (histogram[bucket] == 0) continue;
    printf("%s[%llu,%llu]", separator, (unsigned long long)value_of(bucket), (unsigned long long)histogram[bucket]);
    separator = ",";
  }
  printf("]}\n");
  fflush(stdout);
}

// What was sent twice has had time to come by now: the last reply of the run came after it.
static void expect_nothing(void) {
  now = monotonic_nanos();
  for (unsigned i = 0; i < clients_count && !error[0]; i++) receive_all(&clients[i], 0);
}

static void release_set(void) {
  for (unsigned i = 0; i < clients_count; i++) {
    if (clients[i].fd >= 0) close(clients[i].fd);
    free(clients[i].slots);
  }
  free(clients);
  free(table);
  if (poller >= 0) close(poller);
  clients = NULL;
  table = NULL;
  clients_count = 0;
  poller = -1;
}

static void reply(void) {
  if (!error[0]) {
    printf("@bench {}\n");
  } else {
    printf("@bench {\"error\":\"%s\"}\n", error);
    release_set();
  }
  fflush(stdout);
  error[0] = 0;
}

int main(void) {
  printf("@bench READY {\"settings\":\"C, one thread, epoll, recvmmsg and sendmmsg, never asleep, lost after %d ms\"}\n", LOSS_MILLIS);
  fflush(stdout);
  char line[256];
  while (fgets(line, sizeof line, stdin) && strncmp(line, "QUIT", 4) != 0) {
    int port;
    unsigned count, depth, payload, stall;
    unsigned long long number;
    if (sscanf(line, "OPEN %d %u %u %u %llu %u", &port, &count, &depth, &payload, &number, &stall) == 6) {
      release_set();
      open_set(port, count, depth, payload, number, stall);
      reply();
    } else if (sscanf(line, "RUN %llu", &number) == 1) {
      run(number);
      if (error[0]) reply();
    } else if (strncmp(line, "CLOSE", 5) == 0) {
      expect_nothing();
      if (!error[0]) release_set();
      reply();
    } else {
      refuse("not understood");
      reply();
    }
  }
  return 0;
}
