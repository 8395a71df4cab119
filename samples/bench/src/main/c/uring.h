// Raw io_uring for the C reference server and the load generator: three system calls, two rings, one buffer ring.
//
// Why not liburing: the reference must build wherever gcc and the kernel headers are, and a reader who compares it with
// the Java rings sees the same words on both sides. Everything here is owned by the one thread that called uring_init;
// nothing is locked.
#ifndef URING_BENCH_URING_H
#define URING_BENCH_URING_H

#include <errno.h>
#include <linux/io_uring.h>
#include <linux/time_types.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct uring {
  int fd;
  unsigned enter_fd;     // index of the registered ring, so that enter skips the descriptor table
  unsigned enter_flags;
  unsigned sq_entries, sq_mask, sq_tail, sq_submitted;  // sq_tail is private until uring_enter publishes it
  unsigned cq_mask, cq_head;
  unsigned *k_sq_head, *k_sq_tail, *k_cq_head, *k_cq_tail;  // words shared with the kernel
  char *rings;
  size_t rings_bytes;
  struct io_uring_sqe *sqes;
  struct io_uring_cqe *cqes;
  volatile uint64_t sqes_count, enters_count;  // read by the control thread between rounds
};

struct buffer_ring {
  struct io_uring_buf_ring *ring;
  char *memory;
  unsigned buffer_bytes, count;
  uint16_t tail;  // private until buffer_ring_publish
};

static void fail(const char *what, int error) {
  fprintf(stderr, "%s failed: errno=%d (%s)\n", what, error, strerror(error));
  exit(1);
}

static void *map(size_t bytes, int fd, off_t offset) {
  int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED | MAP_POPULATE;
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, offset);
  if (at == MAP_FAILED) fail("mmap", errno);
  return at;
}

static void uring_init(struct uring *ring, unsigned entries) {
  struct io_uring_params params = {0};
  // DEFER_TASKRUN: completions are processed only when we ask, on our own stack, in batches.
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
  params.cq_entries = entries * 4;
  ring->fd = (int)syscall(__NR_io_uring_setup, entries, &params);
  if (ring->fd < 0) fail("io_uring_setup (needs Linux 6.1, and kernel.io_uring_disabled=0)", errno);

  size_t sq_bytes = params.sq_off.array + params.sq_entries * sizeof(unsigned);
  size_t cq_bytes = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
  ring->rings_bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;  // FEAT_SINGLE_MMAP, since kernel 5.4
  char *rings = ring->rings = map(ring->rings_bytes, ring->fd, IORING_OFF_SQ_RING);
  ring->sqes = map(params.sq_entries * sizeof(struct io_uring_sqe), ring->fd, IORING_OFF_SQES);
  ring->k_sq_head = (unsigned *)(rings + params.sq_off.head);
  ring->k_sq_tail = (unsigned *)(rings + params.sq_off.tail);
  ring->k_cq_head = (unsigned *)(rings + params.cq_off.head);
  ring->k_cq_tail = (unsigned *)(rings + params.cq_off.tail);
  ring->cqes = (struct io_uring_cqe *)(rings + params.cq_off.cqes);
  ring->sq_entries = params.sq_entries;
  ring->sq_mask = params.sq_entries - 1;
  ring->cq_mask = params.cq_entries - 1;
  unsigned *array = (unsigned *)(rings + params.sq_off.array);
  for (unsigned i = 0; i < params.sq_entries; i++) array[i] = i;

  struct io_uring_rsrc_update self = {.offset = -1U, .data = (uint64_t)ring->fd};
  if (syscall(__NR_io_uring_register, ring->fd, IORING_REGISTER_RING_FDS, &self, 1) == 1) {
    ring->enter_fd = self.offset;
    ring->enter_flags = IORING_ENTER_REGISTERED_RING;
  } else {
    ring->enter_fd = (unsigned)ring->fd;
  }
}

static void uring_close(struct uring *ring) {
  if (ring->enter_flags & IORING_ENTER_REGISTERED_RING) {
    struct io_uring_rsrc_update self = {.offset = ring->enter_fd};
    syscall(__NR_io_uring_register, ring->fd, IORING_UNREGISTER_RING_FDS, &self, 1);
  }
  munmap(ring->sqes, ring->sq_entries * sizeof(struct io_uring_sqe));
  munmap(ring->rings, ring->rings_bytes);
  close(ring->fd);
  ring->fd = 0;
}

