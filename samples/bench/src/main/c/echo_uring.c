// Echo on raw io_uring: the physical limit that the Java servers are measured against.
//
// Same design as ours, without a runtime: one thread, one ring, multishot accept and receive, ring-provided buffers,
// everything that one connection received in a loop turn goes out in one send straight from the received buffers, all
// sends of a turn are submitted by the one system call that also waits.
#define _GNU_SOURCE
#include <sys/uio.h>

#include "server.h"
#include "uring.h"

enum { ENTRIES = 4096, BUFFERS = 1024, BUFFER_BYTES = 32 * 1024, CONNECTIONS_MAX = 65536, NONE = -1 };
enum { IOVECS_PER_SEND_MAX = 64, ARENA_SENDS = 1024, ARENA_IOVECS = 8192 };
enum op { ACCEPT, RECV, SEND };

// Owner of every field: the loop. A connection is indexed by its descriptor, which is closed only when no completion
// can name it any more: the receive has ended and no send is in flight.
struct connection {
  int head, tail;          // received buffers not yet fully sent, oldest first
  unsigned in_flight;      // bytes given to the send in flight, 0 when there is none
  char receiving, ended, failed, dirty, starved;
};

static struct uring ring;
static struct buffer_ring buffers;
static struct connection connections[CONNECTIONS_MAX];
static struct {
  int next;
  unsigned from, until;    // unsent part of the buffer
} segments[BUFFERS];
static int dirty[CONNECTIONS_MAX], dirty_count;
static int starved[CONNECTIONS_MAX], starved_count;
static struct msghdr messages[ARENA_SENDS];
static struct iovec iovecs[ARENA_IOVECS];
static int messages_used, iovecs_used;

static uint64_t token(enum op op, int fd) { return (uint64_t)op << 32 | (unsigned)fd; }

static void arm_recv(int fd) {
  prep_multishot_recv(uring_sqe(&ring), fd, token(RECV, fd));
  connections[fd].receiving = 1;
}

static void mark_dirty(int fd) {
  if (connections[fd].dirty) return;
  connections[fd].dirty = 1;
  dirty[dirty_count++] = fd;
}

static void release_head(struct connection *c) {
  int bid = c->head;
  c->head = segments[bid].next;
  if (c->head == NONE) c->tail = NONE;
  buffer_ring_add(&buffers, (unsigned)bid);
}

static void on_accept(int res, int listener, int more) {
  if (!more) {
    struct io_uring_sqe *sqe = uring_sqe(&ring);
    sqe->opcode = IORING_OP_ACCEPT;
    sqe->fd = listener;
    sqe->ioprio = IORING_ACCEPT_MULTISHOT;
    sqe->accept_flags = SOCK_CLOEXEC;
    sqe->user_data = token(ACCEPT, listener);
  }
  if (res < 0) return;
  if (res >= CONNECTIONS_MAX) {
    close(res);
    return;
  }
  connections[res] = (struct connection){.head = NONE, .tail = NONE};
  arm_recv(res);
}

