package dev.uring.driver;

import dev.uring.abi.Errno;
import dev.uring.abi.Socket;
import dev.uring.ffi.Libc;
import dev.uring.ffi.PollCalls;
import java.util.HashMap;
import java.util.Map;

/**
 * The ends of pipes that a driver has: read and written at once when they can be, and otherwise
 * when {@link NioDescriptors} says so.
 *
 * <p>An end does not block by its own flag: that the other end belongs to another program, and may
 * be blocking there, changes nothing here.
 *
 * <p><i>Thread:</i> the driver's.
 */
final class NioPipes {
  private final NioDriver driver;
  private final Map<Integer, Integer> descriptors = new HashMap<>();

  NioPipes(NioDriver driver) {
    this.driver = driver;
  }

  void add(int file, int descriptor) {
    PollCalls.setNonBlocking(descriptor);
    descriptors.put(file, descriptor);
  }

  boolean has(int file) {
    return !descriptors.isEmpty() && descriptors.containsKey(file);
  }

  int count() {
    return descriptors.size();
  }

  void read(int file, long address, int bytes, FileOperation operation) {
    int descriptor = descriptors.get(file);
    ask(descriptor, Socket.POLLIN, () -> Libc.read(descriptor, address, bytes), operation);
  }

  void write(int file, long address, int bytes, FileOperation operation) {
    int descriptor = descriptors.get(file);
    ask(descriptor, Socket.POLLOUT, () -> Libc.write(descriptor, address, bytes), operation);
  }

  void close(int file, FileOperation operation) {
    driver.begin(operation);
    driver.answerLater(operation, Libc.close(descriptors.remove(file)));
  }

  void closeAll() {
    descriptors.values().forEach(Libc::close);
    descriptors.clear();
  }

  private void ask(
      int descriptor, int events, NioDescriptors.Attempt attempt, FileOperation operation) {
    driver.begin(operation);
    int result = attempt.run();
    if (result == -Errno.EAGAIN) {
      driver.descriptors().await(descriptor, events, attempt, operation);
    } else {
      driver.answerLater(operation, result);
    }
  }
}
