// Echo on epoll: what a careful C program does without io_uring. One thread, level-triggered, one recv and one send per
// request; interest in writability only while the peer does not take the reply.
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "server.h"

enum { EVENTS_PER_WAIT = 1024, READ_BYTES = 512 * 1024, CONNECTIONS_MAX = 65536 };

// The unsent rest of a reply. While there is one the connection does not read: a slow reader costs only itself.
static struct {
  char *bytes;
  size_t from, until;
} rests[CONNECTIONS_MAX];
static char shared[READ_BYTES];
static int epoll;

static void watch(int fd, unsigned events, int op) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(epoll, op, fd, &event) < 0) {
    fprintf(stderr, "epoll_ctl failed: errno=%d (%s)\n", errno, strerror(errno));
    exit(1);
  }
}

static void drop(int fd) {
  free(rests[fd].bytes);
  rests[fd].bytes = NULL;
  close(fd);
}

static void on_readable(int fd) {
  ssize_t received = recv(fd, shared, sizeof shared, 0);
  if (received <= 0) {
    if (received == 0 || (errno != EAGAIN && errno != EINTR)) drop(fd);
    return;
  }
  ssize_t sent = send(fd, shared, (size_t)received, MSG_NOSIGNAL);
  if (sent == received) return;
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) {
      drop(fd);
      return;
    }
    sent = 0;
  }
  size_t left = (size_t)(received - sent);
  rests[fd].bytes = malloc(left);
  if (!rests[fd].bytes) {
    drop(fd);
    return;
  }
  memcpy(rests[fd].bytes, shared + sent, left);
  rests[fd].from = 0;
  rests[fd].until = left;
  watch(fd, EPOLLOUT, EPOLL_CTL_MOD);
}

static void on_writable(int fd) {
  ssize_t sent = send(fd, rests[fd].bytes + rests[fd].from, rests[fd].until - rests[fd].from, MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) drop(fd);
    return;
  }
  rests[fd].from += (size_t)sent;
  if (rests[fd].from < rests[fd].until) return;
  free(rests[fd].bytes);
  rests[fd].bytes = NULL;
  watch(fd, EPOLLIN, EPOLL_CTL_MOD);
}

int main(void) {
  epoll = epoll_create1(EPOLL_CLOEXEC);
  int listener = listen_and_announce(SOCK_NONBLOCK, "C, epoll level-triggered, one recv and one send per request");
  static struct counters counters;
  start_control(&counters);
  watch(listener, EPOLLIN, EPOLL_CTL_ADD);
  static struct epoll_event events[EVENTS_PER_WAIT];
  for (;;) {
    int ready = epoll_wait(epoll, events, EVENTS_PER_WAIT, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        for (int peer; (peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
          if (peer < CONNECTIONS_MAX) watch(peer, EPOLLIN, EPOLL_CTL_ADD);
          else close(peer);
        }
      } else if (rests[fd].bytes) {
        on_writable(fd);
      } else {
        on_readable(fd);
      }
    }
  }
}
