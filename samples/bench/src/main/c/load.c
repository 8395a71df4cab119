// Load generator: closed loop, every reply compared byte for byte, one thread on raw io_uring so that it saturates last.
//
// Content depends on position and connection: byte p of connection c is table[(base(c) + p) mod PERIOD], the table is
// random and PERIOD is prime. A lost, repeated, reordered or foreign byte shifts or replaces what follows and is seen at
// once; blocks that servers might swap have power-of-two sizes and never lie a multiple of PERIOD apart.
//
// Protocol on stdin/stdout (the same as the Java generator's), one line each way:
//   OPEN port connections pipeline payloadBytes seed stallMillis -> {}          connects, sends nothing
//   RUN millis -> {"ops":…,"nanos":…,"histogram":[[nanos,count],…]}             starts and ends with nothing in flight
//   CLOSE -> {}                                                   half-closes, expects the end of each stream, no bytes
//   QUIT, or end of input
// A reply of the form {"error":"…"} ends the connection set; the next command must be OPEN or QUIT.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <time.h>

#include "uring.h"

enum { ENTRIES = 4096, PERIOD = 262139, PIPELINE_MAX = 1024, CONNECTIONS_MAX = 20000 };
enum { SUB_BUCKET_BITS = 7, BUCKETS = (64 - SUB_BUCKET_BITS) << SUB_BUCKET_BITS };
enum op { RECV, SEND };

// Requests written at the same moment; replies complete them oldest first.
struct batch {
  uint64_t at_nanos;
  unsigned count;
};

// Invariant: received_bytes <= acknowledged by the kernel <= sent_bytes <= wanted_bytes.
struct connection {
  int fd;
  unsigned base;
  uint64_t wanted_bytes, sent_bytes, received_bytes, replies;
  struct batch *batches;
  unsigned batch_head, batch_count;
  char sending, dirty;
};

static struct uring ring;
static struct buffer_ring buffers;
static unsigned char *table;
static size_t table_bytes;
static struct connection *connections;
static unsigned connections_count, pipeline, payload_bytes, outstanding;
static uint64_t stall_nanos, ops, now;
static unsigned *dirty, dirty_count;
static uint64_t histogram[BUCKETS];
static char error[512];

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

static void want_more(unsigned slot, unsigned requests) {
  struct connection *c = &connections[slot];
  struct batch *batch = &c->batches[(c->batch_head + c->batch_count++) % pipeline];
  *batch = (struct batch){.at_nanos = now, .count = requests};
  c->wanted_bytes += (uint64_t)requests * payload_bytes;
  outstanding += requests;
  if (!c->dirty) {
    c->dirty = 1;
    dirty[dirty_count++] = slot;
  }
}

// Everything wanted and not yet sent is one contiguous piece of the table, except where the table wraps.
static void send_wanted(unsigned slot) {
  struct connection *c = &connections[slot];
  c->dirty = 0;
  if (c->sending || c->sent_bytes == c->wanted_bytes) return;
  size_t at = (c->base + c->sent_bytes) % PERIOD;
  uint64_t bytes = c->wanted_bytes - c->sent_bytes;
  if (bytes > table_bytes - at) bytes = table_bytes - at;
  c->sending = 1;
  prep_send(uring_sqe(&ring), c->fd, table + at, (unsigned)bytes, MSG_WAITALL, (uint64_t)SEND << 32 | slot);
}

static void verify(unsigned slot, const char *received, unsigned bytes) {
  struct connection *c = &connections[slot];
  if (c->received_bytes + bytes > c->wanted_bytes) {
    refuse("connection %u: %llu bytes more than were sent", slot,
           (unsigned long long)(c->received_bytes + bytes - c->wanted_bytes));
    return;
  }
  while (bytes > 0) {
    size_t at = (c->base + c->received_bytes) % PERIOD;
    unsigned part = bytes < table_bytes - at ? bytes : (unsigned)(table_bytes - at);
    if (memcmp(table + at, received, part) != 0) {
      unsigned i = 0;
      while (table[at + i] == (unsigned char)received[i]) i++;
      refuse("connection %u: wrong byte at offset %llu: expected 0x%02x, got 0x%02x", slot,
             (unsigned long long)(c->received_bytes + i), table[at + i], (unsigned char)received[i]);
      return;
    }
    c->received_bytes += part;
    received += part;
    bytes -= part;
  }
}

static void complete_replies(unsigned slot, int more) {
  struct connection *c = &connections[slot];
  unsigned done = (unsigned)(c->received_bytes / payload_bytes - c->replies);
  if (done == 0) return;
  c->replies += done;
  ops += done;
  outstanding -= done;
  for (unsigned left = done; left > 0;) {
    struct batch *oldest = &c->batches[c->batch_head];
    unsigned part = left < oldest->count ? left : oldest->count;
    histogram[bucket_of(now - oldest->at_nanos)] += part;
    left -= part;
    oldest->count -= part;
    if (oldest->count == 0) {
      c->batch_head = (c->batch_head + 1) % pipeline;
      c->batch_count--;
    }
  }
  if (more) want_more(slot, done);
}