// Submits what is queued and, when wait is 1, sleeps until a completion or the timeout. Waiting for more than one
// completion can deadlock: a completion that makes the next send ready would be held back.
static void uring_enter(struct uring *ring, unsigned wait, const struct __kernel_timespec *timeout) {
  // Release: the kernel may read an SQE as soon as it sees the tail that covers it.
  __atomic_store_n(ring->k_sq_tail, ring->sq_tail, __ATOMIC_RELEASE);
  unsigned to_submit = ring->sq_tail - ring->sq_submitted;
  struct io_uring_getevents_arg arg = {.ts = (uint64_t)(uintptr_t)timeout};
  unsigned flags = ring->enter_flags | IORING_ENTER_GETEVENTS | (timeout ? IORING_ENTER_EXT_ARG : 0);
  int submitted = (int)syscall(__NR_io_uring_enter, ring->enter_fd, to_submit, wait, flags, timeout ? &arg : NULL,
                               timeout ? sizeof arg : 0);
  ring->enters_count++;
  if (submitted < 0 && errno != EINTR && errno != ETIME && errno != EAGAIN && errno != EBUSY) {
    fail("io_uring_enter", errno);
  }
  // ETIME and EINTR arrive after the queue was consumed, so the kernel's head says what was taken, not the result.
  unsigned head = __atomic_load_n(ring->k_sq_head, __ATOMIC_ACQUIRE);
  ring->sqes_count += head - ring->sq_submitted;
  ring->sq_submitted = head;
}

static struct io_uring_sqe *uring_sqe(struct uring *ring) {
  while (ring->sq_tail - ring->sq_submitted == ring->sq_entries) uring_enter(ring, 0, NULL);
  struct io_uring_sqe *sqe = &ring->sqes[ring->sq_tail++ & ring->sq_mask];
  memset(sqe, 0, sizeof *sqe);
  return sqe;
}

// Acquire: the completion's fields were written before the tail that covers them.
static unsigned uring_ready_until(struct uring *ring) { return __atomic_load_n(ring->k_cq_tail, __ATOMIC_ACQUIRE); }

// Release: the kernel may overwrite a slot as soon as it sees the head beyond it.
static void uring_reaped(struct uring *ring) { __atomic_store_n(ring->k_cq_head, ring->cq_head, __ATOMIC_RELEASE); }

static void prep_multishot_recv(struct io_uring_sqe *sqe, int fd, uint64_t user_data) {
  sqe->opcode = IORING_OP_RECV;
  sqe->fd = fd;
  sqe->ioprio = IORING_RECV_MULTISHOT;
  sqe->flags = IOSQE_BUFFER_SELECT;
  sqe->buf_group = 0;
  sqe->user_data = user_data;
}

static void prep_send(struct io_uring_sqe *sqe, int fd, const void *from, unsigned bytes, int flags, uint64_t user_data) {
  sqe->opcode = IORING_OP_SEND;
  sqe->fd = fd;
  sqe->addr = (uint64_t)(uintptr_t)from;
  sqe->len = bytes;
  sqe->msg_flags = (unsigned)flags;
  sqe->user_data = user_data;
}

static char *buffer_at(struct buffer_ring *buffers, unsigned bid) {
  return buffers->memory + (size_t)bid * buffers->buffer_bytes;
}

static void buffer_ring_add(struct buffer_ring *buffers, unsigned bid) {
  struct io_uring_buf *slot = &buffers->ring->bufs[buffers->tail++ & (buffers->count - 1)];
  slot->addr = (uint64_t)(uintptr_t)buffer_at(buffers, bid);
  slot->len = buffers->buffer_bytes;
  slot->bid = (uint16_t)bid;
}

static void buffer_ring_publish(struct buffer_ring *buffers) {
  __atomic_store_n(&buffers->ring->tail, buffers->tail, __ATOMIC_RELEASE);
}

// count must be a power of two and at most 32768, the kernel's limit for one group.
static void buffer_ring_init(struct uring *ring, struct buffer_ring *buffers, unsigned count, unsigned buffer_bytes) {
  *buffers = (struct buffer_ring){.buffer_bytes = buffer_bytes, .count = count};
  buffers->ring = map(count * sizeof(struct io_uring_buf), -1, 0);
  buffers->memory = map((size_t)count * buffer_bytes, -1, 0);
  struct io_uring_buf_reg reg = {.ring_addr = (uint64_t)(uintptr_t)buffers->ring, .ring_entries = count, .bgid = 0};
  if (syscall(__NR_io_uring_register, ring->fd, IORING_REGISTER_PBUF_RING, &reg, 1) < 0) {
    fail("io_uring_register(PBUF_RING)", errno);
  }
  for (unsigned bid = 0; bid < count; bid++) buffer_ring_add(buffers, bid);
  buffer_ring_publish(buffers);
}

static void buffer_ring_close(struct uring *ring, struct buffer_ring *buffers) {
  struct io_uring_buf_reg reg = {.bgid = 0};
  if (syscall(__NR_io_uring_register, ring->fd, IORING_UNREGISTER_PBUF_RING, &reg, 1) < 0) {
    fail("io_uring_register(UNREGISTER_PBUF_RING)", errno);
  }
  munmap(buffers->ring, buffers->count * sizeof(struct io_uring_buf));
  munmap(buffers->memory, (size_t)buffers->count * buffers->buffer_bytes);
}

#endif
