/** Rings, drivers, workers, buffers and connections on io_uring; usable from plain Java. */
module dev.uring.core {
  requires org.slf4j;
}