static void arm_recv(unsigned slot) {
  prep_multishot_recv(uring_sqe(&ring), connections[slot].fd, (uint64_t)RECV << 32 | slot);
}

static void on_recv(unsigned slot, const struct io_uring_cqe *cqe, int more) {
  if (cqe->res > 0) {
    unsigned bid = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
    verify(slot, buffer_at(&buffers, bid), (unsigned)cqe->res);
    buffer_ring_add(&buffers, bid);
    complete_replies(slot, more);
  } else if (cqe->res == 0) {
    refuse("connection %u: closed by the server after %llu bytes", slot,
           (unsigned long long)connections[slot].received_bytes);
  } else if (cqe->res != -ENOBUFS) {
    refuse("connection %u: receive failed: errno=%d (%s)", slot, -cqe->res, strerror(-cqe->res));
  }
  // Our own buffers are back in the ring before the next submission, so re-arming after ENOBUFS cannot spin.
  if (!(cqe->flags & IORING_CQE_F_MORE) && !error[0]) arm_recv(slot);
}

static void on_send(unsigned slot, int res) {
  struct connection *c = &connections[slot];
  c->sending = 0;
  if (res < 0) {
    refuse("connection %u: send failed: errno=%d (%s)", slot, -res, strerror(-res));
    return;
  }
  c->sent_bytes += (unsigned)res;
  if (c->sent_bytes < c->wanted_bytes && !c->dirty) {
    c->dirty = 1;
    dirty[dirty_count++] = slot;
  }
}

static int turn(int more) {
  for (unsigned i = 0; i < dirty_count; i++) send_wanted(dirty[i]);
  dirty_count = 0;
  struct __kernel_timespec tick = {.tv_nsec = 20 * 1000 * 1000};
  uring_enter(&ring, 1, &tick);
  now = monotonic_nanos();
  unsigned until = uring_ready_until(&ring);
  int progressed = until != ring.cq_head;
  for (; ring.cq_head != until; ring.cq_head++) {
    const struct io_uring_cqe *cqe = &ring.cqes[ring.cq_head & ring.cq_mask];
    unsigned slot = (unsigned)cqe->user_data;
    if ((enum op)(cqe->user_data >> 32) == RECV) on_recv(slot, cqe, more);
    else on_send(slot, cqe->res);
  }
  uring_reaped(&ring);
  buffer_ring_publish(&buffers);
  return progressed;
}

// Takes the descriptors down without order after an error: the ring forgets them with the process or at their last CQE.
static void abandon(void) {
  for (unsigned slot = 0; slot < connections_count; slot++) shutdown(connections[slot].fd, SHUT_RDWR);
}

static void reply_error(void) {
  printf("@bench {\"error\":\"");
  for (const char *c = error; *c; c++) putchar(*c == '"' || *c == '\\' || *c < ' ' ? '\'' : *c);
  printf("\"}\n");
  fflush(stdout);
  error[0] = 0;
}

static void *allocate(size_t count, size_t bytes) {
  void *at = calloc(count, bytes);
  if (!at) fail("calloc", errno);
  return at;
}

static void release_set(void) {
  for (unsigned slot = 0; slot < connections_count; slot++) {
    close(connections[slot].fd);
    free(connections[slot].batches);
  }
  free(connections);
  free(dirty);
  free(table);
  connections = NULL;
  dirty = NULL;
  table = NULL;
  connections_count = 0;
  if (ring.fd) {
    buffer_ring_close(&ring, &buffers);
    uring_close(&ring);
  }
}

static void fill_table(uint64_t seed) {
  table_bytes = PERIOD + (size_t)payload_bytes * pipeline;
  table = allocate(table_bytes, 1);
  uint64_t x = seed | 1;
  for (size_t i = 0; i < PERIOD; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    table[i] = (unsigned char)(x >> 32);
  }
  for (size_t i = PERIOD; i < table_bytes; i++) table[i] = table[i - PERIOD];
}

static int connect_to(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
  int cause = errno;
  close(fd);
  errno = cause;
  return -1;
}

static unsigned power_of_two_from(unsigned least) {
  unsigned power = 64;
  while (power < least) power *= 2;
  return power;
}

