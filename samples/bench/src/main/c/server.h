// What both C echo servers share: the listening socket and the line protocol that every measured process speaks.
//
// Protocol: the process prints "@bench READY {json}" once it listens; then each line on stdin gets one line on stdout:
// STATS -> "@bench {json}", QUIT -> the process ends. End of input also ends it, so a killed harness leaves no orphan.
#ifndef URING_BENCH_SERVER_H
#define URING_BENCH_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct counters {
  const volatile uint64_t *sqes, *enters;
};

static void *control(void *argument) {
  const struct counters *counters = argument;
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    if (strncmp(line, "QUIT", 4) == 0) break;
    if (strncmp(line, "STATS", 5) != 0) continue;
    if (counters->sqes) {
      printf("@bench {\"sqes\":%llu,\"enters\":%llu}\n", (unsigned long long)*counters->sqes,
             (unsigned long long)*counters->enters);
    } else {
      printf("@bench {}\n");
    }
    fflush(stdout);
  }
  _exit(0);
}

static void start_control(struct counters *counters) {
  pthread_t thread;
  int error = pthread_create(&thread, NULL, control, counters);
  if (error) {
    fprintf(stderr, "pthread_create failed: errno=%d (%s)\n", error, strerror(error));
    exit(1);
  }
}

// Listens on a free loopback port and announces it. TCP_NODELAY is inherited by accepted sockets on Linux.
static int listen_and_announce(int type_flags, const char *settings) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type_flags, 0);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0 ||
      getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
    fprintf(stderr, "listening on 127.0.0.1 failed: errno=%d (%s)\n", errno, strerror(errno));
    exit(1);
  }
  printf("@bench READY {\"port\":%d,\"settings\":\"%s\"}\n", ntohs(address.sin_port), settings);
  fflush(stdout);
  return fd;
}

#endif
