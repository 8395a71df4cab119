// UDP echo on raw io_uring: the physical limit that the Java servers are measured against.
//
// Same design as ours, without a runtime: one thread, one ring, one multishot RECVMSG into ring-provided buffers, each
// reply a SEND with an address straight from the received buffer, all sends of a turn submitted by the one system call
// that also waits.
#define _GNU_SOURCE
#include "server.h"
#include "uring.h"

enum { ENTRIES = 1024, BUFFERS = 256, BUFFER_BYTES = 2048 + 64 };
enum op { RECV, SEND };

static struct uring ring;
static struct buffer_ring buffers;
static struct msghdr message = {.msg_namelen = sizeof(struct sockaddr_in)};

static void arm(int fd) {
  struct io_uring_sqe *sqe = uring_sqe(&ring);
  prep_multishot_recv(sqe, fd, (uint64_t)RECV << 32);
  sqe->opcode = IORING_OP_RECVMSG;
  sqe->addr = (uint64_t)(uintptr_t)&message;
  sqe->len = 1;
}

static void on_recv(int fd, const struct io_uring_cqe *cqe) {
  if (!(cqe->flags & IORING_CQE_F_BUFFER)) return;
  unsigned bid = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
  char *name = buffer_at(&buffers, bid) + sizeof(struct io_uring_recvmsg_out);
  unsigned header = sizeof(struct io_uring_recvmsg_out) + sizeof(struct sockaddr_in);
  struct io_uring_sqe *sqe = uring_sqe(&ring);
  prep_send(sqe, fd, buffer_at(&buffers, bid) + header, (unsigned)cqe->res - header, 0, (uint64_t)SEND << 32 | bid);
  sqe->addr2 = (uint64_t)(uintptr_t)name;
  sqe->addr_len = sizeof(struct sockaddr_in);
}

static int bind_and_announce(const char *settings) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
      getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
    fail("binding 127.0.0.1", errno);
  }
  printf("@bench READY {\"port\":%d,\"settings\":\"%s\"}\n", ntohs(address.sin_port), settings);
  fflush(stdout);
  return fd;
}

int main(void) {
  uring_init(&ring, ENTRIES);
  buffer_ring_init(&ring, &buffers, BUFFERS, BUFFER_BYTES);
  int fd = bind_and_announce(
      "C, raw io_uring: SINGLE_ISSUER DEFER_TASKRUN, multishot recvmsg, 256 x 2 KiB ring buffers, registered ring fd,"
      " one SEND per datagram from the received buffer");
  static struct counters counters = {.sqes = &ring.sqes_count, .enters = &ring.enters_count};
  start_control(&counters);
  arm(fd);
  char armed = 1;
  for (;;) {
    uring_enter(&ring, 1, NULL);
    for (unsigned until = uring_ready_until(&ring); ring.cq_head != until; ring.cq_head++) {
      const struct io_uring_cqe *cqe = &ring.cqes[ring.cq_head & ring.cq_mask];
      if ((enum op)(cqe->user_data >> 32) == SEND) {
        buffer_ring_add(&buffers, (unsigned)cqe->user_data);
        continue;
      }
      on_recv(fd, cqe);
      if (!(cqe->flags & IORING_CQE_F_MORE)) armed = 0;
    }
    uring_reaped(&ring);
    buffer_ring_publish(&buffers);
    // After the buffers are back: at once it could only find none again.
    if (!armed) arm(fd);
    armed = 1;
  }
}