static void open_set(int port, unsigned count, unsigned depth, unsigned payload, uint64_t seed, unsigned stall_millis) {
  if (count < 1 || count > CONNECTIONS_MAX || depth < 1 || depth > PIPELINE_MAX || payload < 1) {
    refuse("OPEN: connections=%u (1..%d), pipeline=%u (1..%d), payloadBytes=%u (from 1)", count, CONNECTIONS_MAX, depth,
           PIPELINE_MAX, payload);
    return;
  }
  pipeline = depth;
  payload_bytes = payload;
  stall_nanos = (uint64_t)stall_millis * 1000000ULL;
  fill_table(seed);
  ring = (struct uring){0};
  uring_init(&ring, ENTRIES);
  // As many buffers as there are connections, each touched soon again: a larger pool would only be colder.
  unsigned most = power_of_two_from(count);
  buffer_ring_init(&ring, &buffers, most > 1024 ? 1024 : most, payload > 32 * 1024 ? 64 * 1024 : 32 * 1024);
  connections = allocate(count, sizeof *connections);
  dirty = allocate(count, sizeof *dirty);
  dirty_count = outstanding = 0;
  for (unsigned slot = 0; slot < count; slot++) {
    struct connection *c = &connections[slot];
    c->fd = connect_to(port);
    if (c->fd < 0) {
      refuse("connection %u of %u: connect to 127.0.0.1:%d failed: errno=%d (%s)", slot, count, port, errno,
             strerror(errno));
      return;
    }
    connections_count++;
    c->base = (unsigned)((slot + 1) * 104729ULL % PERIOD);
    c->batches = allocate(pipeline, sizeof *c->batches);
    arm_recv(slot);
  }
}

static void run(uint64_t millis) {
  memset(histogram, 0, sizeof histogram);
  ops = 0;
  uint64_t started = now = monotonic_nanos(), progressed_at = started;
  uint64_t ends = started + millis * 1000000ULL;
  for (unsigned slot = 0; slot < connections_count; slot++) want_more(slot, pipeline);
  while (outstanding > 0 && !error[0]) {
    if (turn(now < ends)) progressed_at = now;
    else if (now - progressed_at > stall_nanos) {
      refuse("stalled: %u replies missing after %llu ms without a byte", outstanding,
             (unsigned long long)((now - progressed_at) / 1000000));
    }
  }
  if (error[0]) return;
  printf("@bench {\"ops\":%llu,\"nanos\":%llu,\"histogram\":[", (unsigned long long)ops,
         (unsigned long long)(now - started));
  const char *separator = "";
  for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
    if (histogram[bucket] == 0) continue;
    printf("%s[%llu,%llu]", separator, (unsigned long long)value_of(bucket), (unsigned long long)histogram[bucket]);
    separator = ",";
  }
  printf("]}\n");
  fflush(stdout);
}

// The multishot receives are still armed: the ring delivers the end of each stream, or the byte too many.
static void close_set(void) {
  for (unsigned slot = 0; slot < connections_count; slot++) shutdown(connections[slot].fd, SHUT_WR);
  unsigned open = connections_count;
  uint64_t ends = monotonic_nanos() + stall_nanos;
  while (open > 0 && !error[0]) {
    struct __kernel_timespec tick = {.tv_nsec = 20 * 1000 * 1000};
    uring_enter(&ring, 1, &tick);
    unsigned until = uring_ready_until(&ring);
    for (; ring.cq_head != until; ring.cq_head++) {
      const struct io_uring_cqe *cqe = &ring.cqes[ring.cq_head & ring.cq_mask];
      unsigned slot = (unsigned)cqe->user_data;
      if ((enum op)(cqe->user_data >> 32) == SEND) continue;  // its bytes were echoed: only the notice is late
      if (cqe->res == 0) open--;
      else if (cqe->res > 0) refuse("connection %u: %d bytes after the last reply", slot, cqe->res);
      else refuse("connection %u: end of stream expected, got errno=%d (%s)", slot, -cqe->res, strerror(-cqe->res));
    }
    uring_reaped(&ring);
    if (open > 0 && monotonic_nanos() > ends) {
      refuse("stalled: %u of %u connections not closed by the server", open, connections_count);
    }
  }
}

static void reply_ok_or_error(void) {
  if (error[0]) {
    abandon();
    release_set();
    reply_error();
  } else {
    printf("@bench {}\n");
    fflush(stdout);
  }
}

int main(void) {
  printf("@bench READY {\"settings\":\"C, raw io_uring, one thread\"}\n");
  fflush(stdout);
  char line[256];
  while (fgets(line, sizeof line, stdin)) {
    int port;
    unsigned count, depth, payload, stall_millis;
    unsigned long long seed, millis;
    if (sscanf(line, "OPEN %d %u %u %u %llu %u", &port, &count, &depth, &payload, &seed, &stall_millis) == 6) {
      open_set(port, count, depth, payload, seed, stall_millis);
      reply_ok_or_error();
    } else if (sscanf(line, "RUN %llu", &millis) == 1 && connections_count > 0) {
      run(millis);
      if (error[0]) reply_ok_or_error();
    } else if (strncmp(line, "CLOSE", 5) == 0 && connections_count > 0) {
      close_set();
      if (!error[0]) release_set();
      reply_ok_or_error();
    } else if (strncmp(line, "QUIT", 4) == 0) {
      break;
    } else {
      refuse("not understood, or no connections open: %s", line);
      reply_error();
    }
  }
  return 0;
}
