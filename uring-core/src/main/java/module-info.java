/**
 * Thread-per-core I/O on io_uring, with a callback API.
 *
 * <p>Exported for programs: the front door and the packages whose types it hands out. Exported to
 * the Kotlin face only: the ones that would let a program break a worker's rules.
 */
module dev.uring.core {
  requires jdk.jfr;
  requires jdk.net;
  requires jdk.unsupported;
  requires org.slf4j;

  exports dev.uring;
  exports dev.uring.base;
  exports dev.uring.buffer;
  exports dev.uring.bytes;
  exports dev.uring.codec;
  exports dev.uring.file;
  exports dev.uring.metrics;
  exports dev.uring.net;
  exports dev.uring.process;
  exports dev.uring.socket;
  exports dev.uring.tls;
  exports dev.uring.worker;
}