static void on_recv(int fd, const struct io_uring_cqe *cqe) {
  struct connection *c = &connections[fd];
  if (cqe->res > 0) {
    int bid = (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
    segments[bid].next = NONE;
    segments[bid].from = 0;
    segments[bid].until = (unsigned)cqe->res;
    if (c->tail == NONE) c->head = bid;
    else segments[c->tail].next = bid;
    c->tail = bid;
  }
  if (!(cqe->flags & IORING_CQE_F_MORE)) {
    c->receiving = 0;
    if (cqe->res == 0) {
      c->ended = 1;
    } else if (cqe->res == -ENOBUFS) {
      // Re-armed when buffers come back, not at once: a retry loop would spin while the pool is empty.
      c->starved = 1;
      starved[starved_count++] = fd;
    } else if (cqe->res < 0) {
      c->failed = 1;
    } else {
      arm_recv(fd);
    }
  }
  mark_dirty(fd);
}

static void on_send(int fd, int res) {
  struct connection *c = &connections[fd];
  c->in_flight = 0;
  if (res < 0) {
    c->failed = 1;
    if (c->receiving) shutdown(fd, SHUT_RDWR);  // ends the multishot receive, whose last completion closes
  }
  for (unsigned left = res < 0 ? 0 : (unsigned)res; left > 0;) {
    unsigned size = segments[c->head].until - segments[c->head].from;
    if (left < size) {
      segments[c->head].from += left;  // short send: the rest goes first next time
      break;
    }
    left -= size;
    release_head(c);
  }
  mark_dirty(fd);
}

static void send_pending(int fd) {
  struct connection *c = &connections[fd];
  int bid = c->head;
  // MSG_WAITALL lets the kernel finish a short send by itself instead of waking us for the rest.
  if (segments[bid].next == NONE) {
    c->in_flight = segments[bid].until - segments[bid].from;
    prep_send(uring_sqe(&ring), fd, buffer_at(&buffers, (unsigned)bid) + segments[bid].from, c->in_flight, MSG_WAITALL,
              token(SEND, fd));
    return;
  }
  if (messages_used == ARENA_SENDS || iovecs_used + IOVECS_PER_SEND_MAX > ARENA_IOVECS) {
    uring_enter(&ring, 0, NULL);  // the kernel copies headers and vectors at submission: the arena is free again
    messages_used = iovecs_used = 0;
  }
  struct msghdr *message = &messages[messages_used++];
  *message = (struct msghdr){.msg_iov = &iovecs[iovecs_used]};
  for (; bid != NONE && message->msg_iovlen < IOVECS_PER_SEND_MAX; bid = segments[bid].next) {
    unsigned size = segments[bid].until - segments[bid].from;
    iovecs[iovecs_used++] = (struct iovec){buffer_at(&buffers, (unsigned)bid) + segments[bid].from, size};
    message->msg_iovlen++;
    c->in_flight += size;
  }
  prep_send(uring_sqe(&ring), fd, message, 1, MSG_WAITALL, token(SEND, fd));
  ring.sqes[(ring.sq_tail - 1) & ring.sq_mask].opcode = IORING_OP_SENDMSG;
}

static void settle(int fd) {
  struct connection *c = &connections[fd];
  c->dirty = 0;
  if (c->in_flight) return;
  if (c->failed) {
    while (c->head != NONE) release_head(c);
  }
  if (c->head != NONE) send_pending(fd);
  else if ((c->ended || c->failed) && !c->receiving && !c->starved) close(fd);
}

int main(void) {
  uring_init(&ring, ENTRIES);
  buffer_ring_init(&ring, &buffers, BUFFERS, BUFFER_BYTES);
  int listener = listen_and_announce(
      0, "C, raw io_uring: SINGLE_ISSUER DEFER_TASKRUN, multishot accept and recv, 1024 x 32 KiB ring buffers, "
         "registered ring fd, one gathered MSG_WAITALL send per connection and turn");
  static struct counters counters = {.sqes = &ring.sqes_count, .enters = &ring.enters_count};
  start_control(&counters);
  on_accept(-1, listener, 0);
  for (;;) {
    uring_enter(&ring, 1, NULL);
    messages_used = iovecs_used = 0;
    uint16_t recycled_from = buffers.tail;
    for (unsigned until = uring_ready_until(&ring); ring.cq_head != until; ring.cq_head++) {
      const struct io_uring_cqe *cqe = &ring.cqes[ring.cq_head & ring.cq_mask];
      int fd = (int)(unsigned)cqe->user_data;
      switch ((enum op)(cqe->user_data >> 32)) {
        case ACCEPT: on_accept(cqe->res, fd, cqe->flags & IORING_CQE_F_MORE); break;
        case RECV: on_recv(fd, cqe); break;
        case SEND: on_send(fd, cqe->res); break;
      }
    }
    uring_reaped(&ring);
    for (int i = 0; i < dirty_count; i++) settle(dirty[i]);
    dirty_count = 0;
    if (buffers.tail != recycled_from) {
      buffer_ring_publish(&buffers);
      for (int i = 0; i < starved_count; i++) {
        connections[starved[i]].starved = 0;
        if (connections[starved[i]].failed) settle(starved[i]);
        else arm_recv(starved[i]);
      }
      starved_count = 0;
    }
  }
}
